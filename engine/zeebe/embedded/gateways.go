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
	if len(j.arrived) < len(n.incoming) && e.tokensMoving(scope) || !j.ready(scope, n) {
		return false
	}
	j.consume(scope)
	if len(j.arrived) == 0 {
		delete(scope.joins, n)
	}
	return true
}

func (j *join) ready(scope *instance, n *node) bool {
	if len(j.arrived) == len(n.incoming) {
		return true
	}
	if _, inclusive := n.behaviour.(inclusiveGateway); !inclusive || len(j.arrived) == 0 {
		return false
	}
	return !scope.reaches(n, j)
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
func (in *instance) reaches(n *node, j *join) bool {
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
		if in.occupied(at) {
			return true
		}
		for _, flow := range at.incoming {
			todo = append(todo, flow.source)
		}
		if host := at.el.AttachedTo; host != nil {
			todo = append(todo, hostOf(at))
		}
	}
	return false
}

func hostOf(boundary *node) *node {
	for _, c := range boundary.scope.children {
		if c.el == boundary.el.AttachedTo {
			return c
		}
	}
	return boundary
}

// occupied tells whether the node has an instance or a token waiting in this scope.
func (in *instance) occupied(n *node) bool {
	if in.joins[n] != nil {
		return true
	}
	for child := in.first; child != nil; child = child.next {
		if child.node == n {
			return true
		}
	}
	return false
}

// openJoins looks whether an inclusive gateway may go on because nothing else can reach it any more.
func (e *Engine) openJoins(scope *instance) {
	if !scope.accepts() || e.tokensMoving(scope) {
		return
	}
	for n, j := range scope.joins {
		if _, inclusive := n.behaviour.(inclusiveGateway); inclusive && j.ready(scope, n) {
			e.push(step{op: opEnter, in: scope, node: n})
			return
		}
	}
}

// tokensMoving tells whether tokens are on flows that no gateway holds: they may still reach one.
func (e *Engine) tokensMoving(scope *instance) bool {
	waiting := 0
	for _, j := range scope.joins {
		for _, n := range j.arrived {
			waiting += n
		}
	}
	return scope.tokens > waiting
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
