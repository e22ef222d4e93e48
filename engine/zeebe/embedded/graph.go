package embedded

import "patchbay/engine/bpmn"

// node is an element of a deployed process, ready to run.
type node struct {
	el         *bpmn.Element
	id         string
	typeName   string // as REST v2 names it, SERVICE_TASK
	definition *definition
	scope      *node
	behaviour  behaviour

	outgoing  []*edge // in reverse document order, as Zeebe goes through them
	incoming  []*edge
	byDefault *edge
	join      bool // waits for several incoming flows

	inputs, outputs *mappings
	keepsPayload    bool // its event's variables do not leave it without output mappings

	start      *node   // none start event of a scope, or the only one of an event sub-process
	children   []*node // of a scope
	eventSub   bool    // an event sub-process
	catches    []*node // events that its instances wait for: boundary events, own event, events behind a gateway
	subEvents  []*node // start events of the event sub-processes in a scope
	links      map[string]*node
	catch      *catchSpec
	interrupts bool // a boundary event or event sub-process start that ends what it is attached to

	task           *taskSpec
	script         *expression
	resultVariable string
	called         *calledSpec
	code           *expression // of a thrown error or escalation
	signal         *expression // of a thrown signal

	inner *node     // of a multi-instance body: the activity that it repeats
	loop  *loopSpec // of a multi-instance body
}

// edge is a sequence flow.
type edge struct {
	id             string
	source, target *node
	condition      *expression // nil without
}

// catchSpec is what a catch event waits for.
type catchSpec struct {
	kind           bpmn.EventKind
	message        *expression
	correlationKey *expression // nil for a message start event
	timer          *timerSpec
	signal         *expression
	code           string // of an error or escalation, "" catches all
}

// calledSpec is what a call activity calls.
type calledSpec struct {
	processID            *expression
	binding, versionTag  string
	allParent, returnAll bool
}

// loopSpec is a multi-instance marker.
type loopSpec struct {
	sequential       bool
	input            *expression
	inputElement     string
	outputCollection string
	outputElement    *expression
	outputVariable   string // the variable that outputElement is, "" when it is more than that
	completion       *expression
}

// element finds a node by id below a scope, the scope's own nested ones too.
func (n *node) element(id string) *node {
	for _, c := range n.children {
		if c.id == id {
			return c
		}
		inner := c
		if c.inner != nil {
			inner = c.inner
		}
		if found := inner.element(id); found != nil {
			return found
		}
	}
	return nil
}

// typeNames is the table of REST v2's names.
var typeNames = map[bpmn.Type]string{
	bpmn.TypeProcess: "PROCESS", bpmn.TypeSubProcess: "SUB_PROCESS", bpmn.TypeStartEvent: "START_EVENT", bpmn.TypeEndEvent: "END_EVENT",
	bpmn.TypeIntermediateCatchEvent: "INTERMEDIATE_CATCH_EVENT", bpmn.TypeIntermediateThrowEvent: "INTERMEDIATE_THROW_EVENT",
	bpmn.TypeBoundaryEvent: "BOUNDARY_EVENT", bpmn.TypeTask: "TASK", bpmn.TypeManualTask: "MANUAL_TASK", bpmn.TypeServiceTask: "SERVICE_TASK",
	bpmn.TypeSendTask: "SEND_TASK", bpmn.TypeReceiveTask: "RECEIVE_TASK", bpmn.TypeUserTask: "USER_TASK", bpmn.TypeScriptTask: "SCRIPT_TASK",
	bpmn.TypeBusinessRuleTask: "BUSINESS_RULE_TASK", bpmn.TypeCallActivity: "CALL_ACTIVITY", bpmn.TypeExclusiveGateway: "EXCLUSIVE_GATEWAY",
	bpmn.TypeParallelGateway: "PARALLEL_GATEWAY", bpmn.TypeInclusiveGateway: "INCLUSIVE_GATEWAY", bpmn.TypeEventBasedGateway: "EVENT_BASED_GATEWAY",
}

func typeName(el *bpmn.Element) string {
	if el.EventSubProcess() {
		return "EVENT_SUB_PROCESS"
	}
	if name := typeNames[el.Type]; name != "" {
		return name
	}
	return "UNKNOWN"
}
