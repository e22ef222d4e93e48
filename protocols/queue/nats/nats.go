// Package nats publishes to and receives from subjects of NATS, plain ones (core
// NATS) and those that streams keep (JetStream), with nats.go.
//
// # What is promised
//
// With mode jetStream a publication has succeeded once the stream has stored it.
// With mode core it has once the server has read it (PING and PONG), which says
// nothing of anybody who listens; with message.waitForReply, once somebody has
// answered.
//
// A subscription of mode jetStream takes from a durable pull consumer, acknowledges
// explicitly, and so gets each message at least once. The consumer is bound by
// its name, or created: by default it is the connector's own, the same in all
// versions of a process that listen to the same, begins with the messages that
// come after it, and is dropped by the server after a week in which nobody took
// from it. Replicas share its messages. A stream is never
// created. Mode core delivers each message once at most: what comes while nobody
// listens, or faster than it is handled, is lost.
//
// The client's own reconnection is off. The engine opens the connection anew, so
// that health and activity tell what is, and nothing is published twice from a
// buffer that nobody sees.
//
// # Response and event
//
// The response is {subject, confirmed, stream, sequence, duplicate}, or
// {subject, confirmed, reply: {subject, headers, body}}. The event is
// {message: {subject, headers, body, reply, stream, sequence, timestamp}}; its
// message id is stream-sequence, and none for mode core.
package nats

import (
	"time"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/httpx"
	"patchbay/protocols/queue"
)

// The modes.
const (
	modeJetStream = "jetStream"
	modeCore      = "core"
)

// Input are the inputs of the job type patchbay:nats:1.
type Input struct {
	Servers        string         `bind:"servers,required" doc:"Addresses of the servers of one cluster, with commas between: nats://host:4222, or tls://host:4222."`
	Authentication authentication `bind:"authentication" doc:"Who publishes."`
	ClientTLS      *httpx.TLS     `bind:"clientTls" doc:"Client certificate and trusted certificates."`
	Mode           string         `bind:"mode" enum:"jetStream core" default:"jetStream" doc:"jetStream waits until a stream has stored the message; core until the server has read it."`
	Subject        string         `bind:"subject,required" pattern:"^[^\\s*>]+$" expected:"a subject without blanks and wildcards" doc:"Subject to publish to."`
	Stream         string         `bind:"stream" doc:"With mode jetStream: the stream that has to store the message; any by default."`
	Message        message        `bind:"message,required" doc:"What to publish."`
}

type message struct {
	Value        any               `bind:"value,required" doc:"Content: text as it is, anything else as JSON."`
	Headers      map[string]string `bind:"headers" doc:"Headers of the message."`
	ID           string            `bind:"id" doc:"With mode jetStream: an id by which the stream knows a repetition within its duplicate window, and leaves it out."`
	WaitForReply bool              `bind:"waitForReply" doc:"With mode core: make a request, and wait for its reply."`
	ReplyTimeout time.Duration     `bind:"replyTimeout" default:"PT10S" doc:"How long to wait for it; 10 s by default."`
}

// Validate tells what the mode does not have.
func (in *Input) Validate() error {
	switch {
	case in.Mode == modeCore && (in.Stream != "" || in.Message.ID != ""):
		return &protocols.InputError{Path: "mode", Message: `expected "jetStream", which alone has streams and message ids, but got "core"`}
	case in.Mode == modeJetStream && in.Message.WaitForReply:
		return &protocols.InputError{Path: "message.waitForReply", Message: `a stream does not reply; use the mode "core"`}
	case in.Message.ReplyTimeout <= 0:
		return &protocols.InputError{Path: "message.replyTimeout", Message: "expected a duration above zero"}
	}
	return nil
}

// Properties are the properties of an element with inbound.type
// patchbay:nats-inbound:1.
type Properties struct {
	Servers        string         `bind:"servers,required" doc:"Addresses of the servers of one cluster, with commas between: nats://host:4222, or tls://host:4222."`
	Authentication authentication `bind:"authentication" doc:"Who receives."`
	ClientTLS      *httpx.TLS     `bind:"clientTls" doc:"Client certificate and trusted certificates."`
	Mode           string         `bind:"mode" enum:"jetStream core" default:"jetStream" doc:"jetStream takes what a stream keeps; core what comes while somebody listens."`
	Subject        string         `bind:"subject,required" pattern:"^\\S+$" expected:"a subject without blanks" doc:"Subject to receive from; * stands for one part and > for all that follow."`
	Stream         string         `bind:"stream" doc:"With mode jetStream: the stream; by default the one that keeps the subject."`
	Consumer       string         `bind:"consumer" pattern:"^[^\\s.*>/\\\\]+$" expected:"a name without blanks, dots, slashes and wildcards" doc:"With mode jetStream: the durable consumer, which is created if it is not there; by default one of the connector's own."`
	DeliverPolicy  string         `bind:"deliverPolicy" enum:"new all" default:"new" doc:"Where a consumer that is created begins: with what comes after it, or with all that the stream has."`
	AckWait        time.Duration  `bind:"ackWait" default:"PT30S" doc:"When the server delivers again to somebody else what a consumer that is created has not acknowledged; 30 s by default."`
	QueueGroup     string         `bind:"queueGroup" pattern:"^\\S+$" expected:"a name without blanks" doc:"With mode core: subscribers of the same group share the messages; by default each replica gets all."`
	Terms          queue.Terms    `bind:"consumption" doc:"How messages are taken."`
}

// leastAckWait leaves time to ask for more, see queue.Extender.
const leastAckWait = 15 * time.Second

// Validate tells what the mode does not have.
func (p *Properties) Validate() error {
	switch {
	case p.Mode == modeCore && (p.Stream != "" || p.Consumer != ""):
		return &protocols.InputError{Path: "mode", Message: `expected "jetStream", which alone has streams and consumers, but got "core"`}
	case p.Mode == modeJetStream && p.QueueGroup != "":
		return &protocols.InputError{Path: "queueGroup", Message: `the mode "jetStream" has none: those who name the same consumer share its messages`}
	case p.AckWait < leastAckWait:
		return &protocols.InputError{Path: "ackWait", Message: "expected 15 seconds or more"}
	}
	return nil
}

// Protocol describes the protocol "nats".
func Protocol() protocols.Protocol {
	return queue.Broker{
		Name:         "nats",
		Doc:          "Publishes to and receives from subjects of NATS, plain or kept by JetStream.",
		JobTypes:     []string{"patchbay:nats:1"},
		Input:        bind.New[Input],
		InboundTypes: []string{"patchbay:nats-inbound:1"},
		Properties:   bind.New[Properties],
		Driver:       driver{},
		Response: []protocols.Named{
			{Name: "subject", Doc: "The subject."},
			{Name: "confirmed", Doc: "true: the stream has stored the message or, with mode core, the server has read it."},
			{Name: "stream", Doc: "The stream that stored it."},
			{Name: "sequence", Doc: "The message's number in the stream."},
			{Name: "duplicate", Doc: "Whether the stream had it already, by its id."},
			{Name: "reply", Doc: "With message.waitForReply, the answer: subject, headers and body."},
		},
		Codes: codes,
		Event: []protocols.Named{{Name: "message", Doc: "The message: subject, headers and body, which is JSON where it can be read as such, else text, else base64; of a stream also stream, sequence and timestamp; of a request also reply, the subject that waits for an answer."}},
	}.Protocol()
}

// driver is the queue.Driver; it has no state.
type driver struct{}
