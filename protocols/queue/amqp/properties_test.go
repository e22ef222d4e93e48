package amqp

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	amqp "github.com/rabbitmq/amqp091-go"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/queue"
	"patchbay/protocols/value"
)

// input binds a job's variables to a fresh input.
func input(t testing.TB, text string) (*Input, error) {
	t.Helper()
	variables, err := value.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	in := Protocol().Input().(*Input)
	return in, bind.Bind(variables.(map[string]any), in)
}

func published(t testing.TB, text string) (queue.Publication, error) {
	in, err := input(t, text)
	if err != nil {
		return queue.Publication{}, err
	}
	return driver{}.Publication(t.Context(), protocols.Host{}, in)
}

const toOrders = `"authentication":{"authType":"uri","uri":"amqp://u:p@h"},"routing":{"exchange":"orders","routingKey":"new"}`

func TestPublication(t *testing.T) {
	everything := `{"contentType":"text/plain","contentEncoding":"utf-8","headers":{"a":"x","n":7,"big":5000000000,"f":1.5,"l":[1,"y",{"z":null}],"o":{}},"deliveryMode":1,"priority":"9",
		"correlationId":"c","replyTo":"r","expiration":60000,"messageId":"m","timestamp":"2026-01-31T10:00:00Z","type":"t","userId":"u","appId":"p","clusterId":"old"}`
	tests := map[string]struct {
		message string
		want    amqp.Publishing
	}{
		"text":               {`"body":"a \"b\""`, amqp.Publishing{DeliveryMode: 2, Body: []byte(`a "b"`)}},
		"an object":          {`"body":{"b":1.50,"a":"<&>"}`, amqp.Publishing{DeliveryMode: 2, Body: []byte(`{"a":"<&>","b":1.50}`)}},
		"a number":           {`"body":7.0`, amqp.Publishing{DeliveryMode: 2, Body: []byte(`7.0`)}},
		"JSON as text":       {`"body":" { \"b\" : 1.50, \"a\": [ 1 ] } "`, amqp.Publishing{DeliveryMode: 2, Body: []byte(`{"b":1.50,"a":[1]}`)}},
		"a number as text":   {`"body":" 1 "`, amqp.Publishing{DeliveryMode: 2, Body: []byte(` 1 `)}},
		"broken JSON":        {`"body":"{ a"`, amqp.Publishing{DeliveryMode: 2, Body: []byte(`{ a`)}},
		"no properties":      {`"body":"x","properties":null`, amqp.Publishing{DeliveryMode: 2, Body: []byte("x")}},
		"properties as text": {`"body":"x","properties":"{\"type\":\"t\"}"`, amqp.Publishing{DeliveryMode: 2, Type: "t", Body: []byte("x")}},
		"a time as a number": {`"body":"x","properties":{"timestamp":1769853600123}`, amqp.Publishing{DeliveryMode: 2, Timestamp: time.UnixMilli(1769853600123), Body: []byte("x")}},
		"all properties": {`"body":"x","properties":` + everything, amqp.Publishing{ContentType: "text/plain", ContentEncoding: "utf-8", DeliveryMode: 1, Priority: 9,
			Headers:       amqp.Table{"a": "x", "n": int32(7), "big": int64(5000000000), "f": 1.5, "l": []any{int32(1), "y", amqp.Table{"z": nil}}, "o": amqp.Table{}},
			CorrelationId: "c", ReplyTo: "r", Expiration: "60000", MessageId: "m", Timestamp: time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC), Type: "t", UserId: "u", AppId: "p", Body: []byte("x")}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := published(t, "{"+toOrders+`,"message":{`+tt.message+"}}")
			if err != nil {
				t.Fatal(err)
			}
			out, err := newOutgoing(p.Message)
			if err != nil {
				t.Fatal(err)
			}
			if tt.want.MessageId == "" {
				if !strings.HasPrefix(out.MessageId, "patchbay-") {
					t.Errorf("the message id is %q", out.MessageId)
				}
				out.MessageId = ""
			}
			if diff := cmp.Diff(tt.want, out.Publishing); diff != "" {
				t.Error(diff)
			}
			if out.exchange != "orders" || out.key != "new" || !out.mandatory || p.Address.String() != "amqp://h:5672/orders/new" {
				t.Errorf("it goes to %q with key %q at %s, mandatory: %v", out.exchange, out.key, p.Address, out.mandatory)
			}
		})
	}
}

