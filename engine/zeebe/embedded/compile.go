package embedded

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"patchbay/engine/bpmn"
)

// compiler turns the model of one process into its graph and collects what is wrong with it.
type compiler struct {
	clock    func() time.Time
	process  *bpmn.Process
	nodes    map[*bpmn.Element]*node // the node that flows lead to: of a multi-instance the body
	problems bpmn.Problems
}

// compile gives the root of the graph. With problems the graph must not be run.
func compile(p *bpmn.Process, d *definition, clock func() time.Time) (*node, bpmn.Problems) {
	c := &compiler{clock: clock, process: p, nodes: map[*bpmn.Element]*node{}}
	root := c.scope(p.Element, nil, d)
	for _, el := range p.Elements {
		c.connect(el)
	}
	c.flows(p.Element)
	c.startTimers(root)
	c.startNames(root)
	return root, c.problems
}

func (c *compiler) complain(at bpmn.Place, err error) {
	c.problems = append(c.problems, bpmn.Problem{Place: at, Message: err.Error()})
}

func syntaxError(text string, err error) error {
	return fmt.Errorf("failed to parse expression '%s': %w", strings.TrimSpace(strings.TrimPrefix(text, "=")), err)
}

// expression compiles an attribute; nil when it is empty or wrong, which is then listed.
func (c *compiler) expression(at bpmn.Place, text string) *expression {
	if text == "" {
		return nil
	}
	x, err := compileExpression(text, c.clock)
	if err != nil {
		c.complain(at, syntaxError(text, err))
		return nil
	}
	return x
}

func (c *compiler) scope(el *bpmn.Element, parent *node, d *definition) *node {
	n := c.node(el, parent, d)
	for _, child := range el.Children {
		made := c.element(child, n, d)
		n.children = append(n.children, made)
		c.nodes[child] = made
		if child.Type == bpmn.TypeStartEvent && (child.Event() == nil || n.eventSub) {
			n.start = made
		}
		if child.Is(bpmn.EventLink) && child.Type == bpmn.TypeIntermediateCatchEvent {
			n.links[child.Event().Link] = made
		}
	}
	return n
}

func (c *compiler) element(el *bpmn.Element, scope *node, d *definition) *node {
	if el.Loop == nil {
		return c.plain(el, scope, d)
	}
	body := &node{el: el, id: el.ID, typeName: "MULTI_INSTANCE_BODY", definition: d, scope: scope, behaviour: loopBehaviour{}, links: map[string]*node{}}
	body.loop = c.loop(el.Loop)
	body.inner = c.plain(el, body, d)
	return body
}

func (c *compiler) plain(el *bpmn.Element, scope *node, d *definition) *node {
	if len(el.Children) > 0 || el.Type == bpmn.TypeSubProcess {
		return c.scope(el, scope, d)
	}
	return c.node(el, scope, d)
}

func (c *compiler) node(el *bpmn.Element, scope *node, d *definition) *node {
	n := &node{
		el: el, id: el.ID, typeName: typeName(el), definition: d, scope: scope, behaviour: behaviourOf(el),
		eventSub: el.EventSubProcess(), interrupts: el.Interrupting, links: map[string]*node{},
	}
	c.mappings(el, n)
	c.supported(el, n)
	c.details(el, n)
	return n
}

// withoutMappings are the elements whose mappings Zeebe checks but never applies.
var withoutMappings = map[bpmn.Type]bool{
	bpmn.TypeTask: true, bpmn.TypeManualTask: true, bpmn.TypeExclusiveGateway: true, bpmn.TypeParallelGateway: true,
	bpmn.TypeInclusiveGateway: true, bpmn.TypeEventBasedGateway: true,
}

func (c *compiler) mappings(el *bpmn.Element, n *node) {
	inputs := compileMappings(el.Inputs, c.clock, c.complain)
	outputs := compileMappings(el.Outputs, c.clock, c.complain)
	if withoutMappings[el.Type] {
		return
	}
	n.outputs = outputs
	switch n.behaviour.(type) {
	case passThrough, throwError, throwEscalation, throwLink, terminateEnd:
	default:
		n.inputs = inputs
	}
}

// supported lists what Zeebe can do and this engine cannot, so that nothing is left out silently.
func (c *compiler) supported(el *bpmn.Element, n *node) {
	unsupported := func(at bpmn.Place, what string) {
		c.complain(at, fmt.Errorf("%s are not supported by the embedded engine; deploy this process to a Zeebe cluster", what))
	}
	switch {
	case el.Type == bpmn.TypeAdHocSubProcess:
		unsupported(el.Place, "ad-hoc sub-processes")
	case el.Decision != nil:
		unsupported(el.Decision.Place, "decisions (zeebe:calledDecision)")
	case el.Is(bpmn.EventCompensate) || el.ForCompensation:
		unsupported(el.Place, "compensation events")
	case len(el.Listeners) > 0:
		unsupported(el.Listeners[0], "execution and task listeners")
	case n.behaviour == nil:
		n.behaviour = passThrough{} // refused by the model's own checks
	}
}

func (c *compiler) details(el *bpmn.Element, n *node) {
	c.task(el, n)
	if el.Script != nil {
		n.script, n.resultVariable = c.expression(el.Script.Place, el.Script.Expression), el.Script.ResultVariable
	}
	if el.Called != nil {
		n.called = c.called(el)
	}
	if el.Type == bpmn.TypeReceiveTask && el.Message != nil {
		n.catch = c.messageSpec(el.Message, true)
	}
	if el.Event() != nil {
		c.event(el, el.Event(), n)
	}
}

