package amqp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"patchbay/protocols"
)

// mostUnconfirmed bounds the publications under way on one channel.
const mostUnconfirmed = 256

// errChannelLost is the error of a publication whose channel was closed while
// others were under way on it: which of them was to blame is not known. It never
// leaves the producer.
var errChannelLost = errors.New("the channel was closed")

// lane has a channel, and opens another one when the broker has closed it.
type lane struct {
	producer *producer
	mu       sync.Mutex
	latest   *opening
}

// opening is a channel, or one that is being opened: a broker that takes no
// messages at present does not answer that either.
type opening struct {
	done    chan struct{} // closed once channel or err is set
	channel *channel
	err     error
}

// publish returns nil once the broker has confirmed a message.
func (l *lane) publish(ctx context.Context, out *outgoing) error {
	o := l.open()
	select {
	case <-o.done:
	case <-ctx.Done():
		return late(ctx, "the broker does not open a channel", true)
	}
	if o.err != nil {
		return o.err
	}
	return o.channel.publish(ctx, out)
}

func (l *lane) open() *opening {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.latest == nil || l.latest.over() {
		o := &opening{done: make(chan struct{})}
		l.latest = o
		l.producer.work.Go(func() { // until the connection ends at the latest
			defer close(o.done)
			o.channel, o.err = l.producer.channel()
		})
	}
	return l.latest
}

// over reports whether another channel has to be opened.
func (o *opening) over() bool {
	select {
	case <-o.done:
		return o.err != nil || o.channel.amqp.IsClosed()
	default:
		return false
	}
}

// channel is an AMQP channel in confirm mode.
type channel struct {
	producer *producer
	amqp     *amqp.Channel
	closed   chan *amqp.Error
	slots    chan struct{} // has an entry for each publication under way
	// returns takes what the broker could not route. It does so before it
	// confirms the message, so that whoever sees the confirmation finds it
	// here. It has room for all that are under way.
	returns chan amqp.Return

	mu sync.Mutex
	// underWay are publications by message id, in their order.
	underWay map[string][]*sending
	count    int
	end      *ending
}

// sending is a publication under way; channel.mu guards it.
type sending struct {
	*outgoing
	returned *amqp.Return
}

// ending is how a channel ended; channel.mu guards it.
type ending struct {
	why *amqp.Error // nil if nobody said why
	// alone means that a single publication was under way.
	alone bool
}

func (p *producer) channel() (*channel, error) {
	ch, err := p.conn.Channel()
	if err != nil {
		return nil, p.unopened(err)
	}
	if err := ch.Confirm(false); err != nil {
		_ = ch.Close()
		return nil, p.unopened(err)
	}
	return &channel{producer: p, amqp: ch, closed: ch.NotifyClose(make(chan *amqp.Error, 1)), slots: make(chan struct{}, mostUnconfirmed),
		returns: ch.NotifyReturn(make(chan amqp.Return, mostUnconfirmed)), underWay: map[string][]*sending{}}, nil
}

func (p *producer) unopened(err error) error {
	var known *amqp.Error
	errors.As(err, &known)
	if p.conn.IsClosed() {
		return lost(known, true)
	}
	return &protocols.Error{Code: codeOf(err), Message: "open a channel: " + describe(err), Temporary: true, Unsent: true, Cause: err}
}

func (c *channel) publish(ctx context.Context, out *outgoing) error {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return late(ctx, "the broker has not confirmed the messages before it", true)
	}
	s := c.enter(out)
	confirmation, err := c.amqp.PublishWithDeferredConfirm(out.exchange, out.key, out.mandatory, false, out.Publishing)
	if err != nil {
		return c.unsent(s, err)
	}
	select {
	case <-confirmation.Done():
		return c.settle(s, confirmation.Acked())
	case <-ctx.Done():
		c.producer.work.Go(func() { // the connection's end closes Done too
			<-confirmation.Done()
			_ = c.settle(s, false)
		})
		return late(ctx, "the broker did not confirm the message in time; it may have it", false)
	}
}

func (c *channel) enter(out *outgoing) *sending {
	s := &sending{outgoing: out}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.underWay[out.MessageId] = append(c.underWay[out.MessageId], s)
	c.count++
	return s
}

// leave takes a publication off the list; mu is held.
func (c *channel) leave(s *sending) {
	list := c.underWay[s.MessageId]
	list = slices.DeleteFunc(list, func(other *sending) bool { return other == s })
	if len(list) == 0 {
		delete(c.underWay, s.MessageId)
	} else {
		c.underWay[s.MessageId] = list
	}
	c.count--
	<-c.slots
}

// unsent ends a publication that could not be written. The client's library says
// so with ErrClosed if the channel had ended before; what else it says leaves
// open how much got through.
func (c *channel) unsent(s *sending, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.leave(s)
	if !errors.Is(err, amqp.ErrClosed) {
		return lost(&amqp.Error{Reason: err.Error()}, false)
	}
	if c.producer.conn.IsClosed() {
		return lost(nil, true)
	}
	return errChannelLost
}

// settle ends a publication that the broker has confirmed or refused, or whose
// channel has ended.
func (c *channel) settle(s *sending, acked bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.leave(s)
	c.drain()
	switch {
	case s.returned != nil:
		return unroutable(s)
	case !acked && c.amqp.IsClosed():
		return c.fate(s)
	case !acked:
		return &protocols.Error{Code: CodeNacked, Message: fmt.Sprintf("the broker did not take the message for exchange %q with routing key %q: a queue is full, or a node is in trouble", s.exchange, s.key), Temporary: true}
	}
	return nil
}

// fate is what became of a publication whose channel has ended; mu is held.
func (c *channel) fate(s *sending) error {
	end := c.ended()
	r := reply(end.why)
	switch {
	case c.producer.conn.IsClosed() || r == nil:
		return lost(end.why, false)
	case !end.alone:
		return errChannelLost
	}
	c.producer.proven.remove(s.outgoing)
	return &protocols.Error{Code: replies[r.Code], Message: "publish: " + describe(r), Temporary: passing[r.Code], Unsent: true, Cause: r}
}

// ended returns how the channel ended, as the first to ask saw it; mu is held.
func (c *channel) ended() ending {
	if c.end == nil {
		c.end = &ending{alone: c.count == 1}
		select {
		case c.end.why = <-c.closed:
		default:
		}
	}
	return *c.end
}

// drain gives what the broker returned to those that published it; mu is held.
// Of several with the same message id the first that fits gets it.
func (c *channel) drain() {
	for {
		select {
		case r, ok := <-c.returns:
			if !ok {
				return
			}
			if s := c.sendingOf(r); s != nil {
				s.returned = &r
			}
		default:
			return
		}
	}
}

func (c *channel) sendingOf(r amqp.Return) *sending {
	for _, s := range c.underWay[r.MessageId] {
		if s.returned == nil && s.exchange == r.Exchange && s.key == r.RoutingKey {
			return s
		}
	}
	return nil
}

func unroutable(s *sending) error {
	text := fmt.Sprintf("no queue gets the message: nothing is bound to exchange %q for routing key %q", s.exchange, s.key)
	if s.exchange == "" {
		text = fmt.Sprintf("no queue gets the message: there is no queue %q", s.key)
	}
	return &protocols.Error{Code: CodeUnroutable, Message: text + "; " + s.returned.ReplyText, Unsent: true,
		Variables: map[string]any{"exchange": s.exchange, "routingKey": s.key, "messageId": s.MessageId}}
}