func TestPublicationErrors(t *testing.T) {
	long := strings.Repeat("x", 256)
	with := func(properties string) string {
		return toOrders + `,"message":{"body":"x","properties":` + properties + "}"
	}
	to := func(routing string) string {
		return `"authentication":{"uri":"amqp://u:p@h"},"routing":` + routing + `,"message":{"body":"x"}`
	}
	tests := map[string]string{
		toOrders:                   "message: is required, but is missing",
		toOrders + `,"message":{}`: "message.body: is required, but is missing",
		`"authentication":{"uri":"http://h"},"message":{"body":"x"}`:       "authentication.uri: expected a URI that begins with amqp:// or amqps://",
		`"authentication":{"authType":"basic"},"message":{"body":"x"}`:     "authentication.authType: expected one of uri, credentials",
		`"authentication":{"authType":"credentials"},"message":{"body":1}`: "authentication.userName: is required, but is missing",
		to(`{}`):                                       "routing.routingKey: is required for the default exchange",
		to(`{"exchange":"` + long + `"}`):              "routing.exchange: expected at most 255 bytes",
		to(`{"routingKey":"` + long + `"}`):            "routing.routingKey: expected at most 255 bytes",
		with(`7`):                                      "message.properties: expected an object but got number",
		with(`"x"`):                                    "message.properties: expected an object but got a text that is no JSON",
		with(`{"colour":"red"}`):                       "message.properties: Unsupported field [colour] for properties",
		with(`{"type":"` + long + `"}`):                "message.properties.type: expected at most 255 bytes",
		with(`{"type":{}}`):                            "message.properties.type: expected a string but got object",
		with(`{"priority":256}`):                       "message.properties.priority: expected a number from 0 to 255",
		with(`{"deliveryMode":3}`):                     "message.properties.deliveryMode: expected a number from 1 to 2",
		with(`{"expiration":"PT1S"}`):                  "message.properties.expiration: expected a number of milliseconds",
		with(`{"timestamp":"today"}`):                  "message.properties.timestamp: expected milliseconds since 1970",
		with(`{"headers":[1]}`):                        "message.properties.headers: expected an object but got array",
		with(`{"headers":{"a":[{"` + long + `":1}]}}`): "message.properties.headers.a[0]: expected names of at most 255 bytes",
		with(`{"headers":{"a":1e999}}`):                "message.properties.headers.a: expected a number that AMQP can hold",
		with(`{"headers":{"a":"` + strings.Repeat("x", 101<<10) + `"}}`): "message.properties.headers: expected at most 102400 bytes",
	}
	for text, want := range tests {
		_, err := published(t, "{"+text+"}")
		if err == nil || !strings.Contains(err.Error(), want) || !protocols.IsInputError(err) {
			t.Errorf("%.100s: got %v, want %q", text, err, want)
		}
	}
}

