package amqp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
	"patchbay/protocols/queue"
	"patchbay/protocols/value"
)

// Input are the inputs of the job type io.camunda:connector-rabbitmq:1.
type Input struct {
	Authentication authentication `bind:"authentication,required" doc:"Where the broker is, and as whom to connect."`
	Routing        outRouting     `bind:"routing" doc:"Where to publish."`
	Message        message        `bind:"message,required" doc:"What to publish."`
	ClientTLS      *httpx.TLS     `bind:"clientTls" doc:"Client certificate and trusted certificates for a connection over TLS."`
}

// Properties are the properties of an element with inbound.type
// io.camunda:connector-rabbitmq-inbound:1.
type Properties struct {
	Authentication authentication `bind:"authentication,required" doc:"Where the broker is, and as whom to connect."`
	Routing        routing        `bind:"routing" doc:"Where the broker is, with credentials."`
	ClientTLS      *httpx.TLS     `bind:"clientTls" doc:"Client certificate and trusted certificates for a connection over TLS."`
	QueueName      string         `bind:"queueName,required" doc:"Queue to receive from; it must exist."`
	ConsumerTag    string         `bind:"consumerTag" doc:"Name of the consumer on its connection; a new one by default."`
	Arguments      any            `bind:"arguments" doc:"Arguments of the consumer, such as x-priority: an object."`
	Exclusive      bool           `bind:"exclusive" doc:"true: no other consumer may receive from the queue."`
	Reject         bool           `bind:"reject" doc:"true: a message that can never be accepted is rejected, so that the queue's own dead-letter exchange gets it; without one the broker drops it."`
	Terms          queue.Terms    `bind:"consumption" doc:"How messages are taken; deadLetter names a queue."`
}

// authentication is what both directions have of a broker's account.
type authentication struct {
	Type     string `bind:"authType" enum:"uri credentials" default:"uri" doc:"How the account is given: in a URI, or as user name and password."`
	URI      string `bind:"uri,required,secret" when:"authType=uri" pattern:"^amqps?://" expected:"a URI that begins with amqp:// or amqps://" doc:"amqp://user:password@host:port/vhost, or amqps:// for TLS. Of parameters heartbeat (seconds) and connection_timeout (milliseconds) are known."`
	UserName string `bind:"userName,required" when:"authType=credentials" doc:"User name."`
	Password string `bind:"password,required,secret" when:"authType=credentials" doc:"Password."`
}

// routing is where a broker is whose account is given as credentials.
type routing struct {
	VirtualHost string `bind:"virtualHost" doc:"Virtual host, with credentials; / by default."`
	HostName    string `bind:"hostName" doc:"Host, with credentials."`
	Port        string `bind:"port" doc:"Port, with credentials; 5672 by default, 5671 with TLS."`
	TLS         bool   `bind:"tls" doc:"true: connect over TLS, as an amqps URI does."`
}

type outRouting struct {
	VirtualHost string `bind:"virtualHost" doc:"Virtual host, with credentials; / by default."`
	HostName    string `bind:"hostName" doc:"Host, with credentials."`
	Port        string `bind:"port" doc:"Port, with credentials; 5672 by default, 5671 with TLS."`
	TLS         bool   `bind:"tls" doc:"true: connect over TLS, as an amqps URI does."`
	Exchange    string `bind:"exchange" doc:"Exchange; empty for the default exchange, whose routing key is a queue's name."`
	RoutingKey  string `bind:"routingKey" doc:"Routing key; it may be empty where the exchange needs none."`
	Mandatory   bool   `bind:"mandatory" default:"true" doc:"false: a message that no queue gets is no error."`
}

type message struct {
	Properties any `bind:"properties" doc:"AMQP's basic properties, an object: contentType, contentEncoding, headers, deliveryMode, priority, correlationId, replyTo, expiration, messageId, timestamp, type, userId, appId."`
	Body       any `bind:"body,required" doc:"Content: text as it is (a JSON object or array compacted), anything else as JSON."`
}

func (in *Input) endpoint() (*endpoint, error) {
	r := in.Routing
	return newEndpoint(in.Authentication, routing{r.VirtualHost, r.HostName, r.Port, r.TLS}, in.ClientTLS)
}

func (p *Properties) endpoint() (*endpoint, error) {
	return newEndpoint(p.Authentication, p.Routing, p.ClientTLS)
}

// message is what the input publishes.
func (in *Input) message() (queue.Message, error) {
	r := in.Routing
	if r.Exchange == "" && r.RoutingKey == "" {
		return queue.Message{}, wrong("routing.routingKey", "is required for the default exchange: the name of a queue")
	}
	content, err := content(in.Message.Body)
	if err != nil {
		return queue.Message{}, wrong("message.body", "%s", err)
	}
	m := queue.Message{Target: r.RoutingKey, Value: content, Properties: map[string]any{propertyExchange: r.Exchange, propertyMandatory: r.Mandatory}}
	given, err := objectOf(in.Message.Properties)
	if err != nil {
		return queue.Message{}, wrong("message.properties", "%s", err)
	}
	return m, setProperties(&m, given)
}

// content is a message's body as Camunda 8.8 sends it: text that is a JSON object
// or array loses its blanks.
func content(body any) ([]byte, error) {
	text, ok := body.(string)
	if !ok {
		return value.Append(nil, body)
	}
	if start := strings.TrimLeft(text, " \t\r\n"); start != "" && (start[0] == '{' || start[0] == '[') {
		var compact bytes.Buffer
		if json.Compact(&compact, []byte(text)) == nil {
			return compact.Bytes(), nil
		}
	}
	return []byte(text), nil
}

// objectOf reads an object that may be given as JSON text; nothing is an empty
// one.
func objectOf(given any) (map[string]any, error) {
	if text, ok := given.(string); ok {
		if strings.TrimSpace(text) == "" {
			return nil, nil
		}
		var err error
		if given, err = value.Decode([]byte(text)); err != nil {
			return nil, fmt.Errorf("expected an object but got a text that is no JSON: %w", err)
		}
	}
	if given == nil {
		return nil, nil
	}
	object, ok := given.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("expected an object but got %s", value.TypeName(given))
	}
	return object, nil
}

func wrong(path, format string, args ...any) error {
	return &protocols.InputError{Path: path, Message: fmt.Sprintf(format, args...)}
}
