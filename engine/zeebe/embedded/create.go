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
// them are entered without their start events and input mappings. A failure leaves the instance unusable.
func (e *Engine) startInside(p *process, targets []*node) *failure {
	scopes := map[*node]*instance{}
	if f := e.openScope(p.root, scopes); f != nil {
		return f
	}
	for _, n := range targets {
		scope, f := e.enterScope(n.scope, scopes)
		if f != nil {
			return f
		}
		e.push(step{op: opActivate, in: e.create(n, scope)})
	}
	return nil
}

func (e *Engine) enterScope(n *node, scopes map[*node]*instance) (*instance, *failure) {
	if in := scopes[n]; in != nil {
		return in, nil
	}
	around, f := e.enterScope(n.scope, scopes)
	if f != nil {
		return nil, f
	}
	in := e.create(n, around)
	return in, e.openScope(in, scopes)
}

func (e *Engine) openScope(in *instance, scopes map[*node]*instance) *failure {
	subs, f := e.prepare(in)
	if f != nil {
		return f
	}
	in.begins = []pending{}
	scopes[in.node] = in
	e.activated(in, subs)
	return e.listen(in)
}

// forget removes a process instance that could not start.
func (e *Engine) forget(p *process) {
	e.state.steps.drop(func(s step) bool { return s.in.process == p })
	for _, in := range p.history {
		e.unsubscribe(in)
		delete(e.state.elements, in.key)
	}
	delete(e.state.processes, p.key)
	e.state.active--
}
