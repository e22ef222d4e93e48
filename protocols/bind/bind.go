// Package bind fills a protocol's input struct from JSON variables.
//
// Binding is lenient, as process variables come from expressions, forms and
// hand-written mappings: unknown variables are ignored, enums match in any
// case, a scalar stands for a list of one and a list of one for its element,
// strings and numbers and booleans convert into each other where the text
// allows it, and an empty string is no number. What does not fit is an
// *protocols.InputError that names the dotted path, what was expected and what
// came.
//
// The struct's tags are the only place where a field is described:
//
//	type Input struct {
//		Method string `bind:"method,required" enum:"GET POST" default:"GET" doc:"HTTP method."`
//		Token  string `bind:"token,required,secret" when:"type=bearer" doc:"..."`
//		URL    string `bind:"url,required" pattern:"^https?://" expected:"an http(s) URL" doc:"..."`
//	}
//
// A field without a bind tag is not bound. The tags are
//
//	bind      the variable's name, then the flags required and secret
//	enum      the allowed values, separated by blanks, matched in any case
//	default   the value that Defaults sets, as text
//	pattern   a regular expression that a non-empty string matches
//	expected  what a text that breaks the pattern should have been
//	when      sibling=value|value: the field counts only then, so it is
//	          required only then
//	doc       one or more sentences for people
//
// An input struct, at any depth, may check more in a method Validate() error,
// which is called once its fields are set.
package bind

import (
	"errors"
	"fmt"
	"reflect"

	"patchbay/protocols"
)

// Validator is implemented by an input struct that checks more than its tags
// can say. An *protocols.InputError keeps its path, relative to the struct.
type Validator interface{ Validate() error }

// Bind sets the fields of the struct that ptr points to from variables, which
// hold JSON as Go values (nil, bool, string, json.Number or any Go number,
// []any, map[string]any). A missing or null variable leaves the field as it
// is. The first thing that does not fit comes back as an
// *protocols.InputError. Values of type any are not copied: whoever uses them
// must not change them.
func Bind(variables map[string]any, ptr any) error {
	v := reflect.ValueOf(ptr)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("bind to %T: expected a pointer to a struct", ptr)
	}
	p, err := planOf(v.Elem().Type())
	if err != nil {
		return err
	}
	err = p.bind(v.Elem(), variables)
	if err != nil && !protocols.IsInputError(err) {
		err = &protocols.InputError{Message: err.Error(), Cause: err}
	}
	return err
}

// Defaults sets the fields of the struct that ptr points to, at every depth,
// to the defaults of their tags. It panics on tags that are wrong, so a
// program with such tags never starts.
func Defaults(ptr any) {
	v := reflect.ValueOf(ptr).Elem()
	p, err := planOf(v.Type())
	if err != nil {
		panic(err)
	}
	p.defaults(v)
}

// New returns a pointer to a new struct with its defaults, as protocols.Protocol
// wants it for Input and Properties. It panics as Defaults does.
func New[T any]() any {
	ptr := new(T)
	Defaults(ptr)
	return ptr
}

func (p *plan) bind(v reflect.Value, variables map[string]any) error {
	for i := range p.fields {
		f := &p.fields[i]
		if value := variables[f.Name]; value != nil {
			if err := f.set(v.Field(f.index), value); err != nil {
				return under(f.Name, err)
			}
		}
	}
	return p.check(v, variables)
}

func (p *plan) check(v reflect.Value, variables map[string]any) error {
	for i := range p.fields {
		f := &p.fields[i]
		if !f.applies(v) {
			continue
		}
		if err := f.check(v.Field(f.index), variables[f.Name]); err != nil {
			return under(f.Name, err)
		}
	}
	if !p.validates {
		return nil
	}
	return v.Addr().Interface().(Validator).Validate()
}

func (p *plan) defaults(v reflect.Value) {
	for i := range p.fields {
		f := &p.fields[i]
		field := v.Field(f.index)
		if f.fallback != nil {
			_ = f.set(field, f.fallback) // planOf has tried it
		} else if f.nested != nil && field.Kind() == reflect.Struct {
			f.nested.defaults(field)
		}
	}
}

// under puts the name of the enclosing field before an error's path.
func under(name string, err error) error {
	var input *protocols.InputError
	if !errors.As(err, &input) {
		return &protocols.InputError{Path: name, Message: err.Error(), Cause: err}
	}
	path := name
	switch {
	case input.Path == "":
	case input.Path[0] == '[':
		path += input.Path
	default:
		path += "." + input.Path
	}
	return &protocols.InputError{Path: path, Message: input.Message, Cause: input.Cause}
}

func wrong(format string, args ...any) error {
	return &protocols.InputError{Message: fmt.Sprintf(format, args...)}
}
