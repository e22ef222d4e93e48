package templates

import (
	"fmt"
	"slices"
	"strings"
)

// Change is a difference between two versions of a template.
type Change struct {
	// Breaking means that elements which use the old version lose something or
	// need a hand when they take the new one.
	Breaking bool `json:"breaking"`
	// Property names the property concerned; empty for the template itself.
	Property string `json:"property,omitempty"`
	// Message says what changed and what it means for existing diagrams.
	Message string `json:"message"`
}

// String returns "breaking: property: message".
func (c Change) String() string {
	s := c.Message
	if c.Property != "" {
		s = c.Property + ": " + s
	}
	if c.Breaking {
		return "breaking: " + s
	}
	return s
}

// Compare says what changes for existing diagrams when they go from one
// version of a template to another; breaking changes come first.
func Compare(from, to *Template) []Change {
	var d comparison
	d.template(from, to)
	for _, old := range from.Properties {
		if now := counterpart(old, from, to); now != nil {
			d.property(old, now)
		} else {
			d.gone(old, to)
		}
	}
	for _, now := range to.Properties {
		if counterpart(now, to, from) == nil {
			d.added(now, from)
		}
	}
	slices.SortStableFunc(d, func(a, b Change) int { return bit(b.Breaking) - bit(a.Breaking) })
	return slices.Compact(d)
}

// comparison gathers changes.
type comparison []Change

func (d *comparison) add(breaking bool, p *Property, format string, args ...any) {
	c := Change{Breaking: breaking, Message: fmt.Sprintf(format, args...)}
	if p != nil {
		c.Property = p.Title()
	}
	*d = append(*d, c)
}

// counterpart finds in another version the property that takes the place of
// p: bound to the same slot and, where several are, with the same id or else
// under the same condition.
func counterpart(p *Property, own, other *Template) *Property {
	var same []*Property
	for _, q := range other.Properties {
		if q.Binding.slot() == p.Binding.slot() {
			same = append(same, q)
		}
	}
	for _, q := range same {
		if p.ID != "" && q.ID == p.ID {
			return q
		}
	}
	for _, q := range same {
		if sameCondition(q.Condition, p.Condition) {
			return q
		}
	}
	alone := 0
	for _, q := range own.Properties {
		if q.Binding.slot() == p.Binding.slot() {
			alone++
		}
	}
	if len(same) == 1 && alone == 1 {
		return same[0]
	}
	return nil
}

func (d *comparison) template(from, to *Template) {
	if from.ID != to.ID {
		d.add(true, nil, "the id changes from %q to %q: modelers see another template and offer no upgrade", from.ID, to.ID)
	} else if to.Version <= from.Version {
		d.add(false, nil, "the version does not rise: modelers offer no upgrade")
	}
	if from.ElementType != to.ElementType || from.EventDefinition != to.EventDefinition {
		d.add(true, nil, "the element becomes %s instead of %s", outcomeOf(to), outcomeOf(from))
	}
	for _, kind := range from.AppliesTo {
		if !slices.Contains(to.AppliesTo, kind) {
			d.add(true, nil, "it no longer applies to %s", kind)
		}
	}
	if old, now := from.Engines["camunda"], to.Engines["camunda"]; old != now && now != "" {
		d.add(true, nil, "it asks for Camunda %s instead of %s: modelers for other versions do not offer it", now, orAny(old))
	}
	if to.Deprecated && !from.Deprecated {
		d.add(false, nil, "it is deprecated")
	}
}

// outcomeOf says what an element becomes.
func outcomeOf(t *Template) string {
	name := t.Target()
	if t.EventDefinition != "" {
		name += " with " + t.EventDefinition
	}
	return name
}

func orAny(s string) string {
	if s == "" {
		return "any version"
	}
	return s
}

func (d *comparison) gone(old *Property, to *Template) {
	s := old.Binding.slot()
	if slices.ContainsFunc(to.Properties, func(p *Property) bool { return p.Binding.slot() == s }) {
		d.add(false, old, "one of several properties for %s is gone", where(s))
		return
	}
	if i := slices.IndexFunc(to.Properties, func(p *Property) bool { return p.ID == old.ID && old.ID != "" }); i >= 0 {
		d.add(true, old, "it is bound to %s instead of %s: the value in existing elements is lost", where(to.Properties[i].Binding.slot()), where(s))
		return
	}
	if old.Type == "Hidden" {
		d.add(false, old, "the constant for %s is gone", where(s))
		return
	}
	d.add(true, old, "it is gone: the value in existing elements is removed")
}

