package templates

import "strings"

// propertyIDs finds the first property with an id, which is the one that conditions
// mean.
type propertyIDs map[string]*Property

func idsOf(all []*Property) propertyIDs {
	found := make(propertyIDs, len(all))
	for _, p := range all {
		if _, taken := found[p.ID]; p.ID != "" && !taken {
			found[p.ID] = p
		}
	}
	return found
}

// activity tells which properties are active, by their conditions, while the
// state stays as it is.
type activity struct {
	*state
	ids propertyIDs
	// known are the properties that were looked at, each only once however many
	// conditions ask for it; one that is asked for meanwhile, by a chain that
	// leads in a circle, is not active.
	known map[*Property]bool
}

func (s *state) activity(ids propertyIDs) activity { return activity{s, ids, map[*Property]bool{}} }

// active returns the properties whose conditions hold in this state.
func active(s *state, all []*Property, ids propertyIDs) []*Property {
	c := s.activity(ids)
	list := make([]*Property, 0, len(all))
	for _, p := range all {
		if c.active(p) {
			list = append(list, p)
		}
	}
	return list
}

// active reports whether a property is active.
func (c activity) active(p *Property) bool {
	active, looked := c.known[p]
	if !looked {
		c.known[p] = false
		// A start event that is not in an event sub-process has no correlation.
		active = !(c.plainStart && p.Binding.slot() == correlationKey) && c.met(p.Condition)
		c.known[p] = active
	}
	return active
}

// met reports whether a condition holds; nil always does.
func (c activity) met(condition *Condition) bool {
	if condition == nil {
		return true
	}
	if condition.AllMatch == nil {
		return c.simplyMet(condition)
	}
	for i := range condition.AllMatch {
		if !c.simplyMet(&condition.AllMatch[i]) {
			return false
		}
	}
	return true
}

func (c activity) simplyMet(condition *Condition) bool {
	related := c.ids[condition.Property]
	if condition.IsActive != nil {
		return (related != nil && c.active(related)) == *condition.IsActive
	}
	switch {
	case related == nil:
		return false
	case condition.IsEmpty != nil:
		value := c.read(related)
		return (value == nil || value == "") == *condition.IsEmpty
	case condition.Equals != nil:
		return c.equals(related, condition.Equals)
	}
	for _, choice := range condition.OneOf {
		if c.equals(related, choice) {
			return true
		}
	}
	return false
}

// read returns what a condition sees of a property: the value that its binding
// has now.
func (s *state) read(p *Property) any {
	value := s.value(p.Binding)
	if p.Type == "Boolean" {
		switch value {
		case "true":
			return true
		case "false":
			return false
		}
	}
	return value
}

func (s *state) equals(p *Property, want any) bool {
	value := s.read(p)
	if p.casts() {
		value = fromFEEL(value, p.Type)
	}
	if value == nil {
		return false
	}
	if expression, is := want.(string); is && strings.HasPrefix(strings.TrimSpace(expression), "=") {
		want = fromFEEL(want, p.Type)
	}
	if p.Type == "Number" {
		return number(value) == number(want)
	}
	return value == want
}
