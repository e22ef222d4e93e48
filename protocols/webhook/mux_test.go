package webhook

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
	"patchbay/protocols/bind"
)

// taker is a handler that takes events whose type is wanted and notes its name.
func (f *fixture) taker(name, wanted string, consumes bool, taken *[]string) protocols.Handler {
	return func(_ context.Context, e protocols.Event) (protocols.Correlation, error) {
		body := e.Value.(map[string]any)["request"].(map[string]any)["body"].(map[string]any)
		if wanted == "" || body["type"] == wanted {
			*taken = append(*taken, name)
			return protocols.Correlation{Matched: true}, nil
		}
		if consumes {
			return protocols.Correlation{}, nil
		}
		return protocols.Correlation{}, &protocols.Rejected{Code: protocols.CodeConditionNotMet, Message: "not met"}
	}
}

func TestSharedPath(t *testing.T) {
	f := newFixture(t)
	var taken []string
	element := func(process string, version int32, kind, tenant string) protocols.ElementRef {
		return protocols.ElementRef{BpmnProcessID: process, Version: version, ElementType: kind, TenantID: tenant}
	}
	f.openWith(nil, f.taker("start", "", false, &taken), element("p", 2, "startEvent", "<default>"))
	f.openWith(nil, f.taker("catch v1", "paid", false, &taken), element("p", 1, "intermediateCatchEvent", "<default>"))
	f.openWith(nil, f.taker("catch v2", "paid", false, &taken), element("p", 2, "receiveTask", "<default>"))
	f.openWith(map[string]any{"inbound.method": "put"}, f.taker("put", "", false, &taken), element("a", 9, "receiveTask", ""))
	f.openWith(map[string]any{"inbound.auth.type": "APIKEY", "inbound.auth.apiKey": "k"}, f.taker("acme", "", false, &taken), element("p", 1, "boundaryEvent", "acme"))

	tests := []struct {
		method, path, body, key, want string
	}{
		{"POST", "orders", `{"type":"paid"}`, "", "catch v2"},
		{"POST", "orders", `{"type":"new"}`, "", "start"},
		{"PUT", "orders", `{}`, "", "put"},
		{"POST", "orders", `{"type":"new"}`, "k", "acme"},
		{"POST", "acme/orders", `{"type":"paid"}`, "k", "acme"},
	}
	for _, tt := range tests {
		taken = nil
		w := f.do(tt.method, "/inbound/"+tt.path, tt.body, "Authorization: Bearer "+tt.key)
		expect(t, w, 200, "")
		if diff := cmp.Diff([]string{tt.want}, taken); diff != "" {
			t.Errorf("%s %s %s: %s", tt.method, tt.path, tt.body, diff)
		}
	}
	expect(t, f.do("POST", "/inbound/acme/orders", `{}`), 401, "INVALID_CREDENTIALS")
}

// The answer of a request that nobody takes is the refusal that got furthest.
func TestRefusalsOfSharedPath(t *testing.T) {
	var taken []string
	type properties = map[string]any
	none, key := properties{}, properties{"inbound.auth.type": "APIKEY", "inbound.auth.apiKey": "k"}
	get := properties{"inbound.method": "get"}
	tests := map[string]struct {
		listeners []properties
		consumes  bool
		status    int
		reason    string
	}{
		"method":                   {[]properties{get, get}, false, 405, "METHOD_NOT_SUPPORTED"},
		"credentials after method": {[]properties{key, get}, false, 401, "INVALID_CREDENTIALS"},
		"condition after both":     {[]properties{key, none, get}, false, 422, protocols.CodeConditionNotMet},
		"consumed":                 {[]properties{none, key}, true, 200, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			for _, p := range tt.listeners {
				f.openWith(p, f.taker("x", "never", tt.consumes, &taken))
			}
			expect(t, f.post(`{}`), tt.status, tt.reason)
		})
	}
}

// An error of the engine is final: another listener would not do better, and
// the caller has to send the event again.
func TestFailureIsFinal(t *testing.T) {
	f := newFixture(t)
	var taken []string
	f.openWith(nil, func(context.Context, protocols.Event) (protocols.Correlation, error) {
		return protocols.Correlation{}, &protocols.Error{Code: "UNAVAILABLE", Message: "away"}
	}, protocols.ElementRef{ElementType: "receiveTask"})
	f.openWith(nil, f.taker("start", "", false, &taken), protocols.ElementRef{ElementType: "startEvent"})
	expect(t, f.post(`{}`), 503, "UNAVAILABLE")
	if len(taken) != 0 {
		t.Errorf("taken by %v", taken)
	}
}

