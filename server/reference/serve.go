package reference

import (
	"html"
	"io/fs"
	"net/http"
	"strings"
	"sync"
)

// Prefix is where a Handler expects to be mounted.
const Prefix = "/ui/reference/"

// index is the page that lists the others.
const index = "README.md"

// Handler answers with the pages as HTML, under the names of their files, so
// that their links to each other hold. They tell nothing about this server, so
// everybody may read them.
func Handler() http.Handler {
	all := files()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, Prefix)
		if name == "" {
			name = index
		}
		f, known := all[name]
		if !known {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Type", f.mediaType)
		_, _ = w.Write(f.content()) // the client is gone: nobody to tell
	})
}

// file is one that is served; content makes it when it is asked for first.
type file struct {
	mediaType string
	content   func() []byte
}

func files() map[string]file {
	all := map[string]file{"style.css": {"text/css; charset=utf-8", func() []byte { return style }}}
	names, _ := fs.Glob(Pages, "*.md") // the pattern is a good one
	for _, name := range names {
		all[name] = file{"text/html; charset=utf-8", sync.OnceValue(func() []byte { return document(name, names) })}
	}
	return all
}

const head = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="style.css">
`

// document is a page with links to the others.
func document(name string, names []string) []byte {
	markdown := text(name)
	var b strings.Builder
	b.WriteString(head + "<title>" + html.EscapeString(titleOf(markdown)) + " - patchbay</title>\n</head>\n<body>\n" +
		`<nav aria-label="Reference"><a href="/ui/">patchbay</a>`)
	for _, other := range names {
		current := ""
		if other == name {
			current = ` aria-current="page"`
		}
		b.WriteString(` <a href="` + other + `"` + current + `>` + html.EscapeString(titleOf(text(other))) + "</a>")
	}
	b.WriteString("</nav>\n<main>\n" + toHTML(markdown) + "</main>\n</body>\n</html>\n")
	return []byte(b.String())
}

// text is that of a page, which is there.
func text(name string) string {
	content, _ := Pages.ReadFile(name)
	return string(content)
}

func titleOf(markdown string) string {
	_, rest, _ := strings.Cut(markdown, "\n# ")
	title, _, _ := strings.Cut(rest, "\n")
	return title
}
