// Package queue is the engine for message brokers: it publishes for service
// tasks and receives for inbound connectors, whatever the broker. What differs
// between brokers is a Driver in a folder below this one: memory is the
// reference, queuetest the suite that all of them pass.
//
//	outbound   input --Driver.Publication--> pool --Producer.Publish--> receipt
//	inbound    Consumer.Next --> lanes --Decode--> handler --> Ack | retry | dead letter, then Ack
//
// A publication has succeeded once the broker has confirmed it. A delivery is
// acknowledged once the workflow engine has accepted its command, or once it has
// become a dead letter; see Terms. A connection that ends before the broker has
// heard of that brings the delivery again: by its id the workflow engine knows a
// message, and the host an instance that was started.
package queue

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/bind"
)

// Broker describes one kind of broker. It is a value: each driver's folder
// exports a function Protocol that calls Broker.Protocol.
type Broker struct {
	// Name, Doc, JobTypes, Input, Response, Codes, InboundTypes, Properties
	// and Event are those of protocols.Protocol. Codes are those of the driver
	// alone.
	Name            string
	Doc             string
	JobTypes        []string
	Input           func() any
	Response, Codes []protocols.Named
	InboundTypes    []string
	Properties      func() any
	Event           []protocols.Named
	// Exclusive means that only one replica listens at a time, as in
	// protocols.Protocol: the broker knows subscribers by a name that two cannot
	// have.
	Exclusive bool
	// Driver speaks with the broker. It is stateless, or keeps its state in
	// the Host's Shared.
	Driver Driver
}

// Driver speaks with one kind of broker. It is used by many goroutines at once
// and dials by the Host only.
type Driver interface {
	// Publication says what a job's bound input publishes, where and over which
	// connection. It does not connect to the broker, but may ask a schema
	// registry. What is wrong with the input is an *protocols.InputError.
	Publication(ctx context.Context, h protocols.Host, input any) (Publication, error)
	// Subscription says what an inbound connector's bound properties listen
	// to. It neither connects nor blocks.
	Subscription(h protocols.InboundHost, properties any) (Subscription, error)
}

// Message is a message as brokers know it.
type Message struct {
	// Target is the topic, subject, queue or routing key.
	Target string
	// Key is what the broker partitions or compacts by; nil if there is none.
	Key []byte
	// Value is the content; it need be neither JSON nor UTF-8.
	Value []byte
	// Headers keep their order and may repeat a name.
	Headers []Header
	// Properties are what only this broker knows, as JSON: content type, reply
	// address, partition and offset.
	Properties map[string]any
}

// Header is one header of a message.
type Header struct {
	Name  string
	Value []byte
}

// Publication is a message and the way to its broker.
type Publication struct {
	// Address names the target in traces, and is the URL that stubs answer:
	// kafka://host:9092/topic, without credentials.
	Address *url.URL
	// Connection is equal for publications that may share a producer, and for
	// no others: a digest of all that Connect depends on.
	Connection string
	// Connect opens a producer. Its context ends when Connect has returned.
	Connect func(ctx context.Context) (Producer, error)
	Message Message
}

// Producer publishes over one connection. It is used by many goroutines at
// once.
type Producer interface {
	// Publish sends a message and returns, once the broker has confirmed it,
	// what a connector's response is: JSON as Go values. Without a
	// confirmation until ctx ends it fails. An error of a connection that is
	// of no use any more wraps ErrDisconnected; the pool opens another one
	// then. Errors are *protocols.Error with a code; Unsent says that the
	// broker cannot have the message.
	Publish(ctx context.Context, m Message) (receipt map[string]any, err error)
	// Close gives the connection up. It is called once no Publish runs.
	Close() error
}

// ErrDisconnected is wrapped by errors of a connection that has ended.
var ErrDisconnected = errors.New("disconnected from the broker")

// Subscription is what to receive, and how.
type Subscription struct {
	// Address names the source in texts, as Publication.Address.
	Address *url.URL
	Terms   Terms
	// Open connects and begins to receive; the first message may be there when
	// it returns. Its context ends when Open has returned. A missing queue,
	// wrong credentials and a broker that is away are errors; Open is called
	// again later.
	Open func(ctx context.Context) (Consumer, error)
	// Decode makes what expressions see. It fails for content that can never
	// be read, which makes it a dead letter. An error for which a repetition
	// may help (a schema registry that is away) is an *protocols.Error with
	// Temporary set.
	Decode func(ctx context.Context, m Message) (any, error)
	// DeadLetter publishes to the declared target; nil if none is declared.
	// Headers that say what was wrong are there already.
	DeadLetter func(ctx context.Context, m Message) (Publication, error)
	// Reject says that the broker is to dispose of what can never be accepted:
	// the Consumer is a Rejecter then, and such messages are neither published
	// to a target nor put on the list of dead letters.
	Reject bool
}