// Every answer is counted, by whatever it was made.
func TestAnswered(t *testing.T) {
	f := newFixture(t)
	var got []int
	f.mux = NewMux(Options{Now: f.base.Now, Body: 10, Answered: func(status int) { got = append(got, status) }})
	f.mux.Ready()
	f.openWith(map[string]any{"inbound.method": "post"}, f.handle)
	f.do("POST", "/elsewhere", "")
	f.do("POST", "/inbound/unknown", "")
	f.post("{}")
	f.do("PUT", "/inbound/orders", "")
	f.post("[1,2,3,4,5,6]")
	if diff := cmp.Diff([]int{404, 404, 200, 405, 413}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPathLife(t *testing.T) {
	f := newFixture(t)
	f.mux = NewMux(Options{Now: f.base.Now})
	expect(t, f.post("{}"), 503, "") // nobody knows yet what will be served
	f.mux.Ready()
	expect(t, f.post("{}"), 404, "")
	stop := f.openWith(nil, f.handle)
	expect(t, f.post("{}"), 200, "")
	stop()
	w := f.post("{}")
	expect(t, w, 503, "") // a listener that restarts is back in a moment
	if w.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	f.now = f.now.Add(grace)
	expect(t, f.post("{}"), 404, "")
	f.openWith(map[string]any{"inbound.context": "other"}, f.handle)
	if _, kept := f.mux.paths.Load("orders"); kept {
		t.Error("the path is remembered for ever")
	}
}

// A paused webhook says so for as long as it is paused, and leaves requests to
// another one at its path.
func TestPaused(t *testing.T) {
	f := newFixture(t)
	properties := Protocol().Properties()
	if err := bind.Bind(nest(map[string]any{"inbound.context": "orders"}), properties); err != nil {
		t.Fatal(err)
	}
	host := f.host.Host(f.base, protocols.ElementRef{TenantID: "acme"})
	host.Paths = f.mux
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Protocol().Paused(ctx, host, properties) }()
	for f.post("{}").Code == http.StatusNotFound { // until it is there
		runtime.Gosched()
	}
	f.now = f.now.Add(2 * grace)
	for _, path := range []string{"orders", "acme/orders"} {
		w := f.do("POST", "/inbound/"+path, "{}")
		if answer := expect(t, w, 503, "PAUSED"); answer["detail"] != "the webhook is paused" || w.Header().Get("Retry-After") != "60" {
			t.Errorf("%s: %v, %v", path, answer, w.Header())
		}
	}
	stop := f.openWith(nil, f.handle)
	expect(t, f.post("{}"), 200, "")
	expect(t, f.do("POST", "/inbound/acme/orders", "{}"), 503, "PAUSED")
	stop()
	expect(t, f.post("{}"), 503, "PAUSED")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	expect(t, f.post("{}"), 503, "") // it is back in a moment
	if err := Protocol().Paused(ctx, protocols.InboundHost{}, properties); err == nil {
		t.Error("it needs no server")
	}
}

func TestOtherHandlers(t *testing.T) {
	f := newFixture(t)
	teapot := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	remove, err := f.mux.Handle("tea", teapot)
	if err != nil {
		t.Fatal(err)
	}
	if w := f.do("GET", "/inbound/tea", ""); w.Code != http.StatusTeapot {
		t.Errorf("got %d", w.Code)
	}
	if _, err := f.mux.Handle("tea", teapot); err == nil {
		t.Error("two handlers that cannot share a path have one")
	}
	remove()
	f.open(map[string]any{"inbound.context": "tea"})
	if _, err := f.mux.Handle("tea", teapot); err == nil {
		t.Error("a handler that cannot share a path got one that is taken")
	}
	if _, err := f.mux.Handle("../tea", teapot); err == nil {
		t.Error("a path that no request has was taken")
	}
}

func TestInFlight(t *testing.T) {
	f := newFixture(t)
	f.mux = NewMux(Options{Now: f.base.Now, InFlight: 1, Memory: 100 << 10})
	entered, release := make(chan struct{}), make(chan struct{})
	f.openWith(nil, func(context.Context, protocols.Event) (protocols.Correlation, error) {
		entered <- struct{}{}
		<-release
		return protocols.Correlation{Matched: true}, nil
	})
	done := make(chan int)
	go func() { done <- f.post("{}").Code }()
	<-entered
	expect(t, f.post("{}"), 503, "BUSY")
	close(release)
	if code := <-done; code != 200 {
		t.Errorf("got %d", code)
	}
	large := `"` + strings.Repeat("x", 120<<10) + `"`
	expect(t, f.post(large), 503, "BUSY")
	go func() { <-entered }()
	expect(t, f.post(large[:90<<10]+`"`), 200, "")
	if used := f.mux.load.usedBytes.Load() + f.mux.load.usedRequests.Load(); used != 0 {
		t.Errorf("%d still in use", used)
	}
}

func TestBodyOfUnknownLength(t *testing.T) {
	f := newFixture(t)
	f.open(nil)
	for _, size := range []int{0, 10, smallBody - 2, smallBody - 1, smallBody, 3 * smallBody, 1<<20 - 2} {
		text := `"` + strings.Repeat("x", size) + `"`
		r := httptest.NewRequest("POST", "/inbound/orders", strings.NewReader(text))
		r.ContentLength = -1
		w := httptest.NewRecorder()
		f.mux.ServeHTTP(w, r)
		expect(t, w, 200, "")
		if got := f.lastBody().(string); len(got) != size {
			t.Errorf("%d: got %d", size, len(got))
		}
	}
}

// A caller who goes away does not undo what he has sent.
func TestCallerGoesAway(t *testing.T) {
	f := newFixture(t)
	f.openWith(map[string]any{"inbound.responseTimeout": "PT1H"}, func(ctx context.Context, _ protocols.Event) (protocols.Correlation, error) {
		if _, limited := ctx.Deadline(); !limited {
			t.Error("the handler may take for ever")
		}
		return f.correlation, ctx.Err()
	})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w := httptest.NewRecorder()
	f.mux.ServeHTTP(w, httptest.NewRequest("POST", "/inbound/orders", strings.NewReader("{}")).WithContext(ctx))
	expect(t, w, 200, "")
}

// Listeners come and go while requests arrive; no request may be lost.
func TestSwapUnderLoad(t *testing.T) {
	f := newFixture(t)
	f.base.Now = time.Now
	f.mux = NewMux(Options{})
	handle := func(context.Context, protocols.Event) (protocols.Correlation, error) {
		return protocols.Correlation{Matched: true}, nil
	}
	stop := f.openWith(nil, handle)
	var callers sync.WaitGroup
	end := make(chan struct{})
	for range 4 {
		callers.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				w := httptest.NewRecorder()
				f.mux.ServeHTTP(w, httptest.NewRequest("POST", "/inbound/orders", strings.NewReader("{}")))
				if w.Code != 200 {
					t.Errorf("got %d", w.Code)
					return
				}
			}
		})
	}
	for range 50 {
		next := f.openWith(nil, handle)
		stop()
		stop = next
	}
	close(end)
	callers.Wait()
}

