package embedded

import (
	"slices"
	"time"
)

// The read side: snapshots of what the engine holds, all in order of their keys. Nothing here changes anything.

func (d *definition) public() Definition {
	return Definition{
		Key: d.key, DeploymentKey: d.deployment, ProcessID: d.id, Name: d.name, Version: d.version, VersionTag: d.versionTag,
		Resource: d.resource, XML: d.xml,
	}
}

func (e *Engine) view(d *definition) Definition {
	out := d.public()
	v := e.state.byProcessID[d.id]
	out.Latest = v != nil && v.latest() == d
	return out
}

func (in *instance) state() State {
	switch in.phase {
	case completed:
		return Completed
	case terminated:
		return Terminated
	}
	return Active
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Definitions gives all deployed definitions.
func (e *Engine) Definitions() []Definition {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]Definition, 0, len(e.state.definitions))
	for _, d := range e.state.definitions {
		out = append(out, e.view(d))
	}
	slices.SortFunc(out, func(a, b Definition) int { return int(a.Key - b.Key) })
	return out
}

// ProcessInstances gives all process instances, or those of one BPMN process id.
func (e *Engine) ProcessInstances(processID string) []ProcessInstance {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []ProcessInstance
	for _, p := range e.state.processes {
		if processID == "" || p.definition.id == processID {
			out = append(out, e.viewProcess(p))
		}
	}
	slices.SortFunc(out, func(a, b ProcessInstance) int { return int(a.Key - b.Key) })
	return out
}

// ProcessInstance gives one process instance by its key.
func (e *Engine) ProcessInstance(key int64) (ProcessInstance, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.state.processes[key]
	if p == nil {
		return ProcessInstance{}, false
	}
	return e.viewProcess(p), true
}

func (e *Engine) viewProcess(p *process) ProcessInstance {
	out := ProcessInstance{
		Key: p.key, Definition: e.view(p.definition), State: p.root.state(),
		Start: moment(p.root.started), End: moment(p.root.ended),
	}
	for _, i := range p.incidents {
		out.Incident = out.Incident || i.resolved == 0
	}
	if p.caller != nil {
		out.ParentKey, out.ParentElementKey, out.ParentElementID = p.caller.process.key, p.caller.key, p.caller.node.id
	}
	return out
}

// selected gives one process instance, or all of them when key is 0, in order.
func (e *Engine) selected(key int64) []*process {
	if key != 0 {
		if p := e.state.processes[key]; p != nil {
			return []*process{p}
		}
		return nil
	}
	out := make([]*process, 0, len(e.state.processes))
	for _, p := range e.state.processes {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *process) int { return int(a.key - b.key) })
	return out
}

// views gives what can be seen of the parts of one process instance, or of all when the key is 0, in order.
func views[P, V any](e *Engine, processInstanceKey int64, parts func(*process) []P, view func(P) V) []V {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []V
	for _, p := range e.selected(processInstanceKey) {
		for _, part := range parts(p) {
			out = append(out, view(part))
		}
	}
	return out
}

func history(p *process) []*instance { return p.history }

// ElementInstances gives the element instances of one process instance, or of all when the key is 0, the process
// itself included. Of a long-running process instance only the newest ones are remembered.
func (e *Engine) ElementInstances(processInstanceKey int64) []ElementInstance {
	return views(e, processInstanceKey, history, e.viewElement)
}

func (e *Engine) viewElement(in *instance) ElementInstance {
	out := ElementInstance{
		Key: in.key, ProcessInstanceKey: in.process.key, Definition: e.view(in.process.definition),
		ElementID: in.node.id, Name: in.node.el.Name, Type: in.node.typeName, State: in.state(),
		Start: moment(in.started), End: moment(in.ended), ScopeKey: in.process.key,
	}
	if in.scope != nil {
		out.ScopeKey = in.scope.key
	}
	switch {
	case in.incident != nil:
		out.IncidentKey = in.incident.key
	case in.job != nil && in.job.incident != nil:
		out.IncidentKey = in.job.incident.key
	}
	return out
}

// Variables gives the variables of one process instance, or of all when the key is 0: of every scope, also of ended ones.
func (e *Engine) Variables(processInstanceKey int64) []Variable {
	return slices.Concat(views(e, processInstanceKey, history, e.viewVariables)...)
}

