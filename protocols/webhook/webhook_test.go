package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/protocoltest"
)

// fixture is a Mux with webhooks on it.
type fixture struct {
	t    testing.TB
	mux  *Mux
	host *protocoltest.InboundHost
	base protocols.Host
	now  time.Time
	// events are what the handler got; err and correlation are what it says.
	events      []protocols.Event
	correlation protocols.Correlation
	err         error
}

func newFixture(t testing.TB) *fixture {
	f := &fixture{t: t, host: protocoltest.NewInboundHost(t), now: time.Unix(1_700_000_000, 0)}
	f.base = protocols.Host{Now: func() time.Time { return f.now }}
	f.mux = NewMux(Options{Now: f.base.Now, Body: 1 << 20})
	f.mux.Ready()
	f.correlation = protocols.Correlation{Matched: true, ProcessInstanceKey: 7, TenantID: "<default>", Element: protocols.ElementRef{ElementID: "start"}}
	return f
}

func (f *fixture) handle(_ context.Context, e protocols.Event) (protocols.Correlation, error) {
	f.events = append(f.events, e)
	return f.correlation, f.err
}

// nest makes dotted names nested objects.
func nest(flat map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range flat {
		at := out
		path := strings.Split(name, ".")
		for _, step := range path[:len(path)-1] {
			if at[step] == nil {
				at[step] = map[string]any{}
			}
			at = at[step].(map[string]any)
		}
		at[path[len(path)-1]] = value
	}
	return out
}

// open starts a webhook with these properties, at the path "orders" by default.
func (f *fixture) open(properties map[string]any, elements ...protocols.ElementRef) {
	f.t.Helper()
	f.openWith(properties, f.handle, elements...)
}

func (f *fixture) openWith(properties map[string]any, handle protocols.Handler, elements ...protocols.ElementRef) (stop func()) {
	f.t.Helper()
	all := map[string]any{"inbound.context": "orders"}
	maps.Copy(all, properties)
	p := Protocol().Properties()
	if err := bind.Bind(nest(all), p); err != nil {
		f.t.Fatal(err)
	}
	host := f.host.Host(f.base, elements...)
	host.Paths = f.mux
	in, err := open(host, p)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- in.Receive(ctx, func() { close(ready) }, handle) }()
	select {
	case <-ready:
	case err := <-done:
		f.t.Fatal(err)
	}
	stop = func() { cancel(); <-done; done <- nil }
	f.t.Cleanup(stop)
	return stop
}

// do sends a request; headers are "Name: value".
func (f *fixture) do(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	f.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	f.mux.ServeHTTP(w, r)
	return w
}

func (f *fixture) post(body string, headers ...string) *httptest.ResponseRecorder {
	f.t.Helper()
	return f.do("POST", "/inbound/orders", body, headers...)
}

