package bpmn

import "strings"

// flowNodes is the table of the flow node types; true when other flow nodes may stand inside.
var flowNodes = map[string]bool{
	"startEvent": false, "endEvent": false, "intermediateCatchEvent": false, "intermediateThrowEvent": false, "boundaryEvent": false,
	"task": false, "manualTask": false, "serviceTask": false, "sendTask": false, "receiveTask": false, "userTask": false,
	"scriptTask": false, "businessRuleTask": false, "callActivity": false,
	"exclusiveGateway": false, "parallelGateway": false, "inclusiveGateway": false, "eventBasedGateway": false, "complexGateway": false,
	"event": false, "implicitThrowEvent": false, "callChoreography": false, "choreographyTask": false, "subChoreography": false,
	"subProcess": true, "adHocSubProcess": true, "transaction": true,
}

// scopeParts are the other elements that the schema allows in a process or sub-process.
var scopeParts = map[string]bool{
	"documentation": true, "extensionElements": true, "supportedInterfaceRef": true, "ioSpecification": true, "ioBinding": true,
	"auditing": true, "monitoring": true, "property": true, "laneSet": true, "sequenceFlow": true, "dataObject": true,
	"dataObjectReference": true, "dataStoreReference": true, "association": true, "group": true, "textAnnotation": true,
	"artifact": true, "resourceRole": true, "performer": true, "humanPerformer": true, "potentialOwner": true,
	"correlationSubscription": true, "supports": true, "incoming": true, "outgoing": true, "multiInstanceLoopCharacteristics": true,
	"standardLoopCharacteristics": true, "dataInputAssociation": true, "dataOutputAssociation": true, "completionCondition": true,
}

// builder turns the XML tree into the model: first everything with an id, then the references between them.
type builder struct {
	root        *node
	d           *Definitions
	nodes       map[string]*node
	messages    map[string]*Message
	errors      map[string]*Error
	signals     map[string]*Signal
	escalations map[string]*Escalation
	elements    []elementNode
}

type elementNode struct {
	el *Element
	n  *node
}

func newBuilder(root *node) *builder {
	return &builder{
		root: root, d: &Definitions{Place: root.place(), ID: root.attr("id"), byID: map[string]*Element{}},
		nodes: map[string]*node{}, messages: map[string]*Message{}, errors: map[string]*Error{},
		signals: map[string]*Signal{}, escalations: map[string]*Escalation{},
	}
}

func (b *builder) build() *Definitions {
	b.d.Platform, _ = b.root.lookup(ModelerNamespace, "executionPlatform")
	b.d.PlatformVersion, _ = b.root.lookup(ModelerNamespace, "executionPlatformVersion")
	b.ids(b.root)
	for _, n := range b.root.children {
		b.rootElement(n)
	}
	for _, n := range b.root.children {
		if n.is("process") {
			b.process(n)
		}
	}
	for _, e := range b.elements {
		b.link(e.el, e.n)
	}
	return b.d
}

// ids records what has an id and complains about ids that occur twice.
func (b *builder) ids(n *node) {
	if id := n.attr("id"); id != "" && n.space != ZeebeNamespace {
		if b.nodes[id] == nil {
			b.nodes[id] = n
		} else {
			b.schema(n.line, n, "cvc-id.2: There are multiple occurrences of ID value '"+id+"'.")
		}
	}
	for _, c := range n.children {
		b.ids(c)
	}
}

func (b *builder) schema(line int, n *node, message string) {
	place := n.place()
	place.Line = line
	b.d.schema = append(b.d.schema, Problem{Place: place, Message: message, Schema: true})
}

func (b *builder) rootElement(n *node) {
	if n.space != Namespace {
		return
	}
	id, name := n.attr("id"), n.attr("name")
	switch n.name {
	case "message":
		m := &Message{Place: n.place(), ID: id, Name: name}
		readMessageExtensions(m, n)
		b.messages[id], b.d.Messages = m, append(b.d.Messages, m)
	case "error":
		e := &Error{n.place(), id, name, n.attr("errorCode")}
		b.errors[id], b.d.Errors = e, append(b.d.Errors, e)
	case "signal":
		s := &Signal{n.place(), id, name}
		b.signals[id], b.d.Signals = s, append(b.d.Signals, s)
	case "escalation":
		e := &Escalation{n.place(), id, name, n.attr("escalationCode")}
		b.escalations[id], b.d.Escalations = e, append(b.d.Escalations, e)
	}
}

func readMessageExtensions(m *Message, n *node) {
	for _, c := range zeebeElements(n) {
		switch c.name {
		case "subscription":
			s := &Subscription{Place: c.place(), CorrelationKey: c.attr("correlationKey")}
			for _, p := range c.children {
				if p.name == "properties" {
					s.Properties = append(s.Properties, readProperties(p)...)
				}
			}
			m.Subscription = s
		case "properties":
			m.Properties = append(m.Properties, readProperties(c)...)
		}
	}
}

func (b *builder) process(n *node) {
	el := &Element{Place: n.place(), ID: n.attr("id"), Name: n.attr("name"), Type: TypeProcess, Extensions: readExtensions(n)}
	p := &Process{Element: el, Executable: n.attr("isExecutable") == "true"}
	el.Process = p
	for _, c := range zeebeElements(n) {
		if c.name == "versionTag" {
			p.VersionTag = c.attr("value")
		}
	}
	b.d.Processes = append(b.d.Processes, p)
	b.register(el)
	b.scope(el, n)
}

func (b *builder) register(el *Element) {
	if el.ID != "" && b.d.byID[el.ID] == nil {
		b.d.byID[el.ID] = el
	}
}

