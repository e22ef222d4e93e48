package templates

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestChecks(t *testing.T) {
	const text = `{"name": "N", "id": "x", "appliesTo": ["bpmn:Task"], "elementType": {"value": "bpmn:ServiceTask"}, "properties": [
		{"id": "type", "type": "Hidden", "value": "x:1", "binding": {"type": "zeebe:taskDefinition", "property": "type"}},
		{"id": "auth", "label": "Auth", "type": "Dropdown", "choices": [{"name": "n", "value": "none"}, {"name": "b", "value": "basic"}], "binding": {"type": "zeebe:input", "name": "auth.type"}},
		{"id": "user", "label": "User", "type": "String", "constraints": {"notEmpty": true}, "condition": {"property": "auth", "oneOf": ["basic", "digest"]}, "binding": {"type": "zeebe:input", "name": "auth.user"}},
		{"id": "hint", "label": "Hint", "type": "String", "constraints": {"minLength": 3}, "condition": {"property": "user", "isActive": true}, "binding": {"type": "zeebe:input", "name": "hint"}},
		{"id": "strict", "label": "Strict", "type": "Boolean", "binding": {"type": "zeebe:input", "name": "strict"}},
		{"id": "level", "label": "Level", "type": "Number", "feel": "static", "constraints": {"notEmpty": true}, "condition": {"property": "strict", "equals": true}, "binding": {"type": "zeebe:input", "name": "level"}},
		{"id": "note", "label": "Note", "type": "String", "constraints": {"pattern": "^[a-z]+$"}, "condition": {"allMatch": [{"property": "hint", "isEmpty": false}, {"property": "type", "equals": "x:1"}]}, "binding": {"type": "zeebe:taskHeader", "key": "note"}},
		{"id": "name", "type": "String", "binding": {"type": "property", "name": "name"}},
		{"id": "unseen", "label": "Unseen", "type": "String", "constraints": {"notEmpty": true}, "condition": {"property": "name", "isEmpty": false}, "binding": {"type": "zeebe:input", "name": "unseen"}},
		{"id": "out", "label": "Out", "type": "String", "constraints": {"notEmpty": true}, "binding": {"type": "zeebe:output", "source": "=x"}}]}`
	list, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	checks := list[0].Checks()
	if names := checks.Names(); !names["auth"] || !names["hint"] || names["note"] || names["name"] {
		t.Errorf("names %v", names)
	}
	const user, short, level, note = `"User" (auth.user): a value is required`, `"Hint" (hint): must have at least 3 characters`,
		`"Level" (level): a value is required`, `"Note" (note): must match the pattern ^[a-z]+$`
	tests := map[string]struct {
		variables, note string
		want            []string
	}{
		"no authentication":      {variables: `{"auth": {"type": "none"}, "hint": "x"}`},
		"no user":                {variables: `{"auth": {"type": "basic"}}`, want: []string{user}},
		"blank user, short hint": {variables: `{"auth": {"type": "basic", "user": "\t"}, "hint": "ab"}`, want: []string{user, short}},
		"characters, not bytes":  {variables: `{"auth": {"type": "basic", "user": "u"}, "hint": "äöü"}`},
		"a list has no length":   {variables: `{"auth": {"type": "basic", "user": ["u"]}, "hint": [1]}`},
		"condition by a boolean": {variables: `{"strict": true}`, want: []string{level}},
		"boolean as a text":      {variables: `{"strict": "true"}`, want: []string{level}},
		"boolean is false":       {variables: `{"strict": false}`},
		"zero is a value":        {variables: `{"strict": true, "level": 0}`},
		"header":                 {variables: `{"hint": "abc"}`, note: "ABC", want: []string{note}},
		"header is inactive":     {variables: `{}`, note: "ABC"},
		"header is a reference":  {variables: `{"hint": "abc"}`, note: "{{secrets.NOTE}}"},
		"auth is no object":      {variables: `{"auth": "basic"}`},
	}
	for name, tt := range tests {
		r := Running{JobType: "x:1", Headers: map[string]string{"note": tt.note}}
		if err := json.Unmarshal([]byte(tt.variables), &r.Variables); err != nil {
			t.Fatal(err)
		}
		if got := checks.Violations(r); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestNoChecks(t *testing.T) {
	list, err := Parse([]byte(templateText("a", 1, "A", "x:a:1", "rest")))
	if err != nil {
		t.Fatal(err)
	}
	if list[0].Checks() != nil {
		t.Error("a template without constraints has checks")
	}
}
