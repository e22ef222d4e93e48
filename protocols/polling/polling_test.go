package polling

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/protocoltest"
)

// request is a protocol that answers in memory.
type request struct {
	mu     sync.Mutex
	inputs []*input
	at     []time.Time
	answer func(in *input) (any, error)
	busy   int
	most   int
}

type input struct {
	Method  string            `bind:"method" default:"GET"`
	URL     string            `bind:"url,required"`
	Headers map[string]string `bind:"headers"`
	Token   struct {
		Token string `bind:"token"`
	} `bind:"authentication"`
}

func (r *request) protocol() protocols.Protocol {
	return protocols.Protocol{
		Name: "fake", Input: func() any { in := &input{}; bind.Defaults(in); return in },
		Outbound: func(protocols.Host) (protocols.Outbound, error) { return r, nil },
	}
}

func (r *request) Execute(ctx context.Context, call protocols.Call) (protocols.Output, error) {
	in := call.Input.(*input)
	r.mu.Lock()
	r.inputs, r.at = append(r.inputs, in), append(r.at, time.Now().UTC())
	r.busy++
	r.most = max(r.most, r.busy)
	answer := r.answer
	r.mu.Unlock()
	defer func() { r.mu.Lock(); r.busy--; r.mu.Unlock() }()
	body, err := any("ok"), error(nil)
	if answer != nil {
		body, err = answer(in)
	}
	if err != nil {
		return protocols.Output{}, err
	}
	return protocols.Output{Value: map[string]any{"status": 200, "headers": map[string]any{}, "body": body, "reason": "OK", "document": nil}}, ctx.Err()
}

func (r *request) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.inputs)
}

// fixture is a poller that runs in a bubble of its own time.
type fixture struct {
	t       testing.TB
	host    *protocoltest.InboundHost
	request *request
	mu      sync.Mutex
	events  []protocols.Event
	err     error
	store   bool
}

func newFixture(t testing.TB) *fixture {
	return &fixture{t: t, host: protocoltest.NewInboundHost(t), request: &request{}, store: true}
}

func (f *fixture) handle(_ context.Context, e protocols.Event) (protocols.Correlation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return protocols.Correlation{}, f.err
	}
	f.events = append(f.events, e)
	return protocols.Correlation{Matched: true}, nil
}

func (f *fixture) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// open starts polling for the elements; stop ends it and returns its error.
func (f *fixture) open(properties map[string]any, elements ...protocols.ElementRef) (stop func() error) {
	f.t.Helper()
	protocol := Protocol(f.request.protocol())
	p := protocol.Properties()
	if err := bind.Bind(properties, p); err != nil {
		f.t.Fatal(err)
	}
	host := f.host.Host(protocols.Host{}, elements...)
	if !f.store {
		host.Cursor = nil
	}
	in, err := protocol.Inbound(host, p)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- in.Receive(ctx, func() {}, f.handle) }()
	return sync.OnceValue(func() error { cancel(); return <-done })
}

// pass lets time go by in the bubble, until all have done what they had to.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// values are the events' values of a member, in order.
func (f *fixture) values(name string) []any {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []any
	for _, e := range f.events {
		out = append(out, e.Value.(map[string]any)[name])
	}
	return out
}

var (
	catch = protocols.ElementRef{BpmnProcessID: "p", ProcessDefinitionKey: 1, ElementID: "wait", ElementType: "intermediateCatchEvent"}
	start = protocols.ElementRef{BpmnProcessID: "p", ProcessDefinitionKey: 1, ElementID: "begin", ElementType: "startEvent"}
)

func instance(key int64, variables map[string]any) protocols.WaitingInstance {
	return protocols.WaitingInstance{ElementInstanceKey: key, ProcessInstanceKey: key * 10, Variables: variables}
}

