package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func processFile(ids ...string) string {
	text := `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">`
	for _, id := range ids {
		text += fmt.Sprintf(`<process id=%q isExecutable="true"><startEvent id="s"/></process>`, id)
	}
	return text + `<process id="notes" isExecutable="false"/></definitions>`
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	clock := time.Unix(1000, 0)
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		clock = clock.Add(time.Second)
		if err := os.Chtimes(path, clock, clock); err != nil {
			t.Fatal(err)
		}
	}
	write("a.bpmn", processFile("a", "b"))
	write("deep/er/c.BPMN", processFile("c"))
	write("notes.txt", "no process")
	write("broken.bpmn", "<definitions")
	r, n := stepper(NewFolder(dir, "", quiet).poller)
	r.step(t.Context())
	n.expect(t, "a:0* b:0* c:0*")
	first := n.current[Process{ID: "a"}][0]
	if n.xml(t, "c", 0) != processFile("c") || first.Key >= 0 || n.scanned != 1 {
		t.Errorf("key %d, scanned %d", first.Key, n.scanned)
	}
	r.step(t.Context())
	if n.changes != 3 {
		t.Errorf("%d changes", n.changes)
	}

	write("a.bpmn", processFile("a", "x"))
	r.step(t.Context())
	n.expect(t, "a:0* c:0* x:0*")
	if n.current[Process{ID: "a"}][0].Key == first.Key {
		t.Error("the changed file has the same key")
	}
	if _, err := first.XML(t.Context()); err == nil || !strings.Contains(err.Error(), "has changed since") {
		t.Errorf("the old file: %v", err)
	}
	write("a.bpmn", "<half") // it is being written
	r.step(t.Context())
	n.expect(t, "a:0* c:0* x:0*")
	if err := os.Remove(filepath.Join(dir, "a.bpmn")); err != nil {
		t.Fatal(err)
	}
	r.step(t.Context())
	n.expect(t, "c:0*")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	r.step(t.Context())
	n.expect(t, "c:0*")
	if n.err == nil {
		t.Error("a folder that is gone is no failure")
	}
}
