package ui

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

func serve(path string, header ...string) *http.Response {
	r := chi.NewRouter()
	Mount(r)
	request := httptest.NewRequest(http.MethodGet, path, nil)
	if len(header) == 2 {
		request.Header.Set(header[0], header[1])
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, request)
	return w.Result()
}

func TestRoutes(t *testing.T) {
	tests := []struct {
		path      string
		status    int
		mediaType string
	}{
		{"/ui/", 200, "text/html; charset=utf-8"},
		{"/ui/main.js", 200, "text/javascript; charset=utf-8"},
		{"/ui/views/catalog.js", 200, "text/javascript; charset=utf-8"},
		{"/ui/style/base.css", 200, "text/css; charset=utf-8"},
		{"/ui/icon.svg", 200, "image/svg+xml"},
		{"/ui/views/", 404, ""},
		{"/ui/nothing.js", 404, ""},
		{"/ui/../ui.go", 404, ""},
	}
	for _, test := range tests {
		response := serve(test.path)
		if response.StatusCode != test.status || test.mediaType != "" && response.Header.Get("Content-Type") != test.mediaType {
			t.Errorf("%s: %d %q, want %d %q", test.path, response.StatusCode, response.Header.Get("Content-Type"), test.status, test.mediaType)
		}
	}
	for _, from := range []string{"/", "/ui"} {
		if response := serve(from); response.StatusCode != http.StatusFound || response.Header.Get("Location") != Prefix {
			t.Errorf("%s: %d to %q, want a redirect to %s", from, response.StatusCode, response.Header.Get("Location"), Prefix)
		}
	}
}

// TestHeaders checks that pages run nothing but the files that lie here.
func TestHeaders(t *testing.T) {
	for name := range files() {
		response := serve(Prefix + name)
		csp := response.Header.Get("Content-Security-Policy")
		for _, directive := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "require-trusted-types-for 'script'"} {
			if !strings.Contains(csp, directive) {
				t.Errorf("%s: the policy %q has no %q", name, csp, directive)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
			t.Errorf("%s: the policy %q is not strict", name, csp)
		}
		if response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: its type may be guessed", name)
		}
		if again := serve(Prefix+name, "If-None-Match", response.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: %d with its own tag, want 304", name, again.StatusCode)
		}
	}
}

var (
	imports = regexp.MustCompile(`(?m)^(?:import|export) .*from '([^']*)';`)
	markup  = regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?://[a-z]`)
)

// TestScripts checks that what scripts import is here, and that they make no
// markup of texts and name no other site.
func TestScripts(t *testing.T) {
	all := files()
	for name, f := range all {
		if path.Ext(name) != ".js" {
			continue
		}
		for _, match := range imports.FindAllSubmatch(f.content, -1) {
			target := path.Join(path.Dir(name), string(match[1]))
			if _, here := all[target]; !here {
				t.Errorf("%s imports %s, which is not here", name, target)
			}
		}
		for _, found := range markup.FindAll(f.content, -1) {
			if !bytes.HasPrefix(found, []byte("https://api.e")) && string(found) != "https://a" { // the example of a curl command
				t.Errorf("%s has %s", name, found)
			}
		}
	}
}

// TestPage checks that the page has no script or style within.
func TestPage(t *testing.T) {
	page := string(files()[""].content)
	if regexp.MustCompile(`<script[^>]*>[^<]|<style|\sstyle=|\son[a-z]+=`).MatchString(page) {
		t.Error("index.html has a script or a style within")
	}
	for _, match := range regexp.MustCompile(`(?:src|href)="([^"#]+)"`).FindAllStringSubmatch(page, -1) {
		if _, here := files()[match[1]]; !here && match[1] != "reference/" { // which the server has beside the page
			t.Errorf("index.html names %s, which is not here", match[1])
		}
	}
}
