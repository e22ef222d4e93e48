package embedded

import "patchbay/engine/bpmn"

// arrive takes a token from a sequence flow into its target.
func (e *Engine) arrive(s step) {
	scope := s.in
	if !scope.accepts() {
		return
	}
	if s.node.join && !e.join(scope, s.node, s.edge) {
		return
	}
	if s.edge != nil && !s.node.join {
		scope.tokens--
	}
	in := e.create(s.node, scope)
	in.payload = s.event
	e.activate(in)
}

// activate runs the entry of an element: input mappings, then its behaviour. A failure leaves an incident, whose
// resolution comes here again.
func (e *Engine) activate(in *instance) {
	if in.phase != activating {
		return
	}
	f := e.applyInputs(in)
	if f == nil {
		f = in.node.behaviour.enter(e, in)
	}
	if f != nil {
		e.raise(in, f, opActivate)
	}
}

// activated marks the instance as waiting or running and opens its subscriptions.
func (e *Engine) activated(in *instance, subs []subscription) {
	in.phase = active
	e.subscribe(in, subs)
}

// finish asks for the normal end of an instance.
func (e *Engine) finish(in *instance) { e.push(step{op: opComplete, in: in}) }

// complete ends an instance normally: output mappings, then the outgoing flows.
func (e *Engine) complete(in *instance) {
	if in.phase != active && in.phase != completing {
		return
	}
	in.phase = completing
	f := e.applyOutputs(in)
	if f == nil {
		f = e.collect(in)
	}
	if f == nil && in.node.el.Type == bpmn.TypeStartEvent {
		f = e.listen(in.scope)
	}
	if f != nil {
		e.raise(in, f, opComplete)
		return
	}
	e.unsubscribe(in)
	in.phase, in.ended = completed, e.now()
	e.gone(in)
	if in.scope == nil {
		e.ended(in.process)
		return
	}
	if in.loopIndex > 0 {
		e.iterated(in.scope, in)
	} else if l, ok := in.node.behaviour.(leaver); ok {
		l.leave(e, in)
	} else {
		e.takeFlows(in)
	}
	e.progress(in.scope)
}

// gone takes an ended instance out of the active state.
func (e *Engine) gone(in *instance) {
	delete(e.state.elements, in.key)
	if in.scope != nil {
		in.scope.unlink(in)
	}
	in.payload, in.joins = variables{}, nil
}

func (e *Engine) takeFlows(in *instance) {
	flows := in.flows
	if flows == nil {
		flows = in.node.outgoing
	}
	for _, f := range flows {
		e.take(in.scope, f)
	}
}

func (e *Engine) take(scope *instance, f *edge) {
	if !scope.accepts() {
		return
	}
	scope.tokens++
	e.push(step{op: opEnter, in: scope, node: f.target, edge: f})
}

// progress looks what follows for a scope after something in it has ended.
func (e *Engine) progress(scope *instance) {
	if scope == nil || scope.phase >= completed {
		return
	}
	if scope.loop != nil && scope.phase == active {
		return // a multi-instance body counts its own
	}
	if scope.count == 0 && scope.phase == terminating {
		e.terminated(scope)
		return
	}
	if scope.count == 0 && scope.eventSub != nil {
		e.startEventSub(scope)
		return
	}
	if scope.count == 0 && scope.tokens == 0 && scope.phase == active {
		e.finish(scope)
	}
}

// terminate ends an instance from outside: first what is in it, then itself.
func (e *Engine) terminate(in *instance) {
	if in.phase >= terminating {
		return
	}
	in.phase = terminating
	e.unsubscribe(in)
	e.dropIncident(in)
	e.dropJob(in)
	in.tokens, in.joins, in.eventSub = 0, nil, nil
	e.terminateChildren(in)
	if in.called != nil {
		e.push(step{op: opTerminate, in: in.called.root})
		return
	}
	if in.count == 0 {
		e.terminated(in)
	}
}

func (e *Engine) terminateChildren(in *instance) {
	for child := in.first; child != nil; child = child.next {
		e.push(step{op: opTerminate, in: child})
	}
}

// terminated finishes a termination; an interrupting boundary event goes on in its place.
func (e *Engine) terminated(in *instance) {
	in.phase, in.ended = terminated, e.now()
	e.gone(in)
	if in.scope == nil {
		e.ended(in.process)
		return
	}
	if b := in.boundary; b != nil && in.scope.accepts() {
		in.boundary = nil
		e.startEvent(b.catch, in.scope, b.event)
	}
	if in.loopIndex > 0 {
		e.iterated(in.scope, in)
	}
	e.progress(in.scope)
}

// interrupt ends everything in a scope, so that only one event goes on there.
func (e *Engine) interrupt(scope *instance) {
	scope.interrupted = true
	scope.tokens, scope.joins = 0, nil
	e.terminateChildren(scope)
}

// ended closes a process instance: whoever waits for it is told, and the caller goes on.
func (e *Engine) ended(p *process) {
	e.state.active--
	e.keep(p)
	for _, w := range p.waiters {
		if p.root.phase == completed {
			w <- p
		} else {
			close(w)
		}
	}
	p.waiters = nil
	if p.caller != nil {
		e.calledEnded(p)
	}
	if p.locked {
		e.unlockCorrelation(p)
	}
}

// keep remembers a finished process instance and forgets the oldest beyond the limit.
func (e *Engine) keep(p *process) {
	s := &e.state
	if e.options.KeepFinished < 0 {
		delete(s.processes, p.key)
		return
	}
	s.finished = append(s.finished, p)
	for len(s.finished) > e.options.KeepFinished {
		delete(s.processes, s.finished[0].key)
		s.finished[0] = nil
		s.finished = s.finished[1:]
	}
}
