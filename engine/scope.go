package engine

import (
	"context"

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
	return expr.Input{Scope: scope(func(name string) (feel.Value, bool) {
		if name == "response" {
			return a.responseValue(), true
		}
		return a.responseValue().Entry(name)
	})}
}

// errorInput is what the error expression sees: after a success the response
// overlaid with the output variables, after a failure the error.
func (a *attempt) errorInput(failure map[string]any) expr.Input {
	if a.errors.isFEEL() {
		if failure != nil {
			return expr.Input{Scope: failed(failure, a.jobObject)}
		}
		return expr.Input{Scope: &succeeded{attempt: a}}
	}
	if failure != nil {
		return expr.Input{Variables: []any{a.vars.lazy, a.jobObject, failure}}
	}
	return expr.Input{Dot: a.overlaid, Variables: []any{a.vars.lazy, a.jobObject, nil}}
}

// failed is what a FEEL error expression sees after a failure.
func failed(failure map[string]any, job func() any) feel.Scope {
	var seen feel.Value
	return scope(func(name string) (feel.Value, bool) {
		if name == "job" {
			return feel.FromGo(job()), true
		}
		if seen.IsNull() {
			seen = foldHeaders(map[string]any{"error": failure})
		}
		if name == "response" {
			return seen, true
		}
		return seen.Entry(name)
	})
}

// succeeded is what a FEEL error expression sees after a success.
type succeeded struct {
	*attempt
	overlay feel.Value // the response with the outputs over it
}

// Lookup implements feel.Scope.
func (s *succeeded) Lookup(name string) (feel.Value, bool) {
	switch name {
	case "job":
		return feel.FromGo(s.jobObject()), true
	case "response":
		if s.overlay.IsNull() {
			s.overlay = foldHeaders(s.overlaid())
		}
		return s.overlay, true
	}
	if v, ok := s.outputs[name]; ok {
		return feel.FromGo(v), true
	}
	return s.responseValue().Entry(name)
}

// MayLack implements feel.Lenient: there is no error.
func (s *succeeded) MayLack(name string) bool { return name == "error" }

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

// responseValue is the response as FEEL, converted once.
func (a *attempt) responseValue() feel.Value {
	if a.seen.IsNull() {
		a.seen = foldHeaders(a.response)
	}
	return a.seen
}

// foldHeaders converts what a protocol answered to FEEL. Names in its headers
// are found in any case, since templates write headers.ETag where Go's client
// has Etag.
func foldHeaders(v any) feel.Value { return feel.FromGoFolding(v, "headers") }
