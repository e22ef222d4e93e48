package api

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestReleases reads the list and the archive as c8ctl does.
func TestReleases(t *testing.T) {
	r := newRig(t)
	r.expect(http.StatusCreated, http.MethodPost, "/api/v1/templates", template("a", 1))
	list := func() (tag, url string) {
		t.Helper()
		var releases []struct {
			Tag    string `json:"tag_name"`
			Assets []struct {
				Name string
				URL  string `json:"browser_download_url"`
			}
		}
		body := r.expect(http.StatusOK, http.MethodGet, "/api/v1/releases", "", "X-Forwarded-Proto: https").body
		if err := json.Unmarshal([]byte(body), &releases); err != nil || len(releases) != 1 || len(releases[0].Assets) != 1 {
			t.Fatalf("%v: %s", err, body)
		}
		if name := releases[0].Assets[0].Name; name != "connectors-bundle-templates-1.0.0.tar.gz" {
			t.Errorf("the archive is called %s", name)
		}
		return releases[0].Tag, releases[0].Assets[0].URL
	}
	tag, first := list()
	path, ok := strings.CutPrefix(first, "https://127.0.0.1")
	if tag != "1.0.0" || !ok {
		t.Fatalf("%s at %s", tag, first)
	}
	r.expect(http.StatusCreated, http.MethodPost, "/api/v1/templates", template("b", 1))
	if _, second := list(); second == first {
		t.Error("the address stays when there is a new template")
	}
	archive := r.expect(http.StatusOK, http.MethodGet, path, "")
	if got := archive.header.Get("Content-Type"); got != "application/gzip" {
		t.Errorf("content type %s", got)
	}
	zip, err := gzip.NewReader(bytes.NewReader([]byte(archive.body)))
	if err != nil {
		t.Fatal(err)
	}
	tar, err := io.ReadAll(zip)
	if err != nil || !bytes.Contains(tar, []byte("b-1.json")) {
		t.Errorf("no b-1.json: %v", err)
	}
	_ = r.db.Close()
	r.expect(http.StatusInternalServerError, http.MethodGet, "/api/v1/releases", "")
	r.expect(http.StatusInternalServerError, http.MethodGet, path, "")
}
