package inbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"patchbay/engine"
	"patchbay/engine/expr"
	"patchbay/engine/secret"
	"patchbay/engine/zeebe/source"
	"patchbay/protocols"
)

// Trial is one made-up event at the inbound element of a process that is
// deployed nowhere.
type Trial struct {
	// BPMN is the file and Process the id of its process, which has one inbound
	// element.
	BPMN    []byte
	Process string
	// Sample is the JSON object that the protocol makes the event of; see
	// protocols.Sampler.
	Sample []byte
	// Variables are those of the instance that waits at the element.
	Variables map[string]any
}

// TrialResult is every step of a Trial, secrets masked.
type TrialResult struct {
	// Input are the listener's properties, evaluated where that is done once.
	Input map[string]any
	// Exchanges are the requests that the listener made, such as a poll.
	Exchanges []protocols.Exchange
	// Events are what came of the sample: one, or as many as a poll has items;
	// the first hundred.
	Events []TrialEvent
	// Evaluations are those of all expressions over events, in order.
	Evaluations []Evaluation
	// Answer is what the event's sender would get; nil if none gets any.
	Answer *protocols.Answer
	// Activity is what operators would see.
	Activity []Entry
	// Err says why there is no event, or what became of the last one; nil if it
	// was taken. Reason is what lies below it, where it does not say that.
	Err    error
	Reason string
}

// TrialEvent is an event with what became of it.
type TrialEvent struct {
	// Value is what the expressions saw.
	Value   any
	Outcome Outcome
	// Command is what the workflow engine would have got; nil for nothing.
	Command *Command
}

// Command creates an instance, or publishes a message where it has a name.
type Command struct {
	MessageName, CorrelationKey, MessageID string
	// Variables is a JSON object.
	Variables map[string]any
}

// Evaluation is that of one expression.
type Evaluation struct {
	// Slot is the name of the property that holds the expression.
	Slot, Expression string
	// Value is what it yielded, unless Err tells what went wrong.
	Value    any
	Warnings []string
	Err      error
}

func evaluationOf(p *expr.Program, r expr.Result, err error) Evaluation {
	return Evaluation{Slot: p.Slot().Name, Expression: p.Source(), Value: r.Value, Warnings: r.Warnings, Err: err}
}

// mostTried bounds the events, evaluations and exchanges of a trial each.
const mostTried = 100

// trial is a Trial under way. It is for one goroutine, and takes the place of
// the workflow engine, which it knows all the answers of.
type trial struct {
	Trial
	x       *executable
	r       *run
	result  TrialResult
	command *Command
}

// Try takes the event as a Manager with these options would. Commands and
// waiting instances are made up, nothing is kept, and Sources, Gateway, Paths,
// Instances and Store of the options are not used. The error is of the file or
// of the element's protocol; what else is wrong is in the result.
func Try(ctx context.Context, o Options, t Trial) (*TrialResult, error) {
	try := &trial{Trial: t}
	o.Gateway, o.Instances, o.Store, o.Paths = try, try, nil, try
	m := NewManager(o)
	defer m.stop()
	g, err := try.group(m)
	if err != nil {
		return nil, err
	}
	p, err := m.protocol(g.lead())
	if err != nil {
		return nil, err
	}
	try.x = newExecutable(m, source.Process{ID: t.Process}, g, false)
	try.r = newRun(try.x, nil)
	defer try.r.cancel()
	try.r.told = try.evaluated
	if try.result.Err = g.err; g.err == nil {
		try.result.Err = try.sample(ctx, p)
	}
	return try.hidden(ctx), nil
}

func (t *trial) group(m *Manager) (*group, error) {
	elements, err := m.finder.find(source.Process{ID: t.Process}, source.Definition{Key: 1, Version: 1, Latest: true}, t.BPMN)
	if err != nil {
		return nil, err
	}
	for _, g := range groupElements(elements, m.scopeOf) {
		return g, nil
	}
	return nil, fmt.Errorf("process %q has no inbound element: none has the property %s", t.Process, propType)
}

