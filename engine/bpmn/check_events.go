package bpmn

import "strings"

func (c *checker) startEvent(el *Element) {
	if len(el.Events) > 1 {
		c.add(el.Place, "Start event can't have more than one type")
	}
}

// endKinds and the tables below say which event definitions an element may have.
var endKinds = map[EventKind]bool{
	EventError: true, EventMessage: true, EventTerminate: true, EventSignal: true, EventEscalation: true, EventCompensate: true,
}

func (c *checker) endEvent(el *Element) {
	if len(el.Outgoing) > 0 {
		c.add(el.Place, "End events must not have outgoing sequence flows to other elements.")
	}
	c.thrownMessage(el)
	if len(el.Events) > 1 {
		c.add(el.Place, "Must have at most one event definition")
	} else if ev := el.Event(); ev != nil && !endKinds[ev.Kind] {
		c.add(el.Place, "End events must be one of: none, error, message, terminate, signal, escalation or compensation")
	}
}

var catchKinds = map[EventKind]bool{EventMessage: true, EventTimer: true, EventSignal: true, EventLink: true}

func (c *checker) catchEvent(el *Element) {
	if len(el.Events) != 1 {
		c.add(el.Place, "Must have exactly one event definition")
		return
	}
	if !catchKinds[el.Events[0].Kind] {
		c.add(el.Place, "Event definition must be one of: message, timer, signal, or link")
	}
	if t := el.Events[0].Timers; len(t) == 1 && t[0].Kind == TimeCycle {
		c.add(el.Place, "Intermediate timer catch event must have either a time duration or a time date.")
	}
}

var throwKinds = map[EventKind]bool{EventMessage: true, EventSignal: true, EventLink: true, EventEscalation: true, EventCompensate: true}

func (c *checker) throwEvent(el *Element) {
	c.thrownMessage(el)
	if len(el.Events) > 1 {
		c.add(el.Place, "Must have at most one event definition")
	} else if ev := el.Event(); ev != nil && !throwKinds[ev.Kind] {
		c.add(el.Place, "Intermediate throw event must be one of: none, message, compensation, escalation, link, or signal")
	}
}

func (c *checker) thrownMessage(el *Element) {
	if !el.Is(EventMessage) {
		return
	}
	if el.TaskCount != 1 {
		c.add(el.Place, "Must have either one 'zeebe:publishMessage' or one 'zeebe:taskDefinition' extension element")
		return
	}
	c.taskType(el)
}

var boundaryKinds = map[EventKind]bool{
	EventTimer: true, EventMessage: true, EventError: true, EventSignal: true, EventEscalation: true, EventCompensate: true,
}

func (c *checker) boundaryEvent(el *Element) {
	if el.AttachedTo == nil || !activity(el.AttachedTo) {
		c.add(el.Place, "Must be attached to an activity")
	}
	if len(el.Incoming) > 0 {
		c.add(el.Place, "Cannot have incoming sequence flows")
	}
	if len(el.Events) != 1 {
		c.add(el.Place, "Must have exactly one event definition")
		return
	}
	ev := el.Events[0]
	switch {
	case !boundaryKinds[ev.Kind]:
		c.add(el.Place, "Boundary events must be one of: timer, message, error, signal, escalation or compensation")
	case ev.Kind == EventError && !el.Interrupting:
		c.add(el.Place, "Non-Interrupting event of this type is not allowed")
	case ev.Kind == EventEscalation && el.AttachedTo != nil && !holdsOthers(el.AttachedTo):
		c.add(el.Place, "An escalation boundary event should only be attached to a subprocess, or a call activity.")
	case el.Interrupting && len(ev.Timers) == 1 && ev.Timers[0].Kind == TimeCycle:
		c.add(el.Place, "Interrupting timer event with time cycle is not allowed.")
	}
}

func holdsOthers(el *Element) bool {
	return el.Type == TypeSubProcess || el.Type == TypeAdHocSubProcess || el.Type == TypeCallActivity
}

func activity(el *Element) bool {
	return strings.HasSuffix(strings.ToLower(string(el.Type)), "task") || holdsOthers(el)
}

func (c *checker) event(el *Element, ev *Event) {
	throws := el.Type == TypeEndEvent || el.Type == TypeIntermediateThrowEvent
	switch ev.Kind {
	case EventMessage:
		c.messageEvent(el, ev, throws)
	case EventSignal:
		c.signal(ev)
	case EventError:
		c.errorEvent(ev, throws)
	case EventEscalation:
		c.escalation(ev, throws)
	case EventTimer:
		if len(ev.Timers) != 1 {
			c.add(ev.Place, "Must be exactly one type of timer: timeDuration, timeDate or timeCycle")
		}
	case EventLink:
		if ev.Link == "" {
			c.add(ev.Place, "Link name must be present and not empty.")
		}
	}
}

func (c *checker) messageEvent(el *Element, ev *Event, throws bool) {
	if throws {
		return
	}
	if ev.Message == nil {
		c.add(ev.Place, "Must reference a message")
		return
	}
	starts := el.Type == TypeStartEvent && el.Scope.Type == TypeProcess
	c.message(ev.Message, !starts)
}

// message checks a message that is waited for; correlated means that a correlation key is needed.
func (c *checker) message(m *Message, correlated bool) {
	if c.messages == nil {
		c.messages = map[*Message]bool{}
	}
	if seen, ok := c.messages[m]; ok && (seen || !correlated) {
		return
	}
	_, named := c.messages[m]
	c.messages[m] = correlated
	if m.Name == "" && !named {
		c.add(m.Place, "Name must be present and not empty")
	}
	if !correlated {
		return
	}
	if m.Subscription == nil {
		c.add(m.Place, "Must have exactly one zeebe:subscription extension element")
		return
	}
	c.expression(m.Subscription.Place, m.Subscription.CorrelationKey)
}

func (c *checker) signal(ev *Event) {
	switch {
	case ev.Signal == nil:
		c.add(ev.Place, "Must reference a signal")
	case ev.Signal.Name == "" && c.first(ev.Signal):
		c.add(ev.Signal.Place, "Name must be present and not empty")
	}
}

func (c *checker) errorEvent(ev *Event, throws bool) {
	switch {
	case ev.Error == nil && throws:
		c.add(ev.Place, "Must reference an error")
	case ev.Error == nil:
	case throws && ev.Error.Code == "" && c.first(ev.Error):
		c.add(ev.Error.Place, "ErrorCode must be present and not empty")
	case !throws && strings.HasPrefix(ev.Error.Code, "="):
		c.add(ev.Place, "The errorCode of the error catch event is not allowed to be an expression")
	}
}

func (c *checker) escalation(ev *Event, throws bool) {
	switch {
	case ev.Escalation == nil && throws:
		c.add(ev.Place, "Must reference an escalation")
	case ev.Escalation == nil:
	case throws && ev.Escalation.Code == "" && c.first(ev.Escalation):
		c.add(ev.Escalation.Place, "EscalationCode must be present and not empty")
	case !throws && strings.HasPrefix(ev.Escalation.Code, "="):
		c.add(ev.Place, "The escalationCode of the escalation catch event is not allowed to be an expression")
	}
}

// first tells whether a shared definition is looked at for the first time.
func (c *checker) first(definition any) bool {
	if c.codes == nil {
		c.codes = map[any]bool{}
	}
	seen := c.codes[definition]
	c.codes[definition] = true
	return !seen
}
