package templates

import (
	"strings"

	"patchbay/engine/bpmn"
)

// element is a BPMN element whose bindings are read and written.
type element struct {
	draft *bpmn.Draft
	tag   *bpmn.Tag
}

// listShape tells how the items of a list are written.
type listShape struct{ part, tag, key, value string }

var listShapes = map[string]listShape{
	"zeebe:input":      {"zeebe:ioMapping", "zeebe:input", "target", "source"},
	"zeebe:output":     {"zeebe:ioMapping", "zeebe:output", "source", "target"},
	"zeebe:taskHeader": {"zeebe:taskHeaders", "zeebe:header", "key", "value"},
	"zeebe:property":   {"zeebe:properties", "zeebe:property", "name", "value"},
}

// listPlaces is the order in which lists are written: inputs before outputs.
var listPlaces = []string{"zeebe:input", "zeebe:output", "zeebe:taskHeader", "zeebe:property"}

// singles are the extension elements that an element has once at most; their
// names are their places.
var singles = []string{
	"zeebe:taskDefinition", "zeebe:calledElement", "zeebe:calledDecision", "zeebe:formDefinition", "zeebe:script",
	"zeebe:assignmentDefinition", "zeebe:priorityDefinition", "zeebe:jobPriorityDefinition", "zeebe:adHoc",
	"zeebe:agentDefinition", "zeebe:taskSchedule", "zeebe:userTask",
}

// expressions are the properties of an element that are child elements.
var expressions = map[string]bool{"conditionExpression": true, "completionCondition": true, "activationCondition": true}

const extensionElements = "bpmn:extensionElements"

// extensions returns the element's extension elements, or nil.
func (e element) extensions() *bpmn.Tag { return e.tag.Child(extensionElements) }

func (e element) isEvent() bool { return strings.HasSuffix(e.tag.Name(), "Event") }

// definition returns the element's first event definition, or nil.
func (e element) definition() *bpmn.Tag {
	for _, child := range e.tag.Children() {
		if strings.HasSuffix(child.Name(), "EventDefinition") {
			return child
		}
	}
	return nil
}

// referring returns what holds messageRef and signalRef: the event definition
// of an event, else the element itself.
func (e element) referring() *bpmn.Tag {
	if e.isEvent() {
		return e.definition()
	}
	return e.tag
}

// referred returns the root element that messageRef or signalRef names.
func (e element) referred(attribute string) *bpmn.Tag {
	from := e.referring()
	if from == nil {
		return nil
	}
	id, _ := from.Attr(attribute)
	_, local, qualified := strings.Cut(id, ":")
	if found := e.draft.Element(id); found != nil || !qualified {
		return found
	}
	return e.draft.Element(local)
}

// load reads the element's state.
func (e element) load(s *state) {
	s.plainStart = e.tag.Is("bpmn:startEvent") && !e.inEventSubProcess()
	e.loadAttributes(s, e.tag, "property")
	for name := range expressions {
		if child := e.tag.Child("bpmn:" + name); child != nil {
			s.values[slot{place: "property", name: name}] = held{child.Text(), true}
		}
	}
	if extensions := e.extensions(); extensions != nil {
		e.loadExtensions(s, extensions)
	}
	e.loadReferences(s)
	e.loadDefinition(s)
}

func (e element) inEventSubProcess() bool {
	triggered, _ := e.tag.Parent().Attr("triggeredByEvent")
	return triggered == "true"
}

func (e element) loadAttributes(s *state, from *bpmn.Tag, place string) {
	for _, name := range from.AttrNames() {
		value, _ := from.Attr(name)
		s.values[slot{place: place, name: name}] = held{value, true}
	}
}

func (e element) loadExtensions(s *state, extensions *bpmn.Tag) {
	for _, place := range listPlaces {
		shape := listShapes[place]
		part := extensions.Child(shape.part)
		if part == nil {
			continue
		}
		s.present[shape.part] = true
		for _, tag := range part.Children(shape.tag) {
			key, _ := tag.Attr(shape.key)
			read := &item{slot: slot{place: place, name: key}, source: tag}
			if value, has := tag.Attr(shape.value); has {
				read.held = held{value, true}
			}
			s.add(read)
		}
	}
	for _, place := range singles {
		if tag := extensions.Child(place); tag != nil {
			s.present[place] = true
			e.loadAttributes(s, tag, place)
		}
	}
	e.loadResources(s, extensions)
	for place, shape := range listenerShapes {
		e.loadListeners(s, extensions, place, shape)
	}
}

func (e element) loadResources(s *state, extensions *bpmn.Tag) {
	const place = "zeebe:linkedResource"
	part := extensions.Child("zeebe:linkedResources")
	if part == nil {
		return
	}
	s.present[place] = true
	for _, tag := range part.Children(place) {
		link, _ := tag.Attr("linkName")
		for _, name := range tag.AttrNames() {
			if value, _ := tag.Attr(name); name != "linkName" {
				s.values[slot{place, name, link}] = held{value, true}
			}
		}
	}
}

// listenerShapes maps a listener's place to the part around it.
var listenerShapes = map[string]string{
	"zeebe:executionListener": "zeebe:executionListeners",
	"zeebe:taskListener":      "zeebe:taskListeners",
}

func (e element) loadListeners(s *state, extensions *bpmn.Tag, place, part string) {
	around := extensions.Child(part)
	if around == nil {
		return
	}
	for _, tag := range around.Children(place) {
		event, _ := tag.Attr("eventType")
		kind, _ := tag.Attr("type")
		if at := (slot{place: place, name: event}); s.values[at].value == nil {
			s.values[at] = held{kind, true}
		}
	}
}

func (e element) loadReferences(s *state) {
	for _, r := range []struct {
		attribute, place string
		reference        *reference
	}{{"messageRef", messagePlace, &s.message}, {"signalRef", signalPlace, &s.signal}} {
		tag := e.referred(r.attribute)
		if tag == nil {
			continue
		}
		s.present[r.place] = true
		_, r.reference.templated = tag.Attr("zeebe:modelerTemplate")
		e.loadAttributes(s, tag, r.place)
		if extensions := tag.Child(extensionElements); extensions != nil {
			if subscription := extensions.Child("zeebe:subscription"); subscription != nil {
				s.present[subscriptionPlace] = true
				e.loadAttributes(s, subscription, subscriptionPlace)
			}
		}
	}
}

func (e element) loadDefinition(s *state) {
	definition := e.definition()
	switch {
	case definition == nil:
	case definition.Is("bpmn:timerEventDefinition"):
		s.present[timerPlace] = true
		for _, child := range definition.Children("bpmn:timeDate", "bpmn:timeDuration", "bpmn:timeCycle") {
			s.values[slot{place: timerPlace, name: strings.TrimPrefix(child.Name(), "bpmn:")}] = held{child.Text(), true}
		}
	case definition.Is("bpmn:conditionalEventDefinition"):
		s.present[conditionPlace] = true
		if child := definition.Child("bpmn:condition"); child != nil {
			s.values[slot{place: conditionPlace, name: "condition"}] = held{child.Text(), true}
		}
		if filter := find(definition, extensionElements, "zeebe:conditionalFilter"); filter != nil {
			e.loadAttributes(s, filter, filterPlace)
		}
	}
}
