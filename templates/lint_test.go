package templates

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type fakeChecker struct{}

func (fakeChecker) CheckExpression(source string) error {
	if strings.Contains(source, "broken") {
		return errors.New("unexpected end")
	}
	return nil
}
func (fakeChecker) HasProtocol(name string) bool { return name == "rest" }
func (fakeChecker) HasType(name string) bool     { return strings.HasPrefix(name, "io.camunda:") }

// good is a template without findings; tests break one thing in it.
const good = `{
 "$schema": "https://unpkg.com/@camunda/zeebe-element-templates-json-schema/resources/schema.json",
 "id": "x", "name": "X", "version": 2, "appliesTo": ["bpmn:Task"],
 "groups": [{"id": "g", "label": "G"}],
 "properties": [
  {"type": "Hidden", "value": "own:1", "binding": {"type": "zeebe:taskDefinition", "property": "type"}},
  {"type": "Hidden", "value": "rest", "binding": {"type": "zeebe:taskHeader", "key": "protocol"}},
  {"id": "kind", "type": "Dropdown", "value": "a", "choices": [{"name": "A", "value": "a"}], "binding": {"type": "zeebe:input", "name": "kind"}},
  {"id": "token", "group": "g", "type": "String", "value": "{{secrets.T}}", "feel": "optional", "constraints": {"pattern": "^a"}, "condition": {"property": "kind", "equals": "a"}, "binding": {"type": "zeebe:input", "name": "token"}},
  {"type": "Hidden", "value": "{a: .body}", "binding": {"type": "zeebe:taskHeader", "key": "resultExpression"}}
 ]
}`

