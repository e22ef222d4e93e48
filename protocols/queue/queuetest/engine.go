package queuetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/protocoltest"
)

// host is what surrounds a connector, with a list of dead letters.
type host struct {
	protocols.InboundHost
	letters chan protocols.DeadLetter
}

func newHost(t testing.TB, h protocols.Host) host {
	out := host{protocoltest.NewInboundHost(t).Host(h), make(chan protocols.DeadLetter, 100)}
	out.DeadLetters = out
	return out
}

// Add implements protocols.DeadLetters.
func (h host) Add(_ context.Context, letter protocols.DeadLetter) error {
	h.letters <- letter
	return nil
}

// listening is a connector that listens.
type listening struct {
	protocols.Inbound
	stop func() error
}

func (s Suite) inbound(t testing.TB, h host, properties map[string]any) protocols.Inbound {
	t.Helper()
	p := s.Protocol.Properties()
	if err := bind.Bind(properties, p); err != nil {
		t.Fatal(err)
	}
	in, err := s.Protocol.Inbound(h.InboundHost, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.(io.Closer).Close() })
	return in
}

// listen opens a connector and waits until it listens. It is opened again
// whenever it ends by itself, as the engine does.
func (s Suite) listen(t testing.TB, h host, properties map[string]any, handle protocols.Handler) listening {
	t.Helper()
	in := s.inbound(t, h, with(with(properties, "retryFirst", "PT0.01S"), "retryMost", "PT0.05S"))
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	once := sync.OnceFunc(func() { close(ready) })
	go func() {
		for {
			err := in.Receive(ctx, once, handle)
			if ctx.Err() != nil {
				done <- err
				return
			}
			t.Logf("the connector ended: %v", err)
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	stop := sync.OnceValue(func() error {
		cancel()
		return receive(t, done)
	})
	t.Cleanup(func() { _ = stop() })
	receive(t, ready)
	return listening{in, stop}
}

func receive[T any](t testing.TB, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(patience):
		t.Error("waited too long for what had to happen")
	}
	return value
}

// note is a handler that accepts everything and tells what it got.
func (s Suite) note(got chan<- string) protocols.Handler {
	return func(_ context.Context, e protocols.Event) (protocols.Correlation, error) {
		got <- s.Body(e.Value)
		return protocols.Correlation{Matched: true}, nil
	}
}

// acceptance ends a connector while its handler fails: the message comes again
// to the next one, which does not take it for a new one.
func (s Suite) acceptance(t *testing.T) {
	target := s.Target(t)
	tried := make(chan string, 100)
	l := s.listen(t, newHost(t, s.Host), s.Properties(target), func(_ context.Context, e protocols.Event) (protocols.Correlation, error) {
		select {
		case tried <- s.Body(e.Value):
		default:
		}
		return protocols.Correlation{}, &protocols.Error{Code: "UNAVAILABLE", Message: "the gateway is away"}
	})
	s.publish(t, target, 0, 1)
	if got := receive(t, tried); got != "0" {
		t.Fatalf("got %q, want message 0", got)
	}
	if err := l.stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	got := make(chan protocols.Event, 100)
	s.listen(t, newHost(t, s.Host), s.Properties(target), func(_ context.Context, e protocols.Event) (protocols.Correlation, error) {
		got <- e
		return protocols.Correlation{Matched: true}, nil
	})
	if again := receive(t, got); s.Body(again.Value) != "0" || again.Delivery != protocols.DeliveredAgain {
		t.Errorf("got %q with delivery %d, want message 0, delivered again", s.Body(again.Value), again.Delivery)
	}
}

func (s Suite) transient(t *testing.T) {
	target := s.Target(t)
	got := make(chan string, 100)
	var mu sync.Mutex
	failures := map[string]int{}
	s.listen(t, newHost(t, s.Host), s.Properties(target), func(ctx context.Context, e protocols.Event) (protocols.Correlation, error) {
		mu.Lock()
		defer mu.Unlock()
		if body := s.Body(e.Value); failures[body] < 2 {
			failures[body]++
			return protocols.Correlation{}, &protocols.Error{Code: "UNAVAILABLE", Message: "the gateway is away"}
		}
		return s.note(got)(ctx, e)
	})
	s.publish(t, target, 0, 5)
	seen := map[string]bool{}
	for range 5 {
		seen[receive(t, got)] = true
	}
	if len(seen) != 5 {
		t.Errorf("got %v, want five messages", seen)
	}
}

// refuse is a handler that rejects one message for ever.
func (s Suite) refuse(body string, got chan<- string) protocols.Handler {
	return func(ctx context.Context, e protocols.Event) (protocols.Correlation, error) {
		if s.Body(e.Value) == body {
			return protocols.Correlation{}, &protocols.Rejected{Code: protocols.CodeInvalidInput, Message: "no correlation key"}
		}
		return s.note(got)(ctx, e)
	}
}

func (s Suite) permanent(t *testing.T) {
	target := s.Target(t)
	got := make(chan string, 100)
	h := newHost(t, s.Host)
	l := s.listen(t, h, s.Properties(target), s.refuse("1", got))
	s.publish(t, target, 0, 3)
	seen := map[string]bool{receive(t, got): true, receive(t, got): true}
	if !seen["0"] || !seen["2"] {
		t.Errorf("got %v, want messages 0 and 2", seen)
	}
	letter := receive(t, h.letters)
	if letter.Code != protocols.CodeInvalidInput || letter.Reason != "no correlation key" || letter.Source == "" {
		t.Errorf("the dead letter is %+v", letter)
	}
	if err := l.Inbound.(protocols.Replayer).Replay(t.Context(), letter.Content, s.note(got)); err != nil {
		t.Fatal(err)
	}
	if again := receive(t, got); again != "1" {
		t.Errorf("replayed %q, want message 1", again)
	}
}

func (s Suite) forward(t *testing.T) {
	source, target := s.Target(t), s.Target(t)
	dead := s.open(t, target)
	got := make(chan string, 100)
	h := newHost(t, s.Host)
	s.listen(t, h, with(s.Properties(source), "deadLetter", target), s.refuse("0", got))
	s.publish(t, source, 0, 2)
	d := next(t, dead)
	if string(d.Value) != "0" {
		t.Errorf("the dead letter is %q, want message 0", d.Value)
	}
	reason := ""
	for _, header := range d.Headers {
		if header.Name == "patchbay-error" {
			reason = string(header.Value)
		}
	}
	if reason != "no correlation key" && !s.NoHeaders {
		t.Errorf("the dead letter's reason is %q", reason)
	}
	ack(t, dead, d)
	if next := receive(t, got); next != "1" {
		t.Errorf("then came %q, want message 1", next)
	}
	if len(h.letters) > 0 {
		t.Error("the message is in the list of dead letters too")
	}
}

// drain ends a connector while a handler runs.
func (s Suite) drain(t *testing.T) {
	target := s.Target(t)
	entered, release := make(chan struct{}, 100), make(chan struct{})
	l := s.listen(t, newHost(t, s.Host), s.Properties(target), func(context.Context, protocols.Event) (protocols.Correlation, error) {
		entered <- struct{}{}
		<-release
		return protocols.Correlation{Matched: true}, nil
	})
	s.publish(t, target, 0, 1)
	receive(t, entered)
	ended := make(chan error, 1)
	go func() { ended <- l.stop() }()
	select {
	case <-ended:
		t.Error("Receive returned while a handler was running")
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	if err := receive(t, ended); err != nil {
		t.Errorf("Receive returned %v", err)
	}
}

// reconnect ends all connections under way: what was confirmed comes, at least
// once and without duplicates of an id that was acknowledged before.
func (s Suite) reconnect(t *testing.T) {
	target := s.Target(t)
	const count, restarts = 120, 3
	got := make(chan string, 10*count)
	s.listen(t, newHost(t, s.Host), s.Properties(target), s.note(got))
	publish := s.publisher(t)
	for n := range count {
		if n > 0 && n%(count/restarts) == count/restarts/2 {
			s.Restart(t)
		}
		retry(t, func() error { return publish(target, text(fmt.Sprint(n))) })
	}
	seen := map[string]bool{}
	for len(seen) < count && !t.Failed() {
		seen[receive(t, got)] = true
	}
}

// Listen listens on an address where a broker of this test was before. Meanwhile
// a connection of some other process may have got its port.
func Listen(t testing.TB, address string) (l net.Listener) {
	t.Helper()
	retry(t, func() (err error) { l, err = net.Listen("tcp", address); return err })
	return l
}

// retry repeats what fails for a while, such as a publication that the broker did
// not confirm.
func retry(t testing.TB, try func() error) {
	t.Helper()
	limit := time.Now().Add(patience)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(limit) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s Suite) wrong(t *testing.T, properties map[string]any) {
	p := s.Protocol.Properties()
	if err := bind.Bind(properties, p); err != nil {
		return
	}
	in, err := s.Protocol.Inbound(newHost(t, s.Host).InboundHost, p)
	if err != nil {
		return
	}
	defer in.(io.Closer).Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := in.Receive(ctx, func() { t.Error("it listens") }, s.note(make(chan string, 1))); err == nil {
		t.Error("got no error")
	}
}

func (s Suite) wrongInput(t *testing.T, w WrongInput) {
	out, err := s.Protocol.Outbound(s.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer out.(io.Closer).Close()
	_, err = s.execute(t.Context(), out, w.Variables)
	var known *protocols.Error
	switch {
	case err == nil:
		t.Error("got no error")
	case w.Code == "" && !protocols.IsInputError(err):
		t.Errorf("got %v, want an input error", err)
	case w.Code != "" && (!errors.As(err, &known) || known.Code != w.Code):
		t.Errorf("got %v, want an error with the code %q", err, w.Code)
	}
}
