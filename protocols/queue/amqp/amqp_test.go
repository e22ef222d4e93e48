package amqp

import (
	"context"
	cryptorand "crypto/rand"
	"maps"
	"runtime"
	"strings"
	"testing"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/protocoltest"
	"patchbay/protocols/queue/amqp/amqptest"
	"patchbay/protocols/queue/queuetest"
)

func TestSuite(t *testing.T) {
	b := amqptest.Start(t)
	s := suite(t, b.URI(), func(t testing.TB) string {
		name := "q-" + cryptorand.Text()
		b.Declare(name)
		return name
	})
	s.Restart = func(testing.TB) { b.Disconnect() }
	s.Run(t)
}

func TestEndurance(t *testing.T) {
	b := amqptest.Start(t)
	e := endurance(t, b.URI(), func(testing.TB) string {
		b.Declare("numbers")
		return "numbers"
	})
	e.Messages, e.Restarts, e.Publishers = 2000, 5, 16
	e.Again = func(testing.TB, int) { b.Disconnect() }
	e.Run(t)
}

func TestNeighbours(t *testing.T) {
	b := amqptest.Start(t)
	b.Declare("orders")
	good := neighbours(t, b.URI(), "orders", map[string]map[string]any{
		"NOT_FOUND":    job(b.URI(), "no such exchange", "orders", "x"),
		CodeUnroutable: job(b.URI(), "", "no such queue", "x"),
	})
	if got := b.Count("orders"); got < good {
		t.Errorf("%d messages were confirmed, but the queue has %d", good, got)
	}
}

func TestHealth(t *testing.T) {
	b := amqptest.Start(t)
	b.Declare("orders")
	health(t, b.URI(), "orders", func() { b.Delete("orders") }, func() { b.Declare("orders") })
}

func TestReceipt(t *testing.T) {
	b := amqptest.Start(t)
	b.Bind("orders", "new", "fresh")
	got, err := publisher(t, protocoltest.Host(t))(t.Context(), with(job(b.URI(), "orders", "new", "x"), "message", "properties", map[string]any{"messageId": "m-1"}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"statusResult": "success", "confirmed": true, "exchange": "orders", "routingKey": "new", "messageId": "m-1"}
	if !maps.Equal(got, want) || b.Count("fresh") != 1 {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestGuard lets no connection through that the host's guard forbids.
func TestGuard(t *testing.T) {
	b := amqptest.Start(t)
	_, err := publisher(t, protocols.Host{})(t.Context(), job(b.URI(), "", "orders", "x"))
	if code(err) != "input" || !strings.Contains(err.Error(), "--allow") {
		t.Errorf("got %v", err)
	}
}

// TestNothingStays looks for goroutines that outlive the connectors.
func TestNothingStays(t *testing.T) {
	b := amqptest.Start(t)
	b.Declare("orders")
	before := runtime.NumGoroutine()
	t.Run("use", func(t *testing.T) {
		if _, err := publisher(t, protocoltest.Host(t))(t.Context(), job(b.URI(), "", "orders", "x")); err != nil {
			t.Fatal(err)
		}
		in := inbound(t, protocoltest.NewInboundHost(t).Host(protocoltest.Host(t)), map[string]any{"authentication": map[string]any{"uri": b.URI()}, "queueName": "orders"})
		ctx, cancel := context.WithCancel(t.Context())
		if err := in.Receive(ctx, func() {}, countdown(1, cancel)); err != nil {
			t.Fatal(err)
		}
	})
	limit := time.Now().Add(patience)
	for runtime.NumGoroutine() > before && time.Now().Before(limit) {
		time.Sleep(time.Millisecond) // those of the client's library end by themselves
	}
	if after := runtime.NumGoroutine(); after > before {
		text := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after:\n%s", before, after, text[:runtime.Stack(text, true)])
	}
}

// TestReject leaves what is never accepted to the broker: it is gone from the
// queue, and on no list.
func TestReject(t *testing.T) {
	b := amqptest.Start(t)
	b.Declare("orders")
	publish := publisher(t, protocoltest.Host(t))
	for _, body := range []string{"poison", "good"} {
		if _, err := publish(t.Context(), job(b.URI(), "", "orders", body)); err != nil {
			t.Fatal(err)
		}
	}
	in := inbound(t, protocoltest.NewInboundHost(t).Host(protocoltest.Host(t)), map[string]any{"authentication": map[string]any{"uri": b.URI()}, "queueName": "orders",
		"reject": true, "consumption": map[string]any{"maxInFlight": 1}})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := in.Receive(ctx, func() {}, func(_ context.Context, e protocols.Event) (protocols.Correlation, error) {
		if queuetest.Text(e.Value, "message", "body") == "poison" {
			return protocols.Correlation{}, &protocols.Rejected{Code: protocols.CodeInvalidInput, Message: "no correlation key"}
		}
		cancel()
		return protocols.Correlation{Matched: true}, nil
	})
	if err != nil || b.Count("orders") != 0 {
		t.Errorf("got %v, and %d messages are left", err, b.Count("orders"))
	}
}
