package source

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/engine/zeebe"
	"patchbay/protocols"
)

func restSteps(t *testing.T, c *cluster, o HTTP) (*polled, *noted) {
	t.Helper()
	o.URL = c.serve(t)
	r, err := NewREST(o, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return stepper(r.poller)
}

func TestRESTSeesLatestAndWaiting(t *testing.T) {
	for _, release := range []string{"8.9", "8.8"} {
		t.Run(release, func(t *testing.T) {
			c := newCluster(def("a", 1, 11), def("a", 2, 12), def("a", 3, 13), def("b", 1, 21))
			c.release = release
			c.waiting = map[int64]int{11: 3, 13: 1}
			r, n := restSteps(t, c, HTTP{})
			r.step(t.Context())
			n.expect(t, "a:1,3* b:1*")
			if n.scanned != 1 || n.xml(t, "a", 1) != "<11/>" {
				t.Errorf("scanned %d times", n.scanned)
			}
			c.change(func() { c.definitions = append(c.definitions, def("a", 4, 14)) })
			r.step(t.Context())
			n.expect(t, "a:1,3,4* b:1*")
			if n.changes != 3 || n.scanned != 1 {
				t.Errorf("%d changes, scanned %d times", n.changes, n.scanned)
			}
			c.change(func() { delete(c.waiting, 11) })
			for range missingScans - 1 {
				r.step(t.Context())
				n.expect(t, "a:1,3,4* b:1*")
			}
			r.step(t.Context())
			n.expect(t, "a:3,4* b:1*")
			if got := c.count("/process-definitions/11"); got != 1 {
				t.Errorf("an older version was described %d times", got)
			}
		})
	}
}

func TestRESTPages(t *testing.T) {
	for name, c := range map[string]*cluster{
		"cursors":       {pageLimit: 7},
		"whole pages":   {pageLimit: 10},
		"offsets (8.8)": {pageLimit: restPage, withoutPages: true},
	} {
		t.Run(name, func(t *testing.T) {
			c.waiting = map[int64]int{}
			const definitions = 450
			for i := range int64(definitions) {
				c.definitions = append(c.definitions, def(fmt.Sprintf("p%03d", i), 1, 1000+i))
			}
			r, n := restSteps(t, c, HTTP{})
			r.step(t.Context())
			if len(n.current) != definitions || n.err != nil {
				t.Errorf("got %d definitions, %v", len(n.current), n.err)
			}
		})
	}
}

// What a restored index, or one that is being rebuilt, answers must not take
// all listeners down.
func TestRESTDoesNotBelieveAnEmptyAnswer(t *testing.T) {
	all := []restDefinition{def("a", 1, 11), def("b", 1, 21), def("c", 1, 31)}
	c := newCluster(all...)
	r, n := restSteps(t, c, HTTP{})
	r.step(t.Context())
	n.expect(t, "a:1* b:1* c:1*")

	c.change(func() { c.fail = func(string) int { return http.StatusServiceUnavailable } })
	for range 20 {
		r.step(t.Context())
	}
	n.expect(t, "a:1* b:1* c:1*")
	if n.err == nil || !strings.Contains(n.err.Error(), "503: the index is away") {
		t.Errorf("failure: %v", n.err)
	}
	c.change(func() { c.fail, c.definitions = nil, nil })
	for range suspiciousScans - 1 {
		r.step(t.Context())
	}
	n.expect(t, "a:1* b:1* c:1*")
	c.change(func() { c.definitions = all[:2] })
	r.step(t.Context())
	if n.err != nil {
		t.Errorf("failure: %v", n.err)
	}
	for range missingScans {
		r.step(t.Context())
	}
	n.expect(t, "a:1* b:1*")
	c.change(func() { c.definitions = nil })
	for range suspiciousScans {
		r.step(t.Context())
	}
	n.expect(t, "") // they are really gone
}

func TestRESTFailureInTheMiddleOfPages(t *testing.T) {
	c := newCluster(def("a", 1, 11), def("b", 1, 21), def("c", 1, 31))
	r, n := restSteps(t, c, HTTP{})
	r.step(t.Context())
	searches := 0
	c.change(func() {
		c.pageLimit = 1
		c.fail = func(path string) int {
			if path == "/process-definitions/search" {
				if searches++; searches%2 == 0 {
					return http.StatusInternalServerError
				}
			}
			return 0
		}
	})
	for range 2 * suspiciousScans {
		r.step(t.Context())
	}
	n.expect(t, "a:1* b:1* c:1*")
}

// That nobody knows who waits is no reason to leave a new deployment without
// its listener, or an old instance without its own.
func TestRESTWithoutSubscriptions(t *testing.T) {
	c := newCluster(def("a", 1, 11), def("a", 2, 12))
	c.waiting[11] = 1
	r, n := restSteps(t, c, HTTP{})
	r.step(t.Context())
	c.change(func() {
		c.fail = func(path string) int {
			if strings.Contains(path, "subscriptions") {
				return http.StatusInternalServerError
			}
			return 0
		}
		c.definitions = append(c.definitions, def("b", 1, 21))
	})
	for range 5 {
		r.step(t.Context())
	}
	n.expect(t, "a:1,2* b:1*")
}

func TestRESTBacksOff(t *testing.T) {
	c := newCluster()
	c.fail = func(string) int { return 500 }
	r, _ := restSteps(t, c, HTTP{})
	var pauses []time.Duration
	for range 6 {
		pauses = append(pauses, r.step(t.Context()))
	}
	s := time.Second
	if diff := cmp.Diff([]time.Duration{5 * s, 10 * s, 20 * s, 40 * s, 60 * s, 60 * s}, pauses); diff != "" {
		t.Error(diff)
	}
	c.change(func() { c.fail = nil })
	if p := r.step(t.Context()); p != 5*s {
		t.Error(p)
	}
}

func TestRESTTokenEnds(t *testing.T) {
	var issued atomic.Int32
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		if r.Form.Get("grant_type") != "client_credentials" || r.Form.Get("client_id") != "me" || r.Form.Get("client_secret") != "hush" ||
			r.Form.Get("audience") != "aud" || r.Form.Get("scope") != "read" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			_ = json.NewEncoder(w).Encode(map[string]any{"error": "invalid_client", "error_description": "hush"})
			return
		}
		writeJSON(w, map[string]any{"access_token": fmt.Sprint("token", issued.Add(1)), "token_type": "bearer", "expires_in": 3600})
	}))
	defer tokens.Close()
	c := newCluster(def("a", 1, 11))
	valid := "Bearer token1"
	c.authorized = func(r *http.Request) bool { return r.Header.Get("Authorization") == valid }
	oauth := zeebe.OAuth{ClientID: "me", ClientSecret: "hush", TokenURL: tokens.URL, Audience: "aud", Scope: "read"}
	r, n := restSteps(t, c, HTTP{Auth: OIDC(oauth)})
	r.step(t.Context())
	r.step(t.Context())
	n.expect(t, "a:1*")
	if issued.Load() != 1 {
		t.Errorf("%d tokens for two scans", issued.Load())
	}
	c.change(func() { valid, c.definitions = "Bearer token2", append(c.definitions, def("b", 1, 21)) })
	r.step(t.Context())
	n.expect(t, "a:1* b:1*")
	c.change(func() { valid = "nothing" })
	r.step(t.Context())
	if n.err == nil || !strings.Contains(n.err.Error(), "401") {
		t.Errorf("failure: %v", n.err)
	}

	oauth.ClientSecret = "wrong hush"
	r, n = restSteps(t, c, HTTP{Auth: OIDC(oauth)})
	r.step(t.Context())
	if text := fmt.Sprint(n.err); !strings.Contains(text, `"invalid_client"`) || strings.Contains(text, "hush") {
		t.Errorf("failure: %v", text)
	}
}

