package bpmn

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Validate lists what a deployment to Zeebe refuses, in document order; none means the file may be deployed as far as
// this package can tell (expressions and timer texts are checked by whoever compiles them).
// When the BPMN schema forbids something, only that is listed, because the model below it cannot be trusted.
func (d *Definitions) Validate() Problems {
	if len(d.schema) > 0 {
		return d.schema
	}
	c := &checker{}
	c.definitions(d)
	for _, p := range d.Processes {
		if !p.Executable {
			continue
		}
		c.process(p)
		for _, el := range p.Elements {
			c.element(el)
		}
		c.flows(p.Element)
	}
	return c.found
}

// checker collects the problems of one file.
type checker struct {
	found    Problems
	messages map[*Message]bool // reported already: several events may refer to one message
	codes    map[any]bool
}

func (c *checker) add(at Place, format string, args ...any) {
	c.found = append(c.found, Problem{Place: at, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) definitions(d *Definitions) {
	for _, p := range d.Processes {
		if p.Executable {
			return
		}
	}
	place := d.Place
	if place.Path == "" {
		place.Path = "definitions"
	}
	c.add(place, "Must contain at least one executable process")
}

func (c *checker) flows(scope *Element) {
	for _, f := range scope.Flows {
		c.flow(f)
	}
	for _, child := range scope.Children {
		c.flows(child)
	}
}

func (c *checker) flow(f *Flow) {
	if f.Condition != nil {
		c.expression(f.Condition.Place, f.Condition.Value)
		return
	}
	if f.Source == nil || f.Source.Default == f || len(f.Source.Outgoing) < 2 {
		return
	}
	switch f.Source.Type {
	case TypeExclusiveGateway:
		c.add(f.Place, "Must have a condition or be default flow")
	case TypeInclusiveGateway:
		c.add(f.Place, "Must have a condition")
	}
}

// expression wants text that begins with "=" and has something behind it.
func (c *checker) expression(at Place, text string) {
	switch {
	case text == "":
		c.add(at, "Expected expression but not found.")
	case !strings.HasPrefix(text, "=") || text == "=":
		c.add(at, "Expected expression but found static value '%s'. An expression must start with '=' (e.g. '=%s').", text, text)
	}
}

// present wants an expression or static text.
func (c *checker) present(at Place, text string) {
	if text == "" {
		c.add(at, "Expected expression but not found.")
	}
}

var targetPath = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*(\.[a-zA-Z_][a-zA-Z0-9_]*)*$`)

func (c *checker) mappings(el *Element) {
	for _, m := range el.Inputs {
		c.target(m)
	}
	for _, m := range el.Outputs {
		c.expression(m.Place, m.Source)
		c.target(m)
	}
}

// reserved are the words that Zeebe does not take as a mapping's whole target.
var reserved = []string{"null", "true", "false", "function", "if", "then", "else", "for", "between", "instance", "of"}

func (c *checker) target(m Mapping) {
	switch {
	case m.Target == "":
		c.add(m.Place, "Expected path expression but not found.")
	case slices.Contains(reserved, m.Target):
		c.add(m.Place, "Expected path expression '%s' but is one of the reserved words (%s).", m.Target, strings.Join(reserved, ", "))
	case !targetPath.MatchString(m.Target):
		c.add(m.Place, "Expected path expression '%s' but doesn't match the pattern '[a-zA-Z_][a-zA-Z0-9_]*(\\.[a-zA-Z_][a-zA-Z0-9_]*)*'.", m.Target)
	}
}
