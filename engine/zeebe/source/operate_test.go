package source

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
)

// operate is a stub of Operate's API, version 1, with a login.
type operate struct {
	mu          sync.Mutex
	definitions []map[string]any
	active      map[float64]bool
	session     string
	logins      int
	busyChecks  int
	pageLimit   int
	fail        int             // a status to answer with, or 0
	slow        <-chan struct{} // what an answer waits for
}

func (o *operate) add(process string, version, k int) {
	o.definitions = append(o.definitions, map[string]any{"key": k, "name": nil, "version": version, "bpmnProcessId": process, "tenantId": "<default>"})
}

func (o *operate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.URL.Path == "/api/login" {
		o.logins++
		if r.URL.Query().Get("password") != "demo" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "OPERATE-SESSION", Value: o.session})
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if c, err := r.Cookie("OPERATE-SESSION"); err != nil || c.Value != o.session {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if o.fail != 0 {
		w.WriteHeader(o.fail)
		return
	}
	if o.slow != nil {
		select {
		case <-o.slow:
		case <-r.Context().Done():
		}
	}
	var q struct {
		Filter      map[string]any
		Size        int
		SearchAfter []float64
	}
	_ = json.NewDecoder(r.Body).Decode(&q)
	switch path := strings.TrimPrefix(r.URL.Path, "/v1"); {
	case path == "/process-definitions/search":
		o.search(w, q.SearchAfter, min(q.Size, o.pageLimit), o.definitions)
	case path == "/flownode-instances/search" && q.Filter["flowNodeId"] == nil:
		o.busyChecks++
		var list []map[string]any
		if o.active[q.Filter["processDefinitionKey"].(float64)] {
			list = []map[string]any{{"key": 1}}
		}
		o.search(w, nil, q.Size, list)
	case path == "/flownode-instances/search":
		o.search(w, nil, q.Size, []map[string]any{{"key": 9, "processInstanceKey": 5, "flowNodeId": q.Filter["flowNodeId"]}})
	case path == "/variables/search":
		o.search(w, nil, q.Size, []map[string]any{
			{"key": 1, "name": "a", "value": "1", "scopeKey": 5, "truncated": false},
			{"key": 2, "name": "b", "value": `"cut of`, "scopeKey": 9, "truncated": true},
		})
	case path == "/variables/2":
		writeJSON(w, map[string]any{"key": 2, "name": "b", "value": `"whole"`, "scopeKey": 9})
	case strings.HasSuffix(path, "/xml"):
		fmt.Fprintf(w, "<%s/>", strings.Split(path, "/")[2])
	default:
		w.WriteHeader(http.StatusNotFound)
		writeJSON(w, map[string]any{"status": 404, "message": "no such path", "instance": "x", "type": "x"})
	}
}

// search pages by the key of the last item.
func (o *operate) search(w http.ResponseWriter, after []float64, size int, list []map[string]any) {
	list = slices.DeleteFunc(slices.Clone(list), func(i map[string]any) bool {
		return len(after) > 0 && float64(i["key"].(int)) <= after[0]
	})
	list = list[:min(size, len(list))]
	answer := map[string]any{"items": list, "total": 1}
	if len(list) > 0 {
		answer["sortValues"] = []any{list[len(list)-1]["key"]}
	}
	writeJSON(w, answer)
}

