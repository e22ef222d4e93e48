package api

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestFallbacks(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/api/v1/nope", "/", "/api/v1/templates/a/b/c"} {
		if p := r.expect(http.StatusNotFound, "GET", path, "").problem(t); !strings.Contains(p.Detail, path) {
			t.Error(p.Detail)
		}
	}
	a := r.expect(http.StatusMethodNotAllowed, "PATCH", "/api/v1/templates", "")
	if p := a.problem(t); a.header.Get("Allow") != "GET, HEAD, POST" || !strings.Contains(p.Detail, "PATCH") {
		t.Errorf("%v %s", a.header, p.Detail)
	}
	r.expect(http.StatusOK, "HEAD", "/api/v1/templates/patchbay.rest/versions/1", "")
	r.expect(http.StatusNotFound, "HEAD", "/api/v1/templates/patchbay.rest/versions/2", "")
	r.expect(http.StatusInternalServerError, "GET", "/panics", "").problem(t)
}

// TestOperationsBesideTemplates: what takes POST where an id would stand says so.
func TestOperationsBesideTemplates(t *testing.T) {
	r := newRig(t)
	seen := 0
	for id, o := range operations(r) {
		name, below := strings.CutPrefix(o.path, "/api/v1/templates/")
		if !below || strings.ContainsAny(name, "/{") {
			continue
		}
		seen++
		for _, method := range []string{"GET", "HEAD"} {
			if a := r.expect(http.StatusMethodNotAllowed, method, o.path, ""); a.header.Get("Allow") != "POST" {
				t.Errorf("%s: %s: Allow %q", id, method, a.header.Get("Allow"))
			}
		}
		r.expect(http.StatusCreated, "POST", "/api/v1/templates", template(name, 1))
		r.expect(http.StatusOK, "GET", o.path, "")
	}
	if seen != len(takePost) {
		t.Errorf("%d operations, and %v", seen, takePost)
	}
}

func TestPanicIsLogged(t *testing.T) {
	var text bytes.Buffer
	h := recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh dear") }), slog.New(slog.NewJSONHandler(&text, nil)))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x", nil))
	if got := text.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"panic":"oh dear"`) || !strings.Contains(got, "TestPanicIsLogged") {
		t.Errorf("logged %s", got)
	}
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("a handler that breaks its connection off is held back")
		}
	}()
	abort := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	recovered(abort, slog.New(slog.DiscardHandler)).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x", nil))
}
