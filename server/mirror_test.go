package server

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"patchbay/engine/store"
	"patchbay/server/audit"
	"patchbay/templates"
)

// mirrorRig is a catalog in memory, and the log of what is mirrored into it.
func mirrorRig(t *testing.T) (*mirrors, *bytes.Buffer) {
	t.Helper()
	db, err := store.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c, err := templates.NewCatalog(t.Context(), db, templates.CatalogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	log, err := audit.Open(t.Context(), db, audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	return &mirrors{catalog: c, recorder: log, log: slog.New(slog.NewTextHandler(&out, nil)), interval: time.Hour}, &out
}

const mirrored = `{"id": "m", "version": 1, "name": "M", "appliesTo": ["bpmn:Task"], "properties": []}`

func TestMirrorOfIndex(t *testing.T) {
	var site *httptest.Server
	site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/index", http.StatusFound)
		case "/index":
			fmt.Fprintf(w, `{"m": [{"version": 1, "ref": "%s/m.json", "engine": {}}], "n": [{"version": 1, "ref": "http://192.168.0.1/n.json"}]}`, site.URL)
		case "/m.json":
			fmt.Fprint(w, mirrored)
		}
	}))
	defer site.Close()
	for _, test := range []struct {
		allow []string
		want  string
	}{
		{nil, "--allow-net"},
		{[]string{"loopback"}, "published=1 same=0 refused=0 failed=1"},
	} {
		m, out := mirrorRig(t)
		source, err := MirrorSource(site.URL+"/moved", test.allow, "")
		if err != nil {
			t.Fatal(err)
		}
		m.names, m.sources = append(m.names, "site"), append(m.sources, source)
		m.copy(t.Context(), 0)
		if !strings.Contains(out.String(), test.want) {
			t.Errorf("allow %v: %s", test.allow, out)
		}
	}
}

// TestMirrorsRun: what is there is copied at once, and the run ends with its
// context.
func TestMirrorsRun(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "m.json"), []byte(mirrored), 0o644); err != nil {
		t.Fatal(err)
	}
	m, out := mirrorRig(t)
	source, err := MirrorSource(dir, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	m.names, m.sources = append(m.names, dir), append(m.sources, source)
	changes, cancelChanges := m.catalog.Subscribe()
	defer cancelChanges()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); m.run(ctx) }()
	<-changes
	cancel()
	<-ended
	if _, err := m.catalog.Text(t.Context(), "m", 1); err != nil {
		t.Errorf("%v; %s", err, out)
	}
}

func TestMirrorSourceRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.json")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{file: "is no folder", "git:" + file: "is no folder", "nowhere": "no such file"} {
		if _, err := MirrorSource(name, nil, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := MirrorSource("https://example.com", []string{"nonsense"}, ""); err == nil {
		t.Error("a wrong allow-list is accepted")
	}
	s := &Server{config: Config{Mirror: []string{"x"}}}
	if err := s.openMirrors(t.Context()); err == nil || !strings.Contains(err.Error(), "--mirror-interval 0s: expected at least 1s") {
		t.Errorf("got %v", err)
	}
}