func (c *compiler) called(el *bpmn.Element) *calledSpec {
	x := el.Called
	s := &calledSpec{
		processID: c.expression(x.Place, x.ProcessID), binding: x.Binding, versionTag: x.VersionTag,
		allParent: x.PropagateAllParent,
		returnAll: len(el.Outputs) == 0,
	}
	if x.PropagateAllChild != nil {
		s.returnAll = *x.PropagateAllChild
	}
	return s
}

func (c *compiler) loop(l *bpmn.Loop) *loopSpec {
	s := &loopSpec{
		sequential: l.Sequential, input: c.expression(l.ZeebePlace, l.InputCollection), inputElement: l.InputElement,
		outputCollection: l.OutputCollection, outputElement: c.expression(l.ZeebePlace, l.OutputElement),
	}
	if s.outputElement != nil {
		s.outputVariable = s.outputElement.variableName()
	}
	if l.Completion != nil {
		s.completion = c.expression(l.Place, l.Completion.Value)
	}
	return s
}

// event fills in what a catch event waits for or a throw event sends.
func (c *compiler) event(el *bpmn.Element, ev *bpmn.Event, n *node) {
	throws := el.Type == bpmn.TypeEndEvent || el.Type == bpmn.TypeIntermediateThrowEvent
	switch ev.Kind {
	case bpmn.EventMessage:
		if !throws && ev.Message != nil {
			n.catch = c.messageSpec(ev.Message, el.Type != bpmn.TypeStartEvent || el.Scope.Type != bpmn.TypeProcess)
		}
	case bpmn.EventSignal:
		c.signal(ev, n, throws)
	case bpmn.EventError:
		x := cmp.Or(ev.Error, &bpmn.Error{})
		c.coded(ev, n, throws, x.Place, x.Code)
		n.keepsPayload = el.Type == bpmn.TypeBoundaryEvent
	case bpmn.EventEscalation:
		x := cmp.Or(ev.Escalation, &bpmn.Escalation{})
		c.coded(ev, n, throws, x.Place, x.Code)
	case bpmn.EventTimer:
		n.catch = &catchSpec{kind: ev.Kind, timer: c.timer(el, ev)}
	}
}

func (c *compiler) messageSpec(m *bpmn.Message, correlated bool) *catchSpec {
	s := &catchSpec{kind: bpmn.EventMessage, message: c.expression(m.Place, m.Name)}
	if correlated && m.Subscription != nil {
		s.correlationKey = c.expression(m.Subscription.Place, m.Subscription.CorrelationKey)
	}
	return s
}

// startNames evaluates the names that a process's start events wait for, which see no variables.
func (c *compiler) startNames(root *node) {
	for _, n := range root.children {
		if n.el.Type == bpmn.TypeStartEvent && n.catch != nil {
			c.constantName(n, "message", n.catch.message)
			c.constantName(n, "signal", n.catch.signal)
		}
	}
}

func (c *compiler) constantName(n *node, kind string, name *expression) {
	if name == nil || name.program == nil {
		return
	}
	v, _ := name.value(noVariables)
	if _, ok := v.AsString(); !ok {
		c.complain(n.el.Place, zeebeErrorf("Expected constant expression of type String for %s name '=%s', but was %s", kind, name.source, v.TypeName()))
	}
}

func (c *compiler) signal(ev *bpmn.Event, n *node, throws bool) {
	if ev.Signal == nil {
		return
	}
	name := c.expression(ev.Signal.Place, ev.Signal.Name)
	if throws {
		n.signal = name
	} else {
		n.catch = &catchSpec{kind: ev.Kind, signal: name}
	}
}

// coded is an event with a code: an error or an escalation. A throwing one's code may be an expression.
func (c *compiler) coded(ev *bpmn.Event, n *node, throws bool, at bpmn.Place, code string) {
	if throws {
		n.code = c.expression(at, code)
	} else {
		n.catch = &catchSpec{kind: ev.Kind, code: code}
	}
}

// connect finds what an instance of the element waits for.
func (c *compiler) connect(el *bpmn.Element) {
	n := c.nodes[el]
	inner := n
	if n.inner != nil {
		inner = n.inner
	}
	switch el.Type {
	case bpmn.TypeIntermediateCatchEvent, bpmn.TypeReceiveTask:
		if inner.catch != nil {
			inner.catches = append(inner.catches, inner)
		}
	case bpmn.TypeEventBasedGateway:
		for _, f := range slices.Backward(el.Outgoing) {
			if target := c.nodes[f.Target]; target != nil && target.catch != nil {
				n.catches = append(n.catches, target)
			}
		}
	}
	for _, b := range slices.Backward(el.Boundaries) { // the order in which Zeebe opens subscriptions
		n.catches = append(n.catches, c.nodes[b])
	}
	if el.EventSubProcess() && n.start != nil {
		n.scope.subEvents = append(n.scope.subEvents, n.start)
	}
}

// flows links the nodes of a scope, going backwards: Zeebe looks at sequence flows in reverse document order.
func (c *compiler) flows(scope *bpmn.Element) {
	for i := len(scope.Flows) - 1; i >= 0; i-- {
		f := scope.Flows[i]
		source, target := c.nodes[f.Source], c.nodes[f.Target]
		if source == nil || target == nil {
			continue
		}
		e := &edge{id: f.ID, source: source, target: target}
		if f.Condition != nil {
			e.condition = c.expression(f.Condition.Place, f.Condition.Value)
		}
		source.outgoing = append(source.outgoing, e)
		target.incoming = append(target.incoming, e)
		if f.Source.Default == f {
			source.byDefault = e
		}
		target.join = len(target.incoming) > 1 &&
			(target.el.Type == bpmn.TypeParallelGateway || target.el.Type == bpmn.TypeInclusiveGateway)
	}
	for _, child := range scope.Children {
		c.flows(child)
	}
}