// expect checks the status and, for problems, the reason.
func expect(t testing.TB, w *httptest.ResponseRecorder, status int, reason string) map[string]any {
	t.Helper()
	body, _ := io.ReadAll(w.Body)
	var details map[string]any
	if w.Header().Get("Content-Type") == "application/problem+json" {
		if err := json.Unmarshal(body, &details); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := details["reason"].(string)
	if w.Code != status || got != reason {
		t.Fatalf("got %d %q, want %d %q\n%s", w.Code, got, status, reason, body)
	}
	return details
}

func (f *fixture) lastBody() any {
	f.t.Helper()
	if len(f.events) == 0 {
		f.t.Fatal("no event came")
	}
	value := f.events[len(f.events)-1].Value.(map[string]any)
	return value["request"].(map[string]any)["body"]
}

func TestEvent(t *testing.T) {
	f := newFixture(t)
	f.open(nil)
	w := f.do("POST", "/inbound/orders?a=1&b=x%26y&a=2&c", `{"id":1.50,"name":"<é>"}`,
		"Content-Type: application/json", "X-One: 1", "X-Two: a", "X-Two: b", "X-Latin: \xe9")
	expect(t, w, 200, "")
	if w.Body.Len() != 0 {
		t.Errorf("got body %q", w.Body)
	}
	want := map[string]any{
		"request": map[string]any{
			"body":    map[string]any{"id": json.Number("1.50"), "name": "<é>"},
			"headers": map[string]any{"content-type": "application/json", "x-one": "1", "x-two": "a", "x-latin": "é", "host": "example.com"},
			"params":  map[string]any{"a": "1", "b": "x&y", "c": ""},
			"repeated": map[string]any{
				"headers": map[string]any{"x-two": []any{"a", "b"}},
				"params":  map[string]any{"a": []any{"1", "2"}},
			},
		},
		"connectorData": map[string]any{}, "documents": []any{},
	}
	if diff := cmp.Diff(any(want), f.events[0].Value); diff != "" {
		t.Error(diff)
	}
}

func TestMethods(t *testing.T) {
	f := newFixture(t)
	f.open(map[string]any{"inbound.method": "Get"})
	f.open(map[string]any{"inbound.context": "any"})
	tests := []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "orders", 200, ""},
		{"HEAD", "orders", 405, "GET"},
		{"POST", "orders", 405, "GET"},
		{"PATCH", "any", 200, ""},
		{"OPTIONS", "any", 405, "GET, HEAD, POST, PUT, DELETE, PATCH"},
		{"BREW", "any", 405, "GET, HEAD, POST, PUT, DELETE, PATCH"},
	}
	for _, tt := range tests {
		w := f.do(tt.method, "/inbound/"+tt.path, "")
		if w.Code != tt.status || w.Header().Get("Allow") != tt.allow {
			t.Errorf("%s %s: got %d, Allow %q", tt.method, tt.path, w.Code, w.Header().Get("Allow"))
		}
	}
	if notes := f.host.Notes(); len(notes) != 4 || !strings.Contains(notes[1], `answered 405: the method "POST" is not supported`) {
		t.Errorf("notes: %q", notes)
	}
}

func TestOutcomes(t *testing.T) {
	secret := fmt.Errorf("dial tcp 10.0.0.1: refused")
	tests := map[string]struct {
		correlation protocols.Correlation
		err         error
		status      int
		reason      string
		retry       string
	}{
		"created":        {protocols.Correlation{Matched: true, ProcessInstanceKey: 1}, nil, 200, "", ""},
		"duplicate":      {protocols.Correlation{Matched: true, Duplicate: true}, nil, 200, "", ""},
		"consumed":       {protocols.Correlation{}, nil, 200, "", ""},
		"not met":        {err: &protocols.Rejected{Code: protocols.CodeConditionNotMet, Message: "no"}, status: 422, reason: protocols.CodeConditionNotMet},
		"no key":         {err: &protocols.Rejected{Code: protocols.CodeInvalidInput, Message: "no key"}, status: 422, reason: "INVALID_INPUT"},
		"refused":        {err: &protocols.Rejected{Code: "INVALID_ARGUMENT", Message: "bad"}, status: 400, reason: "INVALID_ARGUMENT"},
		"not found":      {err: &protocols.Rejected{Code: "NOT_FOUND", Message: "gone"}, status: 404, reason: "NOT_FOUND"},
		"strange code":   {err: &protocols.Rejected{Code: "STRANGE", Message: "what"}, status: 422, reason: "STRANGE"},
		"gateway away":   {err: &protocols.Error{Code: "UNAVAILABLE", Message: secret.Error(), Cause: secret}, status: 503, reason: "UNAVAILABLE", retry: "1"},
		"gateway full":   {err: &protocols.Error{Code: "RESOURCE_EXHAUSTED", Message: "full", RetryAfter: 2500 * time.Millisecond}, status: 429, reason: "RESOURCE_EXHAUSTED", retry: "3"},
		"gateway login":  {err: &protocols.Error{Code: "UNAUTHENTICATED", Message: "token"}, status: 503, reason: "UNAUTHENTICATED", retry: "1"},
		"too slow":       {err: fmt.Errorf("wait: %w", context.DeadlineExceeded), status: 504, reason: "DEADLINE_EXCEEDED"},
		"cancelled":      {err: &protocols.Error{Code: "CANCELLED", Message: "x"}, status: 499, reason: "CANCELLED"},
		"something else": {err: secret, status: 500},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.open(nil)
			f.correlation, f.err = tt.correlation, tt.err
			w := f.post(`{}`)
			text := w.Body.String()
			details := expect(t, w, tt.status, tt.reason)
			if got := w.Header().Get("Retry-After"); got != tt.retry {
				t.Errorf("Retry-After: got %q, want %q", got, tt.retry)
			}
			if strings.Contains(text, "10.0.0.1") {
				t.Errorf("the answer tells what lies inside: %s", text)
			}
			if tt.reason == protocols.CodeConditionNotMet && details["consumeUnmatched"] != false {
				t.Errorf("got %v", details)
			}
			if len(f.host.Notes()) != 0 {
				t.Errorf("noted what the engine has noted: %q", f.host.Notes())
			}
		})
	}
}

