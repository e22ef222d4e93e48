package templates

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"same", "", "", ""},
		{"labels", `"label": "Only B"`, `"label": "B only"`, ""},
		{"id", `"id": "x"`, `"id": "y"`, `breaking: the id changes from "x" to "y"`},
		{"version", `"version": 4`, `"version": 3`, "the version does not rise"},
		{"element", `"bpmn:ServiceTask"`, `"bpmn:SendTask"`, "breaking: the element becomes bpmn:SendTask instead of bpmn:ServiceTask"},
		{"applies to", `"appliesTo": ["bpmn:Task"]`, `"appliesTo": ["bpmn:SendTask"]`, "breaking: it no longer applies to bpmn:Task"},
		{"engine", `"id": "x"`, `"id": "x", "engines": {"camunda": "^9"}`, "breaking: it asks for Camunda ^9 instead of any version"},
		{"job type", `"value": "job"`, `"value": "jab"`, `breaking: type: the job type changes from "job" to "jab"`},
		{"gone", `{"id": "count", "type": "Number", "value": 5, "binding": {"type": "zeebe:input", "name": "count"}},`, "", "breaking: count: it is gone"},
		{"moved", `"name": "count"`, `"name": "amount"`, "breaking: count: it is bound to zeebe:input amount instead of zeebe:input count"},
		{"choice", `, {"name": "B", "value": "b"}`, "", `breaking: kind: the choice "b" is gone: elements that have it fall back to "a"`},
		{"new choice", `[{"name": "A"`, `[{"name": "C", "value": "c"}, {"name": "A"`, `kind: the choice "c" is new`},
		{"default", `"value": 5`, `"value": 6`, `count: the default changes from "5" to "6"`},
		{"type", `"type": "Number", "value": 5`, `"type": "Boolean"`, "breaking: count: the type changes from Number to Boolean"},
		{"hidden", `"type": "Number", "value": 5`, `"type": "Hidden", "value": "5"`, `breaking: count: it becomes a constant`},
		{"no FEEL", `"feel": "optional", `, "", "breaking: onlyB: it takes no FEEL any more"},
		{"FEEL", `"feel": "optional"`, `"feel": "required"`, "breaking: onlyB: values are FEEL expressions now"},
		{"condition", `"id": "count",`, `"id": "count", "condition": {"property": "kind", "equals": "a"},`, "breaking: count: its condition changes"},
		{"pattern", `{"notEmpty": true}`, `{"notEmpty": true, "pattern": "^x"}`, "breaking: onlyB: values must match ^x now"},
		{"length", `{"notEmpty": true}`, `{"notEmpty": true, "maxLength": 5}`, "breaking: onlyB: values must have at most 5 characters now"},
		{"required", `"optional": false`, `"constraints": {"notEmpty": true}`, "breaking: result: a value is required now"},
		{"new property", `"properties": [`, `"properties": [{"id": "n", "binding": {"type": "zeebe:input", "name": "n"}},`, "n: it is new"},
		{"new required", `"properties": [`, `"properties": [{"id": "n", "constraints": {"notEmpty": true}, "binding": {"type": "zeebe:input", "name": "n"}},`, "breaking: n: it is new and required, without a default"},
	}
	from := parseOne(t, small)
	next := strings.Replace(small, `"version": 3`, `"version": 4`, 1)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(next, test.old, test.new, 1)
			if test.old != "" && text == next {
				t.Fatalf("%q is not in the template", test.old)
			}
			changes := Compare(from, parseOne(t, text))
			if test.want == "" && len(changes) > 0 {
				t.Fatalf("got %v", changes)
			}
			if test.want != "" && (len(changes) == 0 || !strings.Contains(changes[0].String(), test.want)) {
				t.Errorf("got %v, want %q", changes, test.want)
			}
		})
	}
}

func TestIndex(t *testing.T) {
	c := newCatalog(t, ":memory:")
	c.infos, c.builtIn = nil, nil
	without := strings.Replace(templateText("b", 7, "B", "x:b:1", "rest"), `"version": 7,`, "", 1)
	engines := strings.Replace(templateText("a", 2, "A", "x:a:1", "rest"), `"keywords"`, `"engines": {"camunda": "^8.8"}, "keywords"`, 1)
	publish(t, c, "["+templateText("a", 1, "A", "x:a:1", "rest")+","+engines+","+without+"]")
	index, err := c.Index(t.Context(), func(id string, version int64) string { return fmt.Sprintf("http://x/%s/%d", id, version) })
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(index)
	want := `{"a":[{"version":2,"ref":"http://x/a/2","engine":{"camunda":"^8.8"}},{"version":1,"ref":"http://x/a/1","engine":{}}],"b":[{"ref":"http://x/b/0","engine":{}}]}`
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for engine, want := range map[string]string{"": "[\n" + engines + ",\n" + without + "\n]\n", "8.7": "[\n" + templateText("a", 1, "A", "x:a:1", "rest") + ",\n" + without + "\n]\n"} {
		if got, err := latestArray(t, c, engine); err != nil || string(got) != want {
			t.Errorf("engine %q: got %s, %v, want %s", engine, got, err, want)
		}
	}
}

// latestArray is what the Desktop Modeler gets.
func latestArray(t *testing.T, c *Catalog, engine string) ([]byte, error) {
	t.Helper()
	list, err := c.Latest(t.Context(), engine)
	if err != nil {
		return nil, err
	}
	return c.Array(t.Context(), list)
}