func TestInstances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.host.Wait("wait", instance(1, map[string]any{"id": "a", "token": "s"}), instance(2, map[string]any{"id": "b"}))
		stop := f.open(map[string]any{
			"url": "=id", "headers": `{"X-A":"1"}`, "authentication": map[string]any{"token": "=token"},
			"httpRequestInterval": "PT10S", "processPollingInterval": "PT2S",
		}, catch)
		synctest.Wait()
		if f.request.count() != 2 {
			t.Fatalf("%d requests at once, want one for each instance", f.request.count())
		}
		got := map[string]*input{}
		for _, in := range f.request.inputs {
			got[in.URL] = in
		}
		if got["a"] == nil || got["b"] == nil || got["a"].Token.Token != "s" || got["a"].Headers["X-A"] != "1" || got["a"].Method != "GET" {
			t.Errorf("inputs: %+v", got)
		}
		ids := map[string]int64{}
		for _, e := range f.events {
			ids[e.MessageID] = e.ElementInstanceKey
		}
		if diff := cmp.Diff(map[string]int64{"wait1": 1, "wait2": 2}, ids); diff != "" {
			t.Error(diff)
		}

		f.host.Wait("wait", instance(2, map[string]any{"id": "changed"}))
		pass(100 * time.Second)
		// About ten more for the instance that still waits, none for the other.
		if n := f.request.count(); n < 2+9 || n > 2+12 {
			t.Errorf("%d requests", n)
		}
		for _, in := range f.request.inputs[2:] {
			if in.URL != "changed" {
				t.Errorf("polled %q", in.URL)
			}
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// Requests of one executable are bounded, however many instances wait.
func TestConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.request.answer = func(*input) (any, error) { time.Sleep(time.Second); return "x", nil }
		var all []protocols.WaitingInstance
		for i := range 100 {
			all = append(all, instance(int64(i+1), nil))
		}
		f.host.Wait("wait", all...)
		stop := f.open(map[string]any{"url": "u", "httpRequestInterval": "PT1H"}, catch)
		pass(20 * time.Second)
		if f.request.count() != 100 || f.request.most != maxInFlight {
			t.Errorf("%d requests, %d at a time", f.request.count(), f.request.most)
		}
		_ = stop()
	})
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.host.Wait("wait", instance(1, nil))
		f.request.answer = func(*input) (any, error) { return nil, &protocols.Error{Code: "503", Message: "Service Unavailable"} }
		stop := f.open(map[string]any{"url": "u", "httpRequestInterval": "PT1M"}, catch)
		pass(2 * time.Hour)
		at := f.request.at
		if n := len(at); n < 8 || n > 16 {
			t.Fatalf("%d requests in two hours", n)
		}
		if first, last := at[1].Sub(at[0]), at[len(at)-1].Sub(at[len(at)-2]); first > 3*time.Minute || last < 13*time.Minute || last > 17*time.Minute {
			t.Errorf("first wait %v, last wait %v", first, last)
		}
		if notes := f.host.Notes(); notes[0] != "ERROR Request: poll: 503 Service Unavailable" {
			t.Errorf("notes: %q", notes)
		}
		f.request.mu.Lock()
		f.request.answer = nil
		f.request.mu.Unlock()
		pass(20 * time.Minute)
		before := f.request.count()
		pass(10 * time.Minute)
		if n := f.request.count() - before; n < 9 || n > 12 {
			t.Errorf("%d requests in ten minutes after it went well again", n)
		}
		_ = stop()
	})
}

func TestServerAsksForPatience(t *testing.T) {
	err := &protocols.Error{Code: "429", RetryAfter: time.Hour}
	if d := next(time.Second, 1, fmt.Errorf("poll: %w", err)); d < 54*time.Minute || d > 66*time.Minute {
		t.Errorf("waits %v", d)
	}
	if d := next(time.Hour, 9, errors.New("x")); d < 54*time.Minute || d > 66*time.Minute {
		t.Errorf("waits %v, want about the interval, which is longer than the longest back-off", d)
	}
}

