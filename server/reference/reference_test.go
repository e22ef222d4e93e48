package reference

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestToHTML(t *testing.T) {
	for _, tt := range []struct{ name, markdown, want string }{
		{"heading", "## A `b`: c-d\n", "<h2 id=\"a-b-c-d\">A <code>b</code>: c-d</h2>\n"},
		{"paragraphs", "<!-- no -->\none\ntwo & <b>\n\nthree \\*4\\* \\<i> `` x`y ``", "<p>one two &amp; &lt;b&gt;</p>\n<p>three *4* &lt;i&gt; <code>x`y</code></p>\n"},
		{"list", "- a\n  - [`b`](c.md#d): e\n", "<ul>\n<li>a</li>\n<li><a href=\"c.md#d\"><code>b</code></a>: e</li>\n</ul>\n"},
		{"table", "| A | B |\n| --- | --- |\n| `x\\|y` |  |\n", "<div class=\"table\"><table>\n<tr><th>A</th><th>B</th></tr>\n<tr><td><code>x|y</code></td><td></td></tr>\n</table></div>\n"},
		{"text", "```\na <b>\n\n```\n\tc\n\td\n", "<pre>a &lt;b&gt;\n\n</pre>\n<pre>c\nd\n</pre>\n"},
		{"fence without an end", "```\na", "<pre>a\n</pre>\n"},
		{"brackets that are no link", "a[1] (b) [c]", "<p>a[1] (b) [c]</p>\n"},
		{"script in a link", "[x](\"><script>)", "<p><a href=\"&#34;&gt;&lt;script&gt;\">x</a></p>\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, toHTML(tt.markdown)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzToHTML(f *testing.F) {
	f.Add("# a\n| b |\n- [c](d)\n```\n\t`e`")
	f.Fuzz(func(t *testing.T, markdown string) {
		if out := toHTML(markdown); strings.Contains(out, "<script") {
			t.Errorf("%q became %q", markdown, out)
		}
	})
}

var handler = Handler()

func get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// Every link leads to a page and to a heading that are there.
func TestLinks(t *testing.T) {
	names, err := fs.Glob(Pages, "*.md")
	if err != nil || !slices.Contains(names, index) {
		t.Fatalf("%v, %v", names, err)
	}
	href, id := regexp.MustCompile(`href="([^"]*)"`), regexp.MustCompile(` id="([^"]*)"`)
	places := map[string]bool{"/ui/": true, "style.css": true}
	for _, name := range names {
		places[name] = true
		for _, heading := range id.FindAllStringSubmatch(get(Prefix+name).Body.String(), -1) {
			places[name+"#"+heading[1]] = true
		}
	}
	for _, name := range names {
		for _, link := range href.FindAllStringSubmatch(get(Prefix+name).Body.String(), -1) {
			target := link[1]
			if strings.HasPrefix(target, "#") {
				target = name + target
			}
			if !places[target] {
				t.Errorf("%s: the link %q leads nowhere", name, link[1])
			}
		}
	}
}

func TestHandler(t *testing.T) {
	for path, want := range map[string]struct {
		status    int
		mediaType string
		text      string
	}{
		Prefix:                   {200, "text/html; charset=utf-8", "<title>Reference - patchbay</title>"},
		Prefix + "protocols.md":  {200, "text/html; charset=utf-8", `<a href="protocols.md" aria-current="page">Protocols</a>`},
		Prefix + "style.css":     {200, "text/css; charset=utf-8", "color-scheme"},
		Prefix + "nothing.md":    {404, "text/plain; charset=utf-8", "not found"},
		Prefix + "generate/x.go": {404, "text/plain; charset=utf-8", "not found"},
	} {
		w := get(path)
		if w.Code != want.status || w.Header().Get("Content-Type") != want.mediaType || !strings.Contains(w.Body.String(), want.text) {
			t.Errorf("%s: %d %v %.200s", path, w.Code, w.Header(), w.Body.String())
		}
	}
}
