package amqp

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"patchbay/protocols/queue"
	"patchbay/protocols/value"
)

// The names in queue.Message.Properties, in both directions. Headers that are
// text are in Message.Headers; those of other types are there too, as JSON, and
// have their value under propertyHeaders.
const (
	propertyExchange  = "exchange"
	propertyMandatory = "mandatory" // of publications
	propertyConsumer  = "consumerTag"
	propertyBasic     = "properties" // an object of basic properties but headers
	propertyHeaders   = "headers"
)

const (
	// mostShort is how many bytes AMQP's short strings hold.
	mostShort = 255
	// mostHeaders bounds the headers of one message, in bytes: they travel in
	// one frame of 128 KiB.
	mostHeaders = 100 << 10
)

// texts are the basic properties that are short strings.
var texts = []struct {
	name  string
	field func(*amqp.Publishing) *string
}{
	{"contentType", func(p *amqp.Publishing) *string { return &p.ContentType }},
	{"contentEncoding", func(p *amqp.Publishing) *string { return &p.ContentEncoding }},
	{"correlationId", func(p *amqp.Publishing) *string { return &p.CorrelationId }},
	{"replyTo", func(p *amqp.Publishing) *string { return &p.ReplyTo }},
	{"expiration", func(p *amqp.Publishing) *string { return &p.Expiration }},
	{"messageId", func(p *amqp.Publishing) *string { return &p.MessageId }},
	{"type", func(p *amqp.Publishing) *string { return &p.Type }},
	{"userId", func(p *amqp.Publishing) *string { return &p.UserId }},
	{"appId", func(p *amqp.Publishing) *string { return &p.AppId }},
}

// setProperties sets what a job gives as message.properties.
func setProperties(m *queue.Message, given map[string]any) error {
	basic := map[string]any{}
	for name, v := range given {
		switch {
		case v == nil:
		case name == "headers":
			headers, err := objectOf(v)
			if err != nil {
				return wrong("message.properties.headers", "%s", err)
			}
			setHeaders(m, headers)
		case known(name):
			basic[name] = v
		default:
			return wrong("message.properties", "Unsupported field [%s] for properties", name) // Camunda's text
		}
	}
	if basic["messageId"] == nil {
		basic["messageId"] = newID()
	}
	if basic["deliveryMode"] == nil {
		basic["deliveryMode"] = int(amqp.Persistent)
	}
	m.Properties[propertyBasic] = basic
	return nil
}

func known(name string) bool {
	if slices.Contains([]string{"deliveryMode", "priority", "timestamp", "clusterId"}, name) {
		return true
	}
	for _, t := range texts {
		if t.name == name {
			return true
		}
	}
	return false
}

// setHeaders adds headers to a message, sorted by name.
func setHeaders(m *queue.Message, headers map[string]any) {
	typed := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		text, ok := headers[name].(string)
		if !ok {
			typed[name] = headers[name]
			content, _ := value.Append(nil, headers[name]) // for people; newOutgoing tells what is wrong
			text = string(content)
		}
		m.Headers = append(m.Headers, queue.Header{Name: name, Value: []byte(text)})
	}
	if len(typed) > 0 {
		m.Properties[propertyHeaders] = typed
	}
}

// headersOf puts texts and other types together.
func headersOf(m queue.Message) map[string]any {
	headers := queue.Headers(m.Headers)
	typed, _ := m.Properties[propertyHeaders].(map[string]any)
	for name, v := range typed {
		if _, ok := headers[name]; ok {
			headers[name] = v
		}
	}
	return headers
}

// allProperties are a message's basic properties as events show them.
func allProperties(m queue.Message) map[string]any {
	basic, _ := m.Properties[propertyBasic].(map[string]any)
	out := maps.Clone(basic)
	if out == nil {
		out = map[string]any{}
	}
	if headers := headersOf(m); headers != nil {
		out["headers"] = headers
	}
	return out
}

// outgoing is a message in AMQP's terms.
type outgoing struct {
	exchange, key string
	mandatory     bool
	amqp.Publishing
}

// newOutgoing checks everything for which a broker or the client would close a
// channel or the whole connection, which others use too.
func newOutgoing(m queue.Message) (*outgoing, error) {
	out := &outgoing{key: m.Target}
	out.Body = m.Value
	out.exchange, _ = m.Properties[propertyExchange].(string)
	out.mandatory, _ = m.Properties[propertyMandatory].(bool)
	if len(out.exchange) > mostShort {
		return nil, wrong("routing.exchange", "expected at most %d bytes", mostShort)
	}
	if len(out.key) > mostShort {
		return nil, wrong("routing.routingKey", "expected at most %d bytes", mostShort)
	}
	basic, _ := m.Properties[propertyBasic].(map[string]any)
	if err := setBasic(&out.Publishing, basic); err != nil {
		return nil, err
	}
	var err error
	if out.Headers, err = table("message.properties.headers", headersOf(m)); err != nil {
		return nil, err
	}
	if size(out.Headers) > mostHeaders {
		return nil, wrong("message.properties.headers", "expected at most %d bytes", mostHeaders)
	}
	return out, nil
}

