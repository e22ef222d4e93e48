// Package queuetest is the suite that every driver of package queue passes: what
// the queue engine relies on, whatever the broker.
package queuetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"testing"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/queue"
)

// Suite says how to bring about each situation with one driver. A nil function
// leaves its tests out: the broker cannot get into the situation.
type Suite struct {
	Protocol protocols.Protocol
	Driver   queue.Driver
	// Host can reach the broker.
	Host protocols.Host
	// Target makes a fresh queue, or whatever the broker calls it, for the time
	// of the test. Its messages keep their order when a single consumer takes
	// them.
	Target func(t testing.TB) string
	// Input are the variables of a job that publishes a message to a target:
	// its value, its headers and its key, if it has one.
	Input func(target string, m queue.Message) map[string]any
	// Properties are the nested properties of an inbound connector that
	// receives everything that is published to a target from the moment on that
	// it listens, or before.
	Properties func(target string) map[string]any
	// Sharing are those of the n-th of several that share the messages, from 0;
	// Properties by default.
	Sharing func(target string, n int) map[string]any
	// Body finds the content in the value of an event, as text.
	Body func(event any) string
	// Restart ends every connection and brings the broker back, with all that it
	// has confirmed.
	Restart func(t testing.TB)
	// Wrong are properties with one mistake each that only the broker sees, by
	// its name.
	Wrong map[string]map[string]any
	// WrongInput are variables with one mistake each, by its name, and the code
	// of the error.
	WrongInput map[string]WrongInput
	// Forgets says that the broker delivers each message once at most: tests of
	// redelivery are left out.
	Forgets bool
	// Shuffles says that what is delivered again comes in any order.
	Shuffles bool
	// NoHeaders says that the broker has no headers.
	NoHeaders bool
	// Largest is the size of the large message in bytes; 512 KiB by default.
	Largest int
}

// WrongInput is a job that cannot be published.
type WrongInput struct {
	Variables map[string]any
	// Code is the error's; empty means an *protocols.InputError.
	Code string
}

// patience bounds how long the suite waits for what must happen.
const patience = 30 * time.Second

// Run runs the suite.
func (s Suite) Run(t *testing.T) {
	if s.Largest == 0 {
		s.Largest = 512 << 10
	}
	run := func(name string, applies bool, test func(*testing.T)) {
		if applies {
			t.Run(name, test)
		}
	}
	run("keeps the order", true, s.order)
	run("carries any content", true, s.contents)
	run("carries headers", !s.NoHeaders, s.headers)
	run("confirms a burst", true, s.burst)
	run("ends when its context does", true, s.cancel)
	run("closes twice", true, s.closeTwice)
	run("delivers again what was not acknowledged", !s.Forgets, s.redelivery)
	run("delivers again what was given back", !s.Forgets, s.nack)
	run("does not deliver again what was acknowledged", !s.Forgets, s.ack)
	run("shares messages between consumers", !s.Forgets, s.share)
	run("acknowledges only what was accepted", !s.Forgets, s.acceptance)
	run("tries again what may pass", true, s.transient)
	run("sets aside what never will", true, s.permanent)
	run("forwards to the dead-letter target", true, s.forward)
	run("waits for its handlers", true, s.drain)
	run("reconnects", s.Restart != nil, s.reconnect)
	for name, properties := range s.Wrong {
		t.Run("refuses to listen with "+name, func(t *testing.T) { s.wrong(t, properties) })
	}
	for name, w := range s.WrongInput {
		t.Run("refuses to publish with "+name, func(t *testing.T) { s.wrongInput(t, w) })
	}
}

// publisher publishes through the engine, as jobs do.
func (s Suite) publisher(t testing.TB) func(target string, m queue.Message) error {
	t.Helper()
	out, err := s.Protocol.Outbound(s.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.(io.Closer).Close() })
	return func(target string, m queue.Message) error {
		_, err := s.execute(t.Context(), out, s.Input(target, m))
		return err
	}
}

