package templates

import (
	"encoding/json"
	"fmt"
	"slices"
)

// bindings are the properties so far that are bound to a slot, in a form in
// which one that may be active together with the next is found without search.
type bindings map[slot]*rivals

// rivals are the first properties that are bound to one slot.
type rivals struct {
	// any is the first of all, always the first without a condition.
	any, always *Property
	// when holds the first with a condition: by the whole condition, and by
	// each value that a condition on one property's value allows.
	when map[string]*Property
}

// rival returns an earlier property with the same binding that may be active
// at the same time, or nil, and remembers this one. Two that differ in more
// than the values of one property count as told apart.
func (b bindings) rival(p *Property) *Property {
	s := p.Binding.slot()
	r := b[s]
	if r == nil {
		r = &rivals{any: p, when: map[string]*Property{}}
		b[s] = r
	}
	var rival *Property
	if p.Condition == nil {
		rival = r.any
		if r.always == nil {
			r.always = p
		}
	} else {
		rival = r.always
		for _, key := range p.Condition.keys() {
			if first := r.when[key]; first == nil {
				r.when[key] = p
			} else if rival == nil {
				rival = first
			}
		}
	}
	if rival == p {
		return nil
	}
	return rival
}

// keys are such that two conditions which share one can hold at once.
func (c *Condition) keys() []string {
	if c.Equals == nil && c.OneOf == nil {
		return []string{c.key()}
	}
	var keys []string
	for _, value := range append(slices.Clone(c.OneOf), c.Equals) {
		if value != nil {
			keys = append(keys, (&Condition{Property: c.Property, Equals: value}).key())
		}
	}
	return keys
}

// key is the same text for conditions that say the same.
func (c *Condition) key() string {
	parts := make([]string, len(c.AllMatch))
	for i := range c.AllMatch {
		parts[i] = c.AllMatch[i].key()
	}
	slices.Sort(parts)
	text, _ := json.Marshal([]any{parts, c.Property, c.Equals, c.OneOf, c.IsActive, c.IsEmpty}) // of scalars alone
	return string(text)
}

// duplicates looks for earlier properties with the same id, or with the same
// binding that may be active at the same time.
func (p property) duplicates() {
	if first := p.byID[p.ID]; first != nil && first != p.Property && first.Binding.slot() != p.Binding.slot() {
		p.warn("/id", "duplicate-id", fmt.Sprintf("the id %q is taken by another property", p.ID), "conditions see only the first one; rename one of them")
	}
	if place := p.Binding.slot().place; place == "zeebe:executionListener" || place == "zeebe:taskListener" {
		return
	}
	if rival := p.bound.rival(p.Property); rival != nil {
		p.warn("/binding", "duplicate-binding", fmt.Sprintf("%q is bound to the same place, and both may be active at once", rival.Title()), "give them conditions that exclude each other")
	}
}
