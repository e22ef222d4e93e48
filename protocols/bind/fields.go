package bind

import (
	"reflect"
	"time"
)

// Field describes one input for lint, documentation and forms.
type Field struct {
	// Name is the dotted name under which a template binds it.
	Name string
	// Type is string, boolean, integer, number, duration, object, map, list
	// or any.
	Type string
	// Doc is one or more sentences for people.
	Doc string
	// Default is the text of the default; empty if there is none.
	Default string
	// Enum are the allowed values; empty if any is.
	Enum []string
	// Required fields need a value, if When holds.
	Required bool
	// Secret fields are masked wherever they are shown.
	Secret bool
	// Pattern is a regular expression for the text; empty if any is allowed.
	Pattern string
	// Expected says in words what the pattern matches; it may be empty.
	Expected string
	// When is sibling=value|value, the only case in which the field counts;
	// the sibling's name is relative to the same object. Empty means always.
	When string
}

// Fields lists the fields of the input struct that ptr points to in the order
// of its text, those of nested structs with dotted names after the struct
// itself. It panics on tags that are wrong.
func Fields(ptr any) []Field {
	p, err := planOf(reflect.TypeOf(ptr).Elem())
	if err != nil {
		panic(err)
	}
	return p.list("", nil)
}

func (p *plan) list(prefix string, out []Field) []Field {
	for i := range p.fields {
		f := p.fields[i].Field
		f.Name = prefix + f.Name
		out = append(out, f)
		if nested := p.fields[i].nested; nested != nil {
			out = nested.list(f.Name+".", out)
		}
	}
	return out
}

// Names lists the variables that the input struct reads: the names of its
// outermost fields, in the order of its text.
func Names(ptr any) []string {
	p, err := planOf(reflect.TypeOf(ptr).Elem())
	if err != nil {
		panic(err)
	}
	names := make([]string, len(p.fields))
	for i := range p.fields {
		names[i] = p.fields[i].Name
	}
	return names
}

func typeName(t reflect.Type) string {
	if t == reflect.TypeFor[time.Duration]() {
		return "duration"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.Struct:
		return "object"
	case reflect.Map:
		return "map"
	case reflect.Slice:
		return "list"
	}
	return "any"
}
