package templates

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// formText is a form as lines: a group, then its fields with type, value and
// what is wrong.
func formText(f *Form) string {
	var b strings.Builder
	for _, g := range f.Groups {
		fold := "-"
		if !g.Open {
			fold = "+"
		}
		b.WriteString(fold + " " + g.ID + "\n")
		for _, x := range g.Fields {
			value, _ := json.Marshal(x.Value)
			line := "  " + x.Key + " " + x.Type + " " + string(value)
			if x.Expression {
				line += " expression"
			}
			for _, c := range x.Choices {
				line += " <" + c.Value + ">"
			}
			if x.Problem != "" {
				line += " ! " + x.Problem
			}
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

const formTemplate = `{
  "id": "x", "name": "X", "appliesTo": ["bpmn:Task"], "elementType": {"value": "bpmn:ServiceTask"},
  "groups": [{"id": "g", "label": "G"}, {"id": "folded", "label": "Folded", "openByDefault": false}, {"id": "empty", "label": "Empty"}],
  "presets": [{"id": "quick", "properties": {"count": 9}}],
  "properties": [
    {"type": "Hidden", "value": "job", "binding": {"type": "zeebe:taskDefinition", "property": "type"}},
    {"id": "kind", "group": "g", "label": "Kind", "type": "Dropdown", "value": "a", "binding": {"type": "zeebe:input", "name": "kind"},
     "choices": [{"name": "A", "value": "a"}, {"name": "B", "value": "b"}, {"name": "C", "value": "c", "condition": {"property": "count", "equals": 9}}]},
    {"id": "onlyB", "group": "g", "type": "Text", "feel": "optional", "condition": {"property": "kind", "equals": "b"},
     "constraints": {"notEmpty": true, "maxLength": 3}, "binding": {"type": "zeebe:input", "name": "b"}},
    {"id": "both", "group": "g", "type": "String", "binding": {"type": "zeebe:input", "name": "both"},
     "condition": {"allMatch": [{"property": "kind", "oneOf": ["b", "c"]}, {"property": "onlyB", "isActive": false}]}},
    {"id": "count", "group": "folded", "type": "Number", "feel": "static", "value": 5, "binding": {"type": "zeebe:input", "name": "count"}},
    {"id": "on", "group": "folded", "type": "Boolean", "feel": "optional", "binding": {"type": "zeebe:input", "name": "on"}},
    {"id": "must", "group": "folded", "type": "String", "feel": "required", "value": "=1 + 1", "binding": {"type": "zeebe:input", "name": "must"}},
    {"type": "String", "constraints": {"pattern": {"value": "^[a-z]+$", "message": "small letters only"}}, "binding": {"type": "zeebe:taskHeader", "key": "loose"}},
    {"id": "made", "group": "nowhere", "type": "String", "generatedValue": {"type": "uuid"}, "binding": {"type": "zeebe:input", "name": "made"}}
  ]
}`

func TestForm(t *testing.T) {
	tests := []struct {
		name    string
		options ApplyOptions
		want    string
	}{
		{"defaults", ApplyOptions{}, `
- 
  header:loose String null
  made String null
- g
  kind Dropdown "a" <a> <b>
+ folded
  count Number 5
  on Boolean false
  must String "1 + 1" expression
`},
		{"a choice shows a field", ApplyOptions{Values: map[string]any{"kind": "b", "header:loose": "ABC"}}, `
- 
  header:loose String "ABC" ! small letters only
  made String null
- g
  kind Dropdown "b" <a> <b>
  onlyB Text null ! a value is required
+ folded
  count Number 5
  on Boolean false
  must String "1 + 1" expression
`},
		{"expressions", ApplyOptions{Values: map[string]any{"kind": "b", "onlyB": "=long name", "count": "=x + 1", "on": true, "must": "y"}}, `
- 
  header:loose String null
  made String null
- g
  kind Dropdown "b" <a> <b>
  onlyB Text "long name" expression
+ folded
  count Number "x + 1" expression
  on Boolean true
  must String "y" expression
`},
		{"a preset shows a choice", ApplyOptions{Preset: "quick", Values: map[string]any{"kind": "c", "made": "own"}}, `
- 
  header:loose String null
  made String "own"
- g
  kind Dropdown "c" <a> <b> <c>
  both String null
+ folded
  count Number 9
  on Boolean false
  must String "1 + 1" expression
`},
	}
	template := parseOne(t, formTemplate)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			form, err := template.Form(test.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), formText(form)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := template.Form(ApplyOptions{Values: map[string]any{"nothing": 1}}); err == nil {
		t.Error("an unknown name was taken")
	}
}

// TestFormKeys checks that every field can be set by its key.
func TestFormKeys(t *testing.T) {
	for _, template := range BuiltIn() {
		checkForm(t, template)
	}
}

// TestCorpusForms draws the forms of foreign templates.
func TestCorpusForms(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus(t), "templates", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no templates", err)
	}
	forms, fields := 0, 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		list, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, template := range list {
			forms++
			fields += checkForm(t, template)
		}
	}
	t.Log(forms, "forms with", fields, "fields")
}

// checkForm sets each field of a form, as who fills it in does, and returns how
// many there are. What a choice shows is set in its turn.
func checkForm(t *testing.T, template *Template) int {
	t.Helper()
	seen, todo := map[string]bool{}, []map[string]any{{}}
	for ; len(todo) > 0; todo = todo[1:] {
		form, err := template.Form(ApplyOptions{Values: todo[0]})
		if err != nil {
			t.Errorf("%s with %v: %v", template.Ref(), todo[0], err)
			return len(seen)
		}
		for _, g := range form.Groups {
			for _, field := range g.Fields {
				if !seen[field.Key] {
					seen[field.Key] = true
					todo = append(todo, choicesOf(field)...)
				}
			}
		}
	}
	return len(seen)
}

// choicesOf are values of a field that may show others.
func choicesOf(f FormField) (list []map[string]any) {
	for _, c := range f.Choices {
		list = append(list, map[string]any{f.Key: c.Value})
	}
	if len(list) == 0 {
		list = append(list, map[string]any{f.Key: f.Value})
	}
	return list
}

// TestFormEnds checks that a form comes though its values take too long to be
// checked.
func TestFormEnds(t *testing.T) {
	form, err := parseOne(t, formTemplate).form(ApplyOptions{Values: map[string]any{"kind": "b"}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if text := formText(form); strings.Contains(text, "!") || !strings.Contains(text, "onlyB") {
		t.Errorf("values were checked in no time: %s", text)
	}
}

// TestConditionsThatBranch: conditions that ask for the same properties again
// and again, along chains and in circles, are looked at once each.
func TestConditionsThatBranch(t *testing.T) {
	twice := func(property int) string {
		one := fmt.Sprintf(`{"property": "p%d", "isActive": true}`, property)
		return `"condition": {"allMatch": [` + one + "," + one + "]},"
	}
	for name, tt := range map[string]struct {
		condition func(i int) string
		want      int
	}{
		"chain":  {func(i int) string { return map[bool]string{false: twice(i - 1)}[i == 0] }, 200},
		"circle": {func(i int) string { return twice((i + 1) % 200) }, 0},
	} {
		template := parseOne(t, manyProperties(200, tt.condition))
		form, err := template.Form(ApplyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		fields := 0
		for _, g := range form.Groups {
			fields += len(g.Fields)
		}
		if fields != tt.want {
			t.Errorf("%s: %d fields, want %d", name, fields, tt.want)
		}
		r := runningActivity{Running{}, idsOf(template.Properties), map[*Property]verdict{}}
		if got := r.active(template.Properties[199]); (got == yes) != (tt.want > 0) {
			t.Errorf("%s: running: %v", name, got)
		}
	}
}