func (e *Engine) viewVariables(in *instance) (out []Variable) {
	for i := range in.vars.list {
		v := &in.vars.list[i]
		if v.key == 0 {
			v.key = e.state.key()
		}
		out = append(out, Variable{Key: v.key, ScopeKey: in.key, ProcessInstanceKey: in.process.key, Name: v.name, Value: string(v.json)})
	}
	return out
}

// Result gives the variables of a process instance's root scope as one JSON object; false when it is not known.
func (e *Engine) Result(processInstanceKey int64) ([]byte, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.state.processes[processInstanceKey]
	if p == nil {
		return nil, false
	}
	return appendVisible(nil, p.root, nil), true
}

// Incidents gives the incidents of one process instance, or of all when the key is 0, oldest first, resolved ones too.
func (e *Engine) Incidents(processInstanceKey int64) []Incident {
	return views(e, processInstanceKey, func(p *process) []*incident { return p.incidents }, e.viewIncident)
}

func (e *Engine) viewIncident(i *incident) Incident {
	out := Incident{
		Key: i.key, ProcessInstanceKey: i.in.process.key, ElementInstanceKey: i.in.key, Definition: e.view(i.in.process.definition),
		ElementID: i.in.node.id, Type: string(i.kind), Message: i.text, Created: moment(i.created), Resolved: i.resolved != 0,
	}
	if i.job != nil {
		out.JobKey = i.job.key
	}
	return out
}

// MessageSubscriptions gives what waits for a message: message start events of the latest versions, then element instances.
func (e *Engine) MessageSubscriptions() []MessageSubscription {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []MessageSubscription
	for name, starts := range e.state.messages.starts {
		for _, n := range starts {
			out = append(out, MessageSubscription{Definition: e.view(n.definition), ElementID: n.id, MessageName: name})
		}
	}
	for _, subs := range e.state.messages.subs {
		for _, s := range subs {
			out = append(out, MessageSubscription{
				Key: s.key, ProcessInstanceKey: s.in.process.key, ElementInstanceKey: s.in.key, Definition: e.view(s.in.process.definition),
				ElementID: s.node.id, MessageName: s.at.name, CorrelationKey: s.at.correlationKey, Since: moment(s.since),
			})
		}
	}
	slices.SortFunc(out, func(a, b MessageSubscription) int { return int(a.Key - b.Key) })
	return out
}

// Waiting gives what a process instance waits for, the instances that it called included: jobs, messages, signals, timers,
// user tasks, incidents. It is empty when the instance has ended.
func (e *Engine) Waiting(processInstanceKey int64) []Wait {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.state.processes[processInstanceKey]
	if p == nil {
		return nil
	}
	return waits(nil, p.root)
}

func waits(out []Wait, in *instance) []Wait {
	at := Wait{ElementID: in.node.id, ElementInstanceKey: in.key}
	switch {
	case in.incident != nil:
		at.Kind, at.Name = WaitIncident, string(in.incident.kind)
		out = append(out, at)
	case in.job != nil:
		out = append(out, in.job.wait(at))
	case in.node.typeName == "USER_TASK" && in.phase == active:
		at.Kind = WaitUserTask
		out = append(out, at)
	}
	for _, s := range in.subs {
		out = append(out, s.wait(at))
	}
	for child := in.first; child != nil; child = child.next {
		out = waits(out, child)
	}
	if in.called != nil {
		out = waits(out, in.called.root)
	}
	return out
}

func (j *job) wait(at Wait) Wait {
	at.Kind, at.Name, at.JobKey, at.Taken = WaitJob, j.kind, j.key, j.state == jobActivated
	if j.incident != nil {
		at.Kind, at.Name = WaitIncident, string(j.incident.kind)
	} else if j.kind == userTaskType {
		at.Kind = WaitUserTask
	}
	return at
}

func (s *messageSub) wait(at Wait) Wait {
	at.ElementID, at.Kind, at.Name, at.CorrelationKey = s.node.id, WaitMessage, s.at.name, s.at.correlationKey
	return at
}

func (s *signalSub) wait(at Wait) Wait {
	at.ElementID, at.Kind, at.Name = s.node.id, WaitSignal, s.name
	return at
}

func (s *timerSub) wait(at Wait) Wait {
	at.ElementID, at.Kind, at.Name = s.node.id, WaitTimer, moment(s.when.due).Format(time.RFC3339)
	return at
}
