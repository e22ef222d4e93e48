package documents

import (
	"context"
	"encoding/base64"
	"maps"
	"reflect"
	"slices"
	"strings"

	"patchbay/protocols/httpx"
)

// functionKey marks an object that stands for a function call:
// {"camunda.function.type": "base64", "params": [...]}.
const functionKey = "camunda.function.type"

// maxCalls bounds the function calls in the inputs of one job, nested ones
// included (Camunda 8.8).
const maxCalls = 10

// function computes a value from its parameters, which are evaluated already.
type function struct {
	least, most int
	call        func(r *Resolver, ctx context.Context, params []any) (any, error)
}

// functions are the intrinsic functions of Camunda's connectors SDK 8.8.
var functions = map[string]function{
	"base64":                           {1, 1, (*Resolver).base64},
	"getText":                          {1, 2, (*Resolver).text},
	"getJson":                          {1, 2, (*Resolver).json},
	"createLink":                       {1, 2, (*Resolver).link},
	"createGithubAppInstallationToken": {3, 3, (*Resolver).githubToken},
}

// Prepare computes what the variables of a job stand for before they are
// bound: function calls everywhere, and references to documents, which become
// base64, in all but the variables named in keep. It copies what it changes;
// variables without any come back as they are.
func (r *Resolver) Prepare(ctx context.Context, variables map[string]any, keep ...string) (map[string]any, error) {
	var changed map[string]any
	calls := 0
	ctx = WithBudget(ctx, r.client.Host().Limits.RequestBody)
	for name, value := range variables {
		if !nested(value) {
			continue
		}
		other, err := r.evaluate(ctx, value, &calls)
		if err == nil && !slices.Contains(keep, name) {
			other, err = r.Inline(ctx, other)
		}
		if err != nil {
			return nil, At(name, err)
		}
		if same(value, other) {
			continue
		}
		if changed == nil {
			changed = maps.Clone(variables)
		}
		changed[name] = other
	}
	if changed == nil {
		return variables, nil
	}
	return changed, nil
}

// same reports whether two objects or lists are one, not merely equal.
func same(a, b any) bool {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	return vb.IsValid() && va.Type() == vb.Type() && va.Pointer() == vb.Pointer() && va.Len() == vb.Len()
}

func (r *Resolver) evaluate(ctx context.Context, value any, calls *int) (any, error) {
	return replace(value, func(object map[string]any) (any, bool, error) {
		name, ok := object[functionKey].(string)
		if !ok {
			return nil, false, nil
		}
		result, err := r.call(ctx, name, object["params"], calls)
		return result, true, err
	})
}

func (r *Resolver) call(ctx context.Context, name string, given any, calls *int) (any, error) {
	if *calls++; *calls > maxCalls {
		return nil, wrong("more than %d function calls in the inputs of one job", maxCalls)
	}
	f, ok := functions[name]
	if !ok {
		return nil, wrong("the function %q is not known; expected one of %s", name, strings.Join(slices.Sorted(maps.Keys(functions)), ", "))
	}
	params, _ := given.([]any)
	if len(params) < f.least || len(params) > f.most {
		return nil, wrong("the function %s was given %d parameters; expected %d to %d", name, len(params), f.least, f.most)
	}
	evaluated := make([]any, len(params))
	for i, param := range params {
		var err error
		if evaluated[i], err = r.evaluate(ctx, param, calls); err != nil {
			return nil, err
		}
	}
	return f.call(r, ctx, evaluated)
}

func (r *Resolver) base64(ctx context.Context, params []any) (any, error) {
	if s, ok := params[0].(string); ok {
		return base64.StdEncoding.EncodeToString([]byte(s)), nil
	}
	d, err := r.Open(ctx, params[0])
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.EncodeToString(d.Content), nil
}

func (r *Resolver) text(ctx context.Context, params []any) (any, error) {
	d, err := r.Open(ctx, params[0])
	if err != nil {
		return nil, err
	}
	charset := ""
	if name, ok := optional(params); ok {
		if _, err := httpx.Charset(name); err != nil {
			return nil, wrong("getText: %v", err)
		}
		charset = "text/plain; charset=" + name
	}
	return httpx.Text(d.Content, charset), nil
}

// json parses a document. The second parameter is a path of names with dots
// between them; null where it leads nowhere.
func (r *Resolver) json(ctx context.Context, params []any) (any, error) {
	d, err := r.Open(ctx, params[0])
	if err != nil {
		return nil, err
	}
	value, err := httpx.DecodeJSON(d.Content)
	if err != nil {
		return nil, wrong("getJson: the document holds no JSON: %v", err)
	}
	path, ok := optional(params)
	if !ok {
		return value, nil
	}
	for name := range strings.SplitSeq(strings.TrimPrefix(strings.TrimSpace(path), "="), ".") {
		name = strings.TrimSpace(name)
		if name == "" || strings.ContainsAny(name, "()[]{}\"'+-*/<>=,") {
			return nil, wrong("getJson: expected a path of names such as order.id but got %q", path)
		}
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value, nil
}

// Linker is implemented by a document store whose documents have addresses.
type Linker interface {
	// Link returns a URL of a document that works for at least ttl, an ISO 8601
	// duration; empty means the store's default.
	Link(ctx context.Context, storeID, id, ttl string) (string, error)
}

func (r *Resolver) link(ctx context.Context, params []any) (any, error) {
	if !Is(params[0]) {
		return nil, wrong("createLink: expected a document reference")
	}
	object := params[0].(map[string]any)
	switch store, links := r.client.Host().Documents.(Linker); {
	case text(object, typeKey) == external:
		return text(object, "url"), nil
	case text(object, typeKey) == stored && links:
		ttl, _ := optional(params)
		return store.Link(ctx, text(object, "storeId"), text(object, "documentId"), ttl)
	}
	return nil, wrong("createLink: the document store makes no links")
}

// optional returns the second parameter if it is a text.
func optional(params []any) (string, bool) {
	if len(params) < 2 {
		return "", false
	}
	s, ok := params[1].(string)
	return s, ok && s != ""
}
