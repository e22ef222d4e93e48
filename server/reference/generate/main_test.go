package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The pages in the repository are what the code says now.
func TestCurrent(t *testing.T) {
	want, err := render(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(string(got), text); diff != "" {
			t.Errorf("%s is out of date, run make generate:\n%s", name, diff)
		}
	}
	files, err := filepath.Glob(filepath.Join("..", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if _, known := want[filepath.Base(file)]; !known {
			t.Errorf("%s is not a page of the reference, remove it", file)
		}
	}
	if !slices.Contains(files, filepath.Join("..", index)) {
		t.Errorf("there is no %s", index)
	}
}
