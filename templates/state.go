package templates

import "slices"

// slot is where a binding keeps its value: a place in the element and the name
// there. Bindings of several properties may share one.
type slot struct {
	place, name string
	// link is the link name of a linked resource.
	link string
}

var correlationKey = slot{place: "bpmn:Message#zeebe:subscription#property", name: "correlationKey"}

func (b Binding) slot() slot {
	switch b.Type {
	case "zeebe:taskDefinition:type":
		return slot{place: "zeebe:taskDefinition", name: "type"}
	case "zeebe:output":
		return slot{place: b.Type, name: b.Source}
	case "zeebe:taskHeader":
		return slot{place: b.Type, name: b.Key}
	case "zeebe:executionListener", "zeebe:taskListener":
		return slot{place: b.Type, name: b.EventType}
	}
	if b.Property != "" && !namedPlaces[b.Type] {
		return slot{place: b.Type, name: b.Property, link: b.LinkName}
	}
	return slot{place: b.Type, name: b.Name}
}

// namedPlaces are bound by the binding's name rather than by its property.
var namedPlaces = map[string]bool{
	"property": true, "zeebe:input": true, "zeebe:property": true,
	"bpmn:Message#property": true, "bpmn:Message#zeebe:subscription#property": true, "bpmn:Signal#property": true,
	"bpmn:TimerEventDefinition#property":                               true,
	"bpmn:ConditionalEventDefinition#property":                         true,
	"bpmn:ConditionalEventDefinition#zeebe:conditionalFilter#property": true,
}

// lists are the places that hold a list of items, with the element around it.
var lists = map[string]string{
	"zeebe:input": "zeebe:ioMapping", "zeebe:output": "zeebe:ioMapping",
	"zeebe:taskHeader": "zeebe:taskHeaders", "zeebe:property": "zeebe:properties",
}

// presets of the file format: an attribute that is not there has this value,
// and one that has it is not written (zeebe-bpmn-moddle 2.0, bpmn-moddle 10).
var formatDefaults = map[slot]any{
	{place: "zeebe:calledElement", name: "propagateAllParentVariables"}: true,
	{place: "zeebe:calledElement", name: "bindingType"}:                 "latest",
	{place: "zeebe:calledDecision", name: "bindingType"}:                "latest",
	{place: "zeebe:formDefinition", name: "bindingType"}:                "latest",
	{place: "zeebe:linkedResource", name: "bindingType"}:                "latest",
	{place: "property", name: "isInterrupting"}:                         true,
	{place: "property", name: "cancelActivity"}:                         true,
	{place: "property", name: "cancelRemainingInstances"}:               true,
	{place: "property", name: "isForCompensation"}:                      false,
	{place: "property", name: "triggeredByEvent"}:                       false,
	{place: "property", name: "instantiate"}:                            false,
}

func formatDefault(s slot) any {
	s.link = ""
	return formatDefaults[s]
}

// state is what an element holds at the places that templates are bound to. It
// is changed by the template's rules and then written to the element.
type state struct {
	// items are the lists, in order, and first the first item of each slot.
	items map[string][]*item
	first map[slot]*item
	// values are all other slots; nil values are not there.
	values map[slot]held
	// present tells which parts of the element exist: "zeebe:ioMapping",
	// "bpmn:Message#property", the place of a single extension.
	present map[string]bool
	// created lists the parts in the order in which they came to be.
	created []string
	// listeners hold the properties that make listeners; nil leaves them alone.
	listeners map[string][]*Property
	// plainStart marks a start event that is not in an event sub-process.
	plainStart bool
	// message and signal are the root elements that the element refers to.
	message, signal reference
	// uuid makes generated values.
	uuid func() string
}

// held is a value and whether it stood in the file before.
type held struct {
	value    any
	fromFile bool
}

// item is one entry of a list.
type item struct {
	slot
	held
	source any // what it was read from
}

// reference is a message or signal that an element refers to.
type reference struct {
	// templated: it belongs to the element's template alone.
	templated bool
	// fresh: it is to be made.
	fresh bool
}

func newState(uuid func() string) *state {
	return &state{
		items: map[string][]*item{}, first: map[slot]*item{}, values: map[slot]held{}, present: map[string]bool{},
		listeners: map[string][]*Property{}, uuid: uuid,
	}
}

// value returns what a binding has now: "" where there is nothing, nil where
// there is an entry without a value.
func (s *state) value(b Binding) any {
	at := b.slot()
	if _, isList := lists[at.place]; isList {
		if found := s.first[at]; found != nil {
			return found.value
		}
		return ""
	}
	value := s.values[at].value
	if value == nil {
		value = formatDefault(at)
	}
	if value == nil && !s.present[at.place] {
		return ""
	}
	if value == nil && namedPlaces[at.place] {
		return ""
	}
	return value
}

func (s *state) add(i *item) {
	s.items[i.place] = append(s.items[i.place], i)
	if s.first[i.slot] == nil {
		s.first[i.slot] = i
	}
}

// drop takes the items of a place out that are gone.
func (s *state) drop(place string, gone func(*item) bool) {
	before := s.items[place]
	s.items[place] = nil
	for _, i := range before {
		delete(s.first, i.slot)
	}
	for _, i := range before {
		if !gone(i) {
			s.add(i)
		}
	}
}

func (s *state) create(part string) {
	if !s.present[part] {
		s.present[part] = true
		s.created = append(s.created, part)
	}
}

func (s *state) remove(part string) {
	delete(s.present, part)
	s.created = slices.DeleteFunc(s.created, func(p string) bool { return p == part })
}

// defaultValue is what a property is written with when nothing else is kept.
func (s *state) defaultValue(p *Property) any {
	if value := p.fixedValue(); value != nil {
		return value
	}
	if p.Generated {
		return s.uuid()
	}
	return nil
}

// keep decides whether a value stays although the template has a default: a
// constant never, a Dropdown's if it is a choice, others if the user changed
// them from the default of the version before.
func (s *state) keep(now held, before, p *Property) bool {
	switch {
	case p.preset, p.user && now.fromFile:
		return false
	case p.Generated && p.Value == nil && isUUID(now.value):
		return true
	case p.Type == "Hidden", now.value == nil:
		return false
	case p.Type == "Dropdown":
		return slices.ContainsFunc(p.Choices, func(c Choice) bool { return now.value == c.Value })
	case before != nil:
		return now.value != before.fixedValue()
	}
	return true
}