func (b *builder) scope(scope *Element, n *node) {
	for _, c := range n.children {
		if c.space != Namespace || scopeParts[c.name] || strings.HasSuffix(c.name, "EventDefinition") {
			continue
		}
		nested, known := flowNodes[c.name]
		if !known {
			b.schema(c.line, c, unknownElement(c.name))
			continue
		}
		el := b.element(scope, c)
		if nested {
			b.scope(el, c)
		}
	}
	b.elements = append(b.elements, elementNode{scope, n})
}

func unknownElement(name string) string {
	const ns = `"` + Namespace + `":`
	return "cvc-complex-type.2.4.a: Invalid content was found starting with element '{" + ns + name + "}'. One of '{" +
		ns + "flowElement, " + ns + "artifact, " + ns + "resourceRole, " + ns + "correlationSubscription, " + ns + "supports}' is expected."
}

func (b *builder) element(scope *Element, n *node) *Element {
	el := &Element{
		Place: n.place(), ID: n.attr("id"), Name: n.attr("name"), Type: Type(n.name), Scope: scope, Process: scope.Process,
		TriggeredByEvent: n.attr("triggeredByEvent") == "true", ForCompensation: n.attr("isForCompensation") == "true",
		Interrupting: n.attr("cancelActivity") != "false" && n.attr("isInterrupting") != "false",
		Extensions:   readExtensions(n),
	}
	scope.Children = append(scope.Children, el)
	el.Process.Elements = append(el.Process.Elements, el)
	b.register(el)
	if !flowNodes[n.name] {
		b.elements = append(b.elements, elementNode{el, n})
	}
	return el
}

// link resolves what the element refers to.
func (b *builder) link(el *Element, n *node) {
	for _, c := range n.children {
		switch {
		case c.is("sequenceFlow"):
			b.flow(el, c)
		case c.is("multiInstanceLoopCharacteristics"):
			el.Loop = readLoop(c)
		case c.space == Namespace && strings.HasSuffix(c.name, "EventDefinition"):
			el.Events = append(el.Events, b.event(c))
		}
	}
	el.Message = b.messages[local(n.attr("messageRef"))]
	if host := b.d.byID[local(n.attr("attachedToRef"))]; host != nil && el.Type == TypeBoundaryEvent {
		el.AttachedTo = host
		host.Boundaries = append(host.Boundaries, el)
	}
	b.defaultFlow(el, n)
}

// local cuts the namespace prefix of a QName reference.
func local(ref string) string { return ref[strings.LastIndexByte(ref, ':')+1:] }

// defaultFlow finds the flow by its id among all nodes, because the flow may be linked after its gateway.
func (b *builder) defaultFlow(el *Element, n *node) {
	id := n.attr("default")
	if id == "" {
		return
	}
	target := b.nodes[id]
	if target == nil || !target.is("sequenceFlow") {
		b.missing(id, n)
		return
	}
	for _, f := range el.Outgoing {
		if f.ID == id {
			el.Default = f
		}
	}
	if el.Default == nil {
		el.Default = &Flow{ID: id} // filled in when the flow itself is linked
	}
}

func (b *builder) missing(id string, n *node) {
	b.schema(b.root.lastLine, n, "cvc-id.1: There is no ID/IDREF binding for IDREF '"+id+"'.")
}

func (b *builder) flow(scope *Element, n *node) {
	f := &Flow{Place: n.place(), ID: n.attr("id"), Name: n.attr("name")}
	f.Source, f.Target = b.end(n, "sourceRef"), b.end(n, "targetRef")
	if c := n.child("conditionExpression"); c != nil {
		f.Condition = &Text{c.place(), string(c.text)}
	}
	scope.Flows = append(scope.Flows, f)
	if f.Source != nil {
		f.Source.Outgoing = append(f.Source.Outgoing, f)
		if d := f.Source.Default; d != nil && d.ID == f.ID {
			f.Source.Default = f
		}
	}
	if f.Target != nil {
		f.Target.Incoming = append(f.Target.Incoming, f)
	}
}

func (b *builder) end(n *node, attr string) *Element {
	id := n.attr(attr)
	if b.nodes[id] == nil {
		b.missing(id, n)
	}
	return b.d.byID[id]
}

func readLoop(n *node) *Loop {
	l := &Loop{Place: n.place(), Sequential: n.attr("isSequential") == "true"}
	if c := n.child("completionCondition"); c != nil {
		l.Completion = &Text{c.place(), string(c.text)}
	}
	for _, c := range zeebeElements(n) {
		if c.name == "loopCharacteristics" {
			l.Zeebe, l.ZeebePlace = true, c.place()
			l.InputCollection, l.InputElement = c.attr("inputCollection"), c.attr("inputElement")
			l.OutputCollection, l.OutputElement = c.attr("outputCollection"), c.attr("outputElement")
		}
	}
	return l
}

func (b *builder) event(n *node) *Event {
	ev := &Event{Place: n.place(), Kind: EventKind(strings.TrimSuffix(n.name, "EventDefinition")), Link: n.attr("name")}
	ev.Message = b.messages[local(n.attr("messageRef"))]
	ev.Error = b.errors[local(n.attr("errorRef"))]
	ev.Signal = b.signals[local(n.attr("signalRef"))]
	ev.Escalation = b.escalations[local(n.attr("escalationRef"))]
	for _, c := range n.children {
		switch kind := TimerKind(c.name); kind {
		case TimeDate, TimeDuration, TimeCycle:
			ev.Timers = append(ev.Timers, Timer{Text{c.place(), string(c.text)}, kind})
		}
	}
	return ev
}
