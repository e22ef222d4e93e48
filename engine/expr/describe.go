package expr

import (
	"cmp"
	"fmt"
	"slices"
)

// Signature describes a function that templates have beyond the languages' own.
type Signature struct {
	Name string
	// Doc continues the sentence that the name begins.
	Doc    string
	Params []Parameter
}

// Parameter describes a parameter of a function.
type Parameter struct {
	// Name is the one by which FEEL may pass it.
	Name string
	// Kind is String, Context, Number, Duration or Any.
	Kind string
	// Optional parameters may be left out, together with all that follow.
	Optional bool
	// Default stands for one that is left out; empty means nothing.
	Default string
}

// Functions lists what either language may call in the slot beyond its own
// functions.
func (s Slot) Functions() []Signature {
	var list []Signature
	for _, f := range functions {
		if f.in(s) {
			list = append(list, f.signature())
		}
	}
	return list
}

func (f function) signature() Signature {
	s := Signature{Name: f.name, Doc: f.doc}
	for i, p := range f.params {
		described := Parameter{Name: p.name, Kind: p.kind, Optional: i >= f.min}
		switch v := p.fallback.(type) {
		case nil:
		case map[string]any:
			described.Default = "{}"
		default:
			described.Default = fmt.Sprint(v)
		}
		s.Params = append(s.Params, described)
	}
	return s
}

// Refused lists the names that jq expressions may not use, and why.
func Refused() []Variable {
	var list []Variable
	for name, why := range refused {
		list = append(list, Variable{name, why})
	}
	slices.SortFunc(list, func(a, b Variable) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
