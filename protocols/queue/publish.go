package queue

import (
	"context"
	"errors"
	"fmt"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
	"patchbay/protocols/value"
)

// outbound publishes for jobs.
type outbound struct {
	broker Broker
	host   protocols.Host
	wire   wire
	pool   *pool
}

func newOutbound(b Broker, h protocols.Host) *outbound {
	o := &outbound{broker: b, host: httpx.Guarded(h.WithDefaults()), pool: newPool()}
	o.wire = newWire(o.host, o.send)
	return o
}

// Close closes the connections.
func (o *outbound) Close() error { return o.pool.Close() }

// Execute publishes one message and returns what the broker confirmed.
func (o *outbound) Execute(ctx context.Context, call protocols.Call) (protocols.Output, error) {
	p, err := o.broker.Driver.Publication(ctx, o.host, call.Input)
	if err != nil {
		return protocols.Output{}, err
	}
	receipt, err := o.publish(ctx, p, call)
	if err != nil {
		return protocols.Output{}, err
	}
	return protocols.Output{Value: receipt}, nil
}

// publish sends a publication and tells the call's observer.
func (o *outbound) publish(ctx context.Context, p Publication, call protocols.Call) (receipt any, err error) {
	if size := int64(len(p.Message.Value)); size > o.host.Limits.RequestBody {
		return nil, &protocols.InputError{Message: fmt.Sprintf("publish to %s: the message has %d bytes, more than the limit of %d", p.Address, size, o.host.Limits.RequestBody)}
	}
	started := o.host.Now()
	receipt, err = o.wire.send(ctx, p)
	if err != nil {
		err = failure(p, err)
	}
	if call.Observe != nil {
		call.Observe(exchanged(p, receipt, err, started, o.host.Now().Sub(started)))
	}
	return receipt, err
}

// send publishes over a pooled connection. A connection that turns out to have
// ended before the message was sent is replaced once.
func (o *outbound) send(ctx context.Context, p Publication) (map[string]any, error) {
	for again := false; ; again = true {
		c, err := o.pool.get(ctx, p.Connection, p.Connect)
		if err != nil {
			return nil, err
		}
		receipt, err := c.producer.Publish(ctx, p.Message)
		gone := errors.Is(err, ErrDisconnected)
		o.pool.put(c, gone)
		if !gone || again || !unsent(err) {
			return receipt, err
		}
	}
}

func unsent(err error) bool {
	var e *protocols.Error
	return errors.As(err, &e) && e.Unsent
}

// failure makes a protocol's error of one that a driver did not name, and tells
// a call's end from the broker's.
func failure(p Publication, err error) error {
	var known *protocols.Error
	if protocols.IsInputError(err) || errors.As(err, &known) {
		return err
	}
	code := ""
	if errors.Is(err, context.DeadlineExceeded) {
		code = CodeTimeout
	}
	return &protocols.Error{Code: code, Message: fmt.Sprintf("publish to %s: %s", p.Address, err), Temporary: true, Cause: err}
}

// CodeTimeout is the code of a publication that the broker did not confirm in
// time. It may have the message.
const CodeTimeout = "TIMEOUT"

// codes are those that any driver's publications may fail with.
var codes = []protocols.Named{{Name: CodeTimeout, Doc: "The broker did not confirm the message in time; it may have it."}}

// The codes of brokers that have no names of their own for what went wrong.
const (
	CodeConnection     = "CONNECTION_FAILED"
	CodeAuthentication = "AUTHENTICATION_FAILED"
	CodePermission     = "PERMISSION_DENIED"
	CodeTooLarge       = "MESSAGE_TOO_LARGE"
	CodeRefused        = "REFUSED"
)

// ConnectionCodes returns them with their meaning.
func ConnectionCodes() []protocols.Named {
	return []protocols.Named{
		{Name: CodeConnection, Doc: "The broker cannot be reached, or the connection ended before the confirmation."},
		{Name: CodeAuthentication, Doc: "The broker does not accept the credentials."},
		{Name: CodePermission, Doc: "The account may not publish there."},
		{Name: CodeTooLarge, Doc: "The message is larger than the broker allows."},
		{Name: CodeRefused, Doc: "The broker refuses the message for another reason, which is in the text."},
	}
}

// JSON returns a publication's content as a service task gives it: text as it
// is, anything else as JSON.
func JSON(v any) ([]byte, error) {
	if text, ok := v.(string); ok {
		return []byte(text), nil
	}
	return value.Append(nil, v)
}
