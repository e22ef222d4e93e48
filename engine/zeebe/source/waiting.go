package source

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"patchbay/protocols"
	"patchbay/protocols/value"
)

// Waiting implements protocols.Instances: the element instances that are active
// at an element, or where the element waits, with the variables of the process
// and the element's own. Variables of sub-processes in between are not seen.
func (r *REST) Waiting(ctx context.Context, e protocols.ElementRef) ([]protocols.WaitingInstance, error) {
	filter := map[string]any{"elementId": waitsAt(e), "state": "ACTIVE"}
	if e.ProcessDefinitionKey > 0 {
		filter["processDefinitionKey"] = strconv.FormatInt(e.ProcessDefinitionKey, 10)
	} else {
		filter["processDefinitionId"] = e.BpmnProcessID
	}
	var list []protocols.WaitingInstance
	type element struct{ ElementInstanceKey, ProcessInstanceKey key }
	err := searchAll(ctx, r.api.client, "/element-instances/search", filter, func(i element) error {
		list = append(list, protocols.WaitingInstance{ElementInstanceKey: int64(i.ElementInstanceKey), ProcessInstanceKey: int64(i.ProcessInstanceKey)})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return withVariables(ctx, list, r.api.variables)
}

// withVariables fills in the variables of instances.
func withVariables(ctx context.Context, list []protocols.WaitingInstance,
	read func(context.Context, protocols.WaitingInstance) (map[string]any, error)) ([]protocols.WaitingInstance, error) {
	for i := range list {
		var err error
		if list[i].Variables, err = read(ctx, list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (a *restAPI) variables(ctx context.Context, w protocols.WaitingInstance) (map[string]any, error) {
	type variable struct {
		VariableKey, ScopeKey key
		Name, Value           string
		IsTruncated           bool
	}
	scopes := newScopes(w)
	filter := map[string]any{"processInstanceKey": strconv.FormatInt(w.ProcessInstanceKey, 10)}
	err := searchAll(ctx, a.client, "/variables/search", filter, func(v variable) error {
		if !scopes.sees(int64(v.ScopeKey)) {
			return nil
		}
		if v.IsTruncated {
			if err := a.get(ctx, fmt.Sprintf("/variables/%d", v.VariableKey), &v); err != nil {
				return err
			}
		}
		return scopes.set(int64(v.ScopeKey), v.Name, v.Value)
	})
	return scopes.merged(), err
}

// Waiting implements protocols.Instances as REST does.
func (o *Operate) Waiting(ctx context.Context, e protocols.ElementRef) ([]protocols.WaitingInstance, error) {
	filter := map[string]any{"flowNodeId": waitsAt(e), "state": "ACTIVE"}
	if e.ProcessDefinitionKey > 0 {
		filter["processDefinitionKey"] = e.ProcessDefinitionKey
	}
	var list []protocols.WaitingInstance
	type node struct{ Key, ProcessInstanceKey key }
	err := searchOperate(ctx, o.api.client, "/flownode-instances/search", filter, func(n node) {
		list = append(list, protocols.WaitingInstance{ElementInstanceKey: int64(n.Key), ProcessInstanceKey: int64(n.ProcessInstanceKey)})
	})
	if err != nil {
		return nil, err
	}
	return withVariables(ctx, list, o.api.variables)
}

func (a *operateAPI) variables(ctx context.Context, w protocols.WaitingInstance) (map[string]any, error) {
	type variable struct {
		Key, ScopeKey key
		Name, Value   string
		Truncated     bool
	}
	var list []variable
	filter := map[string]any{"processInstanceKey": w.ProcessInstanceKey}
	err := searchOperate(ctx, a.client, "/variables/search", filter, func(v variable) { list = append(list, v) })
	scopes := newScopes(w)
	for _, v := range list {
		if err != nil || !scopes.sees(int64(v.ScopeKey)) {
			continue
		}
		if v.Truncated {
			err = a.get(ctx, fmt.Sprintf("/variables/%d", v.Key), &v)
		}
		if err == nil {
			err = scopes.set(int64(v.ScopeKey), v.Name, v.Value)
		}
	}
	return scopes.merged(), err
}

func waitsAt(e protocols.ElementRef) string {
	if e.WaitsAt != "" {
		return e.WaitsAt
	}
	return e.ElementID
}

// scopes collects the variables of a process instance and of one element in it.
type scopes struct {
	element      int64
	process      int64
	outer, inner map[string]any
}

func newScopes(w protocols.WaitingInstance) *scopes {
	return &scopes{w.ElementInstanceKey, w.ProcessInstanceKey, map[string]any{}, map[string]any{}}
}

func (s *scopes) sees(scope int64) bool { return scope == s.element || scope == s.process }

func (s *scopes) set(scope int64, name, text string) error {
	v, err := value.Decode(json.RawMessage(text))
	if err != nil {
		return fmt.Errorf("variable %q: %w", name, err)
	}
	if scope == s.element {
		s.inner[name] = v
	} else {
		s.outer[name] = v
	}
	return nil
}

func (s *scopes) merged() map[string]any {
	for name, v := range s.inner {
		s.outer[name] = v
	}
	return s.outer
}

var (
	_ protocols.Instances = (*REST)(nil)
	_ protocols.Instances = (*Operate)(nil)
)
