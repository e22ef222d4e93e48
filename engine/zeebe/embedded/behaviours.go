package embedded

import "patchbay/engine/bpmn"

// behaviour is what an element type adds to the common life of an element instance.
type behaviour interface {
	// enter runs after the input mappings. It calls Engine.activated and, unless the element waits for something,
	// Engine.finish. A failure becomes an incident; enter runs again when that is resolved, so it must not have changed anything.
	enter(e *Engine, in *instance) *failure
}

// leaver replaces the taking of the outgoing flows after the instance has completed.
type leaver interface {
	leave(e *Engine, in *instance)
}

// tasks is the table of the behaviours that depend on nothing but the type. Events, and tasks that may be done by a job
// worker or by the engine, are chosen in behaviourOf.
var tasks = map[bpmn.Type]behaviour{
	bpmn.TypeProcess:           scopeBehaviour{},
	bpmn.TypeSubProcess:        scopeBehaviour{},
	bpmn.TypeTask:              passThrough{},
	bpmn.TypeManualTask:        passThrough{},
	bpmn.TypeServiceTask:       jobBehaviour{},
	bpmn.TypeSendTask:          jobBehaviour{},
	bpmn.TypeBusinessRuleTask:  jobBehaviour{},
	bpmn.TypeScriptTask:        scriptBehaviour{},
	bpmn.TypeReceiveTask:       waitBehaviour{},
	bpmn.TypeUserTask:          jobBehaviour{},
	bpmn.TypeCallActivity:      callBehaviour{},
	bpmn.TypeExclusiveGateway:  exclusiveGateway{},
	bpmn.TypeInclusiveGateway:  inclusiveGateway{},
	bpmn.TypeParallelGateway:   passThrough{},
	bpmn.TypeEventBasedGateway: eventGateway{},
	bpmn.TypeStartEvent:        passThrough{},
	bpmn.TypeBoundaryEvent:     passThrough{},
	bpmn.TypeEndEvent:          passThrough{},

	bpmn.TypeIntermediateCatchEvent: waitBehaviour{},
	bpmn.TypeIntermediateThrowEvent: passThrough{},
}

// thrown is the table of the events that an end or throw event sends.
var thrown = map[bpmn.EventKind]behaviour{
	bpmn.EventMessage:    jobBehaviour{},
	bpmn.EventSignal:     throwSignal{},
	bpmn.EventError:      throwError{},
	bpmn.EventEscalation: throwEscalation{},
	bpmn.EventTerminate:  terminateEnd{},
	bpmn.EventLink:       throwLink{},
}

func behaviourOf(el *bpmn.Element) behaviour {
	throws := el.Type == bpmn.TypeEndEvent || el.Type == bpmn.TypeIntermediateThrowEvent
	switch {
	case throws && el.Event() != nil:
		return thrown[el.Event().Kind]
	case el.Type == bpmn.TypeIntermediateCatchEvent && el.Is(bpmn.EventLink):
		return passThrough{}
	case el.Type == bpmn.TypeScriptTask && el.Script == nil:
		return jobBehaviour{}
	case el.Type == bpmn.TypeUserTask && el.UserTask:
		return waitBehaviour{}
	}
	return tasks[el.Type]
}

// passThrough is an element that only lets the token through.
type passThrough struct{}

func (passThrough) enter(e *Engine, in *instance) *failure {
	subs, f := e.prepare(in)
	if f != nil {
		return f
	}
	e.activated(in, subs)
	e.finish(in)
	return nil
}

// waitBehaviour is an element that waits for one of its events.
type waitBehaviour struct{}

func (waitBehaviour) enter(e *Engine, in *instance) *failure {
	subs, f := e.prepare(in)
	if f != nil {
		return f
	}
	e.activated(in, subs)
	return nil
}

// scopeBehaviour is a process or sub-process: a scope of its own for tokens and variables.
type scopeBehaviour struct{}

func (scopeBehaviour) enter(e *Engine, in *instance) *failure {
	subs, f := e.prepare(in)
	if f != nil {
		return f
	}
	e.activated(in, subs)
	if in.begins == nil && in.node.start != nil {
		in.begin(in.node.start, variables{})
	}
	for _, b := range in.begins {
		e.push(step{op: opEnter, in: in, node: b.catch, event: b.event})
	}
	return nil
}

// scriptBehaviour evaluates a FEEL script; its result is handled like the result of a job.
type scriptBehaviour struct{}

func (scriptBehaviour) enter(e *Engine, in *instance) *failure {
	value, f := in.node.script.value(in)
	if f != nil {
		return f
	}
	subs, f := e.prepare(in)
	if f != nil {
		return f
	}
	in.payload = variables{}
	in.payload.set(in.node.resultVariable, value.EngineJSON())
	e.activated(in, subs)
	e.finish(in)
	return nil
}
