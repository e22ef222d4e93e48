package templates

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// unpack reads an archive as c8ctl does: a file's name and content each.
func unpack(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(zip); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(text)
	}
}

func TestRelease(t *testing.T) {
	c := newCatalog(t, ":memory:")
	publish := func(id string, version int) {
		t.Helper()
		text := strings.Replace(strings.Replace(good, `"id": "x"`, fmt.Sprintf(`"id": %q`, id), 1), `"version": 2`, fmt.Sprintf(`"version": %d`, version), 1)
		if _, err := c.Publish(t.Context(), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	release := func() (Release, map[string]string) {
		t.Helper()
		r, err := c.Release(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var archive bytes.Buffer
		if err := c.WriteArchive(t.Context(), &archive, r); err != nil {
			t.Fatal(err)
		}
		return r, unpack(t, archive.Bytes())
	}
	publish("a", 1)
	first, _ := release()
	publish("a", 2)
	publish("b/ü", 1)
	second, files := release()
	if first.Hash() == second.Hash() {
		t.Error("another release has the same hash")
	}
	if len(files) != len(second) {
		t.Errorf("%d files of %d versions", len(files), len(second))
	}
	for name, want := range map[string]string{"a-1.json": `"version": 1`, "a-2.json": `"version": 2`, "b__-34538084c3f2-1.json": `"id": "b/ü"`} {
		if !strings.Contains(files[name], want) {
			t.Errorf("%s: got %.80q", name, files[name])
		}
	}
	if last := second[len(second)-1]; last.ID != "a" || last.VersionNumber() != 1 {
		t.Errorf("%s@%d is last, not an older version", last.ID, last.VersionNumber())
	}
	if _, err := c.Deprecate(t.Context(), "a", 2, Deprecation{Reason: "Old."}); err != nil {
		t.Fatal(err)
	}
	third, files := release()
	if third.Hash() == second.Hash() || !strings.Contains(files["a-2.json"], `"deprecated": {"message":"Old."}`) {
		t.Error("the deprecation is not told")
	}
}

func TestFileName(t *testing.T) {
	one := int64(1)
	long := Info{ID: strings.Repeat("x", 255), Version: &one}
	if name := long.FileName(); len(name) > maxFileName {
		t.Errorf("%s has %d characters", name, len(name))
	}
	for id, want := range map[string]string{"com.example.a_b-c": "com.example.a_b-c-1.json", "..x": "x-8901738c9714-1.json", `a\b`: "a_b-c62016d0f8ee-1.json"} {
		if got := (Info{ID: id, Version: &one}).FileName(); got != want {
			t.Errorf("%s: got %s", id, got)
		}
	}
	if got := (Info{ID: "a"}).FileName(); got != "a.json" {
		t.Errorf("without a version: %s", got)
	}
}