// Terms are the properties of a subscription that hold for every broker. A
// driver's properties struct has them as a field.
//
// A delivery whose handling fails for now (the gateway is away, say) is handled
// again after a pause that grows, while the messages behind it in its lane wait
// and others go on. One that can never be accepted goes to the declared target,
// or else to the list of dead letters; then it is acknowledged.
type Terms struct {
	MaxInFlight int           `bind:"maxInFlight" default:"32" doc:"Most messages taken and not yet acknowledged; 1 keeps the order of a queue that promises none to several at once. 32 by default."`
	RetryFirst  time.Duration `bind:"retryFirst" default:"PT0.1S" doc:"Pause before a message is handled again after a failure that may pass; it doubles each time. 0.1 s by default."`
	RetryMost   time.Duration `bind:"retryMost" default:"PT30S" doc:"Longest such pause; 30 s by default."`
	DeadLetter  string        `bind:"deadLetter" doc:"Queue, topic or subject for messages that can never be accepted; by default they are kept in the list of dead letters."`
}

// mostInFlight bounds Terms.MaxInFlight.
const mostInFlight = 4096

// Validate bounds the numbers.
func (t *Terms) Validate() error {
	switch {
	case t.MaxInFlight < 1 || t.MaxInFlight > mostInFlight:
		return &protocols.InputError{Path: "maxInFlight", Message: "expected a number from 1 to 4096"}
	case t.RetryFirst <= 0 || t.RetryMost < t.RetryFirst:
		return &protocols.InputError{Path: "retryFirst", Message: "expected a duration above zero that is not longer than retryMost"}
	}
	return nil
}

// Delivery is a message that was received and waits for Ack or Nack.
type Delivery struct {
	Message
	// ID identifies the message among all that its source ever has; empty if
	// the broker has no such thing. It is the event's message id.
	ID string
	// Lane is equal for messages that must be handled in the order in which
	// they came; 0 is no lane at all.
	Lane uint64
	// Attempt counts its deliveries from 1; 0 if the broker does not tell.
	Attempt int
	// Tag is the driver's.
	Tag any
}

// Consumer receives from one source.
type Consumer interface {
	// Next waits for a message. It is called by one goroutine, and only when
	// fewer than Terms.MaxInFlight are neither acknowledged nor given back. An
	// error other than the context's means that the connection has ended: the
	// broker will deliver again what was not acknowledged.
	Next(ctx context.Context) (*Delivery, error)
	// Ack tells the broker that it need not deliver the message again, and
	// Nack that it should, as soon as it can. Each delivery gets one of them,
	// in any order and from any goroutine, also while Next runs. The broker
	// need not have confirmed it when Ack returns. An error means that the
	// connection has ended.
	Ack(ctx context.Context, d *Delivery) error
	Nack(ctx context.Context, d *Delivery) error
	// Close ends it, with the acknowledgements so far sent; the broker delivers
	// the rest again. Further calls do nothing.
	Close() error
}

// Rejecter is implemented by a Consumer whose broker can dispose of messages by
// rules of its own.
type Rejecter interface {
	// Reject takes the place of Ack.
	Reject(ctx context.Context, d *Delivery) error
}

// Extender is implemented by a Consumer whose broker takes back what is not
// acknowledged in time.
type Extender interface {
	// Extend asks for more time for a delivery whose handling goes on. It is
	// called at least every ten seconds.
	Extend(ctx context.Context, d *Delivery) error
}

// Protocol returns the protocol that drives the broker.
func (b Broker) Protocol() protocols.Protocol {
	p := protocols.Protocol{Name: b.Name, Doc: b.Doc, JobTypes: b.JobTypes, Input: b.Input, InboundTypes: b.InboundTypes, Properties: b.Properties,
		Response: b.Response, Scope: bind.Names(b.Properties()), Codes: append(slices.Clone(b.Codes), codes...), Event: b.Event, Sample: sampled, Exclusive: b.Exclusive}
	p.Outbound = func(h protocols.Host) (protocols.Outbound, error) { return newOutbound(b, h), nil }
	p.Inbound = func(h protocols.InboundHost, properties any) (protocols.Inbound, error) {
		return newListener(b, h, properties)
	}
	return p
}
