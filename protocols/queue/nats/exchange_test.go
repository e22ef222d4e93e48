package nats

import (
	"errors"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/httpx"
	"patchbay/protocols/protocoltest"
	"patchbay/protocols/queue"
)

// guarded is a host that may dial public addresses only.
func guarded() protocols.Host { return httpx.Guarded(protocols.Host{}) }

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var known *protocols.Error
	if !errors.As(err, &known) || known.Code != code {
		t.Errorf("got %v, want the code %s", err, code)
	}
}

// A stream knows a message id that it has seen, refuses what is meant for another
// stream, and what it has no room for.
func TestStream(t *testing.T) {
	b := serve(t, nil)
	js, err := jetstream.New(b.admin(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.*"}, MaxMsgs: 2, Discard: jetstream.DiscardNew, MaxMsgSize: 2000}); err != nil {
		t.Fatal(err)
	}
	job := func(id, stream, content string) map[string]any {
		return map[string]any{"servers": b.url(), "subject": "orders.new", "stream": stream, "message": map[string]any{"value": content, "id": id}}
	}
	for n, duplicate := range []bool{false, true} {
		receipt, err := publish(t, open(), job("a", "ORDERS", "x"))
		if err != nil || receipt["stream"] != "ORDERS" || receipt["sequence"] != int64(1) || receipt["duplicate"] != duplicate {
			t.Errorf("publication %d: got %v, %v", n, receipt, err)
		}
	}
	_, err = publish(t, open(), job("b", "INVOICES", "x"))
	wantCode(t, err, CodeWrongStream)
	_, err = publish(t, open(), job("c", "", string(make([]byte, 3000))))
	wantCode(t, err, queue.CodeTooLarge)
	if _, err = publish(t, open(), job("d", "", "x")); err != nil {
		t.Fatal(err)
	}
	_, err = publish(t, open(), job("e", "", "x"))
	wantCode(t, err, queue.CodeRefused)
}

func TestRequest(t *testing.T) {
	b := serve(t, func(o *server.Options) { o.JetStream = false })
	nc := b.admin(t)
	_, err := nc.Subscribe("stock", func(m *natsgo.Msg) {
		_ = m.RespondMsg(&natsgo.Msg{Data: []byte(`{"count": 3}`), Header: natsgo.Header{"Age": {"1"}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	job := func(subject string) map[string]any {
		return map[string]any{"servers": b.url(), "mode": modeCore, "subject": subject, "message": map[string]any{"value": "x", "waitForReply": true}}
	}
	receipt, err := publish(t, open(), job("stock"))
	if err != nil {
		t.Fatal(err)
	}
	reply, _ := receipt["reply"].(map[string]any)
	body, _ := reply["body"].(map[string]any)
	headers, _ := reply["headers"].(map[string]any)
	if body["count"] == nil || headers["Age"] != "1" {
		t.Errorf("got the reply %v", reply)
	}
	_, err = publish(t, open(), job("nobody"))
	wantCode(t, err, CodeNoResponders)
}

// listen opens a consumer with these properties.
func listen(t *testing.T, properties map[string]any) (queue.Subscription, queue.Consumer) {
	t.Helper()
	p := Protocol().Properties()
	if err := bind.Bind(properties, p); err != nil {
		t.Fatal(err)
	}
	sub, err := driver{}.Subscription(protocoltest.NewInboundHost(t).Host(open().WithDefaults()), p)
	if err != nil {
		t.Fatal(err)
	}
	c, err := sub.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sub, c
}

// A consumer of the connector's own is created, and gets what came while nobody
// listened.
func TestOwnConsumer(t *testing.T) {
	b := serve(t, nil)
	subject := b.stream(t)
	properties := map[string]any{"servers": b.url(), "subject": subject}
	_, first := listen(t, properties)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := publish(t, open(), map[string]any{"servers": b.url(), "subject": subject,
		"message": map[string]any{"value": map[string]any{"id": 7}, "headers": map[string]any{"source": "shop"}}}); err != nil {
		t.Fatal(err)
	}
	sub, again := listen(t, properties)
	defer again.Close()
	d, err := again.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	value, err := sub.Decode(t.Context(), d.Message)
	if err != nil {
		t.Fatal(err)
	}
	m := value.(map[string]any)["message"].(map[string]any)
	if m["subject"] != subject || m["sequence"] != int64(1) || m["headers"].(map[string]any)["source"] != "shop" || d.ID != m["stream"].(string)+"-1" || d.Attempt != 0 {
		t.Errorf("got %v with the id %q", m, d.ID)
	}
	if err := again.Ack(t.Context(), d); err != nil {
		t.Error(err)
	}
}

// A consumer that acknowledges by itself would lose messages.
func TestForeignConsumer(t *testing.T) {
	b := serve(t, nil)
	subject := b.stream(t)
	js, err := jetstream.New(b.admin(t))
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.StreamNameBySubject(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateConsumer(t.Context(), stream, jetstream.ConsumerConfig{Durable: "careless", AckPolicy: jetstream.AckNonePolicy}); err != nil {
		t.Fatal(err)
	}
	p := Protocol().Properties()
	if err := bind.Bind(map[string]any{"servers": b.url(), "subject": subject, "consumer": "careless"}, p); err != nil {
		t.Fatal(err)
	}
	sub, err := driver{}.Subscription(protocoltest.NewInboundHost(t).Host(open().WithDefaults()), p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sub.Open(t.Context()); err == nil {
		t.Error("it listens")
	}
}

// The server's refusal of a plain publication comes before its PONG.
func TestPermissions(t *testing.T) {
	b := serve(t, func(o *server.Options) {
		o.JetStream = false
		o.Users = []*server.User{{Username: "u", Password: "p", Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Allow: []string{"open"}}, Subscribe: &server.SubjectPermission{Allow: []string{"open"}}}}}
	})
	access := map[string]any{"servers": b.url(), "mode": modeCore, "authentication": map[string]any{"type": "credentials", "username": "u", "password": "p"}}
	job := with(access, "subject", "open", "message", map[string]any{"value": "x"})
	if _, err := publish(t, open(), job); err != nil {
		t.Error(err)
	}
	_, err := publish(t, open(), with(job, "subject", "closed"))
	wantCode(t, err, queue.CodePermission)
	p := Protocol().Properties()
	if err := bind.Bind(with(access, "subject", "closed"), p); err != nil {
		t.Fatal(err)
	}
	sub, err := driver{}.Subscription(protocoltest.NewInboundHost(t).Host(open().WithDefaults()), p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sub.Open(t.Context()); err == nil {
		t.Error("it listens to what it must not")
	}
}
