package amqptest

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// channel is one channel of a connection; Broker.mu guards it.
type channel struct {
	conn      *conn
	id        uint16
	closing   bool // an error was told; everything but the answer is ignored
	confirm   bool
	published uint64 // in confirm mode
	prefetch  int
	consumers map[string]*consumer
	delivered uint64
	unacked   map[uint64]held

	// What is being published, until its body is complete.
	incoming  *message
	mandatory bool
	missing   uint64
}

// held is a message that a consumer has not acknowledged.
type held struct {
	consumer *consumer
	message  *message
}

func newChannel(c *conn, id uint16) *channel {
	return &channel{conn: c, id: id, consumers: map[string]*consumer{}, unacked: map[uint64]held{}}
}

func (ch *channel) send(m method, arguments ...any) { ch.conn.send(ch.id, m, arguments...) }

// end removes the consumers and gives back what they had.
func (ch *channel) end() {
	for _, c := range ch.consumers {
		c.remove()
	}
	ch.consumers = map[string]*consumer{}
	ch.settle(0, true, true)
}

// fail closes the channel with an error.
func (ch *channel) fail(code uint16, m method, format string, args ...any) {
	ch.end()
	ch.closing = true
	ch.send(channelClose, code, short(fmt.Sprintf(format, args...)), m.class, m.number)
}

func (ch *channel) handle(f frame) {
	switch {
	case f.kind == frameMethod:
		ch.call(f)
	case ch.incoming == nil || ch.closing:
	case f.kind == frameHeader && len(f.payload) >= 12:
		ch.missing = binary.BigEndian.Uint64(f.payload[4:])
		ch.incoming.properties = f.payload[12:]
	case f.kind == frameBody:
		ch.incoming.body = append(ch.incoming.body, f.payload...)
		ch.missing -= min(ch.missing, uint64(len(f.payload)))
	}
	if ch.incoming != nil && ch.incoming.properties != nil && ch.missing == 0 {
		ch.publish()
	}
}

func (ch *channel) call(f frame) {
	a := arguments(f.payload)
	m := method{a.word(), a.word()}
	switch {
	case m == channelCloseOk:
		delete(ch.conn.channels, ch.id)
	case m == channelClose:
		ch.end()
		delete(ch.conn.channels, ch.id)
		ch.send(channelCloseOk)
	case ch.closing:
	case m == confirmSelect:
		ch.confirm = true
		ch.send(confirmSelectOk)
	case m == basicQos:
		_ = a.take(4)
		ch.prefetch = int(a.word())
		ch.send(basicQosOk)
	case m == basicPublish:
		_ = a.word()
		ch.incoming = &message{exchange: a.short(), key: a.short()}
		ch.mandatory = a.octet()&1 != 0
	case m == basicConsume:
		_ = a.word()
		ch.consume(a.short(), a.short())
	case m == basicAck:
		ch.settle(a.tag(), a.octet() != 0, false)
	case m == basicReject:
		ch.settle(a.tag(), false, a.octet()&1 != 0)
	case m == basicNack:
		tag, flags := a.tag(), a.octet()
		ch.settle(tag, flags&1 != 0, flags&2 != 0)
	default:
		ch.fail(540, m, "NOT_IMPLEMENTED - the test broker does not know method %d.%d", m.class, m.number)
	}
}

// publish routes a message that is complete.
func (ch *channel) publish() {
	m := ch.incoming
	ch.incoming = nil
	queues, known := ch.conn.broker.route(m.exchange, m.key)
	if !known {
		ch.fail(404, basicPublish, "NOT_FOUND - no exchange '%s' in vhost '/'", m.exchange)
		return
	}
	if len(queues) == 0 && ch.mandatory {
		ch.send(basicReturn, uint16(312), short("NO_ROUTE"), short(m.exchange), short(m.key))
		ch.conn.push(content(ch.id, m)...)
	}
	for _, q := range queues {
		own := *m
		q.put(&own)
	}
	if ch.confirm {
		ch.published++
		ch.send(basicAck, ch.published, byte(0))
	}
}

func (ch *channel) consume(name, tag string) {
	q := ch.conn.broker.queues[name]
	if q == nil {
		ch.fail(404, basicConsume, "NOT_FOUND - no queue '%s' in vhost '/'", name)
		return
	}
	c := &consumer{channel: ch, tag: tag, queue: q, most: ch.prefetch}
	ch.consumers[tag] = c
	q.consumers = append(q.consumers, c)
	ch.send(basicConsumeOk, short(tag))
	q.deliver()
}

// take delivers a message.
func (c *consumer) take(m *message) {
	ch := c.channel
	ch.delivered++
	c.unacked++
	ch.unacked[ch.delivered] = held{c, m}
	redelivered := byte(0)
	if m.redelivered {
		redelivered = 1
	}
	ch.send(basicDeliver, short(c.tag), ch.delivered, redelivered, short(m.exchange), short(m.key))
	ch.conn.push(content(ch.id, m)...)
}

// settle ends deliveries up to a tag, 0 for all, or one; requeue puts the
// messages back in their places.
func (ch *channel) settle(tag uint64, multiple, requeue bool) {
	var tags []uint64
	for t := range ch.unacked {
		if t == tag || multiple && (tag == 0 || t < tag) {
			tags = append(tags, t)
		}
	}
	slices.Sort(tags)
	for _, t := range tags {
		h := ch.unacked[t]
		delete(ch.unacked, t)
		h.consumer.unacked--
		if requeue {
			h.message.redelivered = true
			h.consumer.queue.put(h.message)
		} else {
			h.consumer.queue.deliver()
		}
	}
}
