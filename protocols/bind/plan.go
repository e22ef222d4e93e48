package bind

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// plan is how a struct type is bound: worked out once, then kept.
type plan struct {
	fields    []field
	validates bool
}

// field is a struct field with what its tags say.
type field struct {
	Field
	index    int
	set      setter
	fallback any
	pattern  *regexp.Regexp
	// when is the sibling and the values of it under which the field counts.
	when       int
	whenValues []string
	// nested is the plan of a struct, or of what a pointer to one points to.
	nested *plan
}

// plans keeps a plan for every type; types come from the program's own text,
// so there are few.
var plans sync.Map // reflect.Type -> *plan

func planOf(t reflect.Type) (*plan, error) {
	if p, ok := plans.Load(t); ok {
		return p.(*plan), nil
	}
	p, err := newPlan(t)
	if err != nil {
		return nil, fmt.Errorf("read the tags of %s: %w", t, err)
	}
	kept, _ := plans.LoadOrStore(t, p)
	return kept.(*plan), nil
}

func newPlan(t reflect.Type) (*plan, error) {
	p := &plan{validates: reflect.PointerTo(t).Implements(reflect.TypeFor[Validator]())}
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, ok := sf.Tag.Lookup("bind")
		if !ok {
			continue
		}
		f, err := newField(sf, tag)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", sf.Name, err)
		}
		f.index = i
		p.fields = append(p.fields, f)
	}
	return p, p.link(t)
}

func newField(sf reflect.StructField, tag string) (field, error) {
	name, flags, _ := strings.Cut(tag, ",")
	f := field{
		Field: Field{
			Name: name, Doc: sf.Tag.Get("doc"), Default: sf.Tag.Get("default"), Enum: strings.Fields(sf.Tag.Get("enum")),
			Required: strings.Contains(flags, "required"), Secret: strings.Contains(flags, "secret"),
			Pattern: sf.Tag.Get("pattern"), Expected: sf.Tag.Get("expected"), When: sf.Tag.Get("when"), Type: typeName(sf.Type),
		},
	}
	var err error
	if f.set, err = setterOf(sf.Type, f.Enum); err != nil {
		return f, err
	}
	if f.nested, err = nestedPlan(sf.Type); err != nil {
		return f, err
	}
	if f.Pattern != "" {
		if f.pattern, err = regexp.Compile(f.Pattern); err != nil {
			return f, err
		}
	}
	if text, ok := sf.Tag.Lookup("default"); ok {
		f.fallback = text
		err = f.set(reflect.New(sf.Type).Elem(), text)
	}
	return f, err
}

func nestedPlan(t reflect.Type) (*plan, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil, nil
	}
	return planOf(t)
}

// link finds the siblings that the when tags name.
func (p *plan) link(t reflect.Type) error {
	for i := range p.fields {
		f := &p.fields[i]
		if f.When == "" {
			continue
		}
		name, values, _ := strings.Cut(f.When, "=")
		at := slices.IndexFunc(p.fields, func(other field) bool { return other.Name == name })
		if at < 0 || t.Field(p.fields[at].index).Type.Kind() != reflect.String {
			return fmt.Errorf("field %s: when:%q names no string field", f.Name, f.When)
		}
		f.when, f.whenValues = p.fields[at].index, strings.Split(values, "|")
	}
	return nil
}

// applies reports whether the field counts, by its when tag.
func (f *field) applies(v reflect.Value) bool {
	return f.whenValues == nil || slices.Contains(f.whenValues, v.Field(f.when).String())
}

// check reports what the tags forbid: a required field without a value and a
// text that does not match.
func (f *field) check(v reflect.Value, given any) error {
	switch {
	case f.Required && given == nil && (missing(v) || v.Kind() == reflect.Struct):
		return wrong("is required, but is missing")
	case f.Required && missing(v):
		return wrong("is required, but is empty")
	}
	if f.pattern == nil {
		return nil
	}
	if text := v.String(); text != "" && !f.pattern.MatchString(text) {
		if f.Expected == "" {
			return wrong("expected a text that matches %s but got %s", f.Pattern, f.show(text))
		}
		return wrong("expected %s but got %s", f.Expected, f.show(text))
	}
	return nil
}

func (f *field) show(text string) string {
	if f.Secret {
		return "another text"
	}
	return describe(text)
}

func missing(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String, reflect.Map, reflect.Slice:
		return v.Len() == 0
	case reflect.Pointer, reflect.Interface:
		return v.IsNil()
	}
	return false
}
