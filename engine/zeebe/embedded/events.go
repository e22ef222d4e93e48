package embedded

import "patchbay/engine/bpmn"

// subscription is what an element instance waits for; closing it is safe at any time.
type subscription interface {
	// open starts to wait. It may push an opTrigger step at once.
	open(e *Engine)
	close(e *Engine)
	// catch is the node of the event.
	catch() *node
	// wait describes it for the read side.
	wait(at Wait) Wait
}

// prepare evaluates everything that the subscriptions of an instance need, without opening any. Those of a scope's event
// sub-processes come later; see listen.
func (e *Engine) prepare(in *instance) ([]subscription, *failure) {
	return e.prepareAll(in, in.node.catches)
}

// listen lets a scope wait for the events of its event sub-processes. As in Zeebe that begins when the scope's start event
// completes, so that their expressions see what the start event has mapped.
func (e *Engine) listen(scope *instance) *failure {
	subs, f := e.prepareAll(scope, scope.node.subEvents)
	if f == nil {
		e.subscribe(scope, subs)
	}
	return f
}

func (e *Engine) prepareAll(in *instance, catches []*node) ([]subscription, *failure) {
	if len(catches) == 0 {
		return nil, nil
	}
	subs := make([]subscription, 0, len(catches))
	for _, n := range catches {
		s, f := e.prepareOne(in, n)
		if f != nil {
			return nil, f
		}
		if s != nil {
			subs = append(subs, s)
		}
	}
	return subs, nil
}

// prepareOne gives nil for events that need no subscription: errors and escalations find their catch event by themselves.
func (e *Engine) prepareOne(in *instance, n *node) (subscription, *failure) {
	scope := in
	if n.el.Type == bpmn.TypeBoundaryEvent && in.scope != nil {
		scope = in.scope // a boundary event does not see the input variables of its activity
	}
	switch n.catch.kind {
	case bpmn.EventMessage:
		return e.prepareMessage(in, n, scope)
	case bpmn.EventTimer:
		return e.prepareTimer(in, n, in)
	case bpmn.EventSignal:
		return e.prepareSignal(in, n, in)
	}
	return nil, nil
}

func (e *Engine) subscribe(in *instance, subs []subscription) {
	in.subs = append(in.subs, subs...)
	for _, s := range subs {
		s.open(e)
	}
}

func (e *Engine) unsubscribe(in *instance) {
	for _, s := range in.subs {
		s.close(e)
	}
	in.subs = nil
}

// unsubscribeInner closes what the event sub-processes of a scope wait for.
func (e *Engine) unsubscribeInner(scope *instance) {
	var kept []subscription
	for _, s := range scope.subs {
		if s.catch().scope.eventSub && s.catch().scope.scope == scope.node {
			s.close(e)
		} else {
			kept = append(kept, s)
		}
	}
	scope.subs = kept
}

// trigger lets an event act on the instance that waits for it.
func (e *Engine) trigger(in *instance, catch *node, event variables) {
	if in.phase != active || in.boundary != nil {
		return
	}
	switch {
	case catch == in.node:
		in.payload = event
		e.complete(in)
	case in.node.el.Type == bpmn.TypeEventBasedGateway:
		in.boundary = &pending{catch, event}
		e.complete(in)
	case catch.scope.eventSub:
		e.triggerEventSub(in, catch, event)
	case catch.interrupts:
		in.boundary = &pending{catch, event}
		e.terminate(in)
	default:
		e.startEvent(catch, in.scope, event)
	}
}

// startEvent runs a catch event that has just been triggered.
func (e *Engine) startEvent(catch *node, scope *instance, event variables) {
	if !scope.accepts() {
		return
	}
	in := e.create(catch, scope)
	in.payload = event
	in.phase = active
	e.finish(in)
}

// triggerEventSub starts an event sub-process; an interrupting one waits until the rest of the scope has ended.
func (e *Engine) triggerEventSub(scope *instance, start *node, event variables) {
	if scope.interrupted {
		return
	}
	if !start.interrupts {
		e.runEventSub(scope, start, event)
		return
	}
	scope.eventSub = &pending{start, event}
	e.unsubscribeInner(scope)
	e.dropIncident(scope)
	e.interrupt(scope)
	if scope.count == 0 {
		e.startEventSub(scope)
	}
}

func (e *Engine) startEventSub(scope *instance) {
	p := scope.eventSub
	scope.eventSub = nil
	e.runEventSub(scope, p.catch, p.event)
}

func (e *Engine) runEventSub(scope *instance, start *node, event variables) {
	in := e.create(start.scope, scope)
	in.begin(start, event)
	e.activate(in)
}

// terminateEnd ends everything else in its scope.
type terminateEnd struct{}

func (terminateEnd) enter(e *Engine, in *instance) *failure { return passThrough{}.enter(e, in) }

func (terminateEnd) leave(e *Engine, in *instance) {
	e.unsubscribeInner(in.scope)
	in.scope.eventSub = nil
	e.interrupt(in.scope)
}

// throwLink goes on at the catch event of the same name.
type throwLink struct{}

func (throwLink) enter(e *Engine, in *instance) *failure { return passThrough{}.enter(e, in) }

func (throwLink) leave(e *Engine, in *instance) {
	if target := in.node.scope.links[in.node.el.Event().Link]; target != nil && in.scope.accepts() {
		e.push(step{op: opActivate, in: e.create(target, in.scope)})
	}
}

// throwSignal broadcasts a signal with the visible variables of nothing: a thrown signal carries its input variables only.
type throwSignal struct{}

func (throwSignal) enter(e *Engine, in *instance) *failure {
	name, f := in.node.signal.text(in)
	if f != nil {
		return f
	}
	e.activated(in, nil)
	e.broadcast(name, in.vars.copy())
	e.finish(in)
	return nil
}
