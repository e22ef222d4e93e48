package protocoltest

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/bind"
)

// Inbound describes an inbound connector to the suite that all of them run.
type Inbound struct {
	Protocol protocols.Protocol
	// Properties are good ones, nested.
	Properties map[string]any
	// Wrong are properties that must be refused, by the name of what is wrong.
	Wrong map[string]map[string]any
	// Open returns a fresh host and what makes one event happen in the outside
	// world; that returns once the world has sent it, handled or not.
	Open func(t testing.TB) (protocols.InboundHost, func(t testing.TB))
	// Redelivers says that an event whose handler failed comes again by itself.
	Redelivers bool
}

// patience bounds how long the suite waits for what must happen.
const patience = 20 * time.Second

// TestInbound checks what an inbound connector has promised its engine.
func TestInbound(t *testing.T, in Inbound) {
	t.Run("listens until the context ends", in.testLife)
	t.Run("handles an event after a failure", in.testFailure)
	t.Run("waits for its handlers", in.testDrain)
	t.Run("can be opened again", in.testAgain)
	for name, properties := range in.Wrong {
		t.Run("refuses "+name, func(t *testing.T) { in.testWrong(t, properties) })
	}
}

// listening is a connector that listens.
type listening struct {
	cancel context.CancelFunc
	ready  chan struct{}
	done   chan error
}

func (in Inbound) bind(properties map[string]any) (any, error) {
	p := in.Protocol.Properties()
	return p, bind.Bind(properties, p)
}

func (in Inbound) listen(t testing.TB, host protocols.InboundHost, handle protocols.Handler) *listening {
	t.Helper()
	properties, err := in.bind(in.Properties)
	if err != nil {
		t.Fatal(err)
	}
	connector, err := in.Protocol.Inbound(host, properties)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &listening{cancel, make(chan struct{}), make(chan error, 1)}
	go func() { l.done <- connector.Receive(ctx, sync.OnceFunc(func() { close(l.ready) }), handle) }()
	t.Cleanup(cancel)
	l.await(t)
	return l
}

func (l *listening) await(t testing.TB) {
	t.Helper()
	select {
	case <-l.ready:
	case err := <-l.done:
		t.Fatalf("Receive returned before it was ready: %v", err)
	case <-time.After(patience):
		t.Fatal("it never became ready")
	}
}

// stop ends it and expects no error.
func (l *listening) stop(t testing.TB) {
	t.Helper()
	l.cancel()
	select {
	case err := <-l.done:
		if err != nil {
			t.Errorf("Receive returned %v after its context ended, want nil", err)
		}
	case <-time.After(patience):
		t.Fatalf("Receive did not return after its context ended:\n%s", stacks())
	}
}

func stacks() []byte {
	text := make([]byte, 1<<16)
	return text[:runtime.Stack(text, true)]
}

func wait(t testing.TB, events <-chan protocols.Event) protocols.Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(patience):
		t.Fatal("no event came")
	}
	return protocols.Event{}
}

func accept(events chan<- protocols.Event) protocols.Handler {
	return func(ctx context.Context, e protocols.Event) (protocols.Correlation, error) {
		select {
		case events <- e:
			return protocols.Correlation{Matched: true}, nil
		case <-ctx.Done():
			return protocols.Correlation{}, ctx.Err()
		}
	}
}

func (in Inbound) testLife(t *testing.T) {
	host, send := in.Open(t)
	events := make(chan protocols.Event, 16)
	l := in.listen(t, host, accept(events))
	send(t)
	if e := wait(t, events); e.Value == nil {
		t.Error("the event has no value")
	}
	l.stop(t)
}

func (in Inbound) testFailure(t *testing.T) {
	host, send := in.Open(t)
	events := make(chan protocols.Event, 16)
	var failed sync.Once
	l := in.listen(t, host, func(ctx context.Context, e protocols.Event) (c protocols.Correlation, err error) {
		failed.Do(func() { err = &protocols.Error{Code: "UNAVAILABLE", Message: "the gateway is away"} })
		if err != nil {
			return c, err
		}
		return accept(events)(ctx, e)
	})
	send(t)
	if !in.Redelivers {
		send(t)
	}
	wait(t, events)
	l.stop(t)
}

// testDrain checks that Receive does not return while a handler runs.
func (in Inbound) testDrain(t *testing.T) {
	host, send := in.Open(t)
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	l := in.listen(t, host, func(context.Context, protocols.Event) (protocols.Correlation, error) {
		once.Do(func() { close(entered) })
		<-release
		return protocols.Correlation{Matched: true}, nil
	})
	sent := make(chan struct{})
	go func() { defer close(sent); send(t) }()
	select {
	case <-entered:
	case <-time.After(patience):
		t.Fatal("no event came")
	}
	l.cancel()
	select {
	case <-l.done:
		t.Error("Receive returned while a handler was running")
	default:
	}
	close(release)
	l.stop(t)
	<-sent
}

func (in Inbound) testAgain(t *testing.T) {
	host, send := in.Open(t)
	for range 2 {
		events := make(chan protocols.Event, 16)
		l := in.listen(t, host, accept(events))
		send(t)
		wait(t, events)
		l.stop(t)
	}
}

func (in Inbound) testWrong(t *testing.T, wrong map[string]any) {
	host, _ := in.Open(t)
	properties, err := in.bind(wrong)
	if err != nil {
		return
	}
	connector, err := in.Protocol.Inbound(host, properties)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err = connector.Receive(ctx, cancel, accept(make(chan protocols.Event)))
	if err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want an error that says what is wrong", err)
	}
}
