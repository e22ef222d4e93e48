package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestComments(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "engine", "clock")
	text := `// Package clock is what tells the time.
//
// It never stops.
//
// # Differences from others
//
//   - One.
//   - Two
//     lines.
package clock

// Hands point, and Now asks them.
type Hands struct{}
`
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"clock.go": text, "clock_test.go": "// Package clock is tested.\npackage clock", "other.go": "package clock"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := readComments(root, "engine")
	if err != nil {
		t.Fatal(err)
	}
	hands, err := declared(filepath.Join(folder, "clock.go"), "Hands")
	if err != nil {
		t.Fatal(err)
	}
	sections := c.sections("engine/clock")
	got := []string{c.folders()[0], c.about("engine/clock"), sections[1].title, sections[1].String(), hands}
	want := []string{"engine/clock", "What tells the time.\n\nIt never stops.", "Differences from others", "  - One.\n  - Two lines.", "Point, and Now asks them."}
	if diff := cmp.Diff(want, got); diff != "" || !sections[1].differs() || sections[0].differs() {
		t.Error(diff)
	}
	if _, err := declared(filepath.Join(folder, "clock.go"), "Nobody"); err == nil {
		t.Error("a name that is not declared has a comment")
	}
	if text := c.about("engine/nothing"); text != "" {
		t.Errorf("a folder without a comment says %q", text)
	}
}