func setBasic(p *amqp.Publishing, basic map[string]any) error {
	for _, t := range texts {
		text, err := short("message.properties."+t.name, basic[t.name])
		if err != nil {
			return err
		}
		*t.field(p) = text
	}
	if ms := p.Expiration; ms != "" {
		if _, err := strconv.ParseUint(ms, 10, 32); err != nil {
			return wrong("message.properties.expiration", "expected a number of milliseconds but got %q", ms)
		}
	}
	var err error
	if p.DeliveryMode, err = octet("deliveryMode", basic["deliveryMode"], 1, 2); err != nil {
		return err
	}
	if p.Priority, err = octet("priority", basic["priority"], 0, math.MaxUint8); err != nil {
		return err
	}
	p.Timestamp, err = timestamp(basic["timestamp"])
	return err
}

func short(path string, given any) (string, error) {
	if given == nil {
		return "", nil
	}
	text, ok := given.(string)
	if !ok {
		switch given.(type) {
		case map[string]any, []any:
			return "", wrong(path, "expected a string but got %s", value.TypeName(given))
		}
		content, err := value.Append(nil, given)
		if err != nil {
			return "", wrong(path, "%s", err)
		}
		text = string(content)
	}
	if len(text) > mostShort {
		return "", wrong(path, "expected at most %d bytes", mostShort)
	}
	return text, nil
}

func octet(name string, given any, least, most uint64) (uint8, error) {
	if given == nil {
		return 0, nil
	}
	text, err := short("message.properties."+name, given)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil || n < least || n > most {
		return 0, wrong("message.properties."+name, "expected a number from %d to %d but got %q", least, most, text)
	}
	return uint8(n), nil
}

// timestamp reads what Camunda's runtime reads as a date: milliseconds since
// 1970, or ISO 8601 text. AMQP keeps whole seconds.
func timestamp(given any) (time.Time, error) {
	const path = "message.properties.timestamp"
	text, err := short(path, given)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(ms), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, wrong(path, "expected milliseconds since 1970 or a time such as 2026-01-31T10:00:00Z but got %q", text)
	}
	return t, nil
}

// incoming makes a message of what the broker delivers.
func incoming(d *amqp.Delivery) queue.Message {
	p := amqp.Publishing{ContentType: d.ContentType, ContentEncoding: d.ContentEncoding, CorrelationId: d.CorrelationId, ReplyTo: d.ReplyTo,
		Expiration: d.Expiration, MessageId: d.MessageId, Type: d.Type, UserId: d.UserId, AppId: d.AppId}
	basic := map[string]any{}
	for _, t := range texts {
		if text := *t.field(&p); text != "" {
			basic[t.name] = strings.ToValidUTF8(text, "\uFFFD")
		}
	}
	if d.DeliveryMode != 0 {
		basic["deliveryMode"] = int(d.DeliveryMode)
	}
	if d.Priority != 0 {
		basic["priority"] = int(d.Priority)
	}
	if !d.Timestamp.IsZero() {
		basic["timestamp"] = d.Timestamp.UTC().Format(time.RFC3339)
	}
	m := queue.Message{Target: d.RoutingKey, Value: d.Body, Properties: map[string]any{
		propertyExchange: d.Exchange, propertyConsumer: d.ConsumerTag, propertyBasic: basic}}
	if len(d.Headers) > 0 {
		setHeaders(&m, plainTable(d.Headers))
	}
	return m
}

// deadLetter is a delivered message on its way to a queue for those that can
// never be accepted. What would bar its way, let it expire or copy it to other
// queues is taken off, as the broker's own dead-lettering does.
func deadLetter(m queue.Message, target string) queue.Message {
	basic, _ := m.Properties[propertyBasic].(map[string]any)
	basic = maps.Clone(basic)
	if basic == nil {
		basic = map[string]any{}
	}
	delete(basic, "expiration")
	delete(basic, "userId")
	basic["deliveryMode"] = int(amqp.Persistent)
	if basic["messageId"] == nil {
		basic["messageId"] = newID()
	}
	out := m
	out.Target = target
	out.Headers = slices.DeleteFunc(slices.Clone(m.Headers), func(h queue.Header) bool { return h.Name == "CC" || h.Name == "BCC" })
	out.Properties = map[string]any{propertyExchange: "", propertyMandatory: true, propertyBasic: basic, propertyHeaders: m.Properties[propertyHeaders]}
	return out
}
