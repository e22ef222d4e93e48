package engine

import (
	"encoding/json"

	"patchbay/protocols"
	"patchbay/protocols/value"
)

// variables are a job's variables, decoded no more than is needed and no more
// than once.
type variables struct {
	raw     json.RawMessage
	all     map[string]any
	decoded bool
}

func notAnObject(err error) error {
	return &protocols.InputError{Message: "This is not a JSON object: " + err.Error(), Cause: err}
}

// every returns all variables.
func (v *variables) every() (map[string]any, error) {
	if v.decoded {
		return v.all, nil
	}
	if len(v.raw) == 0 {
		v.decoded = true
		return nil, nil
	}
	decoded, err := value.Decode(v.raw)
	if err != nil {
		return nil, notAnObject(err)
	}
	object, ok := decoded.(map[string]any)
	if !ok {
		return nil, notAnObject(&value.SyntaxError{Msg: "expected an object but got " + value.TypeName(decoded)})
	}
	v.all, v.decoded = object, true
	return object, nil
}

// lazy is every for expressions, which cannot fail here: only has read the
// text before.
func (v *variables) lazy() any {
	all, err := v.every()
	if err != nil || all == nil {
		return map[string]any{}
	}
	return all
}

// only returns the variables of these names.
func (v *variables) only(names map[string]bool) (map[string]any, error) {
	if v.decoded {
		out := make(map[string]any, len(names))
		for name := range names {
			if x, ok := v.all[name]; ok {
				out[name] = x
			}
		}
		return out, nil
	}
	if len(v.raw) == 0 {
		return map[string]any{}, nil
	}
	out, err := value.Pick(v.raw, func(name string) bool { return names[name] })
	if err != nil {
		return nil, notAnObject(err)
	}
	return out, nil
}
