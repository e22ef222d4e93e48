package templates

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

type fakeChecker struct{}

func (fakeChecker) CheckExpression(source string) (Doubts, error) {
	switch {
	case strings.Contains(source, "broken"):
		return Doubts{}, errors.New("unexpected end")
	case strings.Contains(source, "cout("):
		return Doubts{Unknown: []UnknownFunction{{"cout", "1:2"}}, Functions: []string{"sum", "count"}}, nil
	case strings.Contains(source, "sum()"):
		return Doubts{Misfits: []Misfit{{"sum", "1:2", []string{"sum(list)", "sum(number...)"}}}}, nil
	case strings.Contains(source, "bpmnError("):
		return Doubts{Deciding: []string{"bpmnError"}}, nil
	case strings.Contains(source, "tokin"):
		return Doubts{Keys: [][]string{{"kind"}, {"headers"}, {"headers", "X-A"}, {"tokin"}, {"tokin", "a"}, {"callPolicy", "retry"}}}, nil
	case strings.Contains(source, "if .a = 1"):
		return Doubts{Assigning: []string{".a = 1"}}, nil
	}
	return Doubts{}, nil
}
func (fakeChecker) Served() (protocols, types []string) {
	return []string{"rest", "queue"}, []string{"io.camunda:http-json:1", "io.camunda:webhook:1"}
}
func (fakeChecker) Reads(t *Template) *Reads {
	if t.Protocol() == "" && !strings.HasPrefix(t.JobType()+t.Inbound(), "io.camunda:") {
		return nil
	}
	return &Reads{By: "the protocol rest", Inputs: []string{"kind", "token", "headers", "headers.*", "callPolicy", "callPolicy.retry"}, Headers: []string{"protocol", "resultExpression", "requestExpression"}}
}

// knowsAll is a Checker for which everything is read.
type knowsAll struct{ fakeChecker }

