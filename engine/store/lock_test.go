//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "new", "x.lock")
	first, err := TakeLock(name)
	if err != nil {
		t.Fatal(err)
	}
	for note, want := range map[string]string{
		"": "another process uses it", "a longer note\n": "another process uses it: a longer note", "short": "another process uses it: short",
	} {
		if err := first.Note(note); err != nil {
			t.Fatal(err)
		}
		var locked *LockedError
		if _, err := TakeLock(name); !errors.As(err, &locked) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(name); err != nil || len(text) != 0 {
		t.Errorf("%q, %v", text, err)
	}
	second, err := TakeLock(name)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := TakeLock("/dev/null/x/lock"); err == nil {
		t.Error("taken below a file")
	}
}
