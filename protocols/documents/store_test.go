package documents

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"patchbay/protocols"
)

// clock is a time that tests set.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// stores are both stores, on one clock.
func stores(t *testing.T) (map[string]protocols.Documents, *clock) {
	t.Helper()
	c := &clock{time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)}
	d, err := OpenDirectory(filepath.Join(t.TempDir(), "documents"), Limits{}, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return map[string]protocols.Documents{"memory": NewMemory(100, c.Now), "directory": d}, c
}

func read(t *testing.T, s protocols.Documents, storeID, id string) (string, protocols.DocumentInfo) {
	t.Helper()
	body, info, err := s.Open(t.Context(), storeID, id)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content), info
}

func TestStores(t *testing.T) {
	all, _ := stores(t)
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			info, err := s.Create(t.Context(), protocols.DocumentInfo{Name: "a.txt", ContentType: "text/plain"}, strings.NewReader("hello"))
			if err != nil {
				t.Fatal(err)
			}
			want := protocols.DocumentInfo{StoreID: name, ID: info.ID, Name: "a.txt", ContentType: "text/plain", Size: 5,
				Hash: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}
			if info != want {
				t.Errorf("created %+v", info)
			}
			for _, storeID := range []string{"", name} {
				if content, got := read(t, s, storeID, info.ID); content != "hello" || got != want {
					t.Errorf("opened %q, %+v", content, got)
				}
			}
			for _, wrong := range [][2]string{{"other", info.ID}, {name, "nope"}, {name, ""}, {name, "../" + info.ID}, {name, info.ID + ".json"}} {
				if _, _, err := s.Open(t.Context(), wrong[0], wrong[1]); !protocols.IsInputError(err) {
					t.Errorf("%v: got %v", wrong, err)
				}
			}
		})
	}
}

func TestStoresExpire(t *testing.T) {
	all, clock := stores(t)
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			info, err := s.Create(t.Context(), protocols.DocumentInfo{TTL: time.Minute}, strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			clock.now = clock.now.Add(59 * time.Second)
			read(t, s, "", info.ID)
			clock.now = clock.now.Add(time.Second)
			if _, _, err := s.Open(t.Context(), "", info.ID); !protocols.IsInputError(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestMemoryIsBounded(t *testing.T) {
	c := &clock{time.Unix(0, 0)}
	m := NewMemory(10, c.Now)
	create := func(content string, ttl time.Duration) error {
		_, err := m.Create(t.Context(), protocols.DocumentInfo{TTL: ttl}, strings.NewReader(content))
		return err
	}
	if err := create("12345678", time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := create("123", 0); err == nil || !strings.Contains(err.Error(), "full (8 of 10 bytes)") {
		t.Errorf("got %v", err)
	}
	c.now = c.now.Add(time.Hour)
	if err := create("123", 0); err != nil {
		t.Errorf("after the first has expired: %v", err)
	}
	for n := 1; n < maxItems; n++ {
		m.items[fmt.Sprint(n)] = item{}
	}
	if err := create("", 0); err == nil || !strings.Contains(err.Error(), "full (10000 documents)") {
		t.Errorf("one too many: %v", err)
	}
}

func TestDirectoryCleansUp(t *testing.T) {
	path := t.TempDir()
	c := &clock{time.Unix(0, 0)}
	open := func() *Directory {
		d, err := OpenDirectory(path, Limits{}, c.Now)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open()
	kept, err := d.Create(t.Context(), protocols.DocumentInfo{}, strings.NewReader("kept"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Create(t.Context(), protocols.DocumentInfo{TTL: time.Second}, strings.NewReader("gone")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"HALF.part", "UNDESCRIBED"} {
		if err := os.WriteFile(filepath.Join(path, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.Close()
	d = open()
	defer d.Close()
	c.now = c.now.Add(2 * time.Hour)
	later, err := d.Create(t.Context(), protocols.DocumentInfo{}, strings.NewReader("later"))
	if err != nil {
		t.Fatal(err)
	}
	read(t, d, "", later.ID)
	if content, _ := read(t, d, "", kept.ID); content != "kept" {
		t.Errorf("got %q", content)
	}
	if entries, _ := os.ReadDir(path); len(entries) != 4 {
		t.Errorf("%d files are left, want two documents and their descriptions", len(entries))
	}
}

func TestDirectoryLeavesNothingHalf(t *testing.T) {
	path := t.TempDir()
	d, err := OpenDirectory(path, Limits{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Create(ctx, protocols.DocumentInfo{}, strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if entries, _ := os.ReadDir(path); len(entries) != 0 {
		t.Errorf("%d files are left", len(entries))
	}
}

func TestDirectoryIsBounded(t *testing.T) {
	path := t.TempDir()
	c := &clock{time.Unix(0, 0)}
	limits := Limits{Document: 3 << 20, Total: 4 << 20, TTL: time.Hour}
	open := func() *Directory {
		d, err := OpenDirectory(path, limits, c.Now)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open()
	create := func(size int, ttl time.Duration) (protocols.DocumentInfo, error) {
		return d.Create(t.Context(), protocols.DocumentInfo{TTL: ttl}, strings.NewReader(strings.Repeat("x", size)))
	}
	if _, err := create(3<<20+1, 0); !protocols.IsInputError(err) || err.Error() != "store a document: the document is larger than the limit of 3145728 bytes" {
		t.Errorf("too large: got %v", err)
	}
	first, err := create(3<<20, 0)
	if err != nil || !first.Expires.Equal(c.now.Add(time.Hour)) {
		t.Fatalf("expires %v, %v", first.Expires, err)
	}
	if want := "1970-01-01T01:00:00Z"; Reference(first, c.now)["metadata"].(map[string]any)["expiresAt"] != want {
		t.Errorf("the reference does not tell %s: %v", want, Reference(first, c.now))
	}
	full := func() {
		t.Helper()
		_, err := create(1<<20, 0)
		if err == nil || protocols.IsInputError(err) || !strings.HasSuffix(err.Error(), "the document store is full: its documents take 3 MiB of 4 MiB (--document-space)") {
			t.Errorf("full: got %v", err)
		}
	}
	full()
	d.Close()
	d = open() // what is there counts
	defer func() { d.Close() }()
	full()
	if _, err := create(1000, 2*time.Hour); err != nil {
		t.Errorf("what fits: %v", err)
	}
	c.now = c.now.Add(time.Hour)
	if _, err := create(3<<20, 0); err != nil {
		t.Errorf("after the first has expired: %v", err)
	}
	if d.used != 3<<20+1000+2*besides {
		t.Errorf("%d bytes are in use", d.used)
	}
}
