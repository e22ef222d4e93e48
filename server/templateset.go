package server

import (
	"maps"

	"patchbay/templates"
)

// TemplateSet are templates at hand: the built-in ones and those of files. It
// is immutable.
type TemplateSet struct{ types map[string]string }

// NewTemplateSet returns the built-in templates and these; of two with one job
// type the later wins.
func NewTemplateSet(list ...*templates.Template) TemplateSet {
	s := TemplateSet{types: map[string]string{}}
	for _, t := range append(templates.BuiltIn(), list...) {
		if jobType, protocol := t.JobType(), t.Protocol(); jobType != "" && protocol != "" {
			s.types[jobType] = protocol
		}
	}
	return s
}

// ProtocolOf returns the protocol that a template of this job type names.
func (s TemplateSet) ProtocolOf(jobType string) (string, bool) {
	protocol, ok := s.types[jobType]
	return protocol, ok
}

// JobTypes returns the job types that templates brought, with their protocols.
func (s TemplateSet) JobTypes() map[string]string { return maps.Clone(s.types) }