func operateSteps(t *testing.T, o *operate) (*Operate, *polled, *noted) {
	t.Helper()
	if o.pageLimit == 0 {
		o.pageLimit = 10_000
	}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	s, err := NewOperate(HTTP{URL: server.URL, Auth: Login(server.URL, "demo", "demo")}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	r, n := stepper(s.poller)
	return s, r, n
}

func TestOperateSeesLatestAndActive(t *testing.T) {
	o := &operate{session: "s1", active: map[float64]bool{11: true}}
	o.add("a", 1, 11)
	o.add("a", 2, 12)
	o.add("a", 3, 13)
	o.add("b", 1, 21)
	_, r, n := operateSteps(t, o)
	r.step(t.Context())
	n.expect(t, "a:1,3* b:1*")
	if n.xml(t, "a", 1) != "<11/>" {
		t.Error("wrong file")
	}
	o.active = nil
	for range missingScans {
		r.step(t.Context())
	}
	n.expect(t, "a:3* b:1*")
	if o.logins != 1 {
		t.Errorf("%d logins", o.logins)
	}
	o.mu.Lock()
	o.session = "s2" // the old one has ended
	o.mu.Unlock()
	r.step(t.Context())
	if n.err != nil || o.logins != 2 {
		t.Errorf("%v, %d logins", n.err, o.logins)
	}
}

func TestOperatePages(t *testing.T) {
	o := &operate{session: "s"}
	for i := range 2*operatePage + 1 {
		o.add(fmt.Sprintf("p%04d", i), 1, i+1)
	}
	_, r, n := operateSteps(t, o)
	r.step(t.Context())
	if len(n.current) != 2*operatePage+1 || n.err != nil {
		t.Errorf("%d definitions, %v", len(n.current), n.err)
	}
}

// Old versions are asked for a few at a time, and count as active until then.
func TestOperateAsksForOldVersionsInTurn(t *testing.T) {
	o := &operate{session: "s"}
	for p := range 20 {
		for v := range 6 {
			o.add(fmt.Sprintf("p%02d", p), v+1, p*100+v+1)
		}
	}
	_, r, n := operateSteps(t, o)
	count := func() (total int) {
		for _, list := range n.current {
			total += len(list)
		}
		return total
	}
	r.step(t.Context())
	if got := count(); got != 120-operateChecks || o.busyChecks != operateChecks {
		t.Errorf("after one scan %d versions and %d questions", got, o.busyChecks)
	}
	for range 5 {
		r.step(t.Context())
	}
	if got := count(); got != 20 {
		t.Errorf("in the end %d versions", got)
	}
}

func TestOperateRefusesALogin(t *testing.T) {
	o := &operate{session: "s"}
	server := httptest.NewServer(o)
	defer server.Close()
	s, err := NewOperate(HTTP{URL: server.URL, Auth: Login(server.URL, "demo", "wrong")}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	r, n := stepper(s.poller)
	r.step(t.Context())
	if text := fmt.Sprint(n.err); !strings.Contains(text, "401 Unauthorized") || strings.Contains(text, "wrong") {
		t.Errorf("failure: %s", text)
	}
}

func TestOperateDoesNotBelieveAnEmptyAnswer(t *testing.T) {
	o := &operate{session: "s"}
	o.add("a", 1, 11)
	_, r, n := operateSteps(t, o)
	r.step(t.Context())
	o.fail = http.StatusServiceUnavailable
	r.step(t.Context())
	if n.err == nil || !strings.Contains(n.err.Error(), "503") {
		t.Errorf("failure: %v", n.err)
	}
	o.fail, o.definitions = 0, nil
	for range suspiciousScans - 1 {
		r.step(t.Context())
		n.expect(t, "a:1*")
	}
	r.step(t.Context())
	n.expect(t, "") // they are really gone
}

func TestOperateSlowAnswer(t *testing.T) {
	never := make(chan struct{})
	o := &operate{session: "s", pageLimit: 1, slow: never}
	server := httptest.NewServer(o)
	defer server.Close()
	defer close(never)
	s, err := NewOperate(HTTP{URL: server.URL, Auth: Login(server.URL, "demo", "demo"), Timeout: 20 * time.Millisecond}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	r, n := stepper(s.poller)
	r.step(t.Context())
	if n.err == nil || !strings.Contains(n.err.Error(), "deadline exceeded") || n.scanned != 0 {
		t.Errorf("failure: %v, scanned %d", n.err, n.scanned)
	}
}

func TestOperateWaitingInstances(t *testing.T) {
	s, _, _ := operateSteps(t, &operate{session: "s"})
	got, err := s.Waiting(t.Context(), protocols.ElementRef{ProcessDefinitionKey: 11, ElementID: "c"})
	want := []protocols.WaitingInstance{{ElementInstanceKey: 9, ProcessInstanceKey: 5, Variables: map[string]any{"a": json.Number("1"), "b": "whole"}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}
