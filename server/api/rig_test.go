package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"patchbay/engine/inbound"
	"patchbay/engine/store"
	"patchbay/engine/zeebe"
	"patchbay/protocols"
	"patchbay/protocols/httpx"
	"patchbay/server/audit"
	"patchbay/templates"
)

// rig is the API with a catalog in memory, and nothing real around it.
type rig struct {
	testing.TB
	http.Handler
	db      *store.DB
	catalog *templates.Catalog
	log     *audit.Log
	token   string
}

// newRig composes an API; change may replace parts of it.
func newRig(t testing.TB, change ...func(*Options)) *rig {
	t.Helper()
	db, err := store.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	catalog, err := templates.NewCatalog(t.Context(), db, templates.CatalogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	log, err := audit.Open(t.Context(), db, audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	inspect := func(text []byte, published func(string) *templates.Template) ([]*templates.Template, []templates.Finding) {
		return templates.Inspect(text, templates.LintOptions{Published: published})
	}
	try := func(context.Context, *templates.Template, TryRequest, *httpx.Stubs) (any, error) {
		return map[string]any{}, nil
	}
	o := Options{Catalog: catalog, Inspect: inspect, Try: try, Events: fakeEvents, Gateway: fakeGateway{}, Inbound: fakeInbound{}, Cases: fakeCases{}, Uses: unused, Audit: log, Version: "test"}
	for _, c := range change {
		c(&o)
	}
	r := chi.NewRouter()
	Fallbacks(r, slog.New(slog.DiscardHandler))
	r.Use(middleware.GetHead)
	r.Get("/panics", func(http.ResponseWriter, *http.Request) { panic("oh dear") })
	Mount(r, o)
	return &rig{TB: t, Handler: r, db: db, catalog: catalog, log: log}
}

// fakeCases gives every case its variables back.
type fakeCases struct{}

func (fakeCases) Execute(_ context.Context, _ *templates.Template, c templates.Case) (templates.Outcome, error) {
	return templates.Outcome{Variables: c.Variables}, nil
}

func unused(context.Context, string, int64) ([]string, error) { return nil, nil }

type fakeGateway struct{}

func (fakeGateway) Deploy(_ context.Context, _ string, resources ...zeebe.Resource) (zeebe.Deployment, error) {
	if string(resources[0].Content) == "bad" {
		return zeebe.Deployment{}, errors.New("away")
	}
	return zeebe.Deployment{Key: 1}, nil
}

func fakeEvents(t *templates.Template) []protocols.Named {
	if t.Inbound() == "" {
		return nil
	}
	return []protocols.Named{{Name: "body", Doc: "What is sent."}}
}

type fakeInbound struct{}

func (fakeInbound) Executables() []inbound.Status { return []inbound.Status{} }
func (fakeInbound) Executable(id string) (inbound.Status, error) {
	if id != "x" {
		return inbound.Status{}, inbound.ErrUnknown
	}
	return inbound.Status{ID: id}, nil
}
func (f fakeInbound) Pause(id string) error   { _, err := f.Executable(id); return err }
func (f fakeInbound) Resume(id string) error  { return f.Pause(id) }
func (f fakeInbound) Restart(id string) error { return f.Pause(id) }

// answer is what the API answered.
type answer struct {
	status int
	header http.Header
	body   string
}

// problem reads the answer as a problem document, which it must be.
func (a answer) problem(t testing.TB) Problem {
	t.Helper()
	var p Problem
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || p.Status != a.status || p.Title == "" || p.Detail == "" {
		t.Errorf("no problem document: %d %s: %v", a.status, a.body, err)
	}
	return p
}

// ask sends a request; headers are "Name: value".
func (r *rig) ask(method, path, body string, headers ...string) answer {
	r.Helper()
	req := httptest.NewRequestWithContext(r.Context(), method, "http://127.0.0.1"+path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	text, err := io.ReadAll(w.Body)
	if err != nil {
		r.Fatal(err)
	}
	return answer{w.Code, w.Header(), string(text)}
}

// expect is ask where only the status matters.
func (r *rig) expect(status int, method, path, body string, headers ...string) answer {
	r.Helper()
	a := r.ask(method, path, body, headers...)
	if a.status != status {
		r.Errorf("%s %s: got %d %.300s, want %d", method, path, a.status, a.body, status)
	}
	return a
}

// file is a form with one file.
func file(name, content string) (body, header string) {
	return "--x\r\nContent-Disposition: form-data; name=\"resources\"; filename=\"" + name + "\"\r\n\r\n" + content + "\r\n--x--\r\n", "Content-Type: multipart/form-data; boundary=x"
}

// template is the text of a small one; version 0 means that it has none.
func template(id string, version int) string {
	v := ""
	if version > 0 {
		v = fmt.Sprintf(`"version": %d, `, version)
	}
	return fmt.Sprintf(`{"id": %q, %s"name": "N", "appliesTo": ["bpmn:Task"], "properties": [
		{"id": "url", "type": "String", "binding": {"type": "zeebe:input", "name": "url"}}]}`, id, v)
}

func (a answer) decode(t testing.TB, target any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), target); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
}

func number(n int64) string { return fmt.Sprint(n) }

// operation is one that the OpenAPI document describes.
type operation struct {
	method, path string
	Responses    map[string]struct{ Content map[string]any }
	Security     []map[string]any
	RequestBody  *struct{}
	Role         string `json:"x-role"`
}

// operations reads them from the OpenAPI document, by their ids.
func operations(r *rig) map[string]operation {
	r.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	r.expect(http.StatusOK, "GET", "/api/openapi.json", "").decode(r, &document)
	all := map[string]operation{}
	for path, methods := range document.Paths {
		for method, text := range methods {
			var o struct {
				operation
				OperationID string
			}
			if err := json.Unmarshal(text, &o); err != nil {
				r.Fatal(err)
			}
			o.method, o.path = strings.ToUpper(method), path
			all[o.OperationID] = o.operation
		}
	}
	return all
}
