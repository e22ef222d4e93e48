// Package amqptest is a small broker inside the process that speaks AMQP 0-9-1,
// for tests: direct exchanges and the default exchange, queues, publisher
// confirms, returns, prefetch, acknowledgement and redelivery. It keeps messages
// in memory, answers mistakes with RabbitMQ's codes, and knows one account and
// the virtual host "/".
package amqptest

import (
	"net"
	"slices"
	"sync"
	"testing"
)

// The account.
const (
	User     = "patchbay"
	Password = "p@ss/word"
)

// Broker is a broker. It is safe for concurrent use.
type Broker struct {
	listener net.Listener
	work     sync.WaitGroup

	mu        sync.Mutex
	conns     map[*conn]bool
	queues    map[string]*queue
	exchanges map[string]map[string][]*queue // by name, then by routing key
	closed    bool
}

// queue is one queue; Broker.mu guards it.
type queue struct {
	name      string
	last      uint64
	ready     []*message // by number
	consumers []*consumer
}

type message struct {
	number        uint64
	exchange, key string
	properties    []byte // of the header frame, as they came
	body          []byte
	redelivered   bool
}

// consumer is one subscription; Broker.mu guards it.
type consumer struct {
	channel *channel
	tag     string
	queue   *queue
	most    int // prefetch; 0 for any number
	unacked int
}

// Start starts a broker for the time of the test.
func Start(t testing.TB) *Broker {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &Broker{listener: listener, conns: map[*conn]bool{}, queues: map[string]*queue{}, exchanges: map[string]map[string][]*queue{}}
	b.work.Go(b.accept)
	t.Cleanup(b.close)
	return b
}

// URI is where the broker is, with the account.
func (b *Broker) URI() string { return "amqp://patchbay:p%40ss%2Fword@" + b.listener.Addr().String() }

func (b *Broker) accept() {
	for {
		raw, err := b.listener.Accept()
		if err != nil {
			return
		}
		c := newConn(b, raw)
		b.mu.Lock()
		if b.closed {
			_ = raw.Close()
		} else {
			b.conns[c] = true
			b.work.Go(c.write)
			b.work.Go(c.serve)
		}
		b.mu.Unlock()
	}
}

func (b *Broker) close() {
	_ = b.listener.Close()
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.Disconnect()
	b.work.Wait()
}

// Disconnect breaks all connections, as a broker does that is started again.
func (b *Broker) Disconnect() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.conns {
		_ = c.raw.Close()
	}
}

// Declare makes a queue.
func (b *Broker) Declare(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.declare(name)
}

func (b *Broker) declare(name string) *queue {
	if b.queues[name] == nil {
		b.queues[name] = &queue{name: name}
	}
	return b.queues[name]
}

// Bind makes a direct exchange, and binds a queue to it by a routing key.
func (b *Broker) Bind(exchange, key, target string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.exchanges[exchange] == nil {
		b.exchanges[exchange] = map[string][]*queue{}
	}
	b.exchanges[exchange][key] = append(b.exchanges[exchange][key], b.declare(target))
}

// Delete deletes a queue with its messages; its consumers are cancelled.
func (b *Broker) Delete(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.queues[name]
	if q == nil {
		return
	}
	delete(b.queues, name)
	for _, c := range q.consumers {
		c.channel.send(basicCancel, short(c.tag), byte(1))
		delete(c.channel.consumers, c.tag)
	}
	for _, keys := range b.exchanges {
		for key, bound := range keys {
			keys[key] = slices.DeleteFunc(bound, func(other *queue) bool { return other == q })
		}
	}
}

// Count is how many messages of a queue no consumer has.
func (b *Broker) Count(name string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if q := b.queues[name]; q != nil {
		return len(q.ready)
	}
	return 0
}

// route returns the queues of a message, and whether the exchange exists; mu is
// held.
func (b *Broker) route(exchange, key string) (list []*queue, known bool) {
	if exchange == "" {
		if q := b.queues[key]; q != nil {
			list = []*queue{q}
		}
		return list, true
	}
	keys, known := b.exchanges[exchange]
	return keys[key], known
}

// put adds a message in the place of its number and hands out what it can; the
// broker's mu is held.
func (q *queue) put(m *message) {
	if m.number == 0 {
		q.last++
		m.number = q.last
	}
	at, _ := slices.BinarySearchFunc(q.ready, m.number, func(other *message, n uint64) int { return int(int64(other.number) - int64(n)) })
	q.ready = slices.Insert(q.ready, at, m)
	q.deliver()
}

// deliver gives messages to consumers by turns; the broker's mu is held.
func (q *queue) deliver() {
	for len(q.ready) > 0 {
		i := slices.IndexFunc(q.consumers, func(c *consumer) bool { return c.most == 0 || c.unacked < c.most })
		if i < 0 {
			return
		}
		c := q.consumers[i]
		q.consumers = append(slices.Delete(q.consumers, i, i+1), c)
		m := q.ready[0]
		q.ready = q.ready[1:]
		c.take(m)
	}
}

// remove takes a consumer off its queue; the broker's mu is held.
func (c *consumer) remove() {
	c.queue.consumers = slices.DeleteFunc(c.queue.consumers, func(other *consumer) bool { return other == c })
}
