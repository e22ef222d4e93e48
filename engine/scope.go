package engine

import (
	"context"
	"strings"

	"patchbay/engine/expr"
	"patchbay/engine/feel"
)

// eval evaluates an expression and keeps its warnings for the trace.
func (a *attempt) eval(ctx context.Context, p program, in expr.Input) (expr.Result, error) {
	if p.err != nil {
		return expr.Result{}, p.err
	}
	res, err := p.Eval(ctx, in)
	for _, w := range res.Warnings {
		a.warn(p.Slot().Name, w)
	}
	return res, err
}

func (a *attempt) requestInput() expr.Input {
	return expr.Input{
		Dot:       a.vars.lazy,
		Variables: []any{a.vars.lazy, a.jobObject},
		Scope:     scope(func(name string) (feel.Value, bool) { return a.variable(name) }),
	}
}

func (a *attempt) resultInput() expr.Input {
	if !a.result.isFEEL() {
		return expr.Input{Dot: a.response, Variables: []any{a.vars.lazy, a.jobObject}}
	}
	members := members{of: a.response}
	return expr.Input{Scope: scope(func(name string) (feel.Value, bool) {
		if name == "response" {
			return a.feel.of(&a.feel.response, a.response), true
		}
		return members.find(name)
	})}
}

// errorInput is what the error expression sees: after a success the response
// overlaid with the output variables, after a failure the error.
func (a *attempt) errorInput(failure map[string]any) expr.Input {
	if a.errors.isFEEL() {
		return expr.Input{Scope: a.errorScope(failure)}
	}
	if failure != nil {
		return expr.Input{Variables: []any{a.vars.lazy, a.jobObject, failure}}
	}
	return expr.Input{Dot: a.overlaid, Variables: []any{a.vars.lazy, a.jobObject, nil}}
}

func (a *attempt) errorScope(failure map[string]any) feel.Scope {
	s := &struct {
		seen, job feel.Value
		members   members
		outputs   map[string]any
	}{members: members{of: a.response}, outputs: a.outputs}
	if failure != nil {
		s.members.of, s.outputs = map[string]any{"error": failure}, nil
	}
	return scope(func(name string) (feel.Value, bool) {
		switch name {
		case "job":
			return a.feel.of(&s.job, a.jobObject()), true
		case "response":
			if failure != nil {
				return a.feel.of(&s.seen, s.members.of), true
			}
			return a.feel.of(&s.seen, a.overlaid()), true
		}
		if v, ok := s.outputs[name]; ok {
			return feel.FromGo(v), true
		}
		return s.members.find(name)
	})
}

// overlaid is the response with the output variables over its keys.
func (a *attempt) overlaid() any {
	object, ok := a.response.(map[string]any)
	if !ok || len(a.outputs) == 0 {
		return a.response
	}
	out := make(map[string]any, len(object)+len(a.outputs))
	for k, v := range object {
		out[k] = v
	}
	for k, v := range a.outputs {
		out[k] = v
	}
	return out
}

func (a *attempt) variable(name string) (feel.Value, bool) {
	all, _ := a.vars.every()
	if v, ok := all[name]; ok {
		return feel.FromGo(v), true
	}
	if name == "job" {
		return feel.FromGo(a.jobObject()), true
	}
	return feel.Value{}, false
}

// jobObject is $job in jq and job in FEEL.
func (a *attempt) jobObject() any {
	headers := make(map[string]any, len(a.job.Headers))
	for k, v := range a.job.Headers {
		headers[k] = v
	}
	return map[string]any{
		"key": int(a.job.Key), "type": a.job.Type, "elementId": a.job.ElementID, "bpmnProcessId": a.job.BpmnProcessID,
		"processInstanceKey": int(a.job.ProcessInstanceKey), "retries": int(a.job.Retries), "headers": headers,
	}
}

// scope makes a feel.Scope of a function.
type scope func(name string) (feel.Value, bool)

func (s scope) Lookup(name string) (feel.Value, bool) { return s(name) }

// feelValues keeps values that were converted to FEEL.
type feelValues struct{ response feel.Value }

// of converts v once; null is converted anew, which costs nothing.
func (*feelValues) of(kept *feel.Value, v any) feel.Value {
	if kept.Kind() == feel.KindNull {
		*kept = foldHeaders(v)
	}
	return *kept
}

// members converts the members of an object to FEEL, each when it is asked for
// first: most expressions ask for one or for none of a response's.
type members struct {
	of   any
	kept []feel.Entry
}

func (m *members) find(name string) (feel.Value, bool) {
	for _, e := range m.kept {
		if e.Name == name {
			return e.Value, true
		}
	}
	object, _ := m.of.(map[string]any)
	v, ok := object[name]
	if !ok {
		return feel.Value{}, false
	}
	converted := feel.FromGo
	if hasHeaders(object, 0) {
		converted = func(v any) feel.Value { return foldMember(name, v) }
	}
	m.kept = append(m.kept, feel.Entry{Name: name, Value: converted(v)})
	return m.kept[len(m.kept)-1].Value, true
}

// foldHeaders converts a response to FEEL. Names in its headers are found in
// any case, since templates write headers.ETag where Go's client has Etag.
func foldHeaders(v any) feel.Value {
	object, ok := v.(map[string]any)
	if !ok || !hasHeaders(object, 0) {
		return feel.FromGo(v)
	}
	entries := make([]feel.Entry, 0, len(object))
	for name, v := range object {
		entries = append(entries, feel.Entry{Name: name, Value: foldMember(name, v)})
	}
	return feel.ContextOf(entries...)
}

func foldMember(name string, v any) feel.Value {
	if strings.EqualFold(name, "headers") {
		return feel.FoldCase(feel.FromGo(v))
	}
	return foldHeaders(v)
}

// hasHeaders looks for headers where responses and errors have them:
// response.headers and error.variables.response.headers.
func hasHeaders(object map[string]any, depth int) bool {
	if _, ok := object["headers"]; ok {
		return true
	}
	for _, name := range []string{"error", "variables", "response"} {
		if inner, ok := object[name].(map[string]any); ok && depth < 4 && hasHeaders(inner, depth+1) {
			return true
		}
	}
	return false
}