func (s Suite) execute(ctx context.Context, out protocols.Outbound, variables map[string]any) (protocols.Output, error) {
	in := s.Protocol.Input()
	if err := bind.Bind(variables, in); err != nil {
		return protocols.Output{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return out.Execute(ctx, protocols.Call{Input: in})
}

// publish publishes numbered messages, "0" and so on.
func (s Suite) publish(t testing.TB, target string, from, to int) {
	t.Helper()
	publish := s.publisher(t)
	for n := from; n < to; n++ {
		if err := publish(target, text(fmt.Sprint(n))); err != nil {
			t.Fatalf("publish message %d: %v", n, err)
		}
	}
}

func text(content string) queue.Message { return queue.Message{Value: []byte(content)} }

// subscription is one connector's, as its driver sees it.
func (s Suite) subscription(t testing.TB, host protocols.InboundHost, properties map[string]any) queue.Subscription {
	t.Helper()
	p := s.Protocol.Properties()
	if err := bind.Bind(properties, p); err != nil {
		t.Fatal(err)
	}
	sub, err := s.Driver.Subscription(host, p)
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

func (s Suite) open(t testing.TB, target string) queue.Consumer {
	t.Helper()
	return s.openWith(t, s.Properties(target))
}

func (s Suite) openWith(t testing.TB, properties map[string]any) queue.Consumer {
	t.Helper()
	sub := s.subscription(t, newHost(t, s.Host).InboundHost, properties)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := sub.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func next(t testing.TB, c queue.Consumer) *queue.Delivery {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	d, err := c.Next(ctx)
	if err != nil {
		t.Fatalf("next: %v", err)
	}
	return d
}

func ack(t testing.TB, c queue.Consumer, d *queue.Delivery) {
	t.Helper()
	if err := c.Ack(t.Context(), d); err != nil {
		t.Fatalf("ack: %v", err)
	}
}

func (s Suite) order(t *testing.T) {
	target := s.Target(t)
	c := s.open(t, target)
	const count = 200
	s.publish(t, target, 0, count)
	ids := map[string]bool{}
	for n := range count {
		d := next(t, c)
		if got := string(d.Value); got != fmt.Sprint(n) {
			t.Fatalf("message %d is %q", n, got)
		}
		if d.ID != "" && ids[d.ID] {
			t.Fatalf("message %d has the id %q of another one", n, d.ID)
		}
		ids[d.ID] = true
		ack(t, c, d)
	}
}

func (s Suite) contents(t *testing.T) {
	target := s.Target(t)
	c := s.open(t, target)
	publish := s.publisher(t)
	large := bytes.Repeat([]byte("0123456789abcde\n"), s.Largest/16)
	for name, content := range map[string][]byte{
		"text": []byte("grüße 日本 \U0001F600"), "JSON": []byte(`{"a":[1,true,null,"<&>"]}`), "one byte": {'x'}, "large": large,
	} {
		if err := publish(target, queue.Message{Value: content}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		d := next(t, c)
		if !bytes.Equal(d.Value, content) {
			t.Errorf("%s: got %d bytes, sent %d", name, len(d.Value), len(content))
		}
		ack(t, c, d)
	}
}

func (s Suite) headers(t *testing.T) {
	target := s.Target(t)
	c := s.open(t, target)
	sent := map[string]string{"plain": "value", "X-Mixed-Case": "grüße", "empty": ""}
	m := text("x")
	for name, v := range sent {
		m.Headers = append(m.Headers, queue.Header{Name: name, Value: []byte(v)})
	}
	if err := s.publisher(t)(target, m); err != nil {
		t.Fatal(err)
	}
	d := next(t, c)
	got := map[string]string{}
	for _, h := range d.Headers {
		got[h.Name] = string(h.Value)
	}
	for name, v := range sent {
		if found, ok := got[name]; !ok || found != v {
			t.Errorf("header %s is %q, sent %q", name, found, v)
		}
	}
	ack(t, c, d)
}

func (s Suite) cancel(t *testing.T) {
	c := s.open(t, s.Target(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if d, err := c.Next(ctx); err == nil {
		t.Errorf("got %q without a message, want the context's error", d.Value)
	}
}

func (s Suite) closeTwice(t *testing.T) {
	c := s.open(t, s.Target(t))
	for range 2 {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := c.Next(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("next after close: got %v, want an error at once", err)
	}
}

func with(properties map[string]any, name string, value any) map[string]any {
	out := maps.Clone(properties)
	terms, _ := out["consumption"].(map[string]any)
	terms = maps.Clone(terms)
	if terms == nil {
		terms = map[string]any{}
	}
	terms[name] = value
	out["consumption"] = terms
	return out
}

// Text returns a member of an event as text, numbers as JSON writes them.
func Text(event any, path ...string) string {
	for _, name := range path {
		object, _ := event.(map[string]any)
		event = object[name]
	}
	return fmt.Sprint(event)
}