func (knowsAll) Reads(*Template) *Reads { return &Reads{} }

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
		{name: "key twice", old: `"id": "x",`, new: `"id": "y", "id": "x",`, want: "3:19: warning: /id: the key appears twice"},
		{name: "$schema", old: "zeebe-element", new: "element", want: "2:13: warning: /$schema: modelers pass over"},
		{name: "no version", old: `"version": 2, `, want: "1:1: warning: template: the template has no version"},
		{name: "empty id", old: `"id": "x"`, new: `"id": ""`, want: "3:8: error: /id: the id is empty"},
		{name: "path as id", old: `"id": "x"`, new: `"id": ".."`, want: `3:8: error: /id: ".." cannot be an id`},
		{name: "control character in id", old: `"id": "x"`, new: `"id": "a\u0000"`, want: `3:8: error: /id: "a\x00" cannot be an id`},
		{name: "long id", old: `"id": "x"`, new: `"id": "` + strings.Repeat("x", 256) + `"`, want: "/id: the id has 256 bytes"},
		{name: "great version", old: `"version": 2`, new: `"version": 9007199254740992`, want: "error: /version: version 9007199254740992 is out of range"},
		{name: "greatest version", old: `"version": 2`, new: `"version": 9007199254740991`},
		{name: "endless version", old: `"version": 2`, new: `"version": 1e9999`, want: "error: /version: version 1e9999 is out of range"},
		{name: "version below 0", old: `"version": 2`, new: `"version": -1`, want: "error: /version: version -1 is out of range: 0 to 9007199254740991; count up from 1"},
		{name: "version", published: published, want: "3:37: warning: /version: version 2 is published already; raise the version to 3"},
		{name: "group", old: `"group": "g"`, new: `"group": "h"`, want: `9:28: warning: /properties/3/group: there is no group "h"`},
		{name: "protocol", old: `"rest"`, new: `"telex"`, want: `7:31: error: /properties/1/value: there is no protocol "telex"`},
		{name: "type", old: `"protocol"`, new: `"protocoll"`, want: `5:16: warning: /properties: nothing here serves the type "own:1"; name`},
		{name: "misspelt type", old: `"own:1", "binding": {"type": "zeebe:taskDefinition", "property": "type"}},
  {"type": "Hidden", "value": "rest", "binding": {"type": "zeebe:taskHeader", "key": "protocol"}}`, new: `"x:http-jsn:1", "binding": {"type": "zeebe:taskDefinition", "property": "type"}}`, want: `nothing here serves the type "x:http-jsn:1"; name`},
		{name: "misspelt inbound type", old: `{"type": "Hidden", "value": "own:1", "binding": {"type": "zeebe:taskDefinition", "property": "type"}},
  {"type": "Hidden", "value": "rest", "binding": {"type": "zeebe:taskHeader", "key": "protocol"}}`, new: `{"type": "Hidden", "value": "io.comunda:webhook:1", "binding": {"type": "zeebe:property", "name": "inbound.type"}}`, want: `nothing here serves the type "io.comunda:webhook:1" (did you mean "io.camunda:webhook:1"?); name`},
		{name: "result", old: `resultExpression`, new: `other`, want: "5:16: warning: /properties: the connector's answer is lost"},
		{name: "condition", old: `"property": "kind"`, new: `"property": "kimd"`, want: `/properties/3/condition/property: no property has the id "kimd" (did you mean "kind"?)`},
		{name: "binding", old: `"name": "token"`, new: `"name": "kind"`, want: `/properties/3/binding: "kind" is bound to the same place`},
		{name: "id", old: `"zeebe:taskHeader", "key": "resultExpression"`, new: `"zeebe:taskHeader", "key": "resultExpression"}, "id": "kind", "constraints": {"notEmpty": false`, want: `/properties/4/id: the id "kind" is taken`},
		{name: "choice", old: `"value": "a", "choices"`, new: `"value": "b", "choices"`, want: `/properties/2/value: the default "b" is none of the choices: a`},
		{name: "pattern", old: `"^a"`, new: `"(a"`, want: "/properties/3/constraints/pattern: the pattern does not compile"},
		{name: "secret", old: `{{secrets.T}}`, new: `hunter2`, want: "/properties/3/value: the default looks like a secret"},
		{name: "secret anywhere", old: `{a: .body}`, new: `AKIAABCDEFGHIJKLMNOP`, want: "/properties/4/value: the default looks like a secret"},
		{name: "number named as a secret", old: `"{{secrets.T}}"`, new: `"4096"`},
		{name: "secret in a header", old: `{{secrets.T}}`, new: `=\"Bearer 0123456789abcdef\"`, want: "/properties/3/value: the default looks like a secret"},
		{name: "secret in a URL", old: `{{secrets.T}}`, new: `https://me:pass@example.com`, want: "/properties/3/value: the default looks like a secret"},
		{name: "reference in a URL", old: `{{secrets.T}}`, new: `https://me:{{secrets.T}}@example.com`},
		{name: "same condition", old: `"name": "token"}}`, new: `"name": "token"}}, {"type": "String", "condition": {"property": "kind", "oneOf": ["b", "a"]}, "binding": {"type": "zeebe:input", "name": "token"}}`,
			want: `/properties/4/binding: "token" is bound to the same place`},
		{name: "other condition", old: `"name": "token"}}`, new: `"name": "token"}}, {"type": "String", "condition": {"property": "kind", "oneOf": ["b", "c"]}, "binding": {"type": "zeebe:input", "name": "token"}}`},
		{name: "same conditions in other order", old: `"name": "token"}}`, new: `"name": "token"}},
			{"type": "String", "condition": {"allMatch": [{"property": "kind", "equals": "b"}, {"property": "token", "isActive": true}]}, "binding": {"type": "zeebe:input", "name": "headers.a"}},
			{"type": "String", "condition": {"allMatch": [{"property": "token", "isActive": true}, {"property": "kind", "equals": "b"}]}, "binding": {"type": "zeebe:input", "name": "headers.a"}}`,
			want: `/properties/5/binding: "headers.a" is bound to the same place`},
		{name: "key", old: `"group": "g"`, new: `"groupe": "g"`, want: `9:29: warning: /properties/3/groupe: templates have no key "groupe" here (did you mean "group"?)`},
		{name: "key of a condition", old: `"equals": "a"`, new: `"equals": "a", "not/~": 1`, want: "/properties/3/condition/not~1~0: templates have no key"},
		{name: "key of a step", old: `"version": 2`, new: `"version": 2, "steps": [{"name": "a", "steps": [{"name": "b", "presetId": "x", "preset": "x"}]}]`, want: "/steps/0/steps/0/preset: templates have no key"},
		{name: "comment", old: `"group": "g"`, new: `"//": "g"`},
		{name: "input", old: `"name": "token"`, new: `"name": "tokin"`, want: `9:224: warning: /properties/3/binding/name: the protocol rest has no input "tokin", and no expression of the template uses it (did you mean "token"?)`},
		{name: "input below another", old: `"name": "token"`, new: `"name": "callPolicy.retri"`, want: `/properties/3/binding/name: the protocol rest has no input "callPolicy.retri"`},
		{name: "input below a map", old: `"name": "token"`, new: `"name": "headers.X-Token"`},
		{name: "input as variable", old: `"name": "token"}}`, new: `"name": "size.of"}}, {"type": "Hidden", "value": "=size.of+1", "binding": {"type": "zeebe:input", "name": "token"}}`},
		{name: "header", old: `"key": "resultExpression"`, new: `"key": "resultExpression"}}, {"type": "String", "binding": {"type": "zeebe:taskHeader", "key": "resultExpresion"`, want: `does not read the task header "resultExpresion" (did you mean "resultExpression"?)`},
		{name: "own header", old: `"key": "resultExpression"`, new: `"key": "resultExpression"}}, {"type": "String", "binding": {"type": "zeebe:taskHeader", "key": "tenantOfMine"`},
		{name: "help", old: `"Hidden", "value": "{a: .body}"`, new: `"Text"`, want: "10:3: warning: /properties/4: a modeler's user is not told what the result expression sees"},
		{name: "choice's expression", old: `"value": "a"}]`, new: `"value": "a"}, {"name": "B", "value": "= broken"}]`, want: "error: /properties/2/choices/1/value: the expression does not compile: unexpected end"},
		{name: "source's expression", old: `"key": "resultExpression"`, new: `"key": "resultExpression"}}, {"type": "String", "binding": {"type": "zeebe:output", "source": "=broken"`, want: "error: /properties/5/binding/source: the expression does not compile: unexpected end"},
		{name: "preset's expression", old: `"version": 2`, new: `"version": 2, "presets": [{"id": "p", "properties": {"token": "=broken"}}]`, want: "error: /presets/0/properties/token: the expression does not compile: unexpected end"},
		{name: "preset's text", old: `"version": 2`, new: `"version": 2, "presets": [{"id": "p", "properties": {"token": "broken"}}]`},
		{name: "unknown function", old: `{a: .body}`, new: `=cout(body)`, want: `10:31: warning: /properties/4/value: a call yields null: 1:2: unknown FEEL function "cout" (did you mean "count"?); correct the name`},
		{name: "wrong arguments", old: `{a: .body}`, new: `=sum()`, want: `10:31: warning: /properties/4/value: a call yields null: 1:2: "sum" takes other arguments: sum(list), sum(number...); correct the arguments`},
		{name: "decision in a result", old: `{a: .body}`, new: `bpmnError(.a)`, want: "10:31: error: /properties/4/value: bpmnError has an effect in errorExpression only; move it to a property that is bound to the task header errorExpression"},
		{name: "decision in a FEEL result", old: `{a: .body}`, new: `=bpmnError(a)`, want: "10:31: warning: /properties/4/value: bpmnError has an effect in errorExpression only"},
		{name: "decision in its place", old: `"key": "resultExpression"}}`, new: `"key": "resultExpression"}}, {"type": "Hidden", "value": "bpmnError(1)", "binding": {"type": "zeebe:taskHeader", "key": "errorExpression"}}`},
		{name: "key of a request", old: `"key": "resultExpression"}}`, new: `"key": "resultExpression"}}, {"type": "Hidden", "value": "{tokin: 1}", "binding": {"type": "zeebe:taskHeader", "key": "requestExpression"}}`,
			want: `/properties/5/value: the protocol rest has no input "tokin" (did you mean "token"?); correct the key or remove it`},
		{name: "key of a result", old: `{a: .body}`, new: `{tokin: .body}`},
		{name: "condition that assigns", old: `{a: .body}`, new: `if .a = 1 then {} else null end`, want: "10:31: warning: /properties/4/value: the condition .a = 1 does not compare: = assigns in jq; to compare, write =="},
		{name: "expression", old: `{a: .body}`, new: `broken`, want: "10:31: error: /properties/4/value: the expression does not compile: unexpected end"},
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
			for _, f := range findings {
				if f.Fix == "" {
					t.Errorf("%s: no fix", f)
				}
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

// TestLintOfHugeTemplates: a template that is as large as it may be is looked
// at in a time that grows with its size, and a larger one is refused at once.
func TestLintOfHugeTemplates(t *testing.T) {
	huge := func(n int) []byte {
		var properties []string
		for i := range n {
			properties = append(properties, fmt.Sprintf(`{"id": "p%d", "type": "String", "binding": {"type": "zeebe:input", "name": "same"}, "condition": {"property": "q%d", "equals": "x%d"}}`, i, i, i))
		}
		return []byte(`{"id": "x", "name": "X", "appliesTo": ["bpmn:Task"], "properties": [` + strings.Join(properties, ",\n") + `]}`)
	}
	findings := Lint(huge(maxProperties), LintOptions{Checker: fakeChecker{}})
	if len(findings) != maxFindings {
		t.Errorf("%d findings", len(findings))
	}
	findings = Lint(huge(maxProperties+1), LintOptions{Checker: fakeChecker{}})
	if len(findings) != 1 || findings[0].String() != "1:1: error: template: the template has 2001 properties, more than the 2000 that are allowed; split it" {
		t.Errorf("got %v", findings)
	}
	one := huge(maxProperties)
	list := "[" + strings.Repeat(string(one)+",", maxPropertySum/maxProperties) + string(one) + "]"
	if _, err := Parse([]byte(list)); err == nil || !strings.Contains(err.Error(), "/10: the templates have more than the 20000 properties") {
		t.Errorf("got %v", err)
	}
}

// TestErrorsAreToldFirst: of more findings than anybody reads, no error is left out.
func TestErrorsAreToldFirst(t *testing.T) {
	var findings []Finding
	for i := range maxFindings {
		findings = append(findings, Finding{Line: i, Severity: SeverityWarning})
	}
	told := inOrder(append(findings, Finding{Line: 5, Severity: SeverityError}))
	if len(told) != maxFindings || !HasErrors(told) {
		t.Errorf("%d findings, errors %v", len(told), HasErrors(told))
	}
}

// TestRulesAreDescribed: every rule that a finding names is one of the list.
func TestRulesAreDescribed(t *testing.T) {
	files, err := filepath.Glob("lint*.go")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	for _, r := range Rules() {
		if strings.Count(source.String(), `"`+r.ID+`"`) < 2 {
			t.Errorf("nothing finds %s", r.ID)
		}
		if !strings.HasSuffix(r.Help, ".") || r.Summary == "" {
			t.Errorf("%s has no help", r.ID)
		}
	}
	named := regexp.MustCompile(`(?:warn\((?:[^"]|"[^"]*" *\+)*?|Severity\w+, |Rule: )"([a-z-]+)"`)
	for _, match := range named.FindAllStringSubmatch(source.String(), -1) {
		if !slices.ContainsFunc(Rules(), func(r Rule) bool { return r.ID == match[1] }) && match[1] != "" {
			t.Errorf("%s is no rule", match[1])
		}
	}
}

// TestKeysAreThoseOfTheSchema: what our schema names is no unknown key.
func TestKeysAreThoseOfTheSchema(t *testing.T) {
	var document struct {
		Properties map[string]any
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	text, err := os.ReadFile("../schema/element-template.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	check := func(of string, properties map[string]any, s shape) {
		for key := range properties {
			if _, known := s[key]; !known {
				t.Errorf("%s: %s is missing", of, key)
			}
		}
	}
	check("template", document.Properties, templateShape)
	for def, s := range map[string]shape{
		"field": propertyShape, "property": propertyShape, "rules.configuration": propertyShape, "configurationProperty": propertyShape,
		"condition": conditionShape, "simpleCondition": simpleConditionShape, "choice": choiceShape, "constraints": constraintsShape,
		"binding": bindingShape, "step": stepShape, "configurationTemplate": templateShape["configurationTemplates"], "elementType": templateShape["elementType"],
	} {
		check(def, document.Defs[def].Properties, s)
	}
}

func TestBuiltInHasNoFindings(t *testing.T) {
	for _, b := range BuiltIn() {
		for _, f := range Lint(b.Raw, LintOptions{Checker: knowsAll{}}) {
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
		for _, f := range Lint(text, LintOptions{Checker: knowsAll{}}) {
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
