// Package protocoltest is the suite that every outbound protocol runs: what the
// engine relies on whatever the protocol.
package protocoltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"
	"testing"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/bind"
)

// Suite says how to bring about each situation with one protocol. Every
// function starts what it needs, for the time of the test, and returns the
// variables of a call. A nil function leaves its tests out: the protocol cannot
// get into the situation.
type Suite struct {
	Protocol protocols.Protocol
	// Host can reach what the functions start.
	Host protocols.Host
	// Echo is a call whose response holds payload, and Payload finds it there.
	Echo    func(t testing.TB, payload any) map[string]any
	Payload func(output any) any
	// Hang is a call that never gets an answer by itself.
	Hang func(t testing.TB) map[string]any
	// Large is a call whose response has about so many bytes.
	Large func(t testing.TB, bytes int) map[string]any
	// Raw is a call whose response is these bytes.
	Raw func(t testing.TB, content []byte) map[string]any
	// Busy is a call that the other side refuses for now.
	Busy func(t testing.TB) map[string]any
	// Gone is a call to an address where nobody listens.
	Gone func(t testing.TB) map[string]any
	// Wrong are variables with one mistake each, by the input it is in.
	Wrong map[string]map[string]any
}

// Run runs the suite.
func (s Suite) Run(t *testing.T) {
	run := func(name string, applies bool, test func(*testing.T)) {
		if applies {
			t.Run(name, test)
		}
	}
	t.Run("description", s.description)
	run("echo", s.Echo != nil, s.echo)
	run("concurrent", s.Echo != nil, s.concurrent)
	run("cancel", s.Hang != nil, s.cancel)
	run("deadline", s.Hang != nil, s.deadline)
	run("size limit", s.Large != nil, s.sizeLimit)
	run("any bytes", s.Raw != nil, s.anyBytes)
	run("temporary error", s.Busy != nil, s.temporary)
	run("unsent", s.Gone != nil, s.unsent)
	run("input errors", len(s.Wrong) > 0, s.inputErrors)
	run("close twice", s.Echo != nil, s.closeTwice)
}

func (s Suite) open(t testing.TB, host protocols.Host) protocols.Outbound {
	t.Helper()
	out, err := s.Protocol.Outbound(host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeIt(t, out) })
	return out
}

