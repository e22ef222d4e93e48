package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/engine/store"
	"patchbay/templates"
)

// text is a template; word makes two of one version differ.
func text(id string, version int, word string) string {
	return fmt.Sprintf(`{"id": %q, "version": %d, "name": "%s", "appliesTo": ["bpmn:Task"], "properties": []}`, id, version, word)
}

// rig is a catalog in memory that mirrors go to.
type rig struct {
	*testing.T
	*templates.Catalog
}

func newRig(t *testing.T) rig {
	t.Helper()
	db, err := store.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c, err := templates.NewCatalog(t.Context(), db, templates.CatalogOptions{BuiltIn: []*templates.Template{}})
	if err != nil {
		t.Fatal(err)
	}
	return rig{t, c}
}

// Import implements Publisher.
func (r rig) Import(ctx context.Context, t *templates.Template) (bool, error) {
	results, err := r.Catalog.Import(ctx, []*templates.Template{t})
	return err == nil && results[0].New, err
}

func (r rig) known(ctx context.Context, id string, version int64) bool {
	_, err := r.Info(ctx, id, version)
	return err == nil
}

func inspect(text []byte) ([]*templates.Template, []templates.Finding) {
	return templates.Inspect(text, templates.LintOptions{})
}

// run copies a source once and returns what became of the templates.
func (r rig) run(s Source) ([]string, error) {
	var lines []string
	err := Mirror{Source: s, Inspect: inspect, Publisher: r, Known: r.known}.Run(r.Context(), func(i Item) { lines = append(lines, i.String()) })
	return lines, err
}

