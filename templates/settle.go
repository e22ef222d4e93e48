package templates

import "slices"

// settle applies a template until its conditions no longer change what is
// active, and returns what is. before are the properties of the version that
// the element has so far, nil if it is not known. It reports false when the
// conditions never come to rest.
func settle(s *state, t *Template, all, before []*Property) (now []*Property, settled bool) {
	const maxPasses = 30
	ids := idsOf(all)
	now = active(s, all, ids)
	for range maxPasses {
		c := change{state: s, template: t, before: before, now: now, replaced: bySlot(before)}
		c.apply()
		next := active(s, all, ids)
		if !differs(now, next) {
			return next, true
		}
		before, now = now, next
	}
	return now, false
}

// differs reports whether another step is needed: something is no longer
// active, or something is that has a slot of its own.
func differs(before, now []*Property) bool {
	had, has := bySlot(before), bySlot(now)
	for _, p := range before {
		same := func(q *Property) bool { return p == q || sameCondition(p.Condition, q.Condition) }
		if !slices.ContainsFunc(has[p.Binding.slot()], same) {
			return true
		}
	}
	for _, p := range now {
		if had[p.Binding.slot()] == nil {
			return true
		}
	}
	return false
}

// bySlot are the properties that are bound to each slot, in order.
func bySlot(list []*Property) map[slot][]*Property {
	bound := make(map[slot][]*Property, len(list))
	for _, p := range list {
		at := p.Binding.slot()
		bound[at] = append(bound[at], p)
	}
	return bound
}

func sameCondition(a, b *Condition) bool {
	if a == nil || b == nil {
		return a == b
	}
	sameFlag := func(a, b *bool) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
	return a.Property == b.Property && a.Equals == b.Equals && slices.Equal(a.OneOf, b.OneOf) &&
		sameFlag(a.IsActive, b.IsActive) && sameFlag(a.IsEmpty, b.IsEmpty) &&
		slices.EqualFunc(a.AllMatch, b.AllMatch, func(x, y Condition) bool { return sameCondition(&x, &y) })
}
