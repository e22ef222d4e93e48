package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"patchbay/templates"
)

// TestConditional: who has a text already gets none, until it is another.
func TestConditional(t *testing.T) {
	r := newRig(t)
	r.expect(http.StatusCreated, "POST", "/api/v1/templates", template("a", 1))
	for _, path := range []string{"/api/v1/element-templates.json", "/api/v1/templates/a/versions/1"} {
		tag := r.expect(http.StatusOK, "GET", path, "").header.Get("ETag")
		for known, want := range map[string]int{
			tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304,
			`"x"`: 200, "": 200, tag + "x": 200,
		} {
			a := r.expect(want, "GET", path, "", "If-None-Match: "+known)
			if a.header.Get("ETag") != tag || want == 304 && a.body != "" {
				t.Errorf("%s: If-None-Match %s: ETag %s, body %.50q", path, known, a.header.Get("ETag"), a.body)
			}
		}
	}
	const array = "/api/v1/element-templates.json"
	tag := r.expect(http.StatusOK, "GET", array, "").header.Get("ETag")
	for _, change := range []func(){
		func() { r.expect(201, "POST", "/api/v1/templates", template("b", 1)) },
		func() { r.expect(200, "PUT", "/api/v1/templates/b/versions/1/deprecation", `{"reason": "Old."}`) },
		func() { r.expect(200, "PUT", "/api/v1/templates/b/versions/1/deprecation", `{"reason": "Worn."}`) },
		func() { r.expect(204, "DELETE", "/api/v1/templates/b/versions/1", "") },
	} {
		change()
		next := r.expect(http.StatusOK, "GET", array, "", "If-None-Match: "+tag).header.Get("ETag")
		if next == tag {
			t.Error("the tag stays although the array is another")
		}
		tag = next
	}
}

// TestEngine: what is no version of Camunda is refused, not taken for one that
// no template allows.
func TestEngine(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/api/v1/element-templates.json", "/api/v1/templates"} {
		for _, version := range []string{"", "8", "8.8", "v8.8.3", "8.8.0-alpha1"} {
			r.expect(http.StatusOK, "GET", path+"?engine="+version, "")
		}
		for _, version := range []string{"abc", "8..8", "8.8.8.8", "^8.8", "-1", "99999999999999999999"} {
			p := r.expect(http.StatusUnprocessableEntity, "GET", path+"?engine="+url.QueryEscape(version), "").problem(t)
			if len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Message, "a version such as 8.8") {
				t.Errorf("%s: %+v", version, p)
			}
		}
	}
}

// BenchmarkUnchanged is what template pull --watch costs each time, with 10,000
// templates.
func BenchmarkUnchanged(b *testing.B) {
	r := newRig(b)
	list := make([]*templates.Template, 10_000)
	for i := range list {
		list[i] = parsed(b, template(fmt.Sprintf("t%d", i), 1))[0]
	}
	if _, err := r.catalog.PublishTemplates(context.Background(), list); err != nil {
		b.Fatal(err)
	}
	tag := r.expect(http.StatusOK, "GET", "/api/v1/element-templates.json", "").header.Get("ETag")
	for b.Loop() {
		r.expect(http.StatusNotModified, "GET", "/api/v1/element-templates.json", "", "If-None-Match: "+tag)
	}
}

func parsed(t testing.TB, text string) []*templates.Template {
	t.Helper()
	list, err := templates.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return list
}
