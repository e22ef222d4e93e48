package inbound

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"patchbay/engine/bpmn"
	"patchbay/engine/expr"
	"patchbay/engine/iso8601"
	"patchbay/engine/zeebe/source"
	"patchbay/protocols"
)

// The places of expressions in inbound elements. In FEEL the fields of the
// event are variables; in the result expression response is the whole event.
var (
	conditionSlot = expr.Slot{Name: propCondition, Dot: "the event", Yields: "true if the element is meant"}
	keySlot       = expr.Slot{Name: propKey, Dot: "the event", Yields: "the correlation key"}
	messageIDSlot = expr.Slot{Name: propMessageID, Dot: "the event", Yields: "the message id, or null for the listener's own"}
	resultSlot    = expr.Slot{Name: propResult, Dot: "the event", Yields: "an object of process variables, or null for none", Documents: true,
		Scope: []expr.Variable{{Name: "response", Doc: "the event as a whole"}}}
	nameSlot = expr.Slot{Name: "message name", Dot: "null", Yields: "the message's name, where it begins with ="}
	ttlSlot  = expr.Slot{Name: propTTL, Dot: "null", Yields: "an ISO 8601 duration, where it begins with ="}
	// propertySlot is any other property, whoever evaluates it.
	propertySlot = expr.Slot{Name: "property", Dot: "what the property is evaluated over", Yields: "the property's value, where it begins with ="}
)

// Slots are the slots of inbound connectors, whatever their protocol.
func Slots() []expr.Slot {
	return []expr.Slot{conditionSlot, keySlot, messageIDSlot, resultSlot, ttlSlot, nameSlot, propertySlot}
}

// finder finds inbound elements in BPMN files.
type finder struct{ programs *expr.Cache }

// find reads a process definition and returns its inbound elements in document
// order, those that are wrong too. The error is of the file as a whole.
func (f *finder) find(p source.Process, d source.Definition, xml []byte) ([]*element, error) {
	file, err := bpmn.Read(xml)
	if err != nil {
		return nil, err
	}
	for _, process := range file.Processes {
		if process.ID == p.ID {
			return f.elements(p, d, process), nil
		}
	}
	return nil, fmt.Errorf("the file has no process %q", p.ID)
}

// eligible are the types of elements that an event from outside can reach, and
// whether an instance waits there.
var eligible = map[bpmn.Type]bool{
	bpmn.TypeStartEvent:             false,
	bpmn.TypeIntermediateCatchEvent: true,
	bpmn.TypeBoundaryEvent:          true,
	bpmn.TypeReceiveTask:            true,
}

func (f *finder) elements(p source.Process, d source.Definition, process *bpmn.Process) []*element {
	var list []*element
	for _, x := range process.Elements {
		waits, ok := eligible[x.Type]
		if !ok {
			continue
		}
		properties := firstOfEach(x.Properties)
		if properties[propType] == "" {
			continue
		}
		e := &element{
			ElementRef: protocols.ElementRef{BpmnProcessID: p.ID, Version: d.Version, ProcessDefinitionKey: d.Key,
				ElementID: x.ID, ElementName: x.Name, ElementType: string(x.Type), TenantID: p.TenantID},
			processName: process.Name, inboundType: strings.TrimSpace(properties[propType]),
			template: x.Template, properties: properties, instance: waits,
		}
		e.err = f.complete(e, x)
		list = append(list, e)
	}
	return list
}

func firstOfEach(list []bpmn.Property) map[string]string {
	out := make(map[string]string, len(list))
	for _, p := range list {
		if _, taken := out[p.Name]; !taken {
			out[p.Name] = p.Value
		}
	}
	return out
}

