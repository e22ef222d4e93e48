package templates

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"patchbay/engine/bpmn"
)

// ApplyOptions says how a template is applied.
type ApplyOptions struct {
	// Values are what the user gives: by property id, else by binding name
	// ("url", or "input:url", "header:...", "property:...", "taskDefinition:..."
	// where a name is bound more than once). A string is read as the property's
	// type says; arrays and objects become their JSON text.
	Values map[string]any
	// Preset is the id of one of the template's presets; empty for none.
	Preset string
	// Find finds the template version that the element has now, by which Apply
	// tells values that a user changed from defaults. It may be nil or return
	// nil; then all values that are there count as the user's. See Lookup.
	Find func(id string, version int64) *Template
	// Random makes UUIDs; crypto/rand when nil.
	Random io.Reader
}

// Warning is something that a user should mend, although the template could
// be applied.
type Warning struct {
	// Property is the property's id, label or binding name.
	Property string `json:"property"`
	Message  string `json:"message"`
}

// String returns "property: message".
func (w Warning) String() string { return w.Property + ": " + w.Message }

// Apply applies a template to an element of a BPMN file, as the modelers do:
// the same parts in the same order (bpmn-js-element-templates 2.37). The
// warnings say which values are missing or break a constraint; the file is
// changed nevertheless. After an error the draft must be thrown away.
func Apply(d *bpmn.Draft, elementID string, t *Template, o ApplyOptions) ([]Warning, error) {
	tag := d.Element(elementID)
	if tag == nil {
		return nil, fmt.Errorf("no element %q in the file%s", elementID, similar(elementID, d.IDs()))
	}
	e := element{d, tag}
	if err := t.applicable(tag); err != nil {
		return nil, fmt.Errorf("element %q: %w", elementID, err)
	}
	properties, warnings, err := t.withValues(o)
	if err != nil {
		return nil, err
	}
	if err := writable(t, properties); err != nil {
		return nil, err
	}
	previous := o.previous(tag)
	put(tag, slot{name: "zeebe:modelerTemplate"}, t.ID)
	put(tag, slot{name: "zeebe:modelerTemplateVersion"}, t.versionValue())
	put(tag, slot{name: "zeebe:modelerTemplateIcon"}, nilIfEmpty(t.Icon))
	if err := e.become(t, previous); err != nil {
		return nil, fmt.Errorf("element %q: %w", elementID, err)
	}
	now, s, err := e.settle(t, properties, previous, o)
	if err != nil {
		return nil, err
	}
	e.save(s, t, now)
	return append(warnings, check(s, properties, now)...), nil
}

func (e element) settle(t *Template, properties []*Property, previous *Template, o ApplyOptions) ([]*Property, *state, error) {
	s := newState(func() string { return newUUID(o.Random) })
	e.load(s)
	var before []*Property
	if previous != nil {
		before = previous.Properties
	}
	now, settled := settle(s, t, properties, before)
	if !settled {
		return nil, nil, fmt.Errorf("template %s: its conditions never come to rest with these values", t.Ref())
	}
	needs := func(p *Property) bool {
		return strings.HasPrefix(p.Binding.Type, "bpmn:Message#") || p.Binding.Type == signalPlace
	}
	if e.referring() == nil && slices.ContainsFunc(now, needs) {
		return nil, nil, errors.New("the template binds a message or signal, but the event has no event definition")
	}
	return now, s, nil
}

// previous returns the version that the element has now, if it can be found.
func (o ApplyOptions) previous(tag *bpmn.Tag) *Template {
	id, stamped := tag.Attr("zeebe:modelerTemplate")
	text, hasVersion := tag.Attr("zeebe:modelerTemplateVersion")
	version, err := strconv.ParseInt(text, 10, 64)
	if o.Find == nil || !stamped || hasVersion && err != nil {
		return nil
	}
	return o.Find(id, version)
}

// Lookup returns a function for ApplyOptions.Find that looks through lists.
func Lookup(lists ...[]*Template) func(id string, version int64) *Template {
	return func(id string, version int64) *Template {
		for _, list := range lists {
			for _, t := range list {
				if t.ID == id && t.Version == version {
					return t
				}
			}
		}
		return nil
	}
}

func (t *Template) versionValue() any {
	if !t.HasVersion {
		return nil
	}
	return float64(t.Version)
}

// applicable checks that the template is meant for the element, or for what
// the element would become.
func (t *Template) applicable(tag *bpmn.Tag) error {
	kinds := t.AppliesTo
	if t.ElementType != "" {
		kinds = append(slices.Clone(kinds), t.ElementType)
	}
	for _, kind := range kinds {
		if isA(tag.Name(), kind) || sameFamily(tag.Name(), tagName(kind)) {
			return nil
		}
	}
	return fmt.Errorf("template %s applies to %s, not to %s", t.Ref(), strings.Join(t.AppliesTo, ", "), tag.Name())
}

