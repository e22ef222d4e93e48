package templates

import "slices"

// settle applies a template until its conditions no longer change what is
// active, and returns what is. before are the properties of the version that
// the element has so far, nil if it is not known. It reports false when the
// conditions never come to rest.
func settle(s *state, t *Template, all, before []*Property) (now []*Property, settled bool) {
	const maxPasses = 30
	now = active(s, all)
	for range maxPasses {
		c := change{state: s, template: t, before: before, now: now}
		c.apply()
		next := active(s, all)
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
	same := func(a, b *Property) bool {
		return a == b || a.Binding.slot() == b.Binding.slot() && sameCondition(a.Condition, b.Condition)
	}
	for _, p := range before {
		if !slices.ContainsFunc(now, func(q *Property) bool { return same(p, q) }) {
			return true
		}
	}
	for _, p := range now {
		bound := func(q *Property) bool { return q.Binding.slot() == p.Binding.slot() }
		if !slices.ContainsFunc(before, bound) {
			return true
		}
	}
	return false
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
