// Package memory is a message broker inside the process: the reference for all
// drivers, and what examples and tests run on without any installation. Its
// queues are made when they are first named, and end with the process.
//
// The response of a publication is {queue, sequence, confirmed}. The event of a
// subscription is {message: {queue, sequence, key, headers, body}}; body is JSON
// where it can be read as such, else text, else base64.
package memory

import (
	"context"
	"maps"
	"net/url"
	"slices"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/queue"
)

// Input are the inputs of the job type patchbay:memory-queue:1.
type Input struct {
	Queue   string  `bind:"queue,required" doc:"Queue to publish to."`
	Message message `bind:"message,required" doc:"What to publish."`
}

type message struct {
	Key     string            `bind:"key" doc:"Messages with the same key are handled one after the other."`
	Value   any               `bind:"value,required" doc:"Content: text as it is, anything else as JSON."`
	Headers map[string]string `bind:"headers" doc:"Headers of the message."`
}

// Properties are the properties of an element with inbound.type
// patchbay:memory-queue-inbound:1.
type Properties struct {
	Queue string      `bind:"queue,required" doc:"Queue to receive from."`
	Terms queue.Terms `bind:"consumption" doc:"How messages are taken."`
}

// Protocol describes the protocol "memory".
func Protocol() protocols.Protocol {
	return queue.Broker{
		Name:         "memory",
		Doc:          "Publishes to and receives from a queue in patchbay's own memory, for examples and tests.",
		JobTypes:     []string{"patchbay:memory-queue:1"},
		Input:        bind.New[Input],
		InboundTypes: []string{"patchbay:memory-queue-inbound:1"},
		Properties:   bind.New[Properties],
		Driver:       driver{},
		Response: []protocols.Named{
			{Name: "queue", Doc: "The queue."},
			{Name: "sequence", Doc: "The message's number in the queue, from 1."},
			{Name: "confirmed", Doc: "true."},
		},
		Codes: []protocols.Named{{Name: CodeQueueFull, Doc: "The queue has no room for the message."}},
		Event: []protocols.Named{{Name: "message", Doc: "The message: queue, sequence, key, headers and body, which is JSON where it can be read as such, else text, else base64."}},
	}.Protocol()
}

// driver is the queue.Driver. Its broker is in the host's Shared.
type driver struct{}

// Publication implements queue.Driver.
func (driver) Publication(_ context.Context, h protocols.Host, input any) (queue.Publication, error) {
	in := input.(*Input)
	content, err := queue.JSON(in.Message.Value)
	if err != nil {
		return queue.Publication{}, &protocols.InputError{Path: "message.value", Message: err.Error(), Cause: err}
	}
	m := queue.Message{Target: in.Queue, Value: content}
	if in.Message.Key != "" {
		m.Key = []byte(in.Message.Key)
	}
	for _, name := range slices.Sorted(maps.Keys(in.Message.Headers)) {
		m.Headers = append(m.Headers, queue.Header{Name: name, Value: []byte(in.Message.Headers[name])})
	}
	return publication(h, m)
}

func publication(h protocols.Host, m queue.Message) (queue.Publication, error) {
	b, err := Shared(h.Shared)
	return queue.Publication{Address: address(m.Target), Connection: "memory", Message: m,
		Connect: func(context.Context) (queue.Producer, error) { return b.producer(), nil }}, err
}

func address(name string) *url.URL {
	return &url.URL{Scheme: "memory", Host: "queue", Path: "/" + name}
}

// Subscription implements queue.Driver.
func (driver) Subscription(h protocols.InboundHost, properties any) (queue.Subscription, error) {
	p := properties.(*Properties)
	b, err := Shared(h.Shared)
	if err != nil {
		return queue.Subscription{}, err
	}
	sub := queue.Subscription{Address: address(p.Queue), Terms: p.Terms, Decode: decode,
		Open: func(context.Context) (queue.Consumer, error) { return b.subscribe(p.Queue), nil }}
	if target := p.Terms.DeadLetter; target != "" {
		sub.DeadLetter = func(_ context.Context, m queue.Message) (queue.Publication, error) {
			m.Target = target
			return publication(h.Host, m)
		}
	}
	return sub, nil
}

func decode(_ context.Context, m queue.Message) (any, error) {
	out := map[string]any{"queue": m.Target, "body": queue.Body(m.Value)}
	maps.Copy(out, m.Properties)
	if m.Key != nil {
		out["key"] = string(m.Key)
	}
	if headers := queue.Headers(m.Headers); headers != nil {
		out["headers"] = headers
	}
	return map[string]any{"message": out}, nil
}
