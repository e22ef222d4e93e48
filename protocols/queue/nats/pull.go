package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"patchbay/protocols/queue"
)

const (
	// ownExpiry is how long the server keeps a consumer of a connector's own from
	// which nobody takes.
	ownExpiry = 7 * 24 * time.Hour
	// requestTime is how long the server keeps a request for messages, and
	// silentTime how long nothing at all may come.
	requestTime = 30 * time.Second
	silentTime  = 40 * time.Second
	// closeTime bounds the wait until the server has the last acknowledgements.
	closeTime = 2 * time.Second
	// closeDelay keeps the server from delivering what is given back to the
	// requests of a connection that is about to end.
	closeDelay = 50 * time.Millisecond
)

// pullConsumer is a queue.Consumer of mode jetStream. It asks the server for as
// many messages as there is room for, by the protocol of pull consumers itself
// (JetStream wire API, CONSUMER.MSG.NEXT): the library's own loops fetch ahead,
// and what lies in their buffers runs into the time for acknowledgements.
type pullConsumer struct {
	*connection
	sub  *natsgo.Subscription
	next string // subject of requests
	most int

	mu sync.Mutex
	// taken are the messages without an acknowledgement, by sequence, and asked
	// is how many more the server may send.
	taken map[uint64]*natsgo.Msg
	asked int
}

// pull opens the consumer, and creates it if need be.
func (p *Properties) pull(ctx context.Context, c *connection, own string) (queue.Consumer, error) {
	js, err := jetstream.New(c.Conn)
	if err != nil {
		return nil, err
	}
	stream := p.Stream
	if stream == "" {
		if stream, err = js.StreamNameBySubject(ctx, p.Subject); err != nil {
			return nil, fmt.Errorf("find the stream of %q: %w", p.Subject, err)
		}
	}
	name, err := p.durable(ctx, js, stream, own)
	if err != nil {
		return nil, fmt.Errorf("consumer of stream %q: %w", stream, err)
	}
	sub, err := c.SubscribeSync(c.NewInbox())
	if err != nil {
		return nil, err
	}
	return &pullConsumer{connection: c, sub: sub, next: "$JS.API.CONSUMER.MSG.NEXT." + stream + "." + name, most: p.Terms.MaxInFlight, taken: map[uint64]*natsgo.Msg{}}, nil
}

// durable returns the name of the consumer, once it is there.
func (p *Properties) durable(ctx context.Context, js jetstream.JetStream, stream, own string) (string, error) {
	wanted := p.config(own)
	found, err := js.Consumer(ctx, stream, wanted.Durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		found, err = js.CreateConsumer(ctx, stream, wanted)
	}
	if err != nil {
		return "", err
	}
	config := found.CachedInfo().Config
	if config.AckPolicy != jetstream.AckExplicitPolicy {
		return "", fmt.Errorf("%q has the acknowledgement policy %s; expected explicit", wanted.Durable, config.AckPolicy)
	}
	return wanted.Durable, nil
}

// config is that of a consumer which is created. One message at a time keeps the
// order, for all replicas together; otherwise they share a window with room for
// several of them.
func (p *Properties) config(own string) jetstream.ConsumerConfig {
	config := jetstream.ConsumerConfig{
		Durable: p.Consumer, FilterSubject: p.Subject, AckPolicy: jetstream.AckExplicitPolicy, AckWait: p.AckWait, DeliverPolicy: jetstream.DeliverNewPolicy,
		MaxAckPending: p.Terms.MaxInFlight,
	}
	if p.Terms.MaxInFlight > 1 {
		config.MaxAckPending = max(1000, 4*p.Terms.MaxInFlight)
	}
	if p.DeliverPolicy == "all" {
		config.DeliverPolicy = jetstream.DeliverAllPolicy
	}
	if config.Durable == "" {
		config.Durable, config.InactiveThreshold = "patchbay-"+own, ownExpiry
	}
	return config
}

// Next implements queue.Consumer.
func (c *pullConsumer) Next(ctx context.Context) (*queue.Delivery, error) {
	for {
		if err := c.request(); err != nil {
			return nil, c.gone(err)
		}
		m, err := c.receive(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, c.gone(err)
		}
		if status := m.Header.Get("Status"); status != "" && len(m.Data) == 0 && m.Reply == "" {
			if err := c.status(status, m.Header); err != nil {
				return nil, c.gone(err)
			}
			continue
		}
		return c.take(m)
	}
}

// receive waits for what the server sends; it answers each request in time, so
// silence means that it is not there.
func (c *pullConsumer) receive(ctx context.Context) (*natsgo.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, silentTime)
	defer cancel()
	return c.sub.NextMsgWithContext(ctx)
}