// An event that the engine refuses for good is no reason to slow down: the next
// response may be the one that is waited for.
func TestConditionNotMet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.fail(&protocols.Rejected{Code: protocols.CodeConditionNotMet, Message: "not yet"})
		f.host.Wait("wait", instance(1, nil))
		stop := f.open(map[string]any{"url": "u", "httpRequestInterval": "PT10S"}, catch)
		pass(time.Minute + 5*time.Second)
		f.fail(nil)
		pass(20 * time.Second)
		if n := f.request.count(); n < 8 || n > 10 || len(f.values("body")) == 0 {
			t.Errorf("%d requests, %d events", n, len(f.values("body")))
		}
		_ = stop()
	})
}

func TestScanFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.host.FailWaiting(errors.New("index is away"))
		stop := f.open(map[string]any{"url": "u"}, catch)
		pass(5 * time.Second)
		f.host.FailWaiting(nil)
		f.host.Wait("wait", instance(1, nil))
		pass(15 * time.Second)
		if f.request.count() != 1 {
			t.Errorf("%d requests after the scan went well again", f.request.count())
		}
		f.host.FailWaiting(errors.New("index is away"))
		pass(5 * time.Minute)
		if err := stop(); err == nil || err.Error() != `look for instances at "wait": index is away` {
			t.Errorf("got %v", err)
		}
	})
}

func TestWrongProperties(t *testing.T) {
	tests := map[string]map[string]any{
		"schedule: expected a cron":                    {"url": "u", "schedule": "every day"},
		"url: is required":                             {},
		"httpRequestInterval: expected an ISO":         {"url": "u", "httpRequestInterval": "10s"},
		"httpRequestInterval: expected at least":       {"url": "u", "httpRequestInterval": "PT0S"},
		"processPollingInterval: expected an ISO 8601": {"url": "u", "processPollingInterval": "=7"},
	}
	for message, properties := range tests {
		f := newFixture(t)
		p := &Properties{}
		err := bind.Bind(properties, p)
		if err == nil {
			synctest.Test(t, func(t *testing.T) {
				stop := f.open(properties, start)
				synctest.Wait()
				err = stop()
			})
		}
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("got %v, want %q", err, message)
		}
	}
}

// A request that cannot be made is noted with the property's name.
func TestWrongValues(t *testing.T) {
	tests := map[string]map[string]any{
		"url: is required":              {"url": "=missing"},
		"headers: expected an object":   {"url": "u", "headers": "X: 1"},
		"httpRequestInterval: expected": {"url": "u", "httpRequestInterval": "=wrong"},
	}
	for message, properties := range tests {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t)
			f.host.Wait("wait", instance(1, map[string]any{"wrong": "soon"}))
			stop := f.open(properties, catch)
			synctest.Wait()
			if notes := f.host.Notes(); len(notes) != 1 || !strings.Contains(notes[0], message) {
				t.Errorf("notes %q, want %q", notes, message)
			}
			_ = stop()
		})
	}
}

func TestSuite(t *testing.T) {
	suite := func(element protocols.ElementRef) protocoltest.Inbound {
		r := &request{}
		var n int
		r.answer = func(*input) (any, error) { n++; return n, nil }
		return protocoltest.Inbound{
			Protocol:   Protocol(r.protocol()),
			Properties: map[string]any{"url": "u", "httpRequestInterval": "PT0.1S"},
			Wrong:      map[string]map[string]any{"no address": {}, "no time": {"url": "u", "processPollingInterval": "soon"}},
			Redelivers: true,
			Open: func(t testing.TB) (protocols.InboundHost, func(testing.TB)) {
				h := protocoltest.NewInboundHost(t)
				h.Wait("wait", instance(1, nil))
				return h.Host(protocols.Host{}, element), func(testing.TB) {}
			},
		}
	}
	t.Run("catch", func(t *testing.T) { protocoltest.TestInbound(t, suite(catch)) })
	t.Run("start", func(t *testing.T) { protocoltest.TestInbound(t, suite(start)) })
}
