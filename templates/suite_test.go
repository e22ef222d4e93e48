package templates

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"patchbay/engine/bpmn"
)

type fakeExecutor struct {
	outcome Outcome
	err     error
}

func (f fakeExecutor) Execute(context.Context, *Template, Case) (Outcome, error) {
	return f.outcome, f.err
}

func TestSuiteRun(t *testing.T) {
	failure := "no answer in time"
	sent := []Request{{Method: "POST", URL: "https://x.y/z", Headers: map[string]string{"X-A": "1"}, Body: json.RawMessage(`{"a": 1.0}`)}}
	tests := []struct {
		name, expect string
		outcome      Outcome
		err          error
		want         string
	}{
		{name: "passes", expect: `{"variables": {"b": [1, {"c": null}], "a": "x"}}`, outcome: Outcome{Variables: json.RawMessage(`{"a":"x","b":[1.0,{"c":null}]}`)}},
		{name: "other variables", expect: `{"variables": {"a": 1}}`, outcome: Outcome{Variables: json.RawMessage(`{"a": 2}`)}, want: `variables: expected {"a":1}, got {"a":2}`},
		{name: "one more", expect: `{"variables": {}}`, outcome: Outcome{Variables: json.RawMessage(`{"a": 2}`)}, want: `variables: expected {}, got {"a":2}`},
		{name: "failure", expect: `{"failure": "in time"}`, outcome: Outcome{Failure: &failure}},
		{name: "other failure", expect: `{"failure": "refused"}`, outcome: Outcome{Failure: &failure}, want: `failure: expected "refused", got "no answer in time"`},
		{name: "other outcome", expect: `{"variables": {}}`, outcome: Outcome{Failure: &failure}, want: `outcome: expected variables {}, got failure: no answer in time`},
		{name: "BPMN error", expect: `{"bpmnError": {"code": "A"}}`, outcome: Outcome{BPMNError: &BPMNError{Code: "A", Message: "m"}}},
		{name: "other BPMN error", expect: `{"bpmnError": {"code": "A", "message": "n"}}`, outcome: Outcome{BPMNError: &BPMNError{Code: "A", Message: "m"}}, want: `BPMN error message: expected "n", got "m"`},
		{name: "request", expect: `{"requests": [{"method": "post", "url": "https://x.y/z", "headers": {"x-a": "1"}, "body": {"a": 1}}], "variables": {}}`, outcome: Outcome{Requests: sent, Variables: json.RawMessage(`{}`)}},
		{name: "other header", expect: `{"requests": [{"method": "POST", "url": "https://x.y/z", "headers": {"x-a": "2"}}], "variables": {}}`, outcome: Outcome{Requests: sent, Variables: json.RawMessage(`{}`)}, want: `request 1, header x-a: expected "2", got "1"`},
		{name: "no request", expect: `{"requests": [], "variables": {}}`, outcome: Outcome{Requests: sent, Variables: json.RawMessage(`{}`)}, want: `request 1: not expected: POST https://x.y/z`},
		{name: "missing request", expect: `{"requests": [{"method": "GET", "url": "u"}], "variables": {}}`, outcome: Outcome{Variables: json.RawMessage(`{}`)}, want: `request 1: expected GET u, but it was not made`},
		{name: "message", expect: `{"message": {"name": "paid", "correlationKey": "17"}, "variables": {}}`, outcome: Outcome{Message: &Message{"paid", "17", "d1"}, Variables: json.RawMessage(`{}`)}},
		{name: "other key", expect: `{"message": {"correlationKey": "17"}, "variables": {}}`, outcome: Outcome{Message: &Message{"paid", "18", ""}, Variables: json.RawMessage(`{}`)}, want: `correlation key: expected "17", got "18"`},
		{name: "no message", expect: `{"message": {}, "variables": {}}`, outcome: Outcome{Variables: json.RawMessage(`{}`)}, want: "message: expected one, but none was published"},
		{name: "answer", expect: `{"answer": {"status": 202, "headers": {"x-a": "1"}, "body": {"a": 1.0}}, "variables": {}}`,
			outcome: Outcome{Answer: &Answer{202, map[string]string{"X-A": "1"}, json.RawMessage(`{"a":1}`)}, Variables: json.RawMessage(`{}`)}},
		{name: "other answer", expect: `{"answer": {"status": 202, "body": ""}, "variables": {}}`, outcome: Outcome{Answer: &Answer{Status: 200, Body: json.RawMessage(`"x"`)}, Variables: json.RawMessage(`{}`)},
			want: `answer: expected status 202, got 200; answer, body: expected "", got "x"`},
		{name: "no answer", expect: `{"answer": {}, "variables": {}}`, outcome: Outcome{Variables: json.RawMessage(`{}`)}, want: "answer: expected one, but the sender gets none"},
		{name: "cannot run", expect: `{"variables": {}}`, err: errors.New("no protocol"), want: "no protocol"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			suite, err := ParseSuite([]byte(`{"cases": [{"name": "c", "expect": ` + test.expect + `}]}`))
			if err != nil {
				t.Fatal(err)
			}
			results := suite.Run(t.Context(), BuiltIn()[0], fakeExecutor{test.outcome, test.err})
			if got := strings.Join(results[0].Problems, "; "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestParseSuiteErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no cases", `{"cases": []}`, "/cases: minimum 1 items required"},
		{"unknown key", `{"cases": [{"name": "a", "expect": {"variables": {}}, "vars": {}}]}`, `"vars" not allowed`},
		{"two outcomes", `{"cases": [{"name": "a", "expect": {"variables": {}, "failure": "x"}}]}`, "/cases/0/expect: a case expects exactly one"},
		{"stub", `{"cases": [{"name": "a", "expect": {"variables": {}}, "stub": [{"request": {}}]}]}`, "line 1"},
		{"syntax", `{`, "ends too early"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := ParseSuite([]byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestBuiltInSuites checks that each outbound template has cases, and that
// their values fit it. The engine's tests run them.
func TestBuiltInSuites(t *testing.T) {
	suites, err := BuiltInSuites()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range BuiltIn() {
		suite := suites[b.ID]
		if suite == nil && b.Inbound() != "" {
			continue // one of a kind has those for all elements
		}
		if suite == nil {
			t.Errorf("%s has no cases", b.ID)
			continue
		}
		for _, c := range suite.Cases {
			scratch, err := NewScratch(b, ApplyOptions{Values: c.Values, Preset: c.Preset})
			if err != nil || len(scratch.Warnings) > 0 {
				t.Errorf("%s, %s: %v %v", b.ID, c.Name, err, scratch)
				continue
			}
			d, err := bpmn.Read(scratch.BPMN)
			if err != nil || len(d.Validate()) > 0 {
				t.Errorf("%s, %s: %v %v", b.ID, c.Name, err, d.Validate())
			}
		}
	}
}

func TestSuiteName(t *testing.T) {
	if got := SuiteName("a/b.json"); got != "a/b.test.json" || !IsSuite(got) || IsSuite("a/b.json") {
		t.Errorf("got %q", got)
	}
}