func (r rig) expect(s Source, want ...string) {
	r.Helper()
	got, err := r.run(s)
	if err != nil {
		r.Error(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		r.Error(d)
	}
}

// site serves an index and its templates. Several are asked for at once, so
// what the handler writes is locked.
type site struct {
	*httptest.Server
	index map[string][]map[string]any
	texts map[string]string

	mu       sync.Mutex
	requests []string
}

func newSite(t *testing.T) *site {
	s := &site{index: map[string][]map[string]any{}, texts: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.URL.Path)
		s.mu.Unlock()
		body, found := s.texts[r.URL.Path]
		if r.URL.Path == "/index" {
			all, err := json.Marshal(s.index)
			if err != nil {
				t.Error(err)
			}
			body, found = string(all), true
		}
		tag := `"` + templates.Hash([]byte(body)) + `"`
		switch {
		case !found:
			http.NotFound(w, r)
		case r.Header.Get("If-None-Match") == tag:
			w.WriteHeader(http.StatusNotModified)
		default:
			w.Header().Set("ETag", tag)
			_, _ = w.Write([]byte(body))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// add puts a version into the index, before the others as the marketplace does.
func (s *site) add(id string, version int, engine, body string) {
	path := fmt.Sprintf("/t/%s-%d.json", id, version)
	s.texts[path] = body
	s.index[id] = append([]map[string]any{{"version": version, "ref": s.URL + path, "engine": map[string]string{"camunda": engine}}}, s.index[id]...)
}

func (s *site) source() *Index { return &Index{URL: s.URL + "/index", Client: s.Client()} }

func TestIndex(t *testing.T) {
	s, r := newSite(t), newRig(t)
	s.add("a", 1, "^8.3", text("a", 1, "x"))
	s.add("a", 2, "^8.8", text("a", 2, "x"))
	s.add("b", 1, "", `{"id": "b"}`)
	s.add("c", 3, "", text("c", 4, "x"))
	s.index["d"] = []map[string]any{{"version": 1, "ref": s.URL + "/gone"}, {"version": 2, "ref": "ftp://example.com/d"}, {"version": 3, "ref": "t/a-1.json"}}
	source := s.source()
	r.expect(source,
		"published a@1",
		"published a@2",
		`refused b@1: 1:1: error: template: missing "name", "appliesTo", "properties" (`+s.URL+"/t/b-1.json)",
		"refused c@4: the index calls it c@3 ("+s.URL+"/t/c-3.json)",
		"refused a@1: the index calls it d@3 (t/a-1.json)",
		`failed d@2: "ftp://example.com/d" is no http or https address (ftp://example.com/d)`,
		"failed d@1: the answer is 404 Not Found ("+s.URL+"/gone)",
	)
	// What failed is asked for again; what the catalog has is not.
	s.requests = nil
	s.index["d"] = nil
	if got, err := r.run(source); err != nil || !slices.Contains(got, "same a@1") || slices.Contains(s.requests, "/t/a-1.json") {
		t.Errorf("%v %v %v", got, err, s.requests)
	}
	// An index that was read to its end is asked for with its ETag.
	if got, err := r.run(source); !errors.Is(err, ErrUnchanged) || got != nil {
		t.Errorf("got %v %v", got, err)
	}
	s.add("e", 1, "", text("e", 1, "x"))
	if got, err := r.run(source); err != nil || !slices.Contains(got, "published e@1") {
		t.Errorf("got %v %v", got, err)
	}
}

func TestIndexForEngine(t *testing.T) {
	s, r := newSite(t), newRig(t)
	s.add("a", 1, "^8.3", text("a", 1, "x"))
	s.add("a", 2, "^8.8", text("a", 2, "x"))
	source := s.source()
	source.Engine = "8.5"
	r.expect(source, "published a@1")
}

func TestIndexCannotBeRead(t *testing.T) {
	s, r := newSite(t), newRig(t)
	s.texts["/list"] = `[]`
	s.texts["/huge"] = strings.Repeat(" ", maxIndex+1)
	for path, want := range map[string]string{"/gone": "the answer is 404 Not Found", "/list": `expected {"id": [{"version", "ref", "engine"}]}`, "/huge": "the answer has more than 16 MiB"} {
		if _, err := r.run(&Index{URL: s.URL + path, Client: s.Client()}); err == nil || !strings.Contains(err.Error(), "read the index "+s.URL+path+": "+want) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	refusing := &http.Client{Transport: refuse{}}
	if _, err := r.run(&Index{URL: "http://10.0.0.1/", Client: refusing}); err == nil || !strings.HasSuffix(err.Error(), "not allowed") {
		t.Errorf("got %v", err)
	}
}

type refuse struct{}

func (refuse) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("not allowed") }

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFolder(t *testing.T) {
	dir, r := t.TempDir(), newRig(t)
	write(t, dir, "a.json", text("a", 2, "x"))
	write(t, dir, "deep/er/list.json", "["+text("a", 1, "x")+","+text("b", 1, "x")+"]")
	write(t, dir, "other.json", text("a", 2, "y"))
	write(t, dir, "broken.json", `{"$schema": "element-templates-json-schema", `)
	write(t, dir, "a.test.json", text("c", 1, "x"))
	write(t, dir, "package.json", `{"name": "x"}`)
	write(t, dir, "list.json", `["x"]`)
	write(t, dir, "node_modules/x.json", text("c", 1, "x"))
	write(t, dir, ".git/x.json", text("c", 1, "x"))
	write(t, dir, ".camunda/element-templates/x.json", text("d", 1, "x"))
	at := func(name string) string { return " (" + filepath.Join(dir, name) + ")" }
	r.expect(Folder{dir}, "published d@1", "published a@2",
		"refused "+filepath.Join(dir, "broken.json")+": 1:46: error: template: the JSON text ends too early"+at("broken.json"),
		"published a@1", "published b@1",
		"refused a@2: the catalog has this version with another text"+at("other.json"))
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Skip("no symbolic links here")
	}
	if got, err := r.run(Folder{link}); err != nil || len(got) != 6 {
		t.Errorf("got %v %v", got, err)
	}
	if got, err := r.run(Folder{filepath.Join(dir, "nowhere")}); err == nil || got != nil || !strings.HasSuffix(err.Error(), "nowhere: no such file or directory") {
		t.Errorf("got %v %v", got, err)
	}
}

func TestHistory(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("the program git is not installed")
	}
	dir, r := t.TempDir(), newRig(t)
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "log.showSignature=false"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	git("init", "-q")
	ran := filepath.Join(t.TempDir(), "ran")
	program := filepath.Join(t.TempDir(), "gpg")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ncat >/dev/null # git must not find the pipe closed\ntouch "+ran+"\nprintf '\\n[GNUPG:] SIG_CREATED \\n' >&2\necho signed\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	git("config", "log.showSignature", "true")
	git("config", "gpg.program", program)
	for _, commit := range []map[string]string{
		{"t/a.json": text("a", 1, "draft"), "package.json": "{}"},
		{"t/a.json": text("a", 1, "finished")},
		{"t/a.json": text("a", 2, "x"), "t/ü b.json": text("b", 1, "x")},
		{"other/c.json": text("c", 1, "x")},
	} {
		for name, text := range commit {
			write(t, dir, name, text)
		}
		git("add", "-A")
		git("commit", "-q", "-m", "x", "-S")
	}
	if err := os.Remove(ran); err != nil {
		t.Fatal(err)
	}
	r.expect(History{filepath.Join(dir, "t")}, "published a@2", "published b@1", "published a@1")
	stored, err := r.Text(t.Context(), "a", 1)
	if err != nil || !strings.Contains(string(stored), "finished") {
		t.Errorf("got %s %v", stored, err)
	}
	r.expect(History{dir}, "published c@1", "same a@2", "same b@1", "same a@1")
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program of the checkout's configuration was run")
	}
	if _, err := r.run(History{t.TempDir()}); err == nil || !strings.Contains(err.Error(), "not a git repository") {
		t.Errorf("got %v", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	dir, r := t.TempDir(), newRig(t)
	write(t, dir, "a.json", text("a", 1, "x"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := Mirror{Source: Folder{dir}, Inspect: inspect, Publisher: r}.Run(ctx, func(Item) { t.Error("something was copied") })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
