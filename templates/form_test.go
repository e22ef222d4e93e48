package templates

import (
	"encoding/json"
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
		form, err := template.Form(ApplyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range form.Groups {
			for _, field := range g.Fields {
				if _, err := template.Form(ApplyOptions{Values: map[string]any{field.Key: field.Value}}); err != nil {
					t.Errorf("%s: %v", template.ID, err)
				}
			}
		}
	}
}
