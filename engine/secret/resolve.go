package secret

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
)

// Resolver resolves the references of one job's input. It is for one goroutine.
type Resolver struct {
	// Provider knows the secrets; nil knows none.
	Provider Provider
	// Query is what every question has in common; its Name is filled in.
	Query Query
	// Allowed says whether a name may be resolved; nil allows all. References
	// to other names are left as they are.
	Allowed func(name string) bool
	// Masker learns every value that was resolved; nil if nobody masks.
	Masker *Masker
	// Refused are the names that were not allowed, in the order of their
	// coming, for traces.
	Refused []string

	known map[string]string
	// missing is the first in the alphabet of those that nobody knows, so that
	// the same is named each time; the order of a map is another each time.
	missing *MissingError
}

// InJSON reports whether a JSON text may hold a reference at all. It is cheap,
// and true as well for texts with escapes, which could hide one.
func InJSON(text []byte) bool {
	return bytes.Contains(text, []byte(keyword)) || bytes.Contains(text, []byte(`\u`))
}

// Resolve returns a JSON value with the references in its strings and object
// keys resolved; v itself is not changed, and is returned when it holds none.
// The error is a *MissingError or a *LookupError.
func (r *Resolver) Resolve(ctx context.Context, v any) (any, error) {
	r.missing = nil
	out, _, err := r.value(ctx, v)
	if err == nil && r.missing != nil {
		return nil, r.missing
	}
	return out, err
}

func (r *Resolver) value(ctx context.Context, v any) (out any, changed bool, err error) {
	switch x := v.(type) {
	case string:
		text, changed, err := r.text(ctx, x)
		if changed {
			v = text
		}
		return v, changed, err
	case []any:
		return r.list(ctx, x)
	case map[string]any:
		return r.object(ctx, x)
	}
	return v, false, nil
}

func (r *Resolver) list(ctx context.Context, list []any) (any, bool, error) {
	var out []any
	for i, v := range list {
		v, changed, err := r.value(ctx, v)
		if err != nil {
			return nil, false, err
		}
		if changed && out == nil {
			out = slices.Clone(list)
		}
		if changed {
			out[i] = v
		}
	}
	if out == nil {
		return list, false, nil
	}
	return out, true, nil
}

func (r *Resolver) object(ctx context.Context, object map[string]any) (any, bool, error) {
	var out map[string]any
	for name, v := range object {
		key, renamed, err := r.text(ctx, name)
		if err != nil {
			return nil, false, err
		}
		v, changed, err := r.value(ctx, v)
		if err != nil {
			return nil, false, err
		}
		if !renamed && !changed {
			continue
		}
		if out == nil {
			out = maps.Clone(object)
		}
		if renamed {
			delete(out, name)
		}
		out[key] = v
	}
	if out == nil {
		return object, false, nil
	}
	return out, true, nil
}

func (r *Resolver) text(ctx context.Context, text string) (string, bool, error) {
	if !strings.Contains(text, keyword) {
		return text, false, nil
	}
	var out strings.Builder
	done := 0
	for _, ref := range References(text) {
		if r.Allowed != nil && !r.Allowed(ref.Name) {
			r.Refused = append(r.Refused, ref.Name)
			continue
		}
		value, err := r.lookup(ctx, ref.Name)
		if err != nil {
			return "", false, err
		}
		out.WriteString(text[done:ref.Start])
		out.WriteString(value)
		done = ref.End
	}
	if done == 0 {
		return text, false, nil
	}
	out.WriteString(text[done:])
	return out.String(), true, nil
}

func (r *Resolver) lookup(ctx context.Context, name string) (string, error) {
	if value, ok := r.known[name]; ok {
		return value, nil
	}
	value, ok, err := r.ask(ctx, name)
	if err != nil {
		return "", &LookupError{Name: name, Err: err}
	}
	if !ok {
		r.miss(name)
		return "", nil
	}
	if r.known == nil {
		r.known = map[string]string{}
	}
	r.known[name] = value
	if r.Masker != nil {
		r.Masker.Add(value)
	}
	return value, nil
}

func (r *Resolver) miss(name string) {
	if r.missing != nil && r.missing.Name <= name {
		return
	}
	r.missing = &MissingError{Name: name}
	if h, ok := r.Provider.(Hinter); ok {
		r.missing.Hint = h.Hint(name)
	}
}

func (r *Resolver) ask(ctx context.Context, name string) (string, bool, error) {
	if r.Provider == nil {
		return "", false, nil
	}
	q := r.Query
	q.Name = name
	return r.Provider.Secret(ctx, q)
}