// request asks for more once half of the room is free.
func (c *pullConsumer) request() error {
	c.mu.Lock()
	room := c.most - len(c.taken) - c.asked
	if room < (c.most+1)/2 {
		room = 0
	}
	c.asked += room
	c.mu.Unlock()
	if room == 0 {
		return nil
	}
	body, err := json.Marshal(map[string]any{"batch": room, "expires": requestTime.Nanoseconds()})
	if err != nil {
		return err
	}
	return c.PublishRequest(c.next, c.sub.Subject, body)
}

// status reads what the server says of a request (ADR-13 of NATS).
func (c *pullConsumer) status(status string, header natsgo.Header) error {
	switch status {
	case "100": // a heartbeat
		return nil
	case "404", "408": // the request has ended
		left, err := strconv.Atoi(header.Get("Nats-Pending-Messages"))
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil || left > c.asked {
			left = c.asked
		}
		c.asked -= left
		return nil
	}
	return fmt.Errorf("the server ended the request: %s %s", status, header.Get("Description"))
}

// take keeps a message until it is acknowledged.
func (c *pullConsumer) take(m *natsgo.Msg) (*queue.Delivery, error) {
	about, err := m.Metadata()
	if err != nil {
		return nil, c.gone(err)
	}
	sequence := about.Sequence.Stream
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken == nil {
		return nil, queue.ErrDisconnected
	}
	c.taken[sequence] = m
	c.asked--
	d := &queue.Delivery{Message: incoming(m), ID: fmt.Sprintf("%s-%d", about.Stream, sequence), Attempt: attempt(about.NumDelivered), Tag: sequence}
	d.Properties = map[string]any{"stream": about.Stream, "sequence": int64(sequence), "timestamp": about.Timestamp.UTC().Format(time.RFC3339Nano)}
	return d, nil
}

// attempt is the server's count. It is not to be believed that a delivery is the
// first: nats-server 2.9 counts one back when it delivers to a connection that has
// gone.
func attempt(count uint64) int {
	if count == 1 {
		return 0
	}
	return int(count)
}

// gone is the error of a connection that has ended.
func (c *pullConsumer) gone(err error) error {
	return fmt.Errorf("%w: %s", queue.ErrDisconnected, plain(err))
}

// Ack implements queue.Consumer.
func (c *pullConsumer) Ack(_ context.Context, d *queue.Delivery) error {
	return c.settle(d, (*natsgo.Msg).Ack)
}

// Nack implements queue.Consumer.
func (c *pullConsumer) Nack(_ context.Context, d *queue.Delivery) error {
	return c.settle(d, (*natsgo.Msg).Nak)
}

func (c *pullConsumer) settle(d *queue.Delivery, answer func(*natsgo.Msg, ...natsgo.AckOpt) error) error {
	sequence := d.Tag.(uint64)
	c.mu.Lock()
	m := c.taken[sequence]
	delete(c.taken, sequence)
	c.mu.Unlock()
	if m == nil {
		return nil
	}
	err := answer(m)
	if err == nil {
		err = c.request() // Next may be waiting, without a request
	}
	if err != nil {
		return c.gone(err)
	}
	return nil
}

// Extend implements queue.Extender.
func (c *pullConsumer) Extend(_ context.Context, d *queue.Delivery) error {
	c.mu.Lock()
	m := c.taken[d.Tag.(uint64)]
	c.mu.Unlock()
	if m == nil {
		return nil
	}
	if err := m.InProgress(); err != nil {
		return c.gone(err)
	}
	return nil
}

// Close implements queue.Consumer. What was taken goes back at once, in its order,
// rather than when the time for its acknowledgement is over.
func (c *pullConsumer) Close() error {
	c.giveBack()
	if err := c.FlushTimeout(closeTime); err != nil && !errors.Is(err, natsgo.ErrConnectionClosed) {
		err = c.gone(err)
		c.connection.Close()
		return err
	}
	c.connection.Close()
	return nil
}

// giveBack gives back what was taken, and what the server sent after that.
func (c *pullConsumer) giveBack() {
	if c.sub.Drain() == nil && c.FlushTimeout(closeTime) == nil { // nothing more comes now
		for n, _, _ := c.sub.Pending(); n > 0; n-- {
			if m, err := c.sub.NextMsg(closeTime); err == nil {
				_ = m.NakWithDelay(closeDelay) // a status has nothing to answer to
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, sequence := range slices.Sorted(maps.Keys(c.taken)) {
		_ = c.taken[sequence].NakWithDelay(closeDelay) // otherwise its time runs out
	}
	c.taken = nil
}

var _ queue.Extender = (*pullConsumer)(nil)
