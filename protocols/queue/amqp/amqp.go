// Package amqp is the protocol "rabbitmq": it publishes to and receives from
// RabbitMQ, or any other broker that speaks AMQP 0-9-1. Camunda's templates for
// RabbitMQ run unchanged on it.
//
// The response is {statusResult, confirmed, exchange, routingKey, messageId}, the
// event {message: {consumerTag, body, properties}}. Queues, exchanges and bindings
// are never declared: they belong to whoever runs the broker.
//
// # Differences from Camunda's connectors
//
// Compared with version 8.8, a publication:
//
//   - A job succeeds only once the broker has confirmed the message. A message
//     that no queue gets is the error UNROUTABLE; routing.mandatory = false makes
//     it a success, as it is there.
//   - Messages are persistent, unless deliveryMode says otherwise, and get a
//     messageId if they have none. A message whose fate a broken channel leaves
//     open is sent again under the same messageId.
//   - An empty exchange is the default exchange, whose routing key is the name of a
//     queue. An empty routing key is allowed for any other exchange.
//   - The certificate of an amqps server is verified; clientTls.trustedCertificate
//     names another authority, routing.tls asks for TLS without a URI.
//   - Connections are kept and shared; errors have codes. An unknown property of a
//     message costs no retries. clusterId is accepted, but AMQP 0-9-1 has no place
//     for it.
//   - Parameters of a URI other than heartbeat and connection_timeout are refused:
//     some would name files of the server.
//
// A subscription:
//
//   - At most consumption.maxInFlight messages are taken at a time (the broker's
//     prefetch).
//   - A failure that may pass is tried again after a growing pause rather than
//     given back to the broker at once, and a message that can never be accepted
//     goes to consumption.deadLetter (a queue, by the default exchange), or to the
//     list of dead letters. With reject = true the broker disposes of it, as it
//     does there: by the queue's own dead-letter exchange, or else for good.
//   - A missing queue, a broker that is away and a consumer that the broker
//     cancels are tried again until they work.
//   - A body that is a number keeps its digits, one that is no UTF-8 is base64, and
//     arguments may be a FEEL context.
package amqp

import (
	"context"
	"crypto/rand"
	"fmt"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/queue"
)

// Protocol describes the protocol "rabbitmq".
func Protocol() protocols.Protocol {
	return queue.Broker{
		Name:         "rabbitmq",
		Doc:          "Publishes to and receives from RabbitMQ (AMQP 0-9-1), with confirmations.",
		JobTypes:     []string{"io.camunda:connector-rabbitmq:1"},
		Input:        bind.New[Input],
		InboundTypes: []string{"io.camunda:connector-rabbitmq-inbound:1"},
		Properties:   bind.New[Properties],
		Driver:       driver{},
		Response: []protocols.Named{
			{Name: "statusResult", Doc: `"success".`},
			{Name: "confirmed", Doc: "true: the broker has taken responsibility for the message."},
			{Name: "exchange", Doc: "The exchange; empty for the default exchange."},
			{Name: "routingKey", Doc: "The routing key."},
			{Name: "messageId", Doc: "The message's id: the given one, or a new one."},
		},
		Codes: codes,
		Event: []protocols.Named{{Name: "message", Doc: "The message: consumerTag, body, which is JSON where it can be read as such, else text, else base64, and properties, those of AMQP that it has: contentType, headers, messageId and so on."}},
	}.Protocol()
}

// driver is the queue.Driver. It keeps no state.
type driver struct{}

// Publication implements queue.Driver.
func (driver) Publication(_ context.Context, h protocols.Host, input any) (queue.Publication, error) {
	in := input.(*Input)
	e, err := in.endpoint()
	if err != nil {
		return queue.Publication{}, err
	}
	m, err := in.message()
	if err != nil {
		return queue.Publication{}, err
	}
	return e.publication(h, m)
}

// publication publishes a message, whose properties are in the form that
// outgoing reads.
func (e *endpoint) publication(h protocols.Host, m queue.Message) (queue.Publication, error) {
	out, err := newOutgoing(m)
	if err != nil {
		return queue.Publication{}, err
	}
	return queue.Publication{
		Address: e.address(out.exchange, out.key), Connection: e.digest(), Message: m,
		Connect: func(ctx context.Context) (queue.Producer, error) { return e.producer(ctx, h) },
	}, nil
}

// Subscription implements queue.Driver.
func (driver) Subscription(h protocols.InboundHost, properties any) (queue.Subscription, error) {
	p := properties.(*Properties)
	e, err := p.endpoint()
	if err != nil {
		return queue.Subscription{}, err
	}
	arguments, err := p.arguments()
	if err != nil {
		return queue.Subscription{}, err
	}
	d := decoder{h.Limits.WithDefaults().ResponseBody}
	sub := queue.Subscription{Address: e.address("", p.QueueName), Terms: p.Terms, Decode: d.decode, Reject: p.Reject,
		Open: func(ctx context.Context) (queue.Consumer, error) { return e.consumer(ctx, h.Host, p, arguments) }}
	if target := p.Terms.DeadLetter; target != "" {
		sub.DeadLetter = func(_ context.Context, m queue.Message) (queue.Publication, error) {
			return e.publication(h.Host, deadLetter(m, target))
		}
	}
	return sub, nil
}

// decoder makes events of messages up to a size in bytes.
type decoder struct{ limit int64 }

func (d decoder) decode(_ context.Context, m queue.Message) (any, error) {
	if size := int64(len(m.Value)); size > d.limit {
		return nil, fmt.Errorf("the message has %d bytes, more than the limit of %d", size, d.limit)
	}
	return map[string]any{"message": map[string]any{
		"consumerTag": m.Properties[propertyConsumer], "body": queue.Body(m.Value), "properties": allProperties(m)}}, nil
}

// newID makes an id for a message or a consumer.
func newID() string { return "patchbay-" + rand.Text() }

var _ queue.Driver = driver{}
