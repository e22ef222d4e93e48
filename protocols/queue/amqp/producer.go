package amqp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

// mostTries is how often a message is sent on channels that the broker closes
// for reasons that may lie in messages before it.
const mostTries = 3

// mostLanes is how many channels publications share: the broker works on each
// by itself.
const mostLanes = 4

// producer is the queue.Producer: one connection with a few lanes. A broker
// answers some mistakes, such as an exchange that does not exist, by closing the
// channel, which leaves the fate of whatever else was under way on it open. So a
// publication goes alone, on a lane of its own, until its route has been proven
// to work.
type producer struct {
	conn   *amqp.Connection
	shared []*lane
	next   atomic.Uint32
	single *lane
	turn   chan struct{} // has room for the one that goes alone
	proven routes
	gate   *gate
	work   sync.WaitGroup
}

// producer connects.
func (e *endpoint) producer(ctx context.Context, h protocols.Host) (queue.Producer, error) {
	conn, err := e.dial(ctx, h)
	if err != nil {
		return nil, err
	}
	p := &producer{conn: conn, turn: make(chan struct{}, 1), gate: newGate()}
	p.single = &lane{producer: p}
	for range mostLanes {
		p.shared = append(p.shared, &lane{producer: p})
	}
	blocked := conn.NotifyBlocked(make(chan amqp.Blocking, 1))
	p.work.Go(func() { p.gate.watch(blocked) })
	return p, nil
}

// Publish implements queue.Producer.
func (p *producer) Publish(ctx context.Context, m queue.Message) (map[string]any, error) {
	out, err := newOutgoing(m)
	if err != nil {
		return nil, err
	}
	if err := p.gate.pass(ctx); err != nil {
		return nil, err
	}
	if err := p.send(ctx, out); err != nil {
		return nil, err
	}
	return map[string]any{"statusResult": "success", "confirmed": true, "exchange": out.exchange, "routingKey": out.key, "messageId": out.MessageId}, nil
}

// send publishes with others, once the route is proven, else alone. A message
// whose channel was lost, perhaps by its own fault, goes alone then.
func (p *producer) send(ctx context.Context, out *outgoing) error {
	suspect := false
	for {
		if !suspect && p.proven.has(out) {
			err := p.shared[p.next.Add(1)%mostLanes].publish(ctx, out)
			if !errors.Is(err, errChannelLost) {
				return err
			}
			suspect = true
		}
		if sent, err := p.alone(ctx, out, suspect); sent {
			return err
		}
	}
}

// alone publishes when no other publication goes alone, unless the route has
// been proven meanwhile.
func (p *producer) alone(ctx context.Context, out *outgoing, suspect bool) (sent bool, err error) {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return true, late(ctx, "the broker's answer to another message is awaited", true)
	}
	defer func() { <-p.turn }()
	if !suspect && p.proven.has(out) {
		return false, nil
	}
	for range mostTries {
		if err = p.single.publish(ctx, out); !errors.Is(err, errChannelLost) {
			break
		}
	}
	switch {
	case err == nil:
		p.proven.add(out)
	case errors.Is(err, errChannelLost):
		err = &protocols.Error{Code: CodeDisconnected, Message: "publish: the broker closed the channel again and again before it confirmed the message; it may have it", Temporary: true, Cause: err}
	}
	return true, err
}

// Close implements queue.Producer.
func (p *producer) Close() error {
	hangUp(p.conn)
	p.work.Wait()
	return nil
}

// late is the error of a publication whose time is over.
func late(ctx context.Context, why string, unsent bool) error {
	return &protocols.Error{Code: queue.CodeTimeout, Message: "publish: " + why, Temporary: true, Unsent: unsent, Cause: ctx.Err()}
}

// routes remembers what could be published before, up to a bound. The zero value
// is ready.
type routes struct {
	mu    sync.RWMutex
	known map[route]bool
}

// route is what a broker checks of a publication before it looks for queues.
type route struct{ exchange, userID string }

const mostRoutes = 1000

func (r *routes) has(out *outgoing) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.known[route{out.exchange, out.UserId}]
}

func (r *routes) add(out *outgoing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil || len(r.known) >= mostRoutes {
		r.known = map[route]bool{}
	}
	r.known[route{out.exchange, out.UserId}] = true
}

func (r *routes) remove(out *outgoing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, route{out.exchange, out.UserId})
}

// gate keeps publications back while the broker reads none, because it is short
// of memory or disk space.
type gate struct {
	mu     sync.Mutex
	reason string
	open   chan struct{} // closed while the gate is open
}

func newGate() *gate {
	g := &gate{open: make(chan struct{})}
	close(g.open)
	return g
}

// watch follows what the broker says until the connection ends.
func (g *gate) watch(blocked <-chan amqp.Blocking) {
	shut := false
	for b := range blocked {
		if b.Active != shut {
			shut = b.Active
			g.set(shut, b.Reason)
		}
	}
	if shut {
		g.set(false, "") // whoever waits sees the connection's end
	}
}

func (g *gate) set(shut bool, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reason = reason; shut {
		g.open = make(chan struct{})
	} else {
		close(g.open)
	}
}

// pass waits until the gate is open.
func (g *gate) pass(ctx context.Context) error {
	g.mu.Lock()
	open, reason := g.open, g.reason
	g.mu.Unlock()
	select {
	case <-open:
		return nil
	case <-ctx.Done():
		return late(ctx, fmt.Sprintf("the broker takes no messages at present: %s", reason), true)
	}
}

var _ queue.Producer = (*producer)(nil)
