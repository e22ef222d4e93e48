package templates

import (
	"fmt"
	"slices"
	"strings"

	"patchbay/engine/bpmn"
)

// supertypes are the BPMN types that stand for several elements.
var supertypes = map[string][]string{
	"bpmn:Task": {
		"bpmn:task", "bpmn:serviceTask", "bpmn:sendTask", "bpmn:receiveTask", "bpmn:userTask", "bpmn:manualTask",
		"bpmn:businessRuleTask", "bpmn:scriptTask",
	},
	"bpmn:SubProcess":      {"bpmn:subProcess", "bpmn:adHocSubProcess", "bpmn:transaction"},
	"bpmn:Activity":        {"bpmn:Task", "bpmn:SubProcess", "bpmn:callActivity"},
	"bpmn:CatchEvent":      {"bpmn:startEvent", "bpmn:intermediateCatchEvent", "bpmn:boundaryEvent"},
	"bpmn:ThrowEvent":      {"bpmn:endEvent", "bpmn:intermediateThrowEvent"},
	"bpmn:Event":           {"bpmn:CatchEvent", "bpmn:ThrowEvent"},
	"bpmn:Gateway":         {"bpmn:exclusiveGateway", "bpmn:parallelGateway", "bpmn:inclusiveGateway", "bpmn:eventBasedGateway", "bpmn:complexGateway"},
	"bpmn:FlowNode":        {"bpmn:Activity", "bpmn:Event", "bpmn:Gateway"},
	"bpmn:FlowElement":     {"bpmn:FlowNode", "bpmn:sequenceFlow", "bpmn:dataObjectReference", "bpmn:dataStoreReference"},
	"bpmn:BaseElement":     {"bpmn:FlowElement", "bpmn:process", "bpmn:participant", "bpmn:lane", "bpmn:textAnnotation"},
	"bpmn:RootElement":     {"bpmn:process", "bpmn:collaboration"},
	"bpmn:Collaboration":   {"bpmn:collaboration"},
	"bpmn:InteractionNode": {"bpmn:Activity", "bpmn:Event", "bpmn:participant"},
}

// isA reports whether an element is of a type: "bpmn:serviceTask" is a
// bpmn:ServiceTask, a bpmn:Task and a bpmn:Activity.
func isA(tag, kind string) bool {
	return tag == tagName(kind) || slices.ContainsFunc(supertypes[kind], func(sub string) bool { return sub == tag || isA(tag, sub) })
}

// tagName turns a type into the name of its element, bpmn:Task into bpmn:task.
func tagName(kind string) string {
	prefix, local, _ := strings.Cut(kind, ":")
	if local == "" {
		return kind
	}
	return prefix + ":" + strings.ToLower(local[:1]) + local[1:]
}

// families are the types among which an element can be replaced.
var families = []string{"bpmn:Activity", "bpmn:Event", "bpmn:Gateway"}

func sameFamily(a, b string) bool {
	return a == b || slices.ContainsFunc(families, func(f string) bool { return isA(a, f) && isA(b, f) })
}

// become makes the element what the template wants it to be, keeping its id.
func (e element) become(t *Template, old *Template) error {
	if t.ElementType == "" {
		return nil
	}
	want := tagName(t.ElementType)
	if !sameFamily(e.tag.Name(), want) || (want == "bpmn:boundaryEvent") != e.tag.Is("bpmn:boundaryEvent") {
		return fmt.Errorf("the template makes a %s, which a %s cannot become", t.ElementType, e.tag.Name())
	}
	if !e.changes(t, old) {
		return nil
	}
	e.rename(want)
	if e.isEvent() {
		e.define(t)
	}
	return nil
}

// changes reports whether the element is replaced. An event definition that
// was there before is not reused for a new template.
func (e element) changes(t *Template, old *Template) bool {
	if old != nil && old.ElementType != "" {
		return old.ElementType != t.ElementType || old.EventDefinition != t.EventDefinition
	}
	if old == nil && t.EventDefinition != "" {
		return true
	}
	definition := ""
	if tag := e.definition(); tag != nil && e.isEvent() {
		definition = tag.Name()
	}
	return !e.tag.Is(tagName(t.ElementType)) || definition != tagName(t.EventDefinition)
}

// belongs lists attributes, children and extension elements that only some
// elements have.
var belongs = map[string][]string{
	"messageRef":                 {"bpmn:receiveTask", "bpmn:sendTask"},
	"operationRef":               {"bpmn:receiveTask", "bpmn:sendTask", "bpmn:serviceTask"},
	"instantiate":                {"bpmn:receiveTask"},
	"implementation":             {"bpmn:receiveTask", "bpmn:sendTask", "bpmn:serviceTask", "bpmn:userTask", "bpmn:businessRuleTask"},
	"scriptFormat":               {"bpmn:scriptTask"},
	"bpmn:script":                {"bpmn:scriptTask"},
	"calledElement":              {"bpmn:callActivity"},
	"isInterrupting":             {"bpmn:startEvent"},
	"zeebe:calledElement":        {"bpmn:callActivity"},
	"zeebe:calledDecision":       {"bpmn:businessRuleTask"},
	"zeebe:script":               {"bpmn:scriptTask"},
	"zeebe:userTask":             {"bpmn:userTask"},
	"zeebe:formDefinition":       {"bpmn:userTask"},
	"zeebe:assignmentDefinition": {"bpmn:userTask"},
	"zeebe:priorityDefinition":   {"bpmn:userTask"},
	"zeebe:taskSchedule":         {"bpmn:userTask"},
	"zeebe:taskListeners":        {"bpmn:userTask"},
	"zeebe:adHoc":                {"bpmn:adHocSubProcess"},
	"zeebe:taskDefinition": {
		"bpmn:serviceTask", "bpmn:sendTask", "bpmn:businessRuleTask", "bpmn:scriptTask", "bpmn:adHocSubProcess",
		"bpmn:endEvent", "bpmn:intermediateThrowEvent",
	},
}

func (e element) rename(want string) {
	if e.tag.Is(want) {
		return
	}
	e.tag.Rename(want)
	foreign := func(name string) bool {
		owners, some := belongs[name]
		return some && !slices.Contains(owners, want)
	}
	for _, name := range e.tag.AttrNames() {
		if foreign(name) {
			e.tag.RemoveAttr(name)
		}
	}
	around := []*bpmn.Tag{e.tag}
	if extensions := e.extensions(); extensions != nil {
		around = append(around, extensions)
	}
	for _, tag := range around {
		for _, child := range tag.Children() {
			if foreign(child.Name()) {
				tag.Remove(child)
			}
		}
	}
}

// define gives the event a new event definition. A message or signal that
// belongs to a template goes over to it.
func (e element) define(t *Template) {
	carried := map[string]string{}
	for _, attribute := range []string{"messageRef", "signalRef"} {
		tag := e.referred(attribute)
		if _, templated := attrOf(tag, "zeebe:modelerTemplate"); templated {
			carried[attribute], _ = tag.Attr("id")
		}
	}
	for definition := e.definition(); definition != nil; definition = e.definition() {
		e.draft.RemoveTag(definition)
	}
	if t.EventDefinition == "" {
		return
	}
	definition := e.tag.Append(tagName(t.EventDefinition))
	e.draft.SetID(definition, e.draft.NewID(strings.TrimPrefix(t.EventDefinition, "bpmn:")))
	for attribute, owner := range map[string]string{"messageRef": "bpmn:messageEventDefinition", "signalRef": "bpmn:signalEventDefinition"} {
		if id := carried[attribute]; id != "" && definition.Is(owner) {
			definition.SetAttr(attribute, id)
		}
	}
}
