package mqtt

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/httpx"
	"patchbay/protocols/protocoltest"
	"patchbay/protocols/queue"
)

// publish runs a job with these variables.
func publish(t *testing.T, host protocols.Host, variables map[string]any) (map[string]any, error) {
	t.Helper()
	in := Protocol().Input()
	if err := bind.Bind(variables, in); err != nil {
		return nil, err
	}
	p, err := driver{}.Publication(t.Context(), host.WithDefaults(), in)
	if err != nil {
		return nil, err
	}
	producer, err := p.Connect(t.Context())
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	return producer.Publish(t.Context(), p.Message)
}

// listen makes a subscription with these properties.
func listen(t *testing.T, properties map[string]any) queue.Subscription {
	t.Helper()
	p := Protocol().Properties()
	if err := bind.Bind(properties, p); err != nil {
		t.Fatal(err)
	}
	sub, err := driver{}.Subscription(protocoltest.NewInboundHost(t).Host(open().WithDefaults()), p)
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

func openAgain(t *testing.T, sub queue.Subscription) queue.Consumer {
	t.Helper()
	c, err := sub.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func next(t *testing.T, c queue.Consumer) *queue.Delivery {
	t.Helper()
	d, err := c.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// What a job gives is what an event shows.
func TestEvent(t *testing.T) {
	b := serve(t)
	sub := listen(t, map[string]any{"servers": b.url(), "topic": "doors/+"})
	c := openAgain(t, sub)
	receipt, err := publish(t, open(), map[string]any{"servers": b.url(), "topic": "doors/7", "qos": 2, "message": map[string]any{
		"value": map[string]any{"open": true}, "headers": map[string]any{"b": "2", "a": "1"}, "contentType": "application/json",
		"correlationData": "c-1", "responseTopic": "answers/7", "expiry": "PT1M"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"topic": "doors/7", "qos": 2, "confirmed": true, "reasonCode": 0}, receipt); diff != "" {
		t.Error(diff)
	}
	d := next(t, c)
	value, err := sub.Decode(t.Context(), d.Message)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"message": map[string]any{"topic": "doors/7", "qos": 1, "retain": false, "body": map[string]any{"open": true},
		"headers": map[string]any{"a": "1", "b": "2"}, "contentType": "application/json", "correlationData": "c-1", "responseTopic": "answers/7"}}
	if diff := cmp.Diff(want, value); diff != "" {
		t.Error(diff)
	}
	if err := c.Ack(t.Context(), d); err != nil || d.ID != "" {
		t.Errorf("ack: %v; the message has the id %q", err, d.ID)
	}
}

// A QoS 2 message that was handled is not handled again, even when the connection
// ended before the broker heard of it.
func TestHandledBefore(t *testing.T) {
	b := serve(t)
	sub := listen(t, map[string]any{"servers": b.url(), "topic": "once", "qos": "2"})
	c := openAgain(t, sub)
	job := map[string]any{"servers": b.url(), "topic": "once", "message": map[string]any{"value": "first"}, "qos": "2"}
	if _, err := publish(t, open(), job); err != nil {
		t.Fatal(err)
	}
	d := next(t, c)
	b.restart(t)
	<-c.(*consumer).ended
	if err := c.Ack(t.Context(), d); !errors.Is(err, queue.ErrDisconnected) {
		t.Errorf("ack after the end: got %v", err)
	}
	again := openAgain(t, sub)
	job["message"] = map[string]any{"value": "second"}
	if _, err := publish(t, open(), job); err != nil {
		t.Fatal(err)
	}
	if d := next(t, again); string(d.Value) != "second" {
		t.Errorf("%q came again", d.Value)
	}
}

// A session may hold more messages than have room, which come before the broker
// answers the subscription of a connector that was started again.
func TestBacklog(t *testing.T) {
	b := serve(t)
	const most, count = 2, 20
	properties := map[string]any{"servers": b.url(), "topic": "backlog", "version": version311, "clientId": "backlog", "consumption": map[string]any{"maxInFlight": most}}
	if err := openAgain(t, listen(t, properties)).Close(); err != nil {
		t.Fatal(err)
	}
	for n := range count {
		if _, err := publish(t, open(), map[string]any{"servers": b.url(), "topic": "backlog", "message": map[string]any{"value": n}}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := listen(t, properties).Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for came := map[string]bool{}; len(came) < count; { // in any order: this broker's
		d := next(t, c)
		came[string(d.Value)] = true
		if err := c.Ack(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
}

// Acknowledgements go out in the order of the messages [MQTT-4.6.0-2].
func TestOrderOfAcknowledgements(t *testing.T) {
	b := serve(t)
	sub := listen(t, map[string]any{"servers": b.url(), "topic": "ordered"})
	c := openAgain(t, sub)
	var held []*queue.Delivery
	for _, text := range []string{"0", "1", "2"} {
		if _, err := publish(t, open(), map[string]any{"servers": b.url(), "topic": "ordered", "message": map[string]any{"value": text}}); err != nil {
			t.Fatal(err)
		}
		held = append(held, next(t, c))
	}
	pending := func() int {
		own := c.(*consumer)
		own.mu.Lock()
		defer own.mu.Unlock()
		return len(own.open)
	}
	for _, step := range []struct{ ack, left int }{{2, 3}, {1, 3}, {0, 0}} {
		if err := c.Ack(t.Context(), held[step.ack]); err != nil {
			t.Fatal(err)
		}
		if got := pending(); got != step.left {
			t.Errorf("after message %d, %d acknowledgements are held back, want %d", step.ack, got, step.left)
		}
	}
}

func TestRefusals(t *testing.T) {
	b := serve(t)
	wrong := map[string]any{"type": "credentials", "username": "u", "password": "hush"}
	for name, test := range map[string]struct {
		change map[string]any
		code   string
	}{
		"wrong password":          {map[string]any{"authentication": wrong}, queue.CodeAuthentication},
		"wrong password of 3.1.1": {map[string]any{"authentication": wrong, "version": version311}, queue.CodeAuthentication},
		"forbidden topic":         {map[string]any{"topic": "closed/a"}, queue.CodePermission},
		"too large":               {map[string]any{"message": map[string]any{"value": strings.Repeat("x", 2<<20)}}, queue.CodeTooLarge},
		"no broker":               {map[string]any{"servers": "mqtt://127.0.0.1:1"}, queue.CodeConnection},
	} {
		t.Run(name, func(t *testing.T) {
			job := map[string]any{"servers": b.url(), "topic": "a", "message": map[string]any{"value": "x"}}
			_, err := publish(t, open(), with(job, pairs(test.change)...))
			var known *protocols.Error
			if !errors.As(err, &known) || known.Code != test.code || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %v, want the code %s", err, test.code)
			}
		})
	}
	t.Run("listening", func(t *testing.T) {
		for name, change := range map[string]map[string]any{"wrong password": {"authentication": wrong}, "forbidden topic": {"topic": "closed/a"}} {
			if _, err := listen(t, with(map[string]any{"servers": b.url(), "topic": "a"}, pairs(change)...)).Open(t.Context()); err == nil {
				t.Errorf("%s: it listens", name)
			}
		}
	})
}

// What is wrong with a job is told before or while it connects, without secrets.
func TestWrongInput(t *testing.T) {
	for name, test := range map[string]struct {
		change map[string]any
		want   string
	}{
		"scheme":              {map[string]any{"servers": "http://a"}, "servers: expected an address such as"},
		"password in the URL": {map[string]any{"servers": "mqtt://u:hush@a"}, "the address of a has a user name"},
		"wildcard":            {map[string]any{"topic": "a/#"}, "topic: expected a topic without wildcards"},
		"quality":             {map[string]any{"qos": "3"}, "qos: expected one of 0, 1, 2"},
		"headers of 3.1.1":    {map[string]any{"version": "3.1.1", "message": map[string]any{"value": "x", "headers": map[string]any{"a": "b"}}}, "MQTT 3.1.1 has neither headers"},
		"response topic":      {map[string]any{"message": map[string]any{"value": "x", "responseTopic": "a/+"}}, "message.responseTopic: expected a topic without wildcards"},
		"long header":         {map[string]any{"message": map[string]any{"value": "x", "headers": map[string]any{"a": strings.Repeat("x", 1<<16)}}}, "at most 65535 bytes"},
		"certificate":         {map[string]any{"servers": "mqtts://127.0.0.1:1", "clientTls": map[string]any{"clientCertificate": "hush"}}, "--allow-net loopback"},
		"address not allowed": {map[string]any{}, "allow it with --allow-net loopback"},
	} {
		t.Run(name, func(t *testing.T) {
			job := map[string]any{"servers": "mqtt://127.0.0.1", "topic": "a", "message": map[string]any{"value": "x"}}
			_, err := publish(t, httpx.Guarded(protocols.Host{}), with(job, pairs(test.change)...))
			if !protocols.IsInputError(err) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func pairs(m map[string]any) (list []any) {
	for name, value := range m {
		list = append(list, name, value)
	}
	return list
}