// BenchmarkWebhook is what a webhook adds to its handler; "recorder" is what of
// that the benchmark's own request and recorder cost.
func BenchmarkWebhook(b *testing.B) {
	const order = `{"orderId":"o-4711","customer":{"name":"Ada","vip":true},"items":[{"sku":"a","n":2},{"sku":"b","n":1}],"total":119.90}`
	header := http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"hook/1.0"}, "Accept": {"*/*"}, "Accept-Encoding": {"gzip"},
		"Content-Length": {fmt.Sprint(len(order))}, "X-Hub-Signature-256": {"sha256=" + hexSign("s", order)},
	}
	run := func(name string, h func(f *fixture) http.Handler) {
		b.Run(name, func(b *testing.B) {
			handler := h(newFixture(b))
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("POST", "/inbound/orders", strings.NewReader(order))
				r.Header = header
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				if w.Code != 200 {
					b.Fatal(w.Code)
				}
			}
		})
	}
	open := func(f *fixture, properties map[string]any) http.Handler {
		for i := range 2000 {
			f.mux.paths.Store(fmt.Sprint("other-", i), &place{})
		}
		f.openWith(properties, func(context.Context, protocols.Event) (protocols.Correlation, error) { return f.correlation, nil })
		return f.mux
	}
	run("recorder", func(*fixture) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
	})
	run("json", func(f *fixture) http.Handler { return open(f, nil) })
	run("signed", func(f *fixture) http.Handler {
		return open(f, map[string]any{"inbound.signature.scheme": "github", "inbound.signature.secrets": "s"})
	})
}