// delivery has every property and every type of field.
func delivery() amqp.Delivery {
	at := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
	return amqp.Delivery{ContentType: "application/json", DeliveryMode: 2, Priority: 3, CorrelationId: "c", ReplyTo: "r", Expiration: "60000", MessageId: "m",
		Timestamp: at, Type: "t", UserId: "u", AppId: "p", ConsumerTag: "tag", DeliveryTag: 1, Exchange: "e", RoutingKey: "k", Body: []byte(`{"a": 1.50}`),
		Headers: amqp.Table{"text": "x", "bad": "\xff", "bytes": []byte{0xff, 0xfe}, "yes": true, "none": nil, "at": at, "decimal": amqp.Decimal{Scale: 2, Value: 12345},
			"i8": int8(-1), "u8": byte(200), "i16": int16(-2), "u16": uint16(3), "i32": int32(4), "u32": uint32(5), "i64": int64(math.MaxInt64), "f32": float32(0.1), "f64": 0.25, "nan": math.NaN(),
			"x-death": []any{amqp.Table{"count": int64(2), "queue": "q"}}, "CC": []any{"other"}}}
}

func TestEvent(t *testing.T) {
	d := delivery()
	got, err := decoder{1 << 20}.decode(context.Background(), incoming(&d))
	if err != nil {
		t.Fatal(err)
	}
	text, err := value.Append(nil, got)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"message":{"body":{"a":1.50},"consumerTag":"tag","properties":{"appId":"p","contentType":"application/json","correlationId":"c","deliveryMode":2,"expiration":"60000",` +
		`"headers":{"CC":["other"],"at":"2026-01-31T10:00:00Z","bad":"\ufffd","bytes":"//4=","decimal":12345e-2,"f32":0.1,"f64":0.25,"i16":-2,"i32":4,"i64":9223372036854775807,"i8":-1,"nan":null,"none":null,` +
		`"text":"x","u16":3,"u32":5,"u8":200,"x-death":[{"count":2,"queue":"q"}],"yes":true},"messageId":"m","priority":3,"replyTo":"r","timestamp":"2026-01-31T10:00:00Z","type":"t","userId":"u"}}}`
	if diff := cmp.Diff(strings.ReplaceAll(want, `\ufffd`, "\uFFFD"), string(text)); diff != "" {
		t.Error(diff)
	}
}

func TestEventBodies(t *testing.T) {
	for body, want := range map[string]string{`7.10`: `7.10`, `"s"`: `"s"`, `[1]`: `[1]`, `plain`: `"plain"`, "\xff": `"/w=="`, "": `""`} {
		got, err := decoder{8}.decode(context.Background(), incoming(&amqp.Delivery{ConsumerTag: "t", Body: []byte(body)}))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := value.Append(nil, got)
		if string(text) != `{"message":{"body":`+want+`,"consumerTag":"t","properties":{}}}` {
			t.Errorf("%q: got %s", body, text)
		}
	}
	if _, err := (decoder{8}).decode(context.Background(), queue.Message{Value: make([]byte, 9)}); err == nil {
		t.Error("a message over the limit is decoded")
	}
}

// TestDeadLetter sends a delivered message on, from memory and from the list of
// dead letters, where it was JSON meanwhile.
func TestDeadLetter(t *testing.T) {
	d := delivery()
	m := incoming(&d)
	stored := m
	text, err := json.Marshal(m.Properties)
	if err != nil {
		t.Fatal(err)
	}
	stored.Properties = nil
	if err := json.Unmarshal(text, &stored.Properties); err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]queue.Message{"received": m, "stored": stored} {
		m.Headers = append(m.Headers, queue.Header{Name: "patchbay-error", Value: []byte("why")})
		out, err := newOutgoing(deadLetter(m, "dead"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if out.exchange != "" || out.key != "dead" || !out.mandatory || out.Expiration != "" || out.UserId != "" || out.DeliveryMode != 2 || out.MessageId != "m" || out.Headers["CC"] != nil {
			t.Errorf("%s: it is sent as %+v", name, out)
		}
		if out.Headers["patchbay-error"] != "why" || out.Headers["text"] != "x" || out.Headers["i32"] != int32(4) || out.Headers["yes"] != true {
			t.Errorf("%s: its headers are %v", name, out.Headers)
		}
	}
}

func TestAttempt(t *testing.T) {
	for name, tt := range map[string]struct {
		d    amqp.Delivery
		want int
	}{
		"first":                {amqp.Delivery{}, 1},
		"again":                {amqp.Delivery{Redelivered: true}, 2},
		"counted":              {amqp.Delivery{Redelivered: true, Headers: amqp.Table{"x-delivery-count": int64(3)}}, 4},
		"first of a quorum":    {amqp.Delivery{Headers: amqp.Table{"x-delivery-count": int32(0)}}, 1},
		"somebody's own words": {amqp.Delivery{Headers: amqp.Table{"x-delivery-count": "many"}}, 1},
	} {
		if got := attempt(&tt.d); got != tt.want {
			t.Errorf("%s: got %d, want %d", name, got, tt.want)
		}
	}
}

func subscribed(properties map[string]any) (queue.Subscription, error) {
	all := map[string]any{"authentication": map[string]any{"uri": "amqp://u:p@h"}, "queueName": "q"}
	maps.Copy(all, properties)
	p := Protocol().Properties().(*Properties)
	if err := bind.Bind(all, p); err != nil {
		return queue.Subscription{}, err
	}
	return driver{}.Subscription(protocols.InboundHost{}, p)
}

func TestSubscription(t *testing.T) {
	sub, err := subscribed(map[string]any{"exclusive": "true", "arguments": `{"x-priority": 5}`, "consumption": map[string]any{"maxInFlight": "7", "deadLetter": "dead"}})
	if err != nil {
		t.Fatal(err)
	}
	if sub.Address.String() != "amqp://h:5672/q" || sub.Terms.MaxInFlight != 7 || sub.Reject {
		t.Errorf("it is %+v", sub)
	}
	d := delivery()
	p, err := sub.DeadLetter(t.Context(), incoming(&d))
	if err != nil || p.Address.String() != "amqp://h:5672/dead" {
		t.Errorf("dead letters go to %v, %v", p.Address, err)
	}
	if sub, err = subscribed(map[string]any{"reject": true}); err != nil || !sub.Reject || sub.DeadLetter != nil {
		t.Errorf("got %+v, %v", sub, err)
	}
}

func TestSubscriptionErrors(t *testing.T) {
	long := strings.Repeat("x", 256)
	for want, properties := range map[string]map[string]any{
		"queueName: is required":                                       {"queueName": ""},
		"queueName: expected at most 255 bytes":                        {"queueName": long},
		"consumerTag: expected at most 255 bytes":                      {"consumerTag": long},
		"consumption.deadLetter: expected at most":                     {"consumption": map[string]any{"deadLetter": long}},
		"consumption.maxInFlight: expected":                            {"consumption": map[string]any{"maxInFlight": 0}},
		"arguments: expected an object but got a text that is no JSON": {"arguments": "={a: 1}"},
		"arguments: expected an object but got array":                  {"arguments": []any{1}},
		"reject: a message that is rejected":                           {"reject": true, "consumption": map[string]any{"deadLetter": "dead"}},
	} {
		if _, err := subscribed(properties); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func FuzzProperties(f *testing.F) {
	f.Add(`{"headers":{"a":[1,{"b":null}],"c":1e5},"priority":1,"timestamp":"2026-01-31T10:00:00Z","expiration":"1"}`)
	f.Add(`{"deliveryMode":"2","messageId":7}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := value.Decode([]byte(text))
		if err != nil {
			return
		}
		properties, err := objectOf(v)
		if err != nil {
			return
		}
		m := queue.Message{Properties: map[string]any{}}
		if err := setProperties(&m, properties); err != nil {
			return
		}
		out, err := newOutgoing(m)
		if err != nil {
			return
		}
		if err := out.Headers.Validate(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		d := amqp.Delivery{Headers: out.Headers, MessageId: out.MessageId, Timestamp: out.Timestamp}
		if _, err := value.Append(nil, allProperties(incoming(&d))); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	})
}
