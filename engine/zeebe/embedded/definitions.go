package embedded

import "patchbay/engine/bpmn"

// definition is one version of a deployed process.
type definition struct {
	key, deployment int64
	id              string // BPMN process id
	name            string
	version         int32
	versionTag      string
	resource        string
	checksum        [32]byte
	xml             []byte
	root            *node
	starts          []startSub // subscriptions of its start events, while it is the latest version
}

// startSub is an open subscription of a start event.
type startSub interface{ close(e *Engine) }

// versions are the definitions of one process id, oldest first. Version numbers are never used twice.
type versions struct {
	list []*definition
	last int32
}

func (v *versions) latest() *definition {
	if len(v.list) == 0 {
		return nil
	}
	return v.list[len(v.list)-1]
}

// find gives the newest definition that matches.
func (v *versions) find(match func(*definition) bool) *definition {
	for i := len(v.list) - 1; i >= 0; i-- {
		if match(v.list[i]) {
			return v.list[i]
		}
	}
	return nil
}

// messageStarts are the message start events of the process.
func (d *definition) messageStarts() []*node { return d.startEvents(bpmn.EventMessage) }

func (d *definition) startEvents(kind bpmn.EventKind) []*node {
	var out []*node
	for _, n := range d.root.children {
		if n.el.Type == bpmn.TypeStartEvent && n.catch != nil && n.catch.kind == kind {
			out = append(out, n)
		}
	}
	return out
}

// openStarts lets the start events of the latest version wait for messages, signals and times.
func (e *Engine) openStarts(d *definition) {
	for _, n := range d.messageStarts() {
		d.starts = append(d.starts, e.openMessageStart(n))
	}
	for _, n := range d.startEvents(bpmn.EventSignal) {
		d.starts = append(d.starts, e.openSignalStart(n))
	}
	for _, n := range d.startEvents(bpmn.EventTimer) {
		if s := e.openTimerStart(n); s != nil {
			d.starts = append(d.starts, s)
		}
	}
}

func (e *Engine) closeStarts(d *definition) {
	for _, s := range d.starts {
		s.close(e)
	}
	d.starts = nil
}

// startName is the name of the message or signal that a start event waits for; empty when it cannot be evaluated.
func (e *Engine) startName(n *node, x *expression) string {
	name, f := x.text(noVariables)
	if f != nil {
		e.options.Logger.Warn("start event without the name of what it waits for", "element", n.id, "cause", f.text)
	}
	return name
}

type messageStart struct {
	node *node
	name string
}

func (e *Engine) openMessageStart(n *node) startSub {
	name := e.startName(n, n.catch.message)
	e.state.messages.starts[name] = append(e.state.messages.starts[name], n)
	return &messageStart{n, name}
}

func (s *messageStart) close(e *Engine) {
	starts := e.state.messages.starts
	if starts[s.name] = without(starts[s.name], s.node); len(starts[s.name]) == 0 {
		delete(starts, s.name)
	}
}

type signalStart struct {
	node *node
	name string
}

func (e *Engine) openSignalStart(n *node) startSub {
	name := e.startName(n, n.catch.signal)
	all := e.signal(name)
	all.starts = append(all.starts, n)
	return &signalStart{n, name}
}

func (s *signalStart) close(e *Engine) {
	all := e.signal(s.name)
	all.starts = without(all.starts, s.node)
	if len(all.list)+len(all.starts) == 0 {
		delete(e.state.signals, s.name)
	}
}

type timerStart struct {
	node  *node
	when  schedule
	alarm *alarm
}

func (e *Engine) openTimerStart(n *node) startSub {
	when, f := n.catch.timer.when(noVariables, e.options.Now())
	if f != nil {
		e.options.Logger.Warn("timer start event", "element", n.id, "cause", f.text)
		return nil
	}
	s := &timerStart{node: n, when: when}
	s.alarm = e.at(when.due, s.fire)
	return s
}

func (s *timerStart) fire(e *Engine) {
	if next, ok := s.when.next(e.options.Now()); ok {
		s.when = next
		s.alarm = e.at(next.due, s.fire)
	}
	e.startAt(e.newProcess(s.node.definition), s.node, variables{})
}

func (s *timerStart) close(e *Engine) { e.cancelAlarm(s.alarm) }