// complete reads what the engine needs of an element, and reports what is wrong
// with it.
func (f *finder) complete(e *element, x *bpmn.Element) error {
	e.consume, e.synchronous = e.flag(propConsume), e.flag(propSynchronous)
	steps := []func(*element, *bpmn.Element) error{f.setPoint, f.setTTL, f.compile, checkNames, checkMode}
	var errs []error
	for _, step := range steps {
		if err := step(e, x); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// setPoint finds out what an event does at the element.
func (f *finder) setPoint(e *element, x *bpmn.Element) error {
	message, isMessage := messageOf(x)
	switch x.Type {
	case bpmn.TypeStartEvent:
		if !isMessage {
			e.point = startInstance
			return nil
		}
		e.point = startByMessage
		if x.Scope != nil && x.Scope.EventSubProcess() {
			// The instance that runs waits for it, like a boundary event.
			e.instance = true
			if e.property(propKey) != "" {
				e.point = continueByMessage
			}
		}
	case bpmn.TypeBoundaryEvent:
		e.point = continueByMessage
		if x.AttachedTo == nil {
			return errors.New("the boundary event is attached to nothing")
		}
		e.WaitsAt = x.AttachedTo.ID
	default:
		e.point = continueByMessage
		e.WaitsAt = gatewayBefore(x)
	}
	if !isMessage {
		return errors.New("the element waits for no message: an inbound connector needs a message event")
	}
	if e.point == continueByMessage && e.property(propKey) == "" {
		return fmt.Errorf("the property %s is missing: without it no instance can be found", propKey)
	}
	return f.setName(e, message)
}

// messageOf returns the message that an element waits for, nil when it names
// none; ok is false when it waits for none at all.
func messageOf(x *bpmn.Element) (m *bpmn.Message, ok bool) {
	if x.Type == bpmn.TypeReceiveTask {
		return x.Message, true
	}
	for _, event := range x.Events {
		if event.Kind == bpmn.EventMessage {
			return event.Message, true
		}
	}
	return nil, false
}

// gatewayBefore returns the event-based gateway that waits for a catch event.
func gatewayBefore(x *bpmn.Element) string {
	for _, flow := range x.Incoming {
		if flow.Source != nil && flow.Source.Type == bpmn.TypeEventBasedGateway {
			return flow.Source.ID
		}
	}
	return ""
}

// setName takes the message's name. An expression is evaluated here, once and
// without variables, so it has to do without them.
func (f *finder) setName(e *element, m *bpmn.Message) error {
	if m == nil {
		return errors.New("the message event names no message")
	}
	e.messageName = m.Name
	if expr.LanguageOf(m.Name) == expr.FEEL {
		v, err := f.constant(nameSlot, m.Name)
		if err != nil {
			return err
		}
		name, ok := v.(string)
		if !ok || name == "" {
			return fmt.Errorf("message name %q: expected an expression that yields a text without variables", m.Name)
		}
		e.messageName = name
	}
	if e.messageName == "" {
		return fmt.Errorf("message %q has no name", m.ID)
	}
	return nil
}

// constant evaluates an expression that sees nothing.
func (f *finder) constant(slot expr.Slot, text string) (any, error) {
	p, err := f.programs.Compile(slot, text)
	if err != nil {
		return nil, err
	}
	res, err := p.Eval(context.Background(), expr.Input{})
	return res.Value, err
}

const maxTTL = 10 * 365 * 24 * time.Hour

func (f *finder) setTTL(e *element, _ *bpmn.Element) error {
	text := e.property(propTTL)
	if text == "" {
		return nil
	}
	if expr.LanguageOf(text) == expr.FEEL {
		v, err := f.constant(ttlSlot, text)
		if err != nil {
			return err
		}
		text, _ = v.(string)
	}
	ttl, err := iso8601.ParseDuration(text)
	if err != nil || ttl < 0 || ttl > maxTTL {
		return fmt.Errorf("%s: expected an ISO 8601 duration, such as PT1H, but got %q", propTTL, e.properties[propTTL])
	}
	// A duration of nothing is no default, but the shortest that there is.
	e.ttl = max(ttl, time.Millisecond)
	return nil
}

// compile compiles the element's expressions.
func (f *finder) compile(e *element, _ *bpmn.Element) error {
	condition := e.property(propCondition)
	if condition == "" {
		condition = e.property(propOldCondition)
	}
	var errs []error
	for _, x := range []struct {
		to   **expr.Program
		slot expr.Slot
		text string
	}{
		{&e.condition, conditionSlot, condition},
		{&e.key, keySlot, e.property(propKey)},
		{&e.messageID, messageIDSlot, e.property(propMessageID)},
		{&e.result, resultSlot, e.property(propResult)},
	} {
		if x.text == "" {
			continue
		}
		p, err := f.programs.Compile(x.slot, x.text)
		if err != nil {
			errs = append(errs, err)
		}
		*x.to = p
	}
	return errors.Join(errs...)
}

// checkNames finds property names that make no object.
func checkNames(e *element, _ *bpmn.Element) error {
	_, err := nest(e.properties)
	return err
}

func checkMode(e *element, _ *bpmn.Element) error {
	switch mode := e.property(propMode); mode {
	case "", modeAuto:
		return nil
	case modeManual:
		if e.property(propModeID) == "" {
			return fmt.Errorf("%s is %s, but %s is missing", propMode, modeManual, propModeID)
		}
		return nil
	default:
		return fmt.Errorf("%s: expected %s or %s but got %q", propMode, modeAuto, modeManual, mode)
	}
}
