package server

import (
	"maps"
	"sync/atomic"

	"patchbay/engine"
	"patchbay/templates"
)

// JobTypes are the job types that templates brought, with the protocols that
// serve them. Set may be called while others read.
type JobTypes struct {
	types atomic.Pointer[map[string]string]
}

// NewJobTypes returns a set of these.
func NewJobTypes(list []templates.JobType) *JobTypes {
	j := &JobTypes{}
	j.Set(list)
	return j
}

// TemplateTypes returns the job types of the built-in templates and of these;
// of two with one job type the later wins.
func TemplateTypes(list []*templates.Template) *JobTypes {
	return NewJobTypes(templates.JobTypesOf(append(templates.BuiltIn(), list...)))
}

// Set replaces the set.
func (j *JobTypes) Set(list []templates.JobType) {
	types := make(map[string]string, len(list))
	for _, t := range list {
		types[t.Type] = t.Protocol
	}
	j.types.Store(&types)
}

// ProtocolOf returns the protocol that a template of this job type names.
func (j *JobTypes) ProtocolOf(jobType string) (string, bool) {
	protocol, ok := (*j.types.Load())[jobType]
	return protocol, ok
}

// All returns the job types with their protocols.
func (j *JobTypes) All() map[string]string { return maps.Clone(*j.types.Load()) }

var _ engine.Templates = (*JobTypes)(nil)
