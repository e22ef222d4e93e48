// Package templates knows connector templates (element templates): it reads
// them, applies them to BPMN elements as the modelers do, checks them, compares
// versions, and keeps the published ones in a catalog. The templates that come
// with patchbay lie beside the code, each with the cases that test it.
package templates

import (
	"fmt"

	"patchbay/schema"
)

// Template is one version of a connector template. It is immutable.
type Template struct {
	// Raw is the JSON text as it was written: a file that holds one template,
	// or the part of an array.
	Raw []byte
	// ID and Version name it. A template without a version counts as version 0,
	// but stays without one where it is written.
	ID         string
	Version    int64
	HasVersion bool

	Name, Description, DocumentationRef string
	Keywords                            []string
	// AppliesTo are the element types that it can be applied to, "bpmn:Task".
	AppliesTo []string
	// ElementType is what the element becomes; empty means that it stays.
	ElementType, EventDefinition string
	// Icon is the URL of the icon, often a data URL.
	Icon string
	// Engines holds version ranges by engine: "camunda": "^8.6".
	Engines map[string]string
	// Category is the id of its category.
	Category   string
	Deprecated bool
	// DeprecationMessage says why it is deprecated, and DeprecationRef where
	// there is more on it; either may be empty.
	DeprecationMessage, DeprecationRef string

	Groups     []Group
	Properties []*Property
	Presets    []Preset
	// OutputsVisible means that outputs belong to the modeler's user.
	OutputsVisible bool
}

// Group is a section of the form.
type Group struct {
	ID, Label, Tooltip string
	OpenByDefault      bool
}

// Preset overrides the values of some properties, by their ids.
type Preset struct {
	ID     string
	Values map[string]any
}

// Property is one field of a template.
type Property struct {
	// ID is what conditions and presets name; it may be empty or taken twice.
	ID, Label, Description, Tooltip, Placeholder, Group string
	// Type is String, Text, Hidden, Dropdown, Boolean, Number, Configuration or
	// empty, which means String.
	Type string
	// Value is the default: nil for none, a string, a bool or a float64.
	Value any
	// Generated means that a UUID is made up where there is no value.
	Generated bool
	// Feel is empty, "optional", "required" or "static".
	Feel string
	// Language is the language of a Text, "json".
	Language    string
	Optional    bool
	Choices     []Choice
	Constraints Constraints
	Condition   *Condition
	Binding     Binding

	// preset marks a value that a preset gave, user one that a user gave.
	preset, user bool
}

// Choice is one item of a Dropdown.
type Choice struct {
	Name, Value string
	Condition   *Condition
}

// Constraints are checked on the values that users give.
type Constraints struct {
	NotEmpty bool
	// MinLength and MaxLength count characters; nil means no limit.
	MinLength, MaxLength *float64
	// Pattern is a JavaScript regular expression, empty for none; Message is
	// the text for whoever breaks it.
	Pattern, Message string
}

// Condition says when a property is active: either all of AllMatch hold, or
// the one comparison that is set does.
type Condition struct {
	AllMatch []Condition
	// Property is the id of the property that is looked at.
	Property string
	// Equals is nil when it is not used.
	Equals any
	// OneOf is nil when it is not used.
	OneOf             []any
	IsActive, IsEmpty *bool
}

// Binding says where in the BPMN element a value goes.
type Binding struct {
	Type                        string
	Name, Source, Key, Property string
	LinkName, EventType         string
	Retries                     string
	Headers                     []Header
}

// Header is a header of an execution listener.
type Header struct{ Key, Value string }

// InvalidError is a text that holds no valid template.
type InvalidError struct {
	// Violations lists all that is wrong, in the order of the text.
	Violations []schema.Violation
}

// Error returns the first violation and how many more there are.
func (e *InvalidError) Error() string {
	first := e.Violations[0]
	text := fmt.Sprintf("line %d, column %d: %s: %s", first.Line, first.Column, pointerText(first.Pointer), first.Message)
	if more := len(e.Violations) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

func pointerText(pointer string) string {
	if pointer == "" {
		return "template"
	}
	return pointer
}

// Parse reads a file that holds one template or an array of them. It fails
// with a *schema.SyntaxError or an *InvalidError.
func Parse(raw []byte) ([]*Template, error) {
	d, err := schema.Parse(raw)
	if err != nil {
		return nil, err
	}
	violations := sizeViolations(d)
	if len(violations) == 0 {
		violations = schema.Templates(d)
	}
	if len(violations) > 0 {
		return nil, &InvalidError{violations}
	}
	return decodeAll(d, raw), nil
}

// decodeAll makes the templates of a document that is valid.
func decodeAll(d *schema.Document, raw []byte) []*Template {
	list, isArray := d.Value.([]any)
	if !isArray {
		return []*Template{decode(d.Value, raw)}
	}
	templates := make([]*Template, len(list))
	for i, value := range list {
		templates[i] = decode(value, d.Slice(fmt.Sprintf("/%d", i)))
	}
	return templates
}

// Ref returns "id" or "id@version", to name the template in texts.
func (t *Template) Ref() string {
	if !t.HasVersion {
		return t.ID
	}
	return fmt.Sprintf("%s@%d", t.ID, t.Version)
}

// Target is the element type that the template makes or, if it makes none,
// the first that it applies to.
func (t *Template) Target() string {
	switch {
	case t.ElementType != "":
		return t.ElementType
	case len(t.AppliesTo) > 0:
		return t.AppliesTo[0]
	}
	return ""
}

// JobType returns the job type that an element gets from the template: the
// value of its task definition. Inbound templates have the type of their
// connector instead, which Inbound returns; empty means none.
func (t *Template) JobType() string {
	return t.constant(slot{place: "zeebe:taskDefinition", name: "type"})
}

// Inbound returns the type of the inbound connector, "io.camunda:webhook:1",
// or empty for a template that is not for inbound connectors.
func (t *Template) Inbound() string {
	return t.constant(slot{place: "zeebe:property", name: "inbound.type"})
}

// Protocol returns the protocol that the template names in its property
// "protocol" (a task header or a zeebe:property); empty if it names none.
func (t *Template) Protocol() string {
	if name := t.constant(slot{place: "zeebe:taskHeader", name: "protocol"}); name != "" {
		return name
	}
	return t.constant(slot{place: "zeebe:property", name: "protocol"})
}

// constant returns the default text of the first property bound to a slot.
func (t *Template) constant(s slot) string {
	for _, p := range t.Properties {
		if text, is := p.Value.(string); is && p.Binding.slot() == s {
			return text
		}
	}
	return ""
}

// Property returns the first property with that id, or nil.
func (t *Template) Property(id string) *Property {
	if id == "" {
		return nil
	}
	for _, p := range t.Properties {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// Title says what to call the property: its id, else its label, else what it
// is bound to.
func (p *Property) Title() string {
	for _, name := range []string{p.ID, p.Label, p.Binding.slot().name} {
		if name != "" {
			return name
		}
	}
	return p.Binding.Type
}
