package templates

import "strings"

// maxConditionDepth ends chains of isActive that lead in a circle.
const maxConditionDepth = 50

// active returns the properties whose conditions hold in this state.
func active(s *state, all []*Property) []*Property {
	list := make([]*Property, 0, len(all))
	for _, p := range all {
		if met(s, all, p, 0) {
			list = append(list, p)
		}
	}
	return list
}

// met reports whether a property is active.
func met(s *state, all []*Property, p *Property, depth int) bool {
	if s.plainStart && p.Binding.slot() == correlationKey {
		return false // a start event that is not in an event sub-process has none
	}
	c := p.Condition
	if c == nil {
		return true
	}
	if c.AllMatch == nil {
		return simplyMet(s, all, c, depth)
	}
	for i := range c.AllMatch {
		if !simplyMet(s, all, &c.AllMatch[i], depth) {
			return false
		}
	}
	return true
}

func simplyMet(s *state, all []*Property, c *Condition, depth int) bool {
	related := byID(all, c.Property)
	if c.IsActive != nil {
		isActive := related != nil && depth < maxConditionDepth && met(s, all, related, depth+1)
		return isActive == *c.IsActive
	}
	switch {
	case related == nil:
		return false
	case c.IsEmpty != nil:
		value := s.read(related)
		return (value == nil || value == "") == *c.IsEmpty
	case c.Equals != nil:
		return s.equals(related, c.Equals)
	}
	for _, choice := range c.OneOf {
		if s.equals(related, choice) {
			return true
		}
	}
	return false
}

func byID(all []*Property, id string) *Property {
	for _, p := range all {
		if p.ID == id && id != "" {
			return p
		}
	}
	return nil
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
