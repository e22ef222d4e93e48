package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"patchbay/engine/zeebe/source"
)

// watched is a source that remembers what it told last.
type watched struct {
	source.Source

	mu   sync.Mutex
	seen map[source.Process][]source.Definition
}

// Run implements source.Source.
func (w *watched) Run(ctx context.Context, sink source.Sink) error {
	return w.Source.Run(ctx, watching{sink, w})
}

type watching struct {
	source.Sink
	by *watched
}

// Changed implements source.Sink.
func (s watching) Changed(c source.Change) {
	s.by.mu.Lock()
	s.by.seen[c.Process] = c.Definitions
	if len(c.Definitions) == 0 {
		delete(s.by.seen, c.Process)
	}
	s.by.mu.Unlock()
	s.Sink.Changed(c)
}

func (w *watched) definitions() []definition {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []definition
	for p, versions := range w.seen {
		for _, d := range versions {
			list = append(list, definition{p.ID, d.Version, d.XML})
		}
	}
	return list
}

// definition is a deployed process definition that is known here.
type definition struct {
	process string
	version int32
	xml     func(context.Context) ([]byte, error)
}

// definitions lists all that are known: those of the embedded engine, else
// those that were seen going by and those that the sources asked for.
func (s *Server) definitions(ctx context.Context) ([]definition, error) {
	var list []definition
	if s.engine != nil {
		for _, d := range s.engine.Definitions() {
			list = append(list, definition{d.ProcessID, d.Version, func(context.Context) ([]byte, error) { return d.XML, nil }})
		}
		return list, nil
	}
	kept, err := s.sources.kept.Definitions(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the deployments seen: %w", err)
	}
	for _, d := range kept {
		list = append(list, definition{d.ID, d.Version, func(ctx context.Context) ([]byte, error) { return s.sources.kept.DefinitionXML(ctx, d.Key) }})
	}
	for _, w := range s.sources.asked {
		list = append(list, w.definitions()...)
	}
	return list, nil
}

// uses is api.Options.Uses.
func (s *Server) uses(ctx context.Context, id string, version int64) ([]string, error) {
	if !s.inbound.manager.Ready() {
		return nil, errors.New("not all that is deployed has been seen yet")
	}
	all, err := s.definitions(ctx)
	if err != nil {
		return nil, err
	}
	wanted := templateRef{id, version}
	var users []string
	for _, d := range all {
		data, err := d.xml(ctx)
		if err != nil {
			return nil, fmt.Errorf("read process %q, version %d: %w", d.process, d.version, err)
		}
		elements, err := readModelOf(data)
		if err != nil {
			continue // the engine took it, so it is none that we know better
		}
		for element, a := range elements {
			if a.template == wanted {
				users = append(users, fmt.Sprintf("process %q version %d (element %q)", d.process, d.version, element))
			}
		}
	}
	slices.Sort(users)
	return slices.Compact(users), nil
}

var _ source.Source = (*watched)(nil)
