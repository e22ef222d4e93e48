package bpmn

import "slices"

func (c *checker) process(p *Process) {
	starts := starts(p.Element)
	none, waiting := 0, &uniqueNames{c: c, at: p.Place}
	for _, s := range starts {
		if s.Event() == nil {
			none++
		}
		waiting.take(s)
	}
	if len(starts) == 0 {
		c.add(p.Place, "Must have at least one start event")
	}
	if none > 1 {
		c.add(p.Place, "Multiple none start events are not allowed")
	}
	waiting.report()
	c.links(p)
	c.eventSubProcesses(p.Element)
	c.boundaries(p.Element)
}

func starts(scope *Element) []*Element {
	var out []*Element
	for _, el := range scope.Children {
		if el.Type == TypeStartEvent {
			out = append(out, el)
		}
	}
	return out
}

var eventStartKinds = map[EventKind]bool{EventMessage: true, EventTimer: true, EventError: true, EventSignal: true, EventEscalation: true}

func (c *checker) subProcess(el *Element) {
	starts := starts(el)
	if len(starts) != 1 {
		c.add(el.Place, "Must have exactly one start event")
		return
	}
	start := starts[0]
	ev := start.Event()
	switch {
	case !el.TriggeredByEvent && ev != nil:
		c.add(el.Place, "Start events in subprocesses must be of type none")
	case el.TriggeredByEvent && (ev == nil || !eventStartKinds[ev.Kind]):
		c.add(el.Place, "Start events in event subprocesses must be one of: message, timer, error, signal or escalation")
	case el.TriggeredByEvent && ev.Kind == EventError && !start.Interrupting:
		c.add(el.Place, "Non-Interrupting event of this type is not allowed")
	case el.TriggeredByEvent && start.Interrupting && len(ev.Timers) == 1 && ev.Timers[0].Kind == TimeCycle:
		c.add(start.Place, "Interrupting timer event with time cycle is not allowed.")
	}
	c.eventSubProcesses(el)
	c.boundaries(el)
}

func (c *checker) eventSubProcesses(scope *Element) {
	names := &uniqueNames{c: c, at: scope.Place}
	for _, el := range scope.Children {
		if el.EventSubProcess() {
			for _, s := range starts(el) {
				names.take(s)
			}
		}
	}
	names.report()
}

func (c *checker) boundaries(scope *Element) {
	for _, el := range scope.Children {
		names := &uniqueNames{c: c, at: el.Place}
		for _, b := range el.Boundaries {
			names.take(b)
		}
		if el.Type == TypeReceiveTask && el.Message != nil && slices.Contains(names.messages, el.Message.Name) {
			c.add(el.Place, "Cannot reference the same message name as a boundary event")
		}
		names.report()
	}
}

// links wants exactly one catch event for the name of every throw event, in each process.
func (c *checker) links(p *Process) {
	catches := map[string]int{}
	var throws []string
	for _, el := range p.Elements {
		if !el.Is(EventLink) || el.Event().Link == "" {
			continue
		}
		if el.Type == TypeIntermediateCatchEvent {
			catches[el.Event().Link]++
			if catches[el.Event().Link] == 2 {
				c.add(p.Place, "Multiple intermediate catch link event definitions with the same name '%s' are not allowed.", el.Event().Link)
			}
		} else {
			throws = append(throws, el.Event().Link)
		}
	}
	for _, name := range throws {
		if catches[name] == 0 {
			c.add(p.Place, "Can't find an catch link event for the throw link event with the name '%s'.", name)
			catches[name] = 1
		}
	}
}

// uniqueNames finds catch events of one scope that wait for the same thing.
type uniqueNames struct {
	c                           *checker
	at                          Place
	messages, signals           []string
	errorCodes, escalationCodes []string
}

func (u *uniqueNames) take(el *Element) {
	if el == nil || el.Event() == nil {
		return
	}
	switch ev := el.Event(); ev.Kind {
	case EventMessage:
		if ev.Message != nil && ev.Message.Name != "" {
			u.messages = append(u.messages, ev.Message.Name)
		}
	case EventSignal:
		if ev.Signal != nil && ev.Signal.Name != "" {
			u.signals = append(u.signals, ev.Signal.Name)
		}
	case EventError:
		u.errorCodes = append(u.errorCodes, errorCode(ev))
	case EventEscalation:
		u.escalationCodes = append(u.escalationCodes, escalationCode(ev))
	}
}

func errorCode(ev *Event) string {
	if ev.Error == nil {
		return ""
	}
	return ev.Error.Code
}

func escalationCode(ev *Event) string {
	if ev.Escalation == nil {
		return ""
	}
	return ev.Escalation.Code
}

func (u *uniqueNames) report() {
	for _, name := range twice(u.messages) {
		u.c.add(u.at, "Multiple message event definitions with the same name '%s' are not allowed.", name)
	}
	for _, name := range twice(u.signals) {
		u.c.add(u.at, "Multiple signal event definitions with the same name '%s' are not allowed.", name)
	}
	u.codes(u.errorCodes, "error", "errors")
	u.codes(u.escalationCodes, "escalation", "escalations")
}

func (u *uniqueNames) codes(codes []string, one, many string) {
	again := twice(codes)
	for _, code := range again {
		if code == "" {
			u.c.add(u.at, "The same scope can not contain more than one %s catch event without %s code. An %s catch event without %s code catches all %s.",
				one, one, one, one, many)
		}
	}
	for _, code := range again {
		if code != "" {
			u.c.add(u.at, "Multiple %s catch events with the same %s code '%s' are not supported on the same scope.", one, one, code)
		}
	}
}

func twice(names []string) []string {
	count := map[string]int{}
	var out []string
	for _, n := range names {
		if count[n]++; count[n] == 2 {
			out = append(out, n)
		}
	}
	return out
}
