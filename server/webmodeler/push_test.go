package webmodeler

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"patchbay/templates"
)

func template(t *testing.T, id, name string, version int) *templates.Template {
	t.Helper()
	list, err := templates.Parse([]byte(fmt.Sprintf(`{"id": %q, "name": %q, "version": %d, "appliesTo": ["bpmn:Task"], "properties": []}`, id, name, version)))
	if err != nil {
		t.Fatal(err)
	}
	return list[0]
}

var target = Target{Project: "p", FileType: "connector_template"}

func push(t *testing.T, s *stub, tmpl *templates.Template) (Pushed, error) {
	t.Helper()
	c, err := New(t.Context(), s.options())
	if err != nil {
		t.Fatal(err)
	}
	return c.Push(t.Context(), tmpl, target)
}

func TestPush(t *testing.T) {
	s := newStub(t)
	for i := range 60 { // more than one page
		s.add(fmt.Sprintf("process %d", i), "bpmn", "", "<bpmn/>")
	}
	s.add("half written", "connector_template", "", "{")
	for _, step := range []struct {
		template *templates.Template
		want     Pushed
	}{
		{template(t, "a", "A", 1), Pushed{Created, "f62", "a"}},
		{template(t, "a", "A", 1), Pushed{Same, "f62", "a"}},
		{template(t, "a", "A", 2), Pushed{Updated, "f62", "a"}},
		{template(t, "a", "Renamed", 3), Pushed{Updated, "f62", "a"}},
		{template(t, "b", "B", 1), Pushed{Created, "f63", "b"}},
	} {
		got, err := push(t, s, step.template)
		if err != nil || got != step.want {
			t.Errorf("%s: got %v %v, want %v", step.template.Ref(), got, err, step.want)
		}
	}
	if f := s.files[61]; f.Metadata.Name != "Renamed" || f.Metadata.Revision != 3 || !strings.Contains(f.Content, `"version": 3`) {
		t.Errorf("got %+v", f)
	}
}

// TestPushToOldWebModeler: where ids are replaced, the name finds the file.
func TestPushToOldWebModeler(t *testing.T) {
	s := newStub(t)
	s.old = true
	for _, want := range []Pushed{{Created, "f1", "f1"}, {Updated, "f1", "a"}} {
		if got, err := push(t, s, template(t, "a", "A", 1)); err != nil || got != want {
			t.Errorf("got %v %v, want %v", got, err, want)
		}
	}
}

func TestPushIntoFolder(t *testing.T) {
	s := newStub(t)
	c, err := New(t.Context(), Options{BaseURL: s.server.URL + "/api", Token: stubToken})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Push(t.Context(), template(t, "a", "A", 1), Target{Project: "p", Folder: "f", FileType: "element_template"}); err != nil {
		t.Fatal(err)
	}
	if m := s.files[0].Metadata; m.FolderID != "f" || m.Type != "element_template" {
		t.Errorf("got %+v", m)
	}
	if slices.Contains(s.requests, "POST /token") {
		t.Error("a token was got although one was given")
	}
}

func TestPushFails(t *testing.T) {
	refuse := func(path string, status int, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, path) {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
			}
			return strings.HasSuffix(r.URL.Path, path)
		}
	}
	for _, test := range []struct {
		name   string
		before func(http.ResponseWriter, *http.Request) bool
		want   string
	}{
		{"no permission", refuse("/search", 403, `{"detail": "read is missing"}`), `the Web Modeler answered 403 Forbidden (the client needs permissions for the Web Modeler API): {"detail": "read is missing"}`},
		{"no project", refuse("/search", 404, ""), "404 Not Found (is the id of the project right, and may the client see it?)"},
		{"wrong token", refuse("/search", 401, "<html>"), "401 Unauthorized (the token is not one for this Web Modeler)"},
		{"moved", refuse("/search", 302, ""), "302 Found"},
		{"other API", refuse("/search", 200, "hello"), "the answer is no JSON of the Web Modeler's API (does the address end in /api?)"},
		{"no token", refuse("/token", 401, `{"error":"invalid_client"}`), `get a token for the Web Modeler: 401 Unauthorized: {"error":"invalid_client"}`},
		{"conflict", refuse("/files", 409, ""), "somebody else has just changed the file; try again"},
		{"huge", refuse("/search", 200, strings.Repeat(" ", maxAnswer+1)), "larger than 16 MiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStub(t)
			s.before = test.before
			_, err := push(t, s, template(t, "a", "A", 1))
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v", err)
			}
		})
	}
	s := newStub(t)
	s.server.Close()
	if _, err := push(t, s, template(t, "a", "A", 1)); err == nil || !strings.HasPrefix(err.Error(), "reach the Web Modeler: ") {
		t.Errorf("got %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, o := range []Options{{BaseURL: "localhost:8070", Token: "x"}, {BaseURL: "ftp://x", Token: "x"}, {BaseURL: "http://x"}, {BaseURL: "http://x", ClientID: "a", TokenURL: "b"}} {
		if _, err := New(t.Context(), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	if _, err := New(t.Context(), Options{BaseURL: "http://x", Token: "y", Transport: failing{}}); err != nil {
		t.Error(err)
	}
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("no") }
