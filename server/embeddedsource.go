package server

import (
	"context"
	"encoding/json"
	"time"

	"patchbay/engine/zeebe/embedded"
	"patchbay/engine/zeebe/source"
	"patchbay/protocols"
	"patchbay/protocols/value"
)

// embeddedSource is the embedded engine as a source of definitions: it tells
// of a deployment at once.
type embeddedSource struct {
	*source.Push
	engine *embedded.Engine
}

func newEmbeddedSource(e *embedded.Engine) *embeddedSource {
	s := &embeddedSource{source.NewPush("embedded engine"), e}
	s.Scanned() // it begins empty
	return s
}

// olderInterval is how often it is looked whether instances of older versions
// still run, so that their listeners can go.
const olderInterval = 2 * time.Second

// feed passes on what the engine deploys and deletes, until ctx ends.
func (s *embeddedSource) feed(ctx context.Context) {
	changed := make(chan string)
	subscribed := make(chan struct{})
	go func() {
		defer close(subscribed)
		for c := range s.engine.Subscribe(ctx) {
			select {
			case changed <- c.Definition.ProcessID:
			case <-ctx.Done():
				return
			}
		}
	}()
	look := time.NewTicker(olderInterval)
	defer look.Stop()
	older := map[string]bool{} // processes with listeners of older versions
	for {
		select {
		case <-ctx.Done():
			<-subscribed
			return
		case id := <-changed:
			older[id] = s.tell(id)
		case <-look.C:
			for id, some := range older {
				if some {
					older[id] = s.tell(id)
				}
			}
		}
	}
}

// tell sets what needs listeners: the latest version and those before it that
// have running instances. It reports whether there are such.
func (s *embeddedSource) tell(processID string) (older bool) {
	running := map[int64]bool{}
	for _, p := range s.engine.ProcessInstances(processID) {
		if p.State == embedded.Active {
			running[p.Definition.Key] = true
		}
	}
	change := source.Change{Process: source.Process{ID: processID}}
	for _, d := range s.engine.Definitions() {
		if d.ProcessID != processID || !d.Latest && !running[d.Key] {
			continue
		}
		older = older || !d.Latest
		change.Definitions = append(change.Definitions, source.Definition{Key: d.Key, Version: d.Version, Resource: d.Resource, Latest: d.Latest,
			XML: func(context.Context) ([]byte, error) { return d.XML, nil }})
	}
	s.Set(change)
	return older
}

// Waiting implements protocols.Instances.
func (s *embeddedSource) Waiting(_ context.Context, e protocols.ElementRef) ([]protocols.WaitingInstance, error) {
	at := e.ElementID
	if e.WaitsAt != "" {
		at = e.WaitsAt
	}
	var list []protocols.WaitingInstance
	for _, p := range s.engine.ProcessInstances(e.BpmnProcessID) {
		if p.State != embedded.Active || p.Definition.Key != e.ProcessDefinitionKey {
			continue
		}
		elements := s.engine.ElementInstances(p.Key)
		for _, i := range elements {
			if i.ElementID == at && i.State == embedded.Active {
				list = append(list, protocols.WaitingInstance{ElementInstanceKey: i.Key, ProcessInstanceKey: p.Key, Variables: s.visible(i, elements)})
			}
		}
	}
	return list, nil
}

// visible merges the variables of the scopes from the root to the element.
func (s *embeddedSource) visible(at embedded.ElementInstance, elements []embedded.ElementInstance) map[string]any {
	scopeOf := map[int64]int64{}
	for _, i := range elements {
		scopeOf[i.Key] = i.ScopeKey
	}
	byScope := map[int64][]embedded.Variable{}
	for _, v := range s.engine.Variables(at.ProcessInstanceKey) {
		byScope[v.ScopeKey] = append(byScope[v.ScopeKey], v)
	}
	merged := map[string]any{}
	for scope := at.Key; ; scope = scopeOf[scope] {
		for _, v := range byScope[scope] {
			if _, nearer := merged[v.Name]; !nearer {
				merged[v.Name], _ = value.Decode(json.RawMessage(v.Value)) // the engine's own JSON
			}
		}
		if scope == at.ProcessInstanceKey || scope == 0 {
			return merged
		}
	}
}

var _ protocols.Instances = (*embeddedSource)(nil)
