package templates

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"patchbay/engine/bpmn"
)

// Form is what a modeler's property panel shows of an element that a template
// is applied to: the fields whose conditions hold, with their values and what
// is wrong with them.
type Form struct {
	// Groups are those that have fields, in the template's order; fields without
	// a group stand in one with an empty id, which comes first.
	Groups []FormGroup `json:"groups"`
	// Presets are the ids of the template's presets.
	Presets []string `json:"presets,omitempty"`
	// Warnings are about values that have no effect or are not of the type.
	Warnings []Warning `json:"warnings"`
}

// FormGroup is a section of the panel.
type FormGroup struct {
	ID      string      `json:"id"`
	Label   string      `json:"label"`
	Tooltip string      `json:"tooltip,omitempty"`
	Open    bool        `json:"open" doc:"Whether the section is unfolded at first."`
	Fields  []FormField `json:"fields"`
}

// FormField is an entry of the panel.
type FormField struct {
	// Key names the field in ApplyOptions.Values.
	Key         string `json:"key"`
	Label       string `json:"label"`
	Description string `json:"description,omitempty"`
	Tooltip     string `json:"tooltip,omitempty"`
	Placeholder string `json:"placeholder,omitempty"`
	// Type is String, Text, Boolean, Number, Dropdown or Configuration.
	Type     string `json:"type"`
	Language string `json:"language,omitempty" doc:"Language of a Text, such as json."`
	// Feel says whether an expression may or must be given.
	Feel string `json:"feel,omitempty" enum:"optional,required,static"`
	// Expression tells that Value is the text of a FEEL expression, without the
	// "=" before it.
	Expression bool `json:"expression,omitempty"`
	// Value is a string, a number, a bool, or null for none.
	Value     any          `json:"value"`
	Generated bool         `json:"generated,omitempty" doc:"The value is made up when the template is applied."`
	Choices   []FormChoice `json:"choices,omitempty"`
	Required  bool         `json:"required,omitempty"`
	MaxLength *float64     `json:"maxLength,omitempty"`
	// Problem is the constraint that the value breaks, as a text for people.
	Problem string `json:"problem,omitempty"`
	// Binding says where the value goes: "zeebe:input url".
	Binding string `json:"binding"`
}

// FormChoice is an item of a Dropdown whose condition holds.
type FormChoice struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Form evaluates the conditions and constraints of the template for values, as
// Apply does.
func (t *Template) Form(o ApplyOptions) (*Form, error) { return t.form(o, checkTime) }

// form checks values for at most so long.
func (t *Template) form(o ApplyOptions, check time.Duration) (*Form, error) {
	d, err := bpmn.Edit([]byte(scratchFile(tagName(t.Target()))))
	if err != nil {
		return nil, fmt.Errorf("template %s: it makes a %s, which cannot stand in a process alone", t.Ref(), t.Target())
	}
	properties, warnings, err := t.withValues(o)
	if err != nil {
		return nil, err
	}
	e := element{d, d.Element("element")}
	if err := e.become(t, nil); err != nil {
		return nil, err
	}
	now, s, err := e.settle(t, properties, nil, o)
	if err != nil {
		return nil, err
	}
	f := &Form{Warnings: append([]Warning{}, warnings...), Groups: t.formGroups()}
	for _, p := range t.Presets {
		f.Presets = append(f.Presets, p.ID)
	}
	f.fill(s, properties, now, check)
	f.Groups = slices.DeleteFunc(f.Groups, func(g FormGroup) bool { return len(g.Fields) == 0 })
	return f, nil
}

func (t *Template) formGroups() []FormGroup {
	groups := []FormGroup{{Open: true}}
	for _, g := range t.Groups {
		groups = append(groups, FormGroup{ID: g.ID, Label: g.Label, Tooltip: g.Tooltip, Open: g.OpenByDefault})
	}
	return groups
}

// checkTime is how long the values of a form are checked. A template with many
// hostile patterns is cut off; what is left counts as well.
const checkTime = 2 * time.Second

// fill adds a field for each slot that has an active property: of several, the
// first is shown.
func (f *Form) fill(s *state, all, now []*Property, check time.Duration) {
	seen, end := map[slot]bool{}, time.Now().Add(check)
	activity := s.activity(idsOf(all))
	for _, p := range now {
		at := p.Binding.slot()
		if p.Type == "Hidden" || seen[at] {
			continue
		}
		seen[at] = true
		g := max(0, slices.IndexFunc(f.Groups, func(g FormGroup) bool { return g.ID == p.Group }))
		field := p.field(activity)
		if time.Now().Before(end) {
			field.Problem = p.violation(s.value(p.Binding))
		}
		f.Groups[g].Fields = append(f.Groups[g].Fields, field)
	}
}

func (p *Property) field(s activity) FormField {
	f := FormField{
		Key: p.key(), Label: p.label(), Description: p.Description, Tooltip: p.Tooltip, Placeholder: p.Placeholder,
		Type: p.Type, Language: p.Language, Feel: p.Feel, Generated: p.Generated && p.Value == nil,
		Required: p.Constraints.NotEmpty, MaxLength: p.Constraints.MaxLength, Binding: p.Binding.Type + " " + p.Binding.slot().name,
	}
	if f.Type == "" {
		f.Type = "String"
	}
	for _, c := range p.Choices {
		if s.met(c.Condition) {
			f.Choices = append(f.Choices, FormChoice{c.Name, c.Value})
		}
	}
	if !f.Generated {
		f.Value, f.Expression = p.shown(s.value(p.Binding))
	}
	return f
}

// key is the name by which targets finds the property.
func (p *Property) key() string {
	at := p.Binding.slot()
	if p.ID != "" {
		return p.ID
	}
	for prefix, place := range placePrefixes {
		if place == at.place {
			return prefix + ":" + at.name
		}
	}
	return at.name
}

// shown turns what the element holds into what a person sees: a number or a
// flag where it is one, else a text or the text of an expression.
func (p *Property) shown(value any) (any, bool) {
	s, isText := value.(string)
	expression, is := strings.CutPrefix(s, "=")
	if !isText || !is && p.Feel != "required" {
		return p.plain(value), false
	}
	switch {
	case p.Feel == "required":
		return expression, true
	case p.Type == "Boolean" && (expression == "true" || expression == "false"):
		return expression == "true", false
	case p.Type == "Number" && number(expression) == number(expression) && expression != "":
		return number(expression), false
	case p.Feel == "optional" || p.Feel == "static" && p.casts():
		return expression, true
	case p.casts():
		return expression, false
	}
	return s, false
}

// plain reads a text as the property's type says, where it can be read so.
func (p *Property) plain(value any) any {
	switch {
	case value == nil || value == "":
		return nil
	case p.Type == "Boolean":
		return value == true || value == "true"
	}
	typed, _ := p.typed(value)
	return typed
}
