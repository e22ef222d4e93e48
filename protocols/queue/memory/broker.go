package memory

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

// The limits of one queue.
const (
	mostMessages = 100_000
	mostBytes    = 64 << 20
)

// CodeQueueFull is the code of a publication to a queue that is full.
const CodeQueueFull = "QUEUE_FULL"

// Broker has the queues. It is safe for concurrent use.
type Broker struct {
	mu     sync.Mutex
	queues map[string]*list
	seed   maphash.Seed
	// consumers are those that are open; restarts counts Restart.
	consumers map[*consumer]bool
	restarts  int
}

// list is one queue; Broker.mu guards it.
type list struct {
	name  string
	last  int64             // sequence number
	ready []*queue.Delivery // by sequence number
	bytes int
	count int           // ready and unacknowledged
	came  chan struct{} // closed when a message comes, then replaced
}

type brokerKey struct{}

// Shared returns the broker of a process; a nil Shared gives a new one.
func Shared(s *protocols.Shared) (*Broker, error) {
	b, err := s.Get(brokerKey{}, func() (any, error) { return NewBroker(), nil })
	if err != nil {
		return nil, err
	}
	return b.(*Broker), nil
}

// NewBroker returns one without queues.
func NewBroker() *Broker {
	return &Broker{queues: map[string]*list{}, seed: maphash.MakeSeed(), consumers: map[*consumer]bool{}}
}

// list returns a queue; b.mu is held.
func (b *Broker) list(name string) *list {
	q := b.queues[name]
	if q == nil {
		q = &list{name: name, came: make(chan struct{})}
		b.queues[name] = q
	}
	return q
}

// publish adds a message to its queue; b.mu is held.
func (b *Broker) publish(m queue.Message) (sequence int64, err error) {
	q := b.list(m.Target)
	if q.count >= mostMessages || q.bytes+len(m.Value) > mostBytes {
		return 0, &protocols.Error{Code: CodeQueueFull, Message: fmt.Sprintf("queue %q is full: it has %d messages of %d bytes", q.name, q.count, q.bytes), Temporary: true, Unsent: true}
	}
	q.last++
	m.Properties = map[string]any{"sequence": q.last}
	d := &queue.Delivery{Message: m, ID: fmt.Sprintf("%s-%d", q.name, q.last), Tag: q.last}
	if m.Key != nil {
		d.Lane = maphash.Bytes(b.seed, m.Key) | 1
	}
	q.count++
	q.bytes += len(m.Value)
	q.put(d)
	return q.last, nil
}

// put adds a message in the place of its number.
func (q *list) put(d *queue.Delivery) {
	at, _ := slices.BinarySearchFunc(q.ready, d.Tag.(int64), func(e *queue.Delivery, n int64) int { return int(e.Tag.(int64) - n) })
	q.ready = slices.Insert(q.ready, at, d)
	close(q.came)
	q.came = make(chan struct{})
}

// consumer is a queue.Consumer. Several share a queue's messages.
type consumer struct {
	broker *Broker
	list   *list
	// taken are the messages that it has not settled yet; nil once it is
	// closed. Broker.mu guards it.
	taken map[int64]*queue.Delivery
	end   chan struct{}
}

func (b *Broker) subscribe(name string) *consumer {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := &consumer{broker: b, list: b.list(name), taken: map[int64]*queue.Delivery{}, end: make(chan struct{})}
	b.consumers[c] = true
	return c
}

// Next implements queue.Consumer.
func (c *consumer) Next(ctx context.Context) (*queue.Delivery, error) {
	for {
		d, came, err := c.next()
		if d != nil || err != nil {
			return d, err
		}
		select {
		case <-came:
		case <-c.end:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *consumer) next() (d *queue.Delivery, came <-chan struct{}, err error) {
	c.broker.mu.Lock()
	defer c.broker.mu.Unlock()
	if c.taken == nil {
		return nil, nil, queue.ErrDisconnected
	}
	q := c.list
	if len(q.ready) == 0 {
		return nil, q.came, nil
	}
	d = q.ready[0]
	q.ready = q.ready[1:]
	again := *d
	again.Attempt++
	c.taken[again.Tag.(int64)] = &again
	return &again, nil, nil
}

// settle takes a message out of those that wait for it.
func (c *consumer) settle(d *queue.Delivery, then func()) error {
	c.broker.mu.Lock()
	defer c.broker.mu.Unlock()
	if c.taken == nil {
		return queue.ErrDisconnected
	}
	number := d.Tag.(int64)
	if c.taken[number] == nil {
		return nil
	}
	delete(c.taken, number)
	then()
	return nil
}

// Ack implements queue.Consumer.
func (c *consumer) Ack(_ context.Context, d *queue.Delivery) error {
	return c.settle(d, func() {
		c.list.count--
		c.list.bytes -= len(d.Value)
	})
}

// Nack implements queue.Consumer.
func (c *consumer) Nack(_ context.Context, d *queue.Delivery) error {
	return c.settle(d, func() { c.list.put(d) })
}

// Close implements queue.Consumer.
func (c *consumer) Close() error {
	c.broker.mu.Lock()
	defer c.broker.mu.Unlock()
	c.disconnect()
	return nil
}

// disconnect gives back what was taken; Broker.mu is held.
func (c *consumer) disconnect() {
	if c.taken == nil {
		return
	}
	delete(c.broker.consumers, c)
	for _, d := range c.taken {
		c.list.put(d)
	}
	c.taken = nil
	close(c.end)
}

// Restart ends all connections, as a broker does that is started again. The
// queues stay.
func (b *Broker) Restart() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.restarts++
	for c := range b.consumers {
		c.disconnect()
	}
}

// producer is a queue.Producer.
type producer struct {
	broker   *Broker
	restarts int
}

func (b *Broker) producer() *producer {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &producer{b, b.restarts}
}

// Publish implements queue.Producer.
func (p *producer) Publish(_ context.Context, m queue.Message) (map[string]any, error) {
	p.broker.mu.Lock()
	defer p.broker.mu.Unlock()
	if p.restarts != p.broker.restarts {
		return nil, &protocols.Error{Message: "the broker was started again", Temporary: true, Unsent: true, Cause: queue.ErrDisconnected}
	}
	sequence, err := p.broker.publish(m)
	if err != nil {
		return nil, err
	}
	return map[string]any{"queue": m.Target, "sequence": sequence, "confirmed": true}, nil
}

// Close implements queue.Producer.
func (p *producer) Close() error { return nil }
