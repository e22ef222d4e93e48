package nats

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

// publishTime bounds the wait for a confirmation.
const publishTime = 30 * time.Second

// Publication implements queue.Driver.
func (driver) Publication(_ context.Context, h protocols.Host, input any) (queue.Publication, error) {
	in := input.(*Input)
	a, err := newAccount(h, in.Servers, in.Authentication, in.ClientTLS)
	if err != nil {
		return queue.Publication{}, err
	}
	content, err := queue.JSON(in.Message.Value)
	if err != nil {
		return queue.Publication{}, &protocols.InputError{Path: "message.value", Message: err.Error(), Cause: err}
	}
	m := queue.Message{Target: in.Subject, Value: content, Headers: in.headers()}
	if in.Message.WaitForReply {
		m.Properties = map[string]any{replyTimeout: in.Message.ReplyTimeout}
	}
	return a.publication(in.Mode, m), nil
}

// replyTimeout is the property of a message that waits for a reply, and how long.
const replyTimeout = "replyTimeout"

// headers are the message's own, and those that JetStream reads.
func (in *Input) headers() (list []queue.Header) {
	add := func(name, value string) { list = append(list, queue.Header{Name: name, Value: []byte(value)}) }
	for _, name := range slices.Sorted(maps.Keys(in.Message.Headers)) {
		add(name, in.Message.Headers[name])
	}
	if in.Message.ID != "" {
		add(jetstream.MsgIDHeader, in.Message.ID)
	}
	if in.Stream != "" {
		add(jetstream.ExpectedStreamHeader, in.Stream)
	}
	return list
}

func (a *account) publication(mode string, m queue.Message) queue.Publication {
	return queue.Publication{Address: a.address(m.Target), Connection: queue.Digest(mode, a.digest), Message: m,
		Connect: func(ctx context.Context) (queue.Producer, error) { return a.producer(ctx, mode) }}
}

func (a *account) producer(ctx context.Context, mode string) (queue.Producer, error) {
	c, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	p := &producer{connection: c, send: c.tell}
	if mode == modeJetStream {
		js, err := jetstream.New(c.Conn)
		if err != nil {
			c.Close()
			return nil, err
		}
		p.send = func(ctx context.Context, m *natsgo.Msg) (map[string]any, error) { return store(ctx, js, m) }
	}
	return p, nil
}

// producer is a queue.Producer.
type producer struct {
	*connection
	// send publishes a message that expects no reply.
	send func(ctx context.Context, m *natsgo.Msg) (map[string]any, error)
}

// Publish implements queue.Producer.
func (p *producer) Publish(ctx context.Context, m queue.Message) (map[string]any, error) {
	if p.IsClosed() {
		return nil, ended()
	}
	send, wait := p.send, publishTime
	if timeout, ok := m.Properties[replyTimeout].(time.Duration); ok {
		send, wait = p.ask, timeout
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	receipt, err := send(ctx, outgoing(m))
	if err != nil {
		return nil, p.failure(m.Target, err)
	}
	receipt["subject"], receipt["confirmed"] = m.Target, true
	return receipt, nil
}

// Close implements queue.Producer.
func (p *producer) Close() error {
	p.connection.Close()
	return nil
}

// store publishes to a stream.
func store(ctx context.Context, js jetstream.JetStream, m *natsgo.Msg) (map[string]any, error) {
	ack, err := js.PublishMsg(ctx, m)
	if err != nil {
		return nil, err
	}
	return map[string]any{"stream": ack.Stream, "sequence": int64(ack.Sequence), "duplicate": ack.Duplicate}, nil
}

// tell publishes without anybody who answers. The server's PONG comes after it has
// read the message, and after its refusal if there is one.
func (c *connection) tell(ctx context.Context, m *natsgo.Msg) (map[string]any, error) {
	if err := c.PublishMsg(m); err != nil {
		return nil, err
	}
	if err := c.FlushWithContext(ctx); err != nil {
		return nil, err
	}
	return map[string]any{}, c.denied("Publish", m.Subject)
}

// ask publishes a request.
func (c *connection) ask(ctx context.Context, m *natsgo.Msg) (map[string]any, error) {
	reply, err := c.RequestMsgWithContext(ctx, m)
	if err != nil {
		return nil, err
	}
	answer := map[string]any{"subject": reply.Subject, "body": queue.Body(reply.Data)}
	if headers := queue.Headers(incoming(reply).Headers); headers != nil {
		answer["headers"] = headers
	}
	return map[string]any{"reply": answer}, nil
}

// denied returns the server's refusal of a subject, if that is the last thing that
// it complained of.
func (c *connection) denied(what, subject string) error {
	err := c.LastError()
	if err != nil && strings.Contains(err.Error(), fmt.Sprintf("for %s to %q", what, subject)) {
		return err
	}
	return nil
}

// outgoing is a message for the library.
func outgoing(m queue.Message) *natsgo.Msg {
	out := &natsgo.Msg{Subject: m.Target, Data: m.Value}
	if len(m.Headers) > 0 {
		out.Header = make(natsgo.Header, len(m.Headers))
	}
	for _, h := range m.Headers {
		out.Header[h.Name] = append(out.Header[h.Name], string(h.Value))
	}
	return out
}

// incoming is a message from the library. Headers come by name.
func incoming(m *natsgo.Msg) queue.Message {
	out := queue.Message{Target: m.Subject, Value: m.Data}
	for _, name := range slices.Sorted(maps.Keys(m.Header)) {
		for _, value := range m.Header[name] {
			out.Headers = append(out.Headers, queue.Header{Name: name, Value: []byte(value)})
		}
	}
	return out
}