func closeIt(t testing.TB, out protocols.Outbound) {
	t.Helper()
	if c, ok := out.(io.Closer); ok {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

// bound returns a new input with the variables bound to it.
func (s Suite) bound(t testing.TB, variables map[string]any) any {
	t.Helper()
	in := s.Protocol.Input()
	if err := bind.Bind(variables, in); err != nil {
		t.Fatal(err)
	}
	return in
}

func (s Suite) call(ctx context.Context, t testing.TB, out protocols.Outbound, variables map[string]any) (protocols.Output, error) {
	t.Helper()
	return out.Execute(ctx, protocols.Call{Input: s.bound(t, variables)})
}

// description: what lint, help and forms show is there.
func (s Suite) description(t *testing.T) {
	if s.Protocol.Name == "" || s.Protocol.Doc == "" || s.Protocol.Input == nil {
		t.Error("the protocol lacks a name, a doc or an input")
	}
	if one, other := s.Protocol.Input(), s.Protocol.Input(); one == other {
		t.Error("Input returns the same struct twice")
	}
	for _, f := range bind.Fields(s.Protocol.Input()) {
		if f.Doc == "" {
			t.Errorf("the input %s has no doc", f.Name)
		}
	}
}

func (s Suite) echo(t *testing.T) {
	out := s.open(t, s.Host)
	for _, payload := range []any{"", "grüße \u0000 日本 \U0001F600", map[string]any{"a": []any{true, nil, "<&>"}}} {
		got, err := s.call(t.Context(), t, out, s.Echo(t, payload))
		if err != nil {
			t.Fatal(err)
		}
		if found := s.Payload(got.Value); !reflect.DeepEqual(found, payload) {
			t.Errorf("sent %#v, got %#v", payload, found)
		}
	}
}

func (s Suite) concurrent(t *testing.T) {
	const calls = 20
	out := s.open(t, s.Host)
	var wg sync.WaitGroup
	for i := range calls {
		payload := fmt.Sprint("payload ", i)
		variables := s.Echo(t, payload)
		wg.Go(func() {
			got, err := s.call(t.Context(), t, out, variables)
			if err != nil || s.Payload(got.Value) != payload {
				t.Errorf("got %v, %v, want %s", got.Value, err, payload)
			}
		})
	}
	wg.Wait()
}

func (s Suite) cancel(t *testing.T) {
	out := s.open(t, s.Host)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	_, err := s.call(ctx, t, out, s.Hang(t))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error inside", err)
	}
}

func (s Suite) deadline(t *testing.T) {
	out := s.open(t, s.Host)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := s.call(ctx, t, out, s.Hang(t))
	var e *protocols.Error
	if !errors.As(err, &e) || !errors.Is(err, context.DeadlineExceeded) || !e.Temporary {
		t.Errorf("got %#v, want a temporary error with the context's error inside", err)
	}
}

func (s Suite) sizeLimit(t *testing.T) {
	const limit = 64 << 10
	host := s.Host
	host.Limits.ResponseBody = limit
	out := s.open(t, host)
	if _, err := s.call(t.Context(), t, out, s.Large(t, limit/2)); err != nil {
		t.Errorf("below the limit: %v", err)
	}
	_, err := s.call(t.Context(), t, out, s.Large(t, 4*limit))
	var e *protocols.Error
	if !errors.As(err, &e) || e.Temporary {
		t.Errorf("over the limit: got %#v, want an error that is not temporary", err)
	}
}

// anyBytes: a response that is no text and no JSON is no reason to panic; an
// output, if there is one, is JSON.
func (s Suite) anyBytes(t *testing.T) {
	out := s.open(t, s.Host)
	for _, content := range []string{"", "\xff\xfe\x00A", "{\"a\":\xff}", "{", "[[[[[[", "\"", "nul", "\ufeff{}"} {
		got, err := s.call(t.Context(), t, out, s.Raw(t, []byte(content)))
		if err == nil {
			checkJSON(t, got.Value)
		} else if e := (*protocols.Error)(nil); !errors.As(err, &e) {
			t.Errorf("%q: got %#v", content, err)
		}
	}
}

func (s Suite) temporary(t *testing.T) {
	_, err := s.call(t.Context(), t, s.open(t, s.Host), s.Busy(t))
	var e *protocols.Error
	if !errors.As(err, &e) || !e.Temporary || e.Unsent {
		t.Errorf("got %#v, want a temporary error of a call that was sent", err)
	}
}

func (s Suite) unsent(t *testing.T) {
	_, err := s.call(t.Context(), t, s.open(t, s.Host), s.Gone(t))
	var e *protocols.Error
	if !errors.As(err, &e) || !e.Temporary || !e.Unsent || e.Cause == nil {
		t.Errorf("got %#v, want a temporary error of a call that was not sent, with its cause", err)
	}
}

func (s Suite) inputErrors(t *testing.T) {
	out := s.open(t, s.Host)
	for path, variables := range s.Wrong {
		in := s.Protocol.Input()
		err := bind.Bind(variables, in)
		if err == nil {
			_, err = out.Execute(t.Context(), protocols.Call{Input: in})
		}
		var wrong *protocols.InputError
		if !errors.As(err, &wrong) || wrong.Path != path || wrong.Message == "" {
			t.Errorf("%s: got %#v, want an input error at that path", path, err)
		}
	}
}

func (s Suite) closeTwice(t *testing.T) {
	out := s.open(t, s.Host) // closes it once more
	if _, err := s.call(t.Context(), t, out, s.Echo(t, "x")); err != nil {
		t.Fatal(err)
	}
	closeIt(t, out)
}

// checkJSON fails unless a value is what Output.Value promises.
func checkJSON(t testing.TB, value any) {
	t.Helper()
	switch v := value.(type) {
	case map[string]any:
		for _, member := range v {
			checkJSON(t, member)
		}
	case []any:
		for _, item := range v {
			checkJSON(t, item)
		}
	case nil:
	default:
		switch reflect.TypeOf(v).Kind() {
		case reflect.Bool, reflect.String, reflect.Int, reflect.Int64, reflect.Float64:
		default:
			t.Errorf("the output holds a %T", v)
		}
	}
}
