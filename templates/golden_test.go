package templates

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"patchbay/engine/bpmn"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenCase is a template applied to an element of a file, after another one
// if there was one before. What a modeler made of these was compared once
// (bpmn-js-element-templates 2.37), except for warnings and user values.
type goldenCase struct {
	File     string
	Element  string
	Template json.RawMessage
	Values   map[string]any
	Preset   string
	Before   *goldenCase
}

func TestApplyGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/apply/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			var c goldenCase
			if err := json.Unmarshal(readFile(t, file), &c); err != nil {
				t.Fatal(err)
			}
			got := c.run(t)
			golden := filepath.Join("testdata", "apply", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(readFile(t, golden)); got != want {
				t.Errorf("%s", lineDiff(got, want))
			}
		})
	}
}

func (c goldenCase) run(t *testing.T) string {
	d := draftOf(t, string(readFile(t, filepath.Join("testdata", "apply", c.File))))
	var o ApplyOptions
	if c.Before != nil {
		before := parseOne(t, string(c.Before.Template))
		if _, err := Apply(d, c.Element, before, ApplyOptions{Values: c.Before.Values}); err != nil {
			t.Fatal(err)
		}
		o.Find = Lookup([]*Template{before})
	}
	o.Values, o.Preset = c.Values, c.Preset
	warnings, err := Apply(d, c.Element, parseOne(t, string(c.Template)), o)
	if err != nil {
		t.Fatal(err)
	}
	again, err := bpmn.Edit(d.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	text := outline(again, c.Element)
	for _, w := range warnings {
		text += fmt.Sprintf("warning %s\n", w)
	}
	return text
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestApplyErrors(t *testing.T) {
	tests := []struct {
		name, element, old, new string
		options                 ApplyOptions
		want                    string
	}{
		{name: "no element", element: "tusk", want: `no element "tusk" in the file; there is task`},
		{name: "no element, and none is like it", element: "nope", want: `no element "nope" in the file; there is boundary, catch`},
		{name: "wrong element", element: "start", want: `element "start": template x@3 applies to bpmn:Task, not to bpmn:startEvent`},
		{name: "no property", element: "task", options: ApplyOptions{Values: map[string]any{"kynd": "b"}}, want: `template x@3 has no property "kynd"; there is kind`},
		{name: "no preset", element: "task", options: ApplyOptions{Preset: "p"}, want: `template x@3 has no preset "p"`},
		{name: "control characters", element: "task", options: ApplyOptions{Values: map[string]any{"kind": "\x00"}}, want: `property "kind" has control characters`},
		{name: "attribute name", element: "task", old: `{"type": "zeebe:input", "name": "count"}`, new: `{"type": "property", "name": "a b"}`, want: `property "count" is bound to "a b", which is no name of an attribute`},
		{name: "boundary", element: "catch", old: `"bpmn:Task"], "elementType": {"value": "bpmn:ServiceTask"}`, new: `"bpmn:Event"], "elementType": {"value": "bpmn:BoundaryEvent"}`, want: "which a bpmn:intermediateCatchEvent cannot become"},
		{name: "no rest", element: "task", old: `"properties": [`, new: `"properties": [
			{"id": "p", "type": "Hidden", "value": "1", "condition": {"property": "q", "isEmpty": true}, "binding": {"type": "zeebe:input", "name": "p"}},
			{"id": "q", "type": "Hidden", "value": "1", "condition": {"property": "p", "equals": "1"}, "binding": {"type": "zeebe:input", "name": "q"}},`,
			want: "its conditions never come to rest"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(small, test.old, test.new, 1)
			_, err := Apply(draftOf(t, blankProcess), test.element, parseOne(t, text), test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
