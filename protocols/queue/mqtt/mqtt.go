// Package mqtt publishes to and receives from topics of MQTT 5 and 3.1.1.
//
// # What is promised
//
// A publication of QoS 1 or 2 has succeeded once the broker has confirmed it
// (PUBACK, PUBCOMP); of QoS 0 nothing is ever confirmed, and the response says so.
// A message larger than the broker said it takes is refused before it is sent
// (MESSAGE_TOO_LARGE); brokers that say nothing end the connection.
//
// A subscription of QoS 1 or 2 has a session that lasts: the broker keeps what comes
// while nobody listens, until the session expires. A message is acknowledged once
// the workflow engine has accepted it, and in the order in which they came, as the
// protocol demands [MQTT-4.6.0-2]: behind a message that is tried again others are
// handled, but not acknowledged, so no more than consumption.maxInFlight of them.
// That number is the Receive Maximum; brokers of 3.1.1 have a limit of their own.
// A message comes at least once, with QoS 2 too when patchbay itself is started
// again between the engine's answer and its own; MQTT has no ids of messages, so
// give the element a messageIdExpression. QoS 0 comes once at most.
//
// The session belongs to a client id, by default one of the connector's own, which
// is the same in all versions of a process that listen to the same. Only one
// replica listens at a time; another one takes the session over. Several listeners
// that shall share messages name the same group (shared subscription) and have an
// id each; mosquitto up to 2.0 forgets such a subscription when it is started
// again, and what is published until the subscriber is back.
//
// MQTT 3.1.1 has no headers, content type, correlation data, response topic and
// expiry, and confirms what the broker refused; some brokers share subscriptions.
//
// # Client
//
// The client is this package's own, for both versions, over the packets of
// mochi-mqtt: eclipse/paho.golang knows version 5 alone and sends
// acknowledgements by a timer, paho.mqtt.golang knows 3.1.1 alone and neither
// keeps their order nor bounds what it has read.
//
// # Response and event
//
// The response is {topic, qos, confirmed, reasonCode}. The event is {message:
// {topic, body, qos, retain, headers, contentType, correlationData, responseTopic}}
// without a message id.
package mqtt

import (
	"math"
	"strings"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/httpx"
	"patchbay/protocols/queue"
)

// Input are the inputs of the job type patchbay:mqtt:1.
type Input struct {
	Servers        string         `bind:"servers,required" doc:"Addresses of the broker, with commas between: mqtt://host:1883, or mqtts://host:8883."`
	Version        string         `bind:"version" enum:"5 3.1.1" default:"5" doc:"Version of MQTT: 5 or 3.1.1."`
	Authentication authentication `bind:"authentication" doc:"Who publishes."`
	ClientTLS      *httpx.TLS     `bind:"clientTls" doc:"Client certificate and trusted certificates."`
	ClientID       string         `bind:"clientId" doc:"Client id; by default another one for each connection."`
	Topic          string         `bind:"topic,required" pattern:"^[^+#\\x00]+$" expected:"a topic without wildcards" doc:"Topic to publish to."`
	QoS            string         `bind:"qos" enum:"0 1 2" default:"1" doc:"Quality of service: 0 (not confirmed), 1 or 2."`
	Retain         bool           `bind:"retain" doc:"Whether the broker keeps the message for those who subscribe later."`
	Message        message        `bind:"message,required" doc:"What to publish."`
}

type message struct {
	Value           any               `bind:"value,required" doc:"Content: text as it is, anything else as JSON."`
	Headers         map[string]string `bind:"headers" doc:"User properties (MQTT 5)."`
	ContentType     string            `bind:"contentType" doc:"Content type, such as application/json (MQTT 5)."`
	CorrelationData string            `bind:"correlationData" doc:"Correlation data (MQTT 5)."`
	ResponseTopic   string            `bind:"responseTopic" doc:"Topic for an answer (MQTT 5)."`
	Expiry          time.Duration     `bind:"expiry" doc:"How long the broker keeps the message for those that are away; for ever by default (MQTT 5)."`
}