func TestLint(t *testing.T) {
	published := func(id string) *Template { return parseOne(t, strings.Replace(good, `"X"`, `"Y"`, 1)) }
	tests := []struct {
		name, old, new string
		published      func(string) *Template
		want           string
	}{
		{name: "good"},
		{name: "syntax", old: `"id": "x",`, new: `"id": "x"`, want: `3:12: error: template: invalid character '"' after object key:value pair`},
		{name: "schema", old: `"Dropdown"`, new: `"Drop"`, want: "8:26: error: /properties/2/type: type must be String"},
		{name: "key", old: `"id": "x",`, new: `"id": "y", "id": "x",`, want: "3:19: warning: /id: the key appears twice"},
		{name: "$schema", old: "zeebe-element", new: "element", want: "2:13: warning: /$schema: modelers pass over"},
		{name: "no version", old: `"version": 2, `, want: "1:1: warning: template: the template has no version"},
		{name: "empty id", old: `"id": "x"`, new: `"id": ""`, want: "3:8: error: /id: the id is empty"},
		{name: "path as id", old: `"id": "x"`, new: `"id": ".."`, want: `3:8: error: /id: ".." cannot be an id`},
		{name: "control character in id", old: `"id": "x"`, new: `"id": "a\u0000"`, want: `3:8: error: /id: "a\x00" cannot be an id`},
		{name: "long id", old: `"id": "x"`, new: `"id": "` + strings.Repeat("x", 256) + `"`, want: "/id: the id has 256 bytes"},
		{name: "great version", old: `"version": 2`, new: `"version": 9007199254740992`, want: "error: /version: version 9007199254740992 is out of range"},
		{name: "greatest version", old: `"version": 2`, new: `"version": 9007199254740991`},
		{name: "endless version", old: `"version": 2`, new: `"version": 1e99999`, want: "error: /version: version 1e99999 is out of range"},
		{name: "version", published: published, want: "3:37: warning: /version: version 2 is published already; raise the version to 3"},
		{name: "group", old: `"group": "g"`, new: `"group": "h"`, want: `9:28: warning: /properties/3/group: there is no group "h"`},
		{name: "protocol", old: `"rest"`, new: `"telex"`, want: `7:31: error: /properties/1/value: there is no protocol "telex"`},
		{name: "type", old: `"protocol"`, new: `"protocoll"`, want: `5:16: warning: /properties: nothing here serves the type "own:1"`},
		{name: "result", old: `resultExpression`, new: `other`, want: "5:16: warning: /properties: the connector's answer is lost"},
		{name: "condition", old: `"property": "kind"`, new: `"property": "kimd"`, want: `/properties/3/condition/property: no property has the id "kimd" (did you mean "kind"?)`},
		{name: "binding", old: `"name": "token"`, new: `"name": "kind"`, want: `/properties/3/binding: "kind" is bound to the same place`},
		{name: "id", old: `"zeebe:taskHeader", "key": "resultExpression"`, new: `"zeebe:taskHeader", "key": "resultExpression"}, "id": "kind", "let": {"x": ""`, want: `/properties/4/id: the id "kind" is taken`},
		{name: "choice", old: `"value": "a", "choices"`, new: `"value": "b", "choices"`, want: `/properties/2/value: the default "b" is none of the choices: a`},
		{name: "pattern", old: `"^a"`, new: `"(a"`, want: "/properties/3/constraints/pattern: the pattern does not compile"},
		{name: "secret", old: `{{secrets.T}}`, new: `hunter2`, want: "/properties/3/value: the default looks like a secret"},
		{name: "secret anywhere", old: `{a: .body}`, new: `AKIAABCDEFGHIJKLMNOP`, want: "/properties/4/value: the default looks like a secret"},
		{name: "expression", old: `{a: .body}`, new: `broken`, want: "10:31: error: /properties/4/value: unexpected end"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(good, test.old, test.new, 1)
			findings := Lint([]byte(text), LintOptions{Checker: fakeChecker{}, Published: test.published})
			if test.want == "" && len(findings) > 0 || test.want != "" && len(findings) != 1 {
				t.Fatalf("got %v, want %q", findings, test.want)
			}
			if test.want != "" && !strings.Contains(findings[0].String(), test.want) {
				t.Errorf("got %s, want %q", findings[0], test.want)
			}
			list, _ := Inspect([]byte(text), LintOptions{Checker: fakeChecker{}, Published: test.published})
			if refused := len(findings) > 0 && findings[0].Severity == SeverityError; refused != (list == nil) {
				t.Errorf("refused %v, but %d templates", refused, len(list))
			}
			inArray := Lint([]byte("["+good+","+text+"]"), LintOptions{Checker: fakeChecker{}, Published: test.published})
			if test.want != "" && len(inArray) == 0 {
				t.Error("not found in an array")
			}
		})
	}
}

func TestBuiltInHasNoFindings(t *testing.T) {
	for _, b := range BuiltIn() {
		for _, f := range Lint(b.Raw, LintOptions{Checker: fakeChecker{}}) {
			t.Errorf("%s: %s", b.ID, f)
		}
	}
}

// TestCorpusIsNotRefused checks that foreign templates give warnings at most,
// and that all of them can be published.
func TestCorpusIsNotRefused(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus(t), "templates", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	c := newCatalog(t, ":memory:")
	rules := map[string]int{}
	published := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range Lint(text, LintOptions{Checker: fakeChecker{}}) {
			rules[f.Severity+" "+f.Rule]++
			if f.Severity == SeverityError {
				t.Errorf("%s: %s", file, f)
			}
		}
		results, err := c.Publish(t.Context(), text)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		published += len(results)
	}
	t.Log(published, "published;", fmt.Sprint(rules))
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(small))
	f.Fuzz(func(t *testing.T, text []byte) {
		Lint(text, LintOptions{Checker: fakeChecker{}})
		list, err := Parse(text)
		if err != nil {
			return
		}
		for _, parsed := range list {
			d := draftOf(t, blankProcess)
			if _, err := Apply(d, "task", parsed, ApplyOptions{}); err == nil {
				draftOf(t, string(d.Bytes()))
			}
		}
	})
}
