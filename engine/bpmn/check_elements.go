package bpmn

import "strings"

const coverage = "https://docs.camunda.io/docs/components/modeler/bpmn/bpmn-coverage/"

// elementChecks is the table of what each element type needs.
var elementChecks = map[Type]func(*checker, *Element){
	TypeServiceTask:            (*checker).jobTask,
	TypeSendTask:               (*checker).sendTask,
	TypeScriptTask:             (*checker).scriptTask,
	TypeBusinessRuleTask:       (*checker).businessRuleTask,
	TypeReceiveTask:            (*checker).receiveTask,
	TypeUserTask:               (*checker).userTask,
	TypeCallActivity:           (*checker).callActivity,
	TypeSubProcess:             (*checker).subProcess,
	TypeStartEvent:             (*checker).startEvent,
	TypeEndEvent:               (*checker).endEvent,
	TypeIntermediateCatchEvent: (*checker).catchEvent,
	TypeIntermediateThrowEvent: (*checker).throwEvent,
	TypeBoundaryEvent:          (*checker).boundaryEvent,
	TypeExclusiveGateway:       (*checker).gatewayDefault,
	TypeInclusiveGateway:       (*checker).gatewayDefault,
	TypeEventBasedGateway:      (*checker).eventBasedGateway,
	TypeParallelGateway:        nil,
	TypeTask:                   nil,
	TypeManualTask:             nil,
	TypeAdHocSubProcess:        nil,
}

func (c *checker) element(el *Element) {
	check, supported := elementChecks[el.Type]
	if !supported {
		name := string(el.Type)
		c.add(el.Place, "Elements of type '%s' are currently not supported. Please refer to the documentation for a list of supported elements: %s",
			strings.ToUpper(name[:1])+name[1:], coverage)
		return
	}
	if check != nil {
		check(c, el)
	}
	c.conditionalFlows(el)
	c.mappings(el)
	c.headers(el)
	if el.Loop != nil {
		c.loop(el.Loop)
	}
	for _, ev := range el.Events {
		c.event(el, ev)
	}
}

func (c *checker) conditionalFlows(el *Element) {
	if el.Type == TypeExclusiveGateway || el.Type == TypeInclusiveGateway {
		return
	}
	for _, f := range el.Outgoing {
		if f.Condition != nil {
			c.add(el.Place, "Conditional sequence flows are only supported at exclusive or inclusive gateway")
			return
		}
	}
}

func (c *checker) headers(el *Element) {
	keys := make([]string, len(el.Headers))
	for i, h := range el.Headers {
		keys[i] = h.Key
	}
	for _, key := range twice(keys) {
		c.add(el.HeadersAt, "Headers contain duplicate entries for key '%s'", key)
	}
}

func (c *checker) taskType(el *Element) {
	if el.Task != nil {
		c.present(el.Task.Place, el.Task.Type)
	}
}

func (c *checker) jobTask(el *Element) {
	if el.TaskCount != 1 {
		c.add(el.Place, "Must have exactly one 'zeebe:taskDefinition' extension element")
		return
	}
	c.taskType(el)
}

func (c *checker) sendTask(el *Element) {
	if el.TaskCount != 1 {
		c.add(el.Place, "Must have either one 'zeebe:publishMessage' or one 'zeebe:taskDefinition' extension element")
		return
	}
	c.taskType(el)
}

func (c *checker) scriptTask(el *Element) {
	if x := el.Script; c.insteadOfJob(el, "zeebe:script", x != nil) {
		c.expression(x.Place, x.Expression)
		c.resultVariable(x.Place, x.ResultVariable)
	}
}

func (c *checker) businessRuleTask(el *Element) {
	if x := el.Decision; c.insteadOfJob(el, "zeebe:calledDecision", x != nil) {
		c.present(x.Place, x.DecisionID)
		c.resultVariable(x.Place, x.ResultVariable)
	}
}

// insteadOfJob reports whether a task has the extension that it may have instead of a task definition, and no other.
func (c *checker) insteadOfJob(el *Element, extension string, has bool) bool {
	switch {
	case has == (el.TaskCount > 0) || el.TaskCount > 1:
		c.add(el.Place, "Must have either one '%s' or one 'zeebe:taskDefinition' extension element", extension)
		return false
	case !has:
		c.taskType(el)
	}
	return has
}

func (c *checker) resultVariable(at Place, name string) {
	if name == "" {
		c.add(at, "Attribute 'resultVariable' must be present and not empty")
	}
}

func (c *checker) receiveTask(el *Element) {
	if el.Message == nil {
		c.add(el.Place, "Must reference a message")
		return
	}
	c.message(el.Message, true)
}

func (c *checker) userTask(el *Element) {
	if el.Form != nil && (el.Form.Key == "") == (el.Form.ID == "") && el.Form.ExternalReference == "" {
		c.add(el.Form.Place, "Exactly one of the attributes 'formId, formKey' must be present and not blank")
	}
}

func (c *checker) callActivity(el *Element) {
	if el.Called == nil {
		c.add(el.Place, "Must have exactly one 'zeebe:calledElement' extension element")
		return
	}
	c.present(el.Called.Place, el.Called.ProcessID)
}

func (c *checker) gatewayDefault(el *Element) {
	if el.Default != nil && el.Default.Source != el {
		c.add(el.Place, "Default flow must start at gateway")
	}
}

func (c *checker) eventBasedGateway(el *Element) {
	if len(el.Outgoing) < 2 {
		c.add(el.Place, "Event-based gateway must have at least 2 outgoing sequence flows.")
	}
	names := &uniqueNames{c: c, at: el.Place}
	waits, alone := true, true
	for _, f := range el.Outgoing {
		waits = waits && eventGatewayTarget(f.Target)
		alone = alone && f.Target != nil && len(f.Target.Incoming) == 1
		names.take(f.Target)
	}
	if !waits {
		c.add(el.Place, "Event-based gateway must not have an outgoing sequence flow to other elements than message/timer/signal intermediate catch events.")
	}
	names.report()
	if !alone {
		c.add(el.Place, "Target elements of an event gateway must not have any additional incoming sequence flows other than that from the event gateway.")
	}
}

func eventGatewayTarget(el *Element) bool {
	return el != nil && el.Type == TypeIntermediateCatchEvent && (el.Is(EventMessage) || el.Is(EventTimer) || el.Is(EventSignal))
}

func (c *checker) loop(l *Loop) {
	if !l.Zeebe {
		c.add(l.Place, "Must have exactly one 'zeebe:loopCharacteristics' extension element")
		return
	}
	c.expression(l.ZeebePlace, l.InputCollection)
	if l.OutputElement != "" {
		c.expression(l.ZeebePlace, l.OutputElement)
	}
	if l.OutputCollection != "" && l.OutputElement == "" {
		c.add(l.ZeebePlace, "Attribute 'outputElement' must be present if the attribute 'outputCollection' is set")
	}
	if l.OutputCollection == "" && l.OutputElement != "" {
		c.add(l.ZeebePlace, "Attribute 'outputCollection' must be present if the attribute 'outputElement' is set")
	}
}
