package embedded

// exclusiveGateway takes the first flow whose condition holds, else the default flow.
type exclusiveGateway struct{}

func (exclusiveGateway) enter(e *Engine, in *instance) *failure {
	flow, f := chooseFlow(in)
	if f != nil {
		return f
	}
	in.flows = []*edge{}
	if flow != nil {
		in.flows = append(in.flows, flow)
	}
	e.activated(in, nil)
	e.finish(in)
	return nil
}

func chooseFlow(in *instance) (*edge, *failure) {
	n := in.node
	if len(n.outgoing) == 0 {
		return nil, nil
	}
	if len(n.outgoing) == 1 && n.outgoing[0].condition == nil {
		return n.outgoing[0], nil
	}
	for _, flow := range n.outgoing {
		if flow.condition == nil || flow == n.byDefault {
			continue
		}
		ok, f := flow.condition.truth(in)
		if f != nil || ok {
			return flow, f
		}
	}
	if n.byDefault != nil {
		return n.byDefault, nil
	}
	return nil, noFlow()
}

func noFlow() *failure {
	return &failure{kind: conditionError, text: "Expected at least one condition to evaluate to true, or to have a default flow"}
}

// inclusiveGateway takes every flow whose condition holds, else the default flow.
type inclusiveGateway struct{}

func (inclusiveGateway) enter(e *Engine, in *instance) *failure {
	flows, f := chooseFlows(in)
	if f != nil {
		return f
	}
	in.flows = flows
	e.activated(in, nil)
	e.finish(in)
	return nil
}

func chooseFlows(in *instance) ([]*edge, *failure) {
	n := in.node
	flows := []*edge{}
	if len(n.outgoing) == 1 && n.outgoing[0].condition == nil {
		return append(flows, n.outgoing[0]), nil
	}
	for _, flow := range n.outgoing {
		if flow.condition == nil || flow == n.byDefault {
			continue
		}
		ok, f := flow.condition.truth(in)
		if f != nil {
			return nil, f
		}
		if ok {
			flows = append(flows, flow)
		}
	}
	switch {
	case len(flows) > 0 || len(n.outgoing) == 0:
		return flows, nil
	case n.byDefault != nil:
		return append(flows, n.byDefault), nil
	}
	return nil, noFlow()
}

// join counts the tokens that wait at a gateway, by flow.
type join struct{ arrived map[*edge]int }

// join lets a token wait at a joining gateway and tells whether the gateway may go on now. It then has taken the tokens.
func (e *Engine) join(scope *instance, n *node, via *edge) bool {
	if scope.joins == nil {
		scope.joins = map[*node]*join{}
	}
	j := scope.joins[n]
	if j == nil {
		j = &join{arrived: map[*edge]int{}}
		scope.joins[n] = j
	}
	if via != nil {
		j.arrived[via]++
	}
	if !e.ready(j, scope, n) {
		return false
	}
	j.consume(scope)
	if len(j.arrived) == 0 {
		delete(scope.joins, n)
	}
	return true
}

// ready tells whether a join may go on. An inclusive one looks only now, when a token arrives, whether another could
// still come: as in Zeebe it waits for ever when that one is taken elsewhere later.
func (e *Engine) ready(j *join, scope *instance, n *node) bool {
	if len(j.arrived) == len(n.incoming) {
		return true
	}
	_, inclusive := n.behaviour.(inclusiveGateway)
	return inclusive && !e.reaches(scope, n, j)
}

// consume takes one token of each flow.
func (j *join) consume(scope *instance) {
	for flow := range j.arrived {
		scope.tokens--
		if j.arrived[flow]--; j.arrived[flow] == 0 {
			delete(j.arrived, flow)
		}
	}
}

// reaches tells whether anything active in the scope may still come to the gateway by a flow that has no token yet.
func (e *Engine) reaches(scope *instance, n *node, j *join) bool {
	busy := e.occupied(scope)
	seen := map[*node]bool{n: true}
	var todo []*node
	for _, flow := range n.incoming {
		if j.arrived[flow] == 0 {
			todo = append(todo, flow.source)
		}
	}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		if busy[at] {
			return true
		}
		for _, flow := range at.incoming {
			todo = append(todo, flow.source)
		}
		if at.el.AttachedTo != nil {
			todo = append(todo, hostOf(at))
		}
	}
	return false
}

// occupied gives the nodes of a scope that have an instance, a token that waits, or one that is on its way.
func (e *Engine) occupied(scope *instance) map[*node]bool {
	busy := map[*node]bool{}
	for child := scope.first; child != nil; child = child.next {
		busy[child.node] = true
	}
	for n := range scope.joins {
		busy[n] = true
	}
	for _, s := range e.state.steps.items[e.state.steps.head:] {
		if s.op == opEnter && s.in == scope {
			busy[s.node] = true
		}
	}
	return busy
}

func hostOf(boundary *node) *node {
	for _, c := range boundary.scope.children {
		if c.el == boundary.el.AttachedTo {
			return c
		}
	}
	return boundary
}

// eventGateway waits for the first of the events behind it.
type eventGateway struct{}

func (eventGateway) enter(e *Engine, in *instance) *failure {
	return waitBehaviour{}.enter(e, in)
}

func (eventGateway) leave(e *Engine, in *instance) {
	if b := in.boundary; b != nil && in.scope.accepts() {
		in.boundary = nil
		e.startEvent(b.catch, in.scope, b.event)
	}
}