// sample opens the listener and has it take the event.
func (t *trial) sample(ctx context.Context, p protocols.Protocol) error {
	properties, err := t.r.bound(ctx, p)
	if nested, _ := t.r.propertiesOf(ctx, t.x.group.Load().lead()); nested != nil {
		t.result.Input = nested
	}
	if err != nil {
		return err
	}
	host := t.r.host()
	host.Observe = t.observe
	listener, err := p.Inbound(host, properties)
	if err != nil {
		return err
	}
	if c, ok := listener.(io.Closer); ok {
		defer c.Close()
	}
	sampler, ok := listener.(protocols.Sampler)
	if !ok {
		return fmt.Errorf("the protocol %s takes no made-up events", p.Name)
	}
	t.result.Answer, err = sampler.Sample(ctx, t.Sample, t.handle)
	return t.why(ctx, err)
}

// why is the error of a sample: an answer that refuses its sender comes without
// one, and what failed has a code.
func (t *trial) why(ctx context.Context, err error) error {
	refused := t.result.Answer != nil && t.result.Answer.Status >= 400
	if notes := t.x.log.list(ctx); err == nil && refused && len(notes) > 0 {
		return errors.New(notes[len(notes)-1].Message)
	}
	var missing *secret.MissingError
	if errors.As(err, &missing) && missing.Hint != "" {
		t.result.Reason = missing.Hint
	}
	var call *protocols.Error
	if !errors.As(err, &call) {
		return err
	}
	if call.Cause != nil {
		t.result.Reason = strings.Join(strings.Fields(call.Cause.Error()), " ")
	}
	if call.Code != "" {
		return fmt.Errorf("%s: %w", call.Code, err)
	}
	return err
}

// handle is the listener's protocols.Handler.
func (t *trial) handle(ctx context.Context, e protocols.Event) (protocols.Correlation, error) {
	t.command = nil
	out, err := t.r.handle(ctx, e)
	if len(t.result.Events) < mostTried {
		t.result.Events = append(t.result.Events, TrialEvent{Value: e.Value, Outcome: outcomeOf(out, err), Command: t.command})
	}
	return out, err
}

func (t *trial) evaluated(e Evaluation) {
	if len(t.result.Evaluations) == mostTried {
		return
	}
	if e.Slot == propertySlot.Name {
		e.Slot = t.propertyOf(e.Expression)
	}
	t.result.Evaluations = append(t.result.Evaluations, e)
}

// propertyOf finds the property that an expression is of, which the listener
// has evaluated itself.
func (t *trial) propertyOf(expression string) string {
	found := propertySlot.Name
	for name, text := range t.x.group.Load().lead().properties {
		if strings.TrimSpace(text) == strings.TrimSpace(expression) && (found == propertySlot.Name || name < found) {
			found = name
		}
	}
	return found
}

func (t *trial) observe(e protocols.Exchange) {
	if len(t.result.Exchanges) < mostTried {
		t.result.Exchanges = append(t.result.Exchanges, engine.CopyExchange(e))
	}
}

// hidden returns the result with secrets masked.
func (t *trial) hidden(ctx context.Context) *TrialResult {
	r, m := &t.result, &t.x.masker
	object := func(v map[string]any) map[string]any { out, _ := m.Value(v).(map[string]any); return out }
	failure := func(err error) error {
		if err == nil {
			return nil
		}
		return errors.New(m.Text(err.Error()))
	}
	r.Input, r.Err, r.Reason, r.Activity = object(r.Input), failure(r.Err), m.Text(r.Reason), slices.Clone(t.x.log.list(ctx))
	engine.HideExchanges(m, r.Exchanges)
	for i := range r.Events {
		e := &r.Events[i]
		e.Value = m.Value(e.Value)
		if c := e.Command; c != nil {
			c.CorrelationKey, c.MessageID, c.Variables = m.Text(c.CorrelationKey), m.Text(c.MessageID), object(c.Variables)
		}
	}
	for i := range r.Evaluations {
		e := &r.Evaluations[i]
		e.Value, e.Err = m.Value(e.Value), failure(e.Err)
	}
	if a := r.Answer; a != nil {
		engine.HideHeaders(m, a.Header)
		a.Body = []byte(m.Text(string(a.Body)))
	}
	return r
}

var (
	_ Gateway             = (*trial)(nil)
	_ protocols.Instances = (*trial)(nil)
)
