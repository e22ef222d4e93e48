package inbound

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"patchbay/engine/expr"
	"patchbay/engine/feel"
	"patchbay/protocols/value"
)

// event is a value that expressions look at, converted for FEEL at most once.
// It is for one goroutine.
type event struct {
	value  any
	object map[string]any // nil if the value is none
	fields map[string]feel.Value
	whole  *feel.Value
	// told is told of every evaluation; nil for nobody.
	told func(Evaluation)
}

func newEvent(v any) *event {
	object, _ := v.(map[string]any)
	return &event{value: v, object: object}
}

// Lookup implements feel.Scope: the event's fields are variables.
func (e *event) Lookup(name string) (feel.Value, bool) {
	if v, ok := e.fields[name]; ok {
		return v, true
	}
	raw, ok := e.object[name]
	if !ok {
		return feel.Value{}, false
	}
	v := foldHeaders(name, raw, 0)
	if e.fields == nil {
		e.fields = make(map[string]feel.Value, len(e.object))
	}
	e.fields[name] = v
	return v, true
}

// response is the scope of result expressions: the whole event under a name of
// its own, as in outbound connectors, beside its fields.
type response struct{ *event }

func (r response) Lookup(name string) (feel.Value, bool) {
	if v, ok := r.event.Lookup(name); ok || name != "response" {
		return v, ok
	}
	if r.whole == nil {
		v := foldHeaders("", r.value, 0)
		r.whole = &v
	}
	return *r.whole, true
}

// foldHeaders converts a value to FEEL. The names in headers, down to the
// second level, are found in any case: request.headers.ETag finds etag.
func foldHeaders(name string, v any, depth int) feel.Value {
	object, ok := v.(map[string]any)
	if name == "headers" {
		return feel.FoldCase(feel.FromGo(v))
	}
	if !ok || depth > 1 || !hasHeaders(object, depth) {
		return feel.FromGo(v)
	}
	entries := make([]feel.Entry, 0, len(object))
	for name, v := range object {
		entries = append(entries, feel.Entry{Name: name, Value: foldHeaders(name, v, depth+1)})
	}
	return feel.ContextOf(entries...)
}

func hasHeaders(object map[string]any, depth int) bool {
	if _, ok := object["headers"]; ok {
		return true
	}
	for _, v := range object {
		if inner, ok := v.(map[string]any); ok && depth == 0 && hasHeaders(inner, 1) {
			return true
		}
	}
	return false
}

// eval evaluates a program over the event.
func (e *event) eval(ctx context.Context, p *expr.Program) (any, error) {
	res, err := e.run(ctx, p, e)
	return res.Value, err
}

// evalResult evaluates a result expression.
func (e *event) evalResult(ctx context.Context, p *expr.Program) (expr.Result, error) {
	return e.run(ctx, p, response{e})
}

func (e *event) run(ctx context.Context, p *expr.Program, scope feel.Scope) (expr.Result, error) {
	res, err := p.Eval(ctx, expr.Input{Dot: e.value, Scope: scope})
	if e.told != nil {
		e.told(evaluationOf(p, res, err))
	}
	return res, err
}

// keyText writes a value as the text of a correlation key or message id: a
// number without a fraction of zero, an object as JSON. ok is false for null.
func keyText(v any) (text string, ok bool, err error) {
	switch v := v.(type) {
	case nil:
		return "", false, nil
	case string:
		return v, true, nil
	case bool:
		return strconv.FormatBool(v), true, nil
	case json.Number, float64:
		data, err := value.Append(nil, v)
		return wholeText(string(data)), true, err
	}
	data, err := value.Append(nil, v)
	return string(data), true, err
}

// wholeText writes 7.0 and 7e0 as 7, as an engine compares keys.
func wholeText(text string) string {
	if !strings.ContainsAny(text, ".eE") || len(text) > 40 {
		return text
	}
	r, ok := new(big.Rat).SetString(text)
	if ok && r.IsInt() && len(r.Num().String()) <= 40 {
		return r.Num().String()
	}
	return text
}

// describe says in a few words what an expression yielded.
func describe(v any) string {
	data, err := value.Append(nil, v)
	if err != nil || len(data) > 60 {
		return "a value of type " + value.TypeName(v)
	}
	return fmt.Sprintf("%s %s", value.TypeName(v), data)
}
