package embedded

import "fmt"

// callBehaviour is a call activity: it starts an instance of another process and waits for its end.
type callBehaviour struct{}

func (callBehaviour) enter(e *Engine, in *instance) *failure {
	d, f := e.called(in)
	if f != nil {
		return f
	}
	subs, f := e.prepare(in)
	if f != nil {
		return f
	}
	e.activated(in, subs)
	child := e.newProcess(d)
	child.caller, child.depth = in, in.process.depth+1
	in.called = child
	vars := in.vars.copy()
	if in.node.called.allParent {
		vars = in.visible()
	}
	child.root.vars = vars
	e.activate(child.root)
	return nil
}

// called finds the definition that a call activity means.
func (e *Engine) called(in *instance) (*definition, *failure) {
	spec := in.node.called
	id, f := spec.processID.text(in)
	if f != nil {
		return nil, f
	}
	fail := func(format string, args ...any) (*definition, *failure) {
		return nil, &failure{kind: calledElementError, text: fmt.Sprintf(format, args...)}
	}
	d := e.bound(in, id)
	switch {
	case d == nil && spec.binding == "versionTag":
		return fail("Expected to call process with BPMN process id '%s' and version tag '%s', but no such process found. "+
			"To resolve this incident, deploy a process with the given process id and version tag.", id, spec.versionTag)
	case d == nil && spec.binding == "deployment":
		return fail("Expected to call process with BPMN process id '%s' with binding type 'deployment', but no such process found in the deployment with key %d "+
			"which contained the current process. To resolve this incident, migrate the process instance to a process definition that is deployed together "+
			"with the intended process to call.", id, in.process.definition.deployment)
	case d == nil:
		return fail("Expected process with BPMN process id '%s' to be deployed, but not found.", id)
	case d.root.start == nil:
		return fail("Expected process with BPMN process id '%s' to have a none start event, but not found.", id)
	case in.process.depth >= maxCallDepth:
		return fail("The call activity has reached the maximum depth of %d. This is likely due to a recursive call.", maxCallDepth)
	}
	return d, nil
}

func (e *Engine) bound(in *instance, id string) *definition {
	versions := e.state.byProcessID[id]
	if versions == nil {
		return nil
	}
	switch spec := in.node.called; spec.binding {
	case "deployment":
		return versions.find(func(d *definition) bool { return d.deployment == in.process.definition.deployment })
	case "versionTag":
		return versions.find(func(d *definition) bool { return d.versionTag == spec.versionTag })
	}
	return versions.latest()
}

// calledEnded goes on at the call activity when the called instance has ended.
func (e *Engine) calledEnded(p *process) {
	in := p.caller
	in.called = nil
	if in.phase == terminating {
		e.terminated(in)
		return
	}
	if p.root.phase == completed && (in.node.outputs != nil || in.node.called.returnAll) {
		in.payload = p.root.vars.copy()
	}
	e.finish(in)
}
