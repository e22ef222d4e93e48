// Package ui is the Web UI: static files that a browser runs as they are, with
// no build step and nothing from elsewhere. They hold no data; what they show
// they get from the HTTP API, which asks for a token where one is configured.
//
// In static, main.js names the views, and views holds one file for each; dom.js
// makes all elements, api.js all requests, parts.js what several views use. A
// template's form and trial are form.js and try.js, put together in workbench.js.
// What a form shows, what is wrong with a template and what completes an
// expression the server says, so that no rule is written twice.
package ui

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"
)

// Prefix is where the UI lies.
const Prefix = "/ui/"

//go:embed static
var static embed.FS

// policy lets the pages run the files that lie here, and nothing else: no
// script or style within a page, none from elsewhere, and no text that becomes
// markup (Content Security Policy Level 3, Trusted Types).
var policy = strings.Join([]string{
	"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
	"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
	"require-trusted-types-for 'script'", "trusted-types 'none'",
}, "; ")

var headers = map[string]string{
	"Content-Security-Policy":      policy,
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	// The files change with the program only; the tag saves their transfer.
	"Cache-Control": "no-cache",
}

// Mount adds the UI to a router, and sends who asks for "/" there.
func Mount(r chi.Router) {
	for _, from := range []string{"/", strings.TrimSuffix(Prefix, "/")} {
		r.Get(from, http.RedirectHandler(Prefix, http.StatusFound).ServeHTTP)
	}
	all := files()
	r.Get(Prefix+"*", func(w http.ResponseWriter, r *http.Request) {
		f, here := all[strings.TrimPrefix(r.URL.Path, Prefix)]
		if !here {
			http.NotFound(w, r)
			return
		}
		f.serve(w, r)
	})
}

// file is one of the UI's, ready to be sent.
type file struct {
	content         []byte
	mediaType, etag string
}

// files reads the files by their paths; the page itself has the empty one.
func files() map[string]file {
	all := map[string]file{}
	_ = fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := static.ReadFile(name)
		sum := sha256.Sum256(content)
		f := file{content, mediaTypes[path.Ext(name)], `"` + hex.EncodeToString(sum[:8]) + `"`}
		all[strings.TrimSuffix(strings.TrimPrefix(name, "static/"), "index.html")] = f
		return err
	})
	return all
}

// mediaTypes are not left to the machine's list of them.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	for name, value := range headers {
		w.Header().Set(name, value)
	}
	w.Header().Set("ETag", f.etag)
	if r.Header.Get("If-None-Match") == f.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", f.mediaType)
	_, _ = w.Write(f.content) // the client is gone: nobody to tell
}
