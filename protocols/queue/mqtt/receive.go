package mqtt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"sync"

	"github.com/mochi-mqtt/server/v2/packets"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

// Subscription implements queue.Driver.
func (driver) Subscription(h protocols.InboundHost, properties any) (queue.Subscription, error) {
	p := properties.(*Properties)
	a, err := newAccount(h.Host, p.Servers, p.Version, p.ClientID, p.Authentication, p.ClientTLS)
	if err != nil {
		return queue.Subscription{}, err
	}
	if a.clientID == "" {
		a.clientID = stableID(h.Name)
	}
	s := &session{account: a, properties: p, done: map[uint16]bool{}}
	sub := queue.Subscription{Address: a.address(p.Topic), Terms: p.Terms, Decode: decode, Open: s.open}
	if target := p.Terms.DeadLetter; target != "" {
		publisher := *a
		publisher.clientID = "" // the session's is taken
		sub.DeadLetter = func(_ context.Context, m queue.Message) (queue.Publication, error) {
			return publisher.publication(forwarded(m, target)), nil
		}
	}
	return sub, nil
}

// stableID is the client id of a connector, one that every broker has to accept
// [MQTT-3.1.3-5].
func stableID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "patchbay" + hex.EncodeToString(sum[:])[:15]
}

// forwarded is a message on its way to another topic, where it is confirmed.
func forwarded(m queue.Message, target string) queue.Message {
	m.Target, m.Properties = target, maps.Clone(m.Properties)
	m.Properties[propertyQoS], m.Properties[propertyRetain] = 1, false
	return m
}

func decode(_ context.Context, m queue.Message) (any, error) {
	out := map[string]any{"topic": m.Target, "body": queue.Body(m.Value)}
	maps.Copy(out, m.Properties)
	if headers := queue.Headers(m.Headers); headers != nil {
		out["headers"] = headers
	}
	return map[string]any{"message": out}, nil
}

// consumer is a queue.Consumer.
type consumer struct {
	*client
	session *session
	// again are the messages that were given back: the protocol knows no such
	// thing, so they are handed out from here.
	again chan *queue.Delivery

	mu sync.Mutex
	// open are the messages whose acknowledgement has not been sent, as they came.
	open []*receipt
}

// receipt is a message that the broker waits for, and a delivery's tag.
type receipt struct {
	id      uint16
	qos     byte
	settled bool
}

// Next implements queue.Consumer.
func (c *consumer) Next(ctx context.Context) (*queue.Delivery, error) {
	for {
		if c.isEnded() {
			return nil, c.err
		}
		select {
		case d := <-c.again:
			return d, nil
		case pk := <-c.incoming:
			if d := c.take(pk); d != nil {
				return d, nil
			}
		case <-c.ended:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take makes a delivery of a packet; nil of one that was handled before.
func (c *consumer) take(pk packets.Packet) *queue.Delivery {
	r := &receipt{id: pk.PacketID, qos: pk.FixedHeader.Qos}
	d := &queue.Delivery{Message: incoming(pk), Tag: r}
	if r.qos == 0 {
		return d
	}
	c.session.mu.Lock()
	_, done := c.session.done[r.id]
	c.session.mu.Unlock()
	r.settled = r.qos == 2 && done
	c.mu.Lock()
	c.open = append(c.open, r)
	c.mu.Unlock()
	if !r.settled {
		return d
	}
	_ = c.flush() // an error ends the connection
	return nil
}

// Ack implements queue.Consumer. The acknowledgement is sent once all before it
// have been.
func (c *consumer) Ack(_ context.Context, d *queue.Delivery) error {
	r := d.Tag.(*receipt)
	if r.qos == 2 {
		c.session.mu.Lock()
		c.session.done[r.id] = false
		c.session.mu.Unlock()
	}
	c.mu.Lock()
	r.settled = true
	c.mu.Unlock()
	return c.flush()
}

// acknowledgements answer to a message, by its QoS.
var acknowledgements = [...]byte{1: packets.Puback, 2: packets.Pubrec}

// flush sends the acknowledgements that are due.
func (c *consumer) flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.open) > 0 && c.open[0].settled {
		r := c.open[0]
		c.open = c.open[1:]
		if r.qos == 2 {
			c.session.told(r.id)
		}
		if err := c.send(answer(acknowledgements[r.qos], r.id)); err != nil {
			return err
		}
	}
	if c.isEnded() {
		return c.err
	}
	return nil
}

// Nack implements queue.Consumer.
func (c *consumer) Nack(_ context.Context, d *queue.Delivery) error {
	if c.isEnded() {
		return c.err
	}
	c.again <- d // there is room for all that are out
	return nil
}

// Close implements queue.Consumer. It lets the exchanges of QoS 2 end, so that the
// broker delivers nothing of them to a process that does not know of them.
func (c *consumer) Close() error {
	if settled := c.session.settled(); settled != nil {
		await(settled, c.ended)
	}
	c.close()
	return nil
}

var (
	_ queue.Driver   = driver{}
	_ queue.Consumer = (*consumer)(nil)
	_ queue.Producer = producer{}
)