// Validate tells what the version does not have, and what is too long.
func (in *Input) Validate() error {
	m := &in.Message
	if in.Version == version311 && (len(m.Headers) > 0 || m.ContentType != "" || m.CorrelationData != "" || m.ResponseTopic != "" || m.Expiry != 0) {
		return &protocols.InputError{Path: "message", Message: "MQTT 3.1.1 has neither headers, content type, correlation data, response topic nor expiry; use version 5"}
	}
	if m.Expiry < 0 || m.Expiry/time.Second > math.MaxUint32 {
		return &protocols.InputError{Path: "message.expiry", Message: "expected a duration from one second to 136 years"}
	}
	if strings.ContainsAny(m.ResponseTopic, "+#") {
		return &protocols.InputError{Path: "message.responseTopic", Message: "expected a topic without wildcards"}
	}
	for name, value := range m.Headers {
		if err := short("message.headers", name, value); err != nil {
			return err
		}
	}
	return short("message", in.Topic, m.ContentType, m.CorrelationData, m.ResponseTopic, in.ClientID)
}

// short checks texts that the protocol gives two bytes for their length.
func short(path string, texts ...string) error {
	for _, text := range texts {
		if len(text) > math.MaxUint16 {
			return &protocols.InputError{Path: path, Message: "expected texts of at most 65535 bytes"}
		}
	}
	return nil
}

// Properties are the properties of an element with inbound.type
// patchbay:mqtt-inbound:1.
type Properties struct {
	Servers        string         `bind:"servers,required" doc:"Addresses of the broker, with commas between: mqtt://host:1883, or mqtts://host:8883."`
	Version        string         `bind:"version" enum:"5 3.1.1" default:"5" doc:"Version of MQTT: 5 or 3.1.1."`
	Authentication authentication `bind:"authentication" doc:"Who receives."`
	ClientTLS      *httpx.TLS     `bind:"clientTls" doc:"Client certificate and trusted certificates."`
	ClientID       string         `bind:"clientId" doc:"Client id, to which the session belongs; by default one of the connector's own."`
	Topic          string         `bind:"topic,required" doc:"Topic to receive from; + stands for one level and # for all that follow."`
	Group          string         `bind:"group" pattern:"^[^+#/]+$" expected:"a name without slashes and wildcards" doc:"Group of subscribers that share the messages (shared subscription)."`
	QoS            string         `bind:"qos" enum:"0 1 2" default:"1" doc:"Quality of service: 0 (once at most), 1 or 2."`
	SessionExpiry  time.Duration  `bind:"sessionExpiry" default:"P7D" doc:"How long the broker keeps the session while nobody listens; a week by default, and PT0S ends it with the connection. Brokers of 3.1.1 choose the time themselves."`
	Terms          queue.Terms    `bind:"consumption" doc:"How messages are taken."`
}

// Validate bounds the expiry.
func (p *Properties) Validate() error {
	if p.SessionExpiry < 0 || p.SessionExpiry/time.Second > math.MaxUint32 {
		return &protocols.InputError{Path: "sessionExpiry", Message: "expected a duration from zero to 136 years"}
	}
	return short("topic", p.Topic, p.Group, p.ClientID)
}

// filter is what to subscribe to.
func (p *Properties) filter() string {
	if p.Group == "" {
		return p.Topic
	}
	return "$share/" + p.Group + "/" + p.Topic
}

// Protocol describes the protocol "mqtt".
func Protocol() protocols.Protocol {
	return queue.Broker{
		Name:         "mqtt",
		Doc:          "Publishes to and receives from topics of MQTT 5 and 3.1.1.",
		JobTypes:     []string{"patchbay:mqtt:1"},
		Input:        bind.New[Input],
		InboundTypes: []string{"patchbay:mqtt-inbound:1"},
		Properties:   bind.New[Properties],
		Exclusive:    true,
		Driver:       driver{},
		Response: []protocols.Named{
			{Name: "topic", Doc: "The topic."},
			{Name: "qos", Doc: "The quality of service."},
			{Name: "confirmed", Doc: "Whether the broker has confirmed the message; never with QoS 0."},
			{Name: "reasonCode", Doc: "The broker's reason code: 0, or 16 when nobody subscribes to the topic and the broker tells (MQTT 5)."},
		},
		Codes: queue.ConnectionCodes(),
		Event: []protocols.Named{{Name: "message", Doc: "The message: topic, body, qos and retain; with MQTT 5 also headers, contentType, correlationData and responseTopic. The body is JSON where it can be read as such, else text, else base64."}},
	}.Protocol()
}

// driver is the queue.Driver; it has no state.
type driver struct{}
