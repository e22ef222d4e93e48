package amqp

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

// consumer is a queue.Consumer, on a connection of its own.
type consumer struct {
	conn       *amqp.Connection
	channel    *amqp.Channel
	deliveries <-chan amqp.Delivery
	closed     chan *amqp.Error
	cancelled  chan string
	close      func()
}

func (p *Properties) arguments() (amqp.Table, error) {
	object, err := objectOf(p.Arguments)
	if err != nil {
		return nil, wrong("arguments", "%s", err)
	}
	return table("arguments", object)
}

// Validate implements bind.Validator.
func (p *Properties) Validate() error {
	switch {
	case len(p.QueueName) > mostShort:
		return wrong("queueName", "expected at most %d bytes", mostShort)
	case len(p.ConsumerTag) > mostShort:
		return wrong("consumerTag", "expected at most %d bytes", mostShort)
	case len(p.Terms.DeadLetter) > mostShort:
		return wrong("consumption.deadLetter", "expected at most %d bytes", mostShort)
	case p.Reject && p.Terms.DeadLetter != "":
		return wrong("reject", "a message that is rejected cannot go to consumption.deadLetter; choose one of them")
	}
	return nil
}

// consumer connects and begins to receive.
func (e *endpoint) consumer(ctx context.Context, h protocols.Host, p *Properties, arguments amqp.Table) (queue.Consumer, error) {
	conn, err := e.dial(ctx, h)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { hangUp(conn) })()
	c, err := open(conn, p, arguments)
	if err != nil {
		hangUp(conn)
		return nil, e.failure("receive from queue "+strconv.Quote(p.QueueName), err)
	}
	return c, nil
}

func open(conn *amqp.Connection, p *Properties, arguments amqp.Table) (*consumer, error) {
	channel, err := conn.Channel()
	if err != nil {
		return nil, err
	}
	c := &consumer{conn: conn, channel: channel, close: sync.OnceFunc(func() { hangUp(conn) }),
		closed: channel.NotifyClose(make(chan *amqp.Error, 1)), cancelled: channel.NotifyCancel(make(chan string, 1))}
	if err := channel.Qos(p.Terms.MaxInFlight, 0, false); err != nil {
		return nil, err
	}
	tag := p.ConsumerTag
	if tag == "" {
		tag = newID()
	}
	c.deliveries, err = channel.Consume(p.QueueName, tag, false, p.Exclusive, false, false, arguments)
	return c, err
}

// Next implements queue.Consumer.
func (c *consumer) Next(ctx context.Context) (*queue.Delivery, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case d, ok := <-c.deliveries:
		if !ok {
			return nil, c.ended()
		}
		return &queue.Delivery{Message: incoming(&d), ID: d.MessageId, Attempt: attempt(&d), Tag: d.DeliveryTag}, nil
	}
}

// ended says why no delivery comes any more.
func (c *consumer) ended() error {
	select {
	case why := <-c.closed:
		if why != nil {
			return fmt.Errorf("%w: %s", queue.ErrDisconnected, describe(why))
		}
	case <-c.cancelled:
		return fmt.Errorf("%w: the broker cancelled the consumer; the queue was deleted, or its node is away", queue.ErrDisconnected)
	default:
	}
	return queue.ErrDisconnected
}

// attempt counts deliveries: quorum queues tell how often a message was
// delivered before, others only whether it was.
func attempt(d *amqp.Delivery) int {
	switch before := number(d.Headers["x-delivery-count"]).(type) {
	case int64:
		return int(before) + 1
	case nil:
		if d.Redelivered {
			return 2
		}
	}
	return 1
}

// Ack implements queue.Consumer.
func (c *consumer) Ack(_ context.Context, d *queue.Delivery) error {
	return settled(c.channel.Ack(d.Tag.(uint64), false))
}

// Nack implements queue.Consumer: the broker puts the message back in its place.
func (c *consumer) Nack(_ context.Context, d *queue.Delivery) error {
	return settled(c.channel.Nack(d.Tag.(uint64), false, true))
}

// Reject implements queue.Rejecter: the queue's dead-letter exchange gets the
// message, if it has one.
func (c *consumer) Reject(_ context.Context, d *queue.Delivery) error {
	return settled(c.channel.Nack(d.Tag.(uint64), false, false))
}

func settled(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s", queue.ErrDisconnected, describe(err))
}

// Close implements queue.Consumer.
func (c *consumer) Close() error {
	c.close()
	return nil
}

var (
	_ queue.Consumer = (*consumer)(nil)
	_ queue.Rejecter = (*consumer)(nil)
)
