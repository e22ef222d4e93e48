package nats

import (
	"context"
	"errors"
	"fmt"
	"maps"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

// Subscription implements queue.Driver.
func (driver) Subscription(h protocols.InboundHost, properties any) (queue.Subscription, error) {
	p := properties.(*Properties)
	a, err := newAccount(h.Host, p.Servers, p.Authentication, p.ClientTLS)
	if err != nil {
		return queue.Subscription{}, err
	}
	open := func(ctx context.Context, c *connection) (queue.Consumer, error) { return p.listen(ctx, c, h.Activity) }
	if p.Mode == modeJetStream {
		open = func(ctx context.Context, c *connection) (queue.Consumer, error) { return p.pull(ctx, c, h.Name) }
	}
	sub := queue.Subscription{Address: a.address(p.Subject), Terms: p.Terms, Decode: decode,
		Open: func(ctx context.Context) (queue.Consumer, error) { return a.consumer(ctx, open) }}
	if target := p.Terms.DeadLetter; target != "" {
		sub.DeadLetter = func(_ context.Context, m queue.Message) (queue.Publication, error) {
			return a.publication(p.Mode, forwarded(m, target)), nil
		}
	}
	return sub, nil
}

func (a *account) consumer(ctx context.Context, open func(context.Context, *connection) (queue.Consumer, error)) (queue.Consumer, error) {
	c, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	consumer, err := open(ctx, c)
	if err != nil {
		c.Close()
		return nil, errors.New(plain(err))
	}
	return consumer, nil
}

// forwarded is a message on its way to another subject, without the headers that
// speak to the stream which it came from.
func forwarded(m queue.Message, target string) queue.Message {
	out := queue.Message{Target: target, Value: m.Value}
	for _, h := range m.Headers {
		if h.Name != jetstream.MsgIDHeader && h.Name != jetstream.ExpectedStreamHeader {
			out.Headers = append(out.Headers, h)
		}
	}
	return out
}

func decode(_ context.Context, m queue.Message) (any, error) {
	out := map[string]any{"subject": m.Target, "body": queue.Body(m.Value)}
	maps.Copy(out, m.Properties)
	if headers := queue.Headers(m.Headers); headers != nil {
		out["headers"] = headers
	}
	return map[string]any{"message": out}, nil
}

// coreConsumer is a queue.Consumer of mode core, which has no acknowledgements.
type coreConsumer struct {
	*connection
	sub  *natsgo.Subscription
	note protocols.Activity
}

func (p *Properties) listen(ctx context.Context, c *connection, note protocols.Activity) (queue.Consumer, error) {
	sub, err := c.QueueSubscribeSync(p.Subject, p.QueueGroup)
	if err != nil {
		return nil, err
	}
	if err := c.FlushWithContext(ctx); err != nil { // it listens once the server has read it
		return nil, err
	}
	if err := c.LastError(); errors.Is(err, natsgo.ErrPermissionViolation) {
		return nil, err
	}
	return &coreConsumer{c, sub, note}, nil
}

// Next implements queue.Consumer.
func (c *coreConsumer) Next(ctx context.Context) (*queue.Delivery, error) {
	for {
		m, err := c.sub.NextMsgWithContext(ctx)
		switch {
		case errors.Is(err, natsgo.ErrSlowConsumer):
			c.note.Note("WARNING", "Consumer", "messages were dropped, because they came faster than they are handled", nil)
			continue
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, fmt.Errorf("%w: %s", queue.ErrDisconnected, plain(err))
		}
		d := &queue.Delivery{Message: incoming(m)}
		if m.Reply != "" {
			d.Properties = map[string]any{"reply": m.Reply}
		}
		return d, nil
	}
}

// Ack and Nack implement queue.Consumer: nobody waits for them.
func (c *coreConsumer) Ack(context.Context, *queue.Delivery) error  { return nil }
func (c *coreConsumer) Nack(context.Context, *queue.Delivery) error { return nil }

// Close implements queue.Consumer.
func (c *coreConsumer) Close() error {
	c.connection.Close()
	return nil
}

var (
	_ queue.Driver   = driver{}
	_ queue.Consumer = (*coreConsumer)(nil)
	_ queue.Producer = (*producer)(nil)
)
