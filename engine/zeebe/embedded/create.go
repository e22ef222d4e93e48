package embedded

// newProcess makes a process instance that has not started yet.
func (e *Engine) newProcess(d *definition) *process {
	p := &process{key: e.state.key(), definition: d}
	p.root = &instance{key: p.key, node: d.root, process: p, started: e.now()}
	e.state.processes[p.key] = p
	e.state.active++
	e.remember(p.root)
	return p
}

// startAt starts a process instance at an event that happened.
func (e *Engine) startAt(p *process, start *node, event variables) {
	p.root.begin(start, event)
	e.activate(p.root)
}

// begin makes a scope start elsewhere than at its none start event.
func (in *instance) begin(start *node, event variables) {
	in.begins = append(in.begins, pending{start, event})
}

// startInside starts a process instance at chosen elements, as start instructions ask for. The sub-processes around
// them are entered without their start events.
func (e *Engine) startInside(p *process, targets []*node) {
	scopes := map[*node]*instance{p.root.node: p.root}
	p.root.begins = []pending{}
	e.activate(p.root)
	for _, n := range targets {
		scope := e.enterScope(n.scope, scopes)
		e.push(step{op: opActivate, in: e.create(n, scope)})
	}
}

func (e *Engine) enterScope(n *node, scopes map[*node]*instance) *instance {
	if in := scopes[n]; in != nil {
		return in
	}
	in := e.create(n, e.enterScope(n.scope, scopes))
	in.begins = []pending{}
	scopes[n] = in
	e.activate(in)
	return in
}