// withValues returns the properties with the values of preset and user in
// place of the defaults.
func (t *Template) withValues(o ApplyOptions) ([]*Property, []Warning, error) {
	properties := make([]*Property, len(t.Properties))
	for i, p := range t.Properties {
		clone := *p
		properties[i] = &clone
	}
	if err := t.applyPreset(properties, o.Preset); err != nil {
		return nil, nil, err
	}
	var warnings []Warning
	for _, name := range slices.Sorted(maps.Keys(o.Values)) {
		targets := targets(properties, name)
		if len(targets) == 0 {
			return nil, nil, fmt.Errorf("template %s has no property %q%s", t.Ref(), name, similar(name, t.names()))
		}
		for _, p := range targets {
			value, warning := p.typed(scalar(o.Values[name]))
			if warning != "" {
				warnings = append(warnings, Warning{p.Title(), warning})
			}
			p.Value, p.user = value, true
		}
	}
	fillTwins(properties)
	return properties, slices.Compact(warnings), nil
}

// fillTwins gives the user's value of a property to a hidden one without value that is written to the same place after it
// and would empty it: Camunda's Twilio webhooks have such a pair. In a modeler the user's value comes last.
func fillTwins(properties []*Property) {
	for _, p := range properties {
		if p.Type != "Hidden" || p.Value != nil || p.Condition != nil {
			continue
		}
		for _, q := range properties {
			if q.user && q.Condition == nil && q.Binding.slot() == p.Binding.slot() {
				p.Value = q.Value
			}
		}
	}
}

func (t *Template) applyPreset(properties []*Property, id string) error {
	if id == "" {
		return nil
	}
	i := slices.IndexFunc(t.Presets, func(p Preset) bool { return p.ID == id })
	if i < 0 {
		return fmt.Errorf("template %s has no preset %q", t.Ref(), id)
	}
	for _, p := range properties {
		if value, has := t.Presets[i].Values[p.ID]; has && p.ID != "" {
			p.Value, p.preset = value, true
		}
	}
	return nil
}

// placePrefixes are what may stand before a binding's name.
var placePrefixes = map[string]string{
	"input": "zeebe:input", "output": "zeebe:output", "header": "zeebe:taskHeader", "property": "zeebe:property",
	"taskDefinition": "zeebe:taskDefinition", "message": messagePlace, "subscription": subscriptionPlace, "signal": signalPlace,
	"attribute": "property",
}

// targets returns the properties that a user means by a name: those with that
// id, else those bound by that name, of which constants are left out if
// there are others.
func targets(properties []*Property, name string) []*Property {
	found := slices.DeleteFunc(slices.Clone(properties), func(p *Property) bool { return p.ID != name || name == "" })
	if len(found) > 0 {
		return found
	}
	prefix, rest, _ := strings.Cut(name, ":")
	place := placePrefixes[prefix]
	found = slices.DeleteFunc(slices.Clone(properties), func(p *Property) bool {
		s := p.Binding.slot()
		return s.name != name && (place == "" || s.place != place || s.name != rest)
	})
	open := slices.DeleteFunc(slices.Clone(found), func(p *Property) bool { return p.Type == "Hidden" })
	if len(open) > 0 {
		return open
	}
	return found
}

// names returns what users may call the properties.
func (t *Template) names() []string {
	var names []string
	for _, p := range t.Properties {
		if p.ID != "" {
			names = append(names, p.ID)
		} else if p.Type != "Hidden" {
			names = append(names, p.Binding.slot().name)
		}
	}
	return names
}

// typed reads a value that a user gave as the property's type says.
func (p *Property) typed(value any) (any, string) {
	s, isText := value.(string)
	if !isText || strings.HasPrefix(s, "=") {
		return value, ""
	}
	switch p.Type {
	case "Boolean":
		if s == "true" || s == "false" {
			return s == "true", ""
		}
		return s, fmt.Sprintf("expected true, false or an expression that begins with =, got %q", s)
	case "Number":
		if n := number(s); s != "" && n == n {
			return n, ""
		}
		return s, fmt.Sprintf("expected a number or an expression that begins with =, got %q", s)
	}
	return s, ""
}

// writable refuses what XML cannot hold.
func writable(t *Template, properties []*Property) error {
	for _, s := range []string{t.ID, t.Icon} {
		if !bpmn.ValidText(s) {
			return fmt.Errorf("template %s: id or icon has control characters, which XML cannot hold", t.Ref())
		}
	}
	for _, p := range properties {
		at := p.Binding.slot()
		if !bpmn.ValidText(text(p.Value)) || !bpmn.ValidText(at.name+at.link) {
			return fmt.Errorf("template %s: property %q has control characters, which XML cannot hold", t.Ref(), p.Title())
		}
		if at.place != "property" && at.place != messagePlace && at.place != subscriptionPlace {
			continue
		}
		if !bpmn.ValidName(at.name) {
			return fmt.Errorf("template %s: property %q is bound to %q, which is no name of an attribute", t.Ref(), p.Title(), at.name)
		}
	}
	return nil
}