// where names a slot in texts.
func where(s slot) string {
	if s.name == "" {
		return s.place
	}
	return s.place + " " + s.name
}

func (d *comparison) added(now *Property, from *Template) {
	s := now.Binding.slot()
	if slices.ContainsFunc(from.Properties, func(p *Property) bool { return p.Binding.slot() == s }) {
		return
	}
	required := now.Constraints.NotEmpty && now.Value == nil && !now.Generated && now.Type != "Hidden"
	switch {
	case required && now.Condition == nil:
		d.add(true, now, "it is new and required, without a default: every element must be filled in")
	case required:
		d.add(false, now, "it is new and required where its condition is met")
	case now.Type == "Hidden":
		d.add(false, now, "the constant for %s is new", where(s))
	default:
		d.add(false, now, "it is new")
	}
}

func (d *comparison) property(old, now *Property) {
	if old.Type == "Hidden" && now.Type == "Hidden" {
		d.constant(old, now)
		return
	}
	d.kind(old, now)
	d.choices(old, now)
	d.constraints(old, now)
	if !sameCondition(old.Condition, now.Condition) {
		d.add(now.Condition != nil && old.Condition == nil, now, "its condition changes: values are removed where it is not met")
	}
	if old.fixedValue() != now.fixedValue() && now.Type != "Hidden" {
		d.add(false, now, "the default changes from %s to %s: elements that left it alone take the new one", quoted(old.Value), quoted(now.Value))
	}
}

func (d *comparison) constant(old, now *Property) {
	if old.fixedValue() == now.fixedValue() || now.Binding.slot().name == "elementTemplateVersion" {
		return
	}
	if now.Binding.slot().place == "zeebe:taskDefinition" {
		d.add(true, now, "the job type changes from %s to %s: another worker serves it", quoted(old.Value), quoted(now.Value))
		return
	}
	d.add(false, now, "the constant for %s changes", where(now.Binding.slot()))
}

func (d *comparison) kind(old, now *Property) {
	oldKind, nowKind := orString(old.Type), orString(now.Type)
	switch {
	case nowKind == "Hidden":
		d.add(true, now, "it becomes a constant: the value in existing elements is overwritten with %s", quoted(now.Value))
	case oldKind != nowKind && !(isText(oldKind) && isText(nowKind)) && oldKind != "Hidden":
		d.add(true, now, "the type changes from %s to %s: existing values may not fit", oldKind, nowKind)
	case old.casts() != now.casts() && oldKind == nowKind:
		d.add(true, now, "values are %s: existing ones may not fit", castText(now))
	case old.Feel != "" && now.Feel == "" && isText(nowKind):
		d.add(true, now, "it takes no FEEL any more: existing expressions are plain text in the form")
	}
}

func orString(kind string) string {
	if kind == "" {
		return "String"
	}
	return kind
}

func isText(kind string) bool { return kind == "String" || kind == "Text" }

func castText(p *Property) string {
	if p.casts() {
		return "FEEL expressions now"
	}
	return "no FEEL expressions any more"
}

func (d *comparison) choices(old, now *Property) {
	if old.Type != "Dropdown" || now.Type != "Dropdown" {
		return
	}
	for _, c := range old.Choices {
		if !slices.ContainsFunc(now.Choices, func(n Choice) bool { return n.Value == c.Value }) {
			d.add(true, now, "the choice %q is gone: elements that have it fall back to %s", c.Value, quoted(now.Value))
		}
	}
	for _, c := range now.Choices {
		if !slices.ContainsFunc(old.Choices, func(o Choice) bool { return o.Value == c.Value }) {
			d.add(false, now, "the choice %q is new", c.Value)
		}
	}
}

func (d *comparison) constraints(old, now *Property) {
	was, is := old.Constraints, now.Constraints
	if is.NotEmpty && !was.NotEmpty {
		d.add(now.Value == nil, now, "a value is required now")
	}
	if is.Pattern != "" && is.Pattern != was.Pattern {
		d.add(true, now, "values must match %s now", is.Pattern)
	}
	if is.MinLength != nil && (was.MinLength == nil || *is.MinLength > *was.MinLength) {
		d.add(true, now, "values must have at least %s characters now", numberText(*is.MinLength))
	}
	if is.MaxLength != nil && (was.MaxLength == nil || *is.MaxLength < *was.MaxLength) {
		d.add(true, now, "values must have at most %s characters now", numberText(*is.MaxLength))
	}
}

func quoted(value any) string {
	if value == nil {
		return "nothing"
	}
	s := text(value)
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "..."
	}
	return fmt.Sprintf("%q", s)
}