func TestWrongProperties(t *testing.T) {
	tests := map[string]map[string]any{
		"context: is required":           {"inbound.context": ""},
		`has the segment ".."`:           {"inbound.context": "a/../b"},
		`has the segment ""`:             {"inbound.context": "/a"},
		"holds a character":              {"inbound.context": "a?b"},
		"at most 512":                    {"inbound.context": strings.Repeat("x", 600)},
		"hmacSecret: is required":        {"inbound.shouldValidateHmac": "enabled"},
		"hmacHeader: is required":        {"inbound.shouldValidateHmac": "enabled", "inbound.hmacSecret": "s"},
		"auth.type: expected one of":     {"inbound.auth.type": "magic"},
		"auth.username: is required":     {"inbound.auth.type": "BASIC"},
		"auth.apiKey: is required":       {"inbound.auth.type": "APIKEY"},
		"auth.jwt.jwkUrl: is required":   {"inbound.auth.type": "JWT"},
		"signature.secrets: is required": {"inbound.signature.scheme": "stripe"},
		"signature.scheme: expected one": {"inbound.signature.scheme": "strip"},
		"responseTimeout: expected":      {"inbound.responseTimeout": "PT0S"},
	}
	for message, properties := range tests {
		all := map[string]any{"inbound.context": "orders"}
		maps.Copy(all, properties)
		err := bind.Bind(nest(all), Protocol().Properties())
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("got %v, want %q", err, message)
		}
	}
}

