package inbound

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"patchbay/engine"
	"patchbay/engine/zeebe"
	"patchbay/protocols"
	"patchbay/protocols/value"
)

// Gateway takes the commands that events lead to. *zeebe.Client is one.
type Gateway interface {
	// CreateInstance starts an instance and does not wait for it.
	CreateInstance(ctx context.Context, n zeebe.NewInstance) (zeebe.Instance, error)
	// CreateInstanceWithResult starts an instance and waits for its end.
	CreateInstanceWithResult(ctx context.Context, n zeebe.NewInstance, variables ...string) (zeebe.Instance, error)
	// Publish publishes a message.
	Publish(ctx context.Context, m protocols.Message) (key int64, err error)
}

// reserved marks calls of functions in a connector's input; a variable that
// holds it could smuggle one into the next connector.
const reserved = "camunda.function.type"

// correlator does with events what the elements of a group say.
type correlator struct {
	gateway   Gateway
	ttl       time.Duration       // of messages without one of their own
	documents protocols.Documents // may be nil
	starts    *starts
	now       func() time.Time
}

// ttlOf is the time-to-live of an element's messages.
func (c *correlator) ttlOf(e *element) time.Duration { return cmp.Or(max(0, e.ttl), c.ttl) }

func rejected(code string, cause error, format string, args ...any) error {
	return &protocols.Rejected{Code: code, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// choose evaluates the activation conditions of all elements of a group and
// returns the one that is meant, or nil if none is and the event is to be
// dropped.
func choose(ctx context.Context, g *group, ev *event) (*element, error) {
	var met []*element
	results := map[string]bool{} // many versions have the same condition
	for _, e := range g.elements {
		ok, err := meets(ctx, e, ev, results)
		if err != nil {
			return nil, err
		}
		if ok {
			met = append(met, e)
		}
	}
	switch {
	case len(met) > 1:
		return newestOfSame(ctx, met, ev)
	case len(met) == 1:
		return met[0], nil
	case g.consumes():
		return nil, nil
	}
	return nil, rejected(protocols.CodeConditionNotMet, nil, "no activation condition is met")
}

func meets(ctx context.Context, e *element, ev *event, results map[string]bool) (bool, error) {
	if e.condition == nil {
		return true, nil
	}
	source := e.condition.Source()
	if met, done := results[source]; done {
		return met, nil
	}
	v, err := ev.eval(ctx, e.condition)
	if err != nil {
		return false, evaluation(ctx, e, err)
	}
	results[source] = v == true
	return v == true, nil
}

// newestOfSame returns the first of elements that all wait for the same message
// with the same key, as the versions of a process do; one message is for all of
// them. Any others are ambiguous.
func newestOfSame(ctx context.Context, met []*element, ev *event) (*element, error) {
	first := met[0]
	key, err := correlationKey(ctx, first, ev)
	if err != nil {
		return nil, err
	}
	for _, e := range met[1:] {
		if e.point != continueByMessage || first.point != continueByMessage || e.messageName != first.messageName {
			return nil, ambiguous(met)
		}
		if other, err := correlationKey(ctx, e, ev); err != nil || other != key {
			return nil, ambiguous(met)
		}
	}
	return first, nil
}

func ambiguous(met []*element) error {
	var names []string
	for _, e := range met {
		names = append(names, fmt.Sprintf("%s (version %d)", e.ElementID, e.Version))
	}
	return rejected(protocols.CodeInvalidInput, nil, "the activation conditions of several elements are met: %s", strings.Join(names, ", "))
}

// evaluation is the error of an expression: nothing that a repetition mends,
// unless it was the context that ended.
func evaluation(ctx context.Context, e *element, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return rejected(protocols.CodeInvalidInput, err, "element %s: %v", e.ElementID, err)
}

// correlationKey returns the key of the event's message. It is empty for plain
// starts, and may be for message starts.
func correlationKey(ctx context.Context, e *element, ev *event) (string, error) {
	if e.key == nil || e.point == startInstance {
		return "", nil
	}
	v, err := ev.eval(ctx, e.key)
	if err != nil {
		return "", evaluation(ctx, e, err)
	}
	key, ok, err := keyText(v)
	if err != nil {
		return "", rejected(protocols.CodeInvalidInput, err, "element %s: %s: %v", e.ElementID, propKey, err)
	}
	if !ok && e.point == continueByMessage {
		return "", rejected(protocols.CodeInvalidInput, nil, "element %s: no correlation key: %s yields null", e.ElementID, propKey)
	}
	return key, nil
}

// messageID returns the element's message id, else the listener's.
func messageID(ctx context.Context, e *element, ev *event, fallback string) (string, error) {
	if e.messageID == nil {
		return fallback, nil
	}
	v, err := ev.eval(ctx, e.messageID)
	if err != nil {
		return "", evaluation(ctx, e, err)
	}
	id, ok, err := keyText(v)
	if err != nil {
		return "", rejected(protocols.CodeInvalidInput, err, "element %s: %s: %v", e.ElementID, propMessageID, err)
	}
	if !ok || id == "" {
		return fallback, nil
	}
	return id, nil
}

// variables maps the event to the variables of the command.
func (c *correlator) variables(ctx context.Context, e *element, ev *event) (map[string]any, error) {
	out := map[string]any{}
	if name := e.property(propVariable); name != "" {
		out[name] = ev.value
	}
	if e.result == nil {
		return out, nil
	}
	res, err := ev.evalResult(ctx, e.result)
	if err != nil {
		return nil, evaluation(ctx, e, err)
	}
	v, err := engine.StoreDocuments(ctx, c.documents, res)
	if protocols.IsInputError(err) {
		return nil, evaluation(ctx, e, err)
	}
	if err != nil {
		return nil, fmt.Errorf("element %s: %w", e.ElementID, err)
	}
	object, ok := v.(map[string]any)
	if v != nil && !ok {
		return nil, rejected(protocols.CodeInvalidInput, nil, "element %s: %s: expected an object but got %s", e.ElementID, propResult, describe(v))
	}
	for name, v := range object {
		out[name] = v
	}
	return out, nil
}

// encode writes variables as JSON, within the limit of a command.
func encode(e *element, variables map[string]any) ([]byte, error) {
	if len(variables) == 0 {
		return nil, nil
	}
	data, err := value.Append(nil, variables)
	switch {
	case err != nil:
		return nil, rejected(protocols.CodeInvalidInput, err, "element %s: the variables are no JSON: %v", e.ElementID, err)
	case len(data) > engine.MaxVariables:
		return nil, rejected(protocols.CodeInvalidInput, nil, "element %s: the variables have %d bytes of JSON, more than the limit of %d: map only what the process needs", e.ElementID, len(data), engine.MaxVariables)
	case strings.Contains(string(data), reserved):
		return nil, rejected(protocols.CodeInvalidInput, nil, "element %s: the variables hold %q, which is reserved", e.ElementID, reserved)
	}
	return data, nil
}

// act maps the event and sends the command.
func (c *correlator) act(ctx context.Context, e *element, ev *event, in protocols.Event) (protocols.Correlation, error) {
	vars, err := c.variables(ctx, e, ev)
	if err != nil {
		return protocols.Correlation{}, err
	}
	data, err := encode(e, vars)
	if err != nil {
		return protocols.Correlation{}, err
	}
	if e.point != startInstance {
		return c.publish(ctx, e, ev, vars, in.MessageID)
	}
	if in.Delivery == protocols.DeliveredOnce {
		return c.create(ctx, e, data)
	}
	id, err := messageID(ctx, e, ev, in.MessageID)
	if err != nil {
		return protocols.Correlation{}, err
	}
	return c.createOnce(ctx, e, data, id, in.Delivery)
}

func (c *correlator) create(ctx context.Context, e *element, data []byte) (protocols.Correlation, error) {
	n := zeebe.NewInstance{ProcessID: e.BpmnProcessID, Version: e.Version, TenantID: e.TenantID, Variables: data}
	create := c.gateway.CreateInstance
	if e.synchronous {
		create = func(ctx context.Context, n zeebe.NewInstance) (zeebe.Instance, error) {
			return c.gateway.CreateInstanceWithResult(ctx, n)
		}
	}
	out := protocols.Correlation{Matched: true}
	i, err := withPatience(ctx, func() (zeebe.Instance, error) { return create(ctx, n) })
	if err != nil {
		return out, refused(err)
	}
	out.ProcessInstanceKey, out.TenantID = i.Key, tenantOf(i.TenantID, e)
	if e.synchronous {
		v, err := value.Decode(i.Variables)
		if err != nil && len(i.Variables) > 0 {
			return out, fmt.Errorf("read the result of process %q: %w", e.BpmnProcessID, err)
		}
		out.Variables, _ = v.(map[string]any)
	}
	return out, nil
}

func (c *correlator) publish(ctx context.Context, e *element, ev *event, vars map[string]any, fallback string) (protocols.Correlation, error) {
	key, err := correlationKey(ctx, e, ev)
	if err != nil {
		return protocols.Correlation{}, err
	}
	id, err := messageID(ctx, e, ev, fallback)
	if err != nil {
		return protocols.Correlation{}, err
	}
	m := protocols.Message{Name: e.messageName, CorrelationKey: key, ID: id, TenantID: e.TenantID, TTL: c.ttlOf(e), Variables: vars}
	out := protocols.Correlation{Matched: true, TenantID: e.TenantID}
	out.MessageKey, err = withPatience(ctx, func() (int64, error) { return c.gateway.Publish(ctx, m) })
	if codeOf(err) == "ALREADY_EXISTS" {
		out.Duplicate, err = true, nil
	}
	return out, refused(err)
}

func tenantOf(answered string, e *element) string {
	if answered != "" {
		return answered
	}
	return e.TenantID
}

// patience is how long a command waits before it is sent again.
var patience = []time.Duration{50 * time.Millisecond, 200 * time.Millisecond}

// withPatience sends a command again when the gateway for sure did nothing with
// it: it was not reached, or it refused because it is busy.
func withPatience[T any](ctx context.Context, send func() (T, error)) (T, error) {
	for _, pause := range patience {
		out, err := send()
		var e *zeebe.Error
		if err == nil || !errors.As(err, &e) || !e.Unreached && !busy(e) {
			return out, err
		}
		select {
		case <-ctx.Done():
			return out, err
		case <-time.After(pause):
		}
	}
	return send()
}

// busy reports whether the gateway refused because it has too much to do. A
// command over its limit of size has the same code.
func busy(e *zeebe.Error) bool {
	return e.Code == "RESOURCE_EXHAUSTED" && !e.TooLarge()
}

// final are the codes of commands that the workflow engine will never accept.
var final = map[string]bool{
	"INVALID_ARGUMENT": true, "NOT_FOUND": true, "ALREADY_EXISTS": true, "FAILED_PRECONDITION": true,
	"OUT_OF_RANGE": true, "UNIMPLEMENTED": true,
}

// refused turns a command's error into what a handler returns: a *Rejected when
// repeating it is of no use, else a *protocols.Error with the gRPC code.
func refused(err error) error {
	if err == nil {
		return nil
	}
	var input *protocols.InputError
	if errors.As(err, &input) {
		return rejected(protocols.CodeInvalidInput, err, "%v", err)
	}
	var e *zeebe.Error
	if !errors.As(err, &e) {
		return err
	}
	if final[e.Code] || e.Code == "RESOURCE_EXHAUSTED" && !busy(e) {
		return &protocols.Rejected{Code: e.Code, Message: e.Error(), Cause: err}
	}
	return &protocols.Error{Code: e.Code, Message: e.Error(), Temporary: true, Unsent: e.Unreached, Cause: err}
}

func codeOf(err error) string {
	var e *zeebe.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
