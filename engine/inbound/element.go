package inbound

import (
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

// keywords are the properties that say nothing about the listener itself.
var keywords = map[string]bool{
	propType: true, propCondition: true, propOldCondition: true, propConsume: true, propKey: true, propMessageID: true, propTTL: true,
	propVariable: true, propResult: true, propMode: true, propModeID: true, propModeFlag: true, propRequired: true, propSynchronous: true,
}

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