// Some properties are only known to be wrong once they are evaluated.
func TestWrongValues(t *testing.T) {
	tests := map[string]map[string]any{
		"inbound.hmacScopes: expected [body]":              {"inbound.shouldValidateHmac": "enabled", "inbound.hmacSecret": "s", "inbound.hmacHeader": "X", "inbound.hmacScopes": "[\"parameters\"]"},
		"inbound.hmacScopes: expected a list":              {"inbound.hmacScopes": 7},
		"inbound.auth.jwt.issuer: expected a list":         {"inbound.auth.type": "JWT", "inbound.auth.jwt.jwkUrl": "https://x", "inbound.auth.jwt.issuer": "[1]"},
		"secret 1: expected whsec_ and Base64":             {"inbound.signature.scheme": "standard-webhooks", "inbound.signature.secrets": "whsec_*"},
		"secret 1: whsk_ begins a private key":             {"inbound.signature.scheme": "standard-webhooks", "inbound.signature.secrets": "whsk_YQ=="},
		"secret 2: expected an Ed25519 public key":         {"inbound.signature.scheme": "standard-webhooks", "inbound.signature.secrets": "whsec_YQ== whpk_YQ=="},
		"expected 1 to 16 secrets but got 0":               {"inbound.signature.scheme": "github", "inbound.signature.secrets": " "},
		"inbound.signature.header: is required":            {"inbound.signature.scheme": "custom", "inbound.signature.secrets": "s"},
		"inbound.signature.content: unknown placeholder":   {"inbound.signature.scheme": "github", "inbound.signature.secrets": "s", "inbound.signature.content": "{bod}"},
		"inbound.signature.content: expected {body} in it": {"inbound.signature.scheme": "github", "inbound.signature.secrets": "s", "inbound.signature.content": "{id}"},
	}
	for message, properties := range tests {
		f := newFixture(t)
		all := map[string]any{"inbound.context": "orders"}
		maps.Copy(all, properties)
		p := Protocol().Properties()
		if err := bind.Bind(nest(all), p); err != nil {
			t.Errorf("%s: %v", message, err)
			continue
		}
		in, err := open(f.host.Host(f.base), p)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		err = in.Receive(ctx, cancel, f.handle)
		if err == nil || !strings.Contains(err.Error(), message) || strings.Contains(err.Error(), "whsec_*") {
			t.Errorf("got %v, want %q", err, message)
		}
		cancel()
	}
}

func TestSuite(t *testing.T) {
	protocoltest.TestInbound(t, protocoltest.Inbound{
		Protocol:   Protocol(),
		Properties: nest(map[string]any{"inbound.context": "orders", "inbound.method": "post"}),
		Wrong: map[string]map[string]any{
			"no path":    {},
			"wrong path": nest(map[string]any{"inbound.context": ".."}),
		},
		Open: func(t testing.TB) (protocols.InboundHost, func(testing.TB)) {
			f := newFixture(t)
			host := f.host.Host(f.base)
			host.Paths = f.mux
			return host, func(t testing.TB) { f.post(`{"a":1}`) }
		},
	})
}

func TestBadRequests(t *testing.T) {
	f := newFixture(t)
	f.open(nil)
	tests := map[string]struct {
		target string
		body   io.Reader
		header http.Header
		status int
		reason string
	}{
		"oversized":          {"/inbound/orders", strings.NewReader(strings.Repeat("x", 1<<20+1)), nil, 413, "BODY_TOO_LARGE"},
		"oversized, chunked": {"/inbound/orders", io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20+1))), nil, 413, "BODY_TOO_LARGE"},
		"truncated":          {"/inbound/orders", io.MultiReader(strings.NewReader(`{"a":`), brokenReader{}), nil, 400, "INVALID_BODY"},
		"broken query":       {"/inbound/orders?a=%zz", nil, nil, 400, "INVALID_QUERY"},
		"query not UTF-8":    {"/inbound/orders?a=%ff", nil, nil, 400, "INVALID_QUERY"},
		"compressed":         {"/inbound/orders", strings.NewReader("x"), http.Header{"Content-Encoding": {"gzip"}}, 415, "UNSUPPORTED_ENCODING"},
		"unknown path":       {"/inbound/other", nil, nil, 404, ""},
		"path with a slash":  {"/inbound/orders/", nil, nil, 404, ""},
		"traversal":          {"/inbound/x/%2e%2e/orders", nil, nil, 404, ""},
		"traversal, encoded": {"/inbound/..%2forders", nil, nil, 404, ""},
		"traversal, slashes": {"/inbound//orders", nil, nil, 404, ""},
		"elsewhere":          {"/outbound/orders", nil, nil, 404, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", tt.target, tt.body)
			maps.Copy(r.Header, tt.header)
			w := httptest.NewRecorder()
			f.mux.ServeHTTP(w, r)
			expect(t, w, tt.status, tt.reason)
		})
	}
	if len(f.events) != 0 {
		t.Errorf("got %d events", len(f.events))
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
