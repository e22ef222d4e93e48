// Package source knows where process definitions come from: what is deployed,
// in which versions, and which of them still need listeners.
//
//	Push     the embedded engine, or whoever knows it at once
//	Seen     deployments that went by (gateway proxy, POST /api/v1/deployments)
//	REST     the search API of Camunda's Orchestration Cluster, version 2
//	Operate  the API of Operate, version 1 (Camunda 8.7 and before)
//	Folder   a folder of BPMN files
//
// A source tells a Sink about one process at a time. Those that have to ask
// do not believe every answer: see tracker.
package source

import (
	"cmp"
	"context"
	"slices"
)

// Process names a process over all its versions.
type Process struct{ TenantID, ID string }

// Definition is one version of a process that is deployed.
type Definition struct {
	// Key is the process definition key, unique in a cluster. A folder makes
	// up keys of its own.
	Key int64
	// Version counts the deployments; 0 means that it is not known, and
	// instances are to be created of the latest.
	Version int32
	// Resource is the file's name, if known.
	Resource string
	// Latest says that new instances are of this version. Of any other only
	// what waits in running instances needs listeners.
	Latest bool
	// XML reads the BPMN file. It may be called again, also after an error.
	XML func(ctx context.Context) ([]byte, error)
}

// Change is what a source knows of a process now.
type Change struct {
	Process
	// Definitions are the versions that need listeners, oldest first. None
	// means that the process is gone.
	Definitions []Definition
}

// Sink learns what a source sees. Its methods return at once, and are called by
// one goroutine at a time.
type Sink interface {
	// Changed replaces all that the source said of the process before.
	Changed(Change)
	// Scanned says that all there was at the beginning has been reported.
	Scanned()
	// Failed says why the source sees nothing at the moment; nil that it does
	// again. What it said before stays true as far as anyone knows.
	Failed(error)
}

// Source watches deployments.
type Source interface {
	// Name is a word or two for logs and health: "rest http://camunda:8080".
	Name() string
	// Run reports to the sink until ctx ends. It begins anew each time it is
	// called, and returns early only with an error that waiting cannot mend.
	Run(ctx context.Context, sink Sink) error
}

// oldestFirst sorts definitions by version, then key, and marks the last as the
// latest.
func oldestFirst(list []Definition) {
	slices.SortFunc(list, func(a, b Definition) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.Key, b.Key))
	})
	for i := range list {
		list[i].Latest = i == len(list)-1
	}
}
