package inbound

import (
	"maps"
	"slices"
	"strings"
	"time"

	"patchbay/engine/bpmn"
	"patchbay/engine/expr"
	"patchbay/protocols"
)

// The properties that the engine itself reads, as Camunda's templates name them.
const (
	propType         = "inbound.type"
	propCondition    = "activationCondition"
	propOldCondition = "inbound.activationCondition"
	propConsume      = "consumeUnmatchedEvents"
	propKey          = "correlationKeyExpression"
	propMessageID    = "messageIdExpression"
	propTTL          = "messageTtl"
	propVariable     = "resultVariable"
	propResult       = "resultExpression"
	propMode         = "deduplicationMode"
	propModeID       = "deduplicationId"
	propModeFlag     = "deduplicationModeManualFlag"
	propRequired     = "correlationRequired"
	propSynchronous  = "synchronousResponse"
)

// Properties are the properties that the engine itself reads of every inbound
// element. They say nothing about the listener. A template writes one by a
// property with the binding zeebe:property.
func Properties() []protocols.Named {
	return []protocols.Named{
		{Name: propType, Doc: "Type of the inbound connector, such as io.camunda:webhook:1; without it the element is none."},
		{Name: propCondition, Doc: "Expression over the event: only if it yields true the event is for this element. Without one every event is."},
		{Name: propOldCondition, Doc: "The same, as older templates write it."},
		{Name: propConsume, Doc: "true takes events for which no activation condition is met, and drops them; by default they are refused."},
		{Name: propSynchronous, Doc: "true lets a start event's caller wait for the instance's result."},
		{Name: propKey, Doc: "Expression over the event that yields the message's correlation key; needed where an instance waits."},
		{Name: propMessageID, Doc: "Expression over the event that yields the message's id, by which a repetition is known; by default the protocol's own, if it has one."},
		{Name: propTTL, Doc: "How long the message waits for a subscription, an ISO 8601 duration; by default what --message-ttl says."},
		{Name: propVariable, Doc: "Process variable that gets the whole event."},
		{Name: propResult, Doc: "Expression that maps the event to process variables, which come over the result variable."},
		{Name: propMode, Doc: modeAuto + ": elements of a process with the same properties share one listener; " + modeManual + ": those with the same " + propModeID + " do. Without it each element of each version has one of its own."},
		{Name: propModeID, Doc: "With " + propMode + " " + modeManual + ": which elements share a listener."},
		{Name: propModeFlag, Doc: "For the modeler's form alone."},
		{Name: propRequired, Doc: "For the modeler's form alone."},
	}
}

// keywords are the names of Properties.
var keywords = func() map[string]bool {
	names := map[string]bool{}
	for _, p := range Properties() {
		names[p.Name] = true
	}
	return names
}()

// Keywords lists the properties that the engine itself reads, whatever the
// type, sorted.
func Keywords() []string { return slices.Sorted(maps.Keys(keywords)) }

// point says what an event does at an element.
type point int

const (
	// startInstance creates an instance of the exact version.
	startInstance point = iota
	// startByMessage publishes a message; the correlation key may be empty.
	startByMessage
	// continueByMessage publishes a message; it needs a correlation key.
	continueByMessage
)

// element is an element of a process definition that has an inbound.type. It is
// immutable. One that is wrong has an err and no group.
type element struct {
	protocols.ElementRef
	processName string
	inboundType string
	template    bpmn.Template
	properties  map[string]string

	point       point
	messageName string
	// instance is true where running instances wait, so that the element
	// counts in older versions too.
	instance    bool
	ttl         time.Duration // 0 means the default
	consume     bool
	synchronous bool

	condition, key, messageID, result *expr.Program // nil without one

	err error
}

// property returns a property without the blanks around it.
func (e *element) property(name string) string { return strings.TrimSpace(e.properties[name]) }

// flag reads a property of true or false as templates write it: true or =true.
func (e *element) flag(name string) bool {
	text := strings.TrimSpace(strings.TrimPrefix(e.property(name), "="))
	return strings.EqualFold(text, "true")
}
