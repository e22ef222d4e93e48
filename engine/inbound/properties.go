package inbound

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"patchbay/engine/expr"
	"patchbay/engine/feel"
	"patchbay/engine/secret"
	"patchbay/protocols"
	"patchbay/protocols/bind"
)

// nest turns dotted names into objects: "a.b" = 1 and "a.c" = 2 become
// {a: {b: 1, c: 2}}. A dot at a name's end does not count, as in Camunda's
// runtime.
func nest(flat map[string]string) (map[string]any, error) {
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		if err := place(out, name, flat[name]); err != nil {
			return nil, fmt.Errorf("malformed connector properties: %w", err)
		}
	}
	return out, nil
}

func place(out map[string]any, name, value string) error {
	path := strings.Split(strings.TrimSuffix(name, "."), ".")
	for _, step := range path[:len(path)-1] {
		inner, ok := out[step].(map[string]any)
		switch {
		case step == "":
			return fmt.Errorf("the name %q has an empty part", name)
		case ok:
		case out[step] != nil:
			return fmt.Errorf("%q is a value and cannot hold %q as well", strings.Join(path[:len(path)-1], "."), name)
		default:
			inner = map[string]any{}
			out[step] = inner
		}
		out = inner
	}
	last := path[len(path)-1]
	if last == "" {
		return fmt.Errorf("the name %q has an empty part", name)
	}
	if _, taken := out[last]; taken {
		return fmt.Errorf("%q is there twice, as a value or as an object", strings.TrimSuffix(name, "."))
	}
	out[last] = value
	return nil
}

// resolver makes a listener's properties of an element's.
type resolver struct {
	programs *expr.Cache
	secrets  secret.Provider
	masker   *secret.Masker
}

// resolve nests an element's properties, evaluates those that are evaluated
// once, and then puts secrets in place. The engine's own keywords stay as they
// are written. Secrets come last, so that a secret's value is never part of an
// expression's text, and only names that the author wrote are resolved.
func (r *resolver) resolve(ctx context.Context, e *element, p protocols.Protocol) (map[string]any, error) {
	tree, err := nest(e.properties)
	if err != nil {
		return nil, err
	}
	written := secret.Names(slices.Collect(maps.Values(e.properties))...)
	secrets := &secret.Resolver{
		Provider: r.secrets, Masker: r.masker,
		Query:   secret.Query{TenantID: e.TenantID, BpmnProcessID: e.BpmnProcessID},
		Allowed: func(name string) bool { return written[name] },
	}
	for name, text := range e.properties {
		if keywords[name] {
			continue
		}
		var v any = text
		if eager(p, name, text) {
			if v, err = r.evaluate(ctx, name, text); err != nil {
				return nil, err
			}
		}
		if v, err = secrets.Resolve(ctx, v); err != nil {
			return nil, &protocols.InputError{Path: name, Message: err.Error(), Cause: err}
		}
		set(tree, name, v)
	}
	r.mask(tree, p)
	return tree, nil
}

// eager reports whether a property is an expression that is evaluated when the
// listener is opened.
func eager(p protocols.Protocol, name, text string) bool {
	if expr.LanguageOf(text) != expr.FEEL || within(name, p.Deferred) {
		return false
	}
	return !strings.HasSuffix(name, "Expression") && !strings.HasSuffix(name, "Locator")
}

// within reports whether a dotted name is one of the list or below one. "*" is
// above all.
func within(name string, list []string) bool {
	return slices.ContainsFunc(list, func(top string) bool {
		return top == "*" || name == top || strings.HasPrefix(name, top) && name[len(top)] == '.'
	})
}

func (r *resolver) evaluate(ctx context.Context, name, text string) (any, error) {
	p, err := r.programs.Compile(propertySlot, text)
	if err == nil {
		var res expr.Result
		if res, err = p.Eval(ctx, expr.Input{Scope: feel.Map{}}); err == nil {
			return res.Value, nil
		}
	}
	return nil, &protocols.InputError{Path: name, Message: err.Error(), Cause: err}
}

// set replaces the leaf of a tree that nest made.
func set(tree map[string]any, name string, v any) {
	path := strings.Split(strings.TrimSuffix(name, "."), ".")
	for _, step := range path[:len(path)-1] {
		tree = tree[step].(map[string]any)
	}
	tree[path[len(path)-1]] = v
}

// mask hides what the protocol calls a secret, even if it stands in the model.
func (r *resolver) mask(tree map[string]any, p protocols.Protocol) {
	if p.Properties == nil {
		return
	}
	for _, f := range bind.Fields(p.Properties()) {
		if !f.Secret {
			continue
		}
		if text, ok := lookup(tree, f.Name).(string); ok && len(text) >= shortestSecret {
			r.masker.Add(text)
		}
	}
}

// shortestSecret keeps a password of a letter or two from hiding half of every
// text.
const shortestSecret = 4

func lookup(tree map[string]any, name string) any {
	var v any = tree
	for step := range strings.SplitSeq(name, ".") {
		object, _ := v.(map[string]any)
		v = object[step]
	}
	return v
}