func TestRESTBasicAuth(t *testing.T) {
	c := newCluster(def("a", 1, 11))
	c.authorized = func(r *http.Request) bool {
		user, password, ok := r.BasicAuth()
		return ok && user == "demo" && password == "pässword"
	}
	r, n := restSteps(t, c, HTTP{Auth: Basic("demo", "pässword")})
	r.step(t.Context())
	n.expect(t, "a:1*")
	r, n = restSteps(t, c, HTTP{})
	r.step(t.Context())
	if n.err == nil || !strings.Contains(n.err.Error(), "401") || !strings.Contains(n.err.Error(), "check the credentials") {
		t.Errorf("failure: %v", n.err)
	}
}

func TestRESTSlowAnswer(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(release)
	s, err := NewREST(HTTP{URL: server.URL, Timeout: 20 * time.Millisecond}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	r, n := stepper(s.poller)
	r.step(t.Context())
	if n.err == nil || !strings.Contains(n.err.Error(), "deadline exceeded") || n.scanned != 0 {
		t.Errorf("failure: %v, scanned %d", n.err, n.scanned)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx, n); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestRESTBrokenAnswers(t *testing.T) {
	for body, want := range map[string]string{
		`<html>proxy error</html>`:                                          "not what was expected",
		`{"items":[{"processDefinitionKey":"x"}]}`:                          `expected a key but got "x"`,
		`{"items":[{"processDefinitionKey":"1"}],"page":{"endCursor":"c"}}`: "the same page came twice",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		s, err := NewREST(HTTP{URL: server.URL + "/v2/"}, quiet)
		if err != nil {
			t.Fatal(err)
		}
		r, n := stepper(s.poller)
		r.step(t.Context())
		if n.err == nil || !strings.Contains(n.err.Error(), want) || len(n.current) != 0 {
			t.Errorf("%s: %v", body, n.err)
		}
		server.Close()
	}
	if _, err := NewREST(HTTP{URL: "camunda:8080"}, quiet); err == nil || !strings.Contains(err.Error(), "expected an http or https URL") {
		t.Error(err)
	}
}

func TestRESTWaitingInstances(t *testing.T) {
	c := newCluster()
	c.instances = []map[string]any{{"elementInstanceKey": "9", "processInstanceKey": "5"}}
	c.variables = []map[string]any{
		{"variableKey": "1", "name": "a", "value": `1`, "scopeKey": "5"},
		{"variableKey": "2", "name": "b", "value": `"outer"`, "scopeKey": "5"},
		{"variableKey": "3", "name": "b", "value": `"inner"`, "scopeKey": "9"},
		{"variableKey": "4", "name": "c", "value": `3`, "scopeKey": "8"},
		{"variableKey": "77", "name": "long", "value": `"wh`, "scopeKey": "9", "isTruncated": true},
	}
	s, err := NewREST(HTTP{URL: c.serve(t)}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Waiting(t.Context(), protocols.ElementRef{ProcessDefinitionKey: 11, ElementID: "timer", WaitsAt: "task"})
	want := []protocols.WaitingInstance{{ElementInstanceKey: 9, ProcessInstanceKey: 5,
		Variables: map[string]any{"a": json.Number("1"), "b": "inner", "long": "whole"}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}
