package templates

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/big"
	"path"
	"slices"
	"strings"

	"patchbay/schema"
)

// Suite is a file of cases that test a template: <name>.test.json lies beside
// <name>.json.
type Suite struct {
	Description string `json:"description"`
	Cases       []Case `json:"cases"`
}

// Case applies the template with values, runs the connector once against a
// stub, and says what must come of it.
type Case struct {
	Name string `json:"name"`
	// Values and Preset are as in ApplyOptions.
	Values map[string]any `json:"values"`
	Preset string         `json:"preset"`
	// Variables are the process variables when the connector runs, JSON.
	Variables json.RawMessage   `json:"variables"`
	Secrets   map[string]string `json:"secrets"`
	// Stub answers requests; it has the form of patchbay run --stub.
	Stub   json.RawMessage `json:"stub"`
	Expect Expectation     `json:"expect"`
}

// Expectation is what must come of a case: exactly one of Variables, BPMNError
// and Failure is set.
type Expectation struct {
	// Requests are all requests in order; nil does not look at them.
	Requests []Request `json:"requests"`
	// Variables are all that the connector sets, as a JSON object.
	Variables json.RawMessage `json:"variables"`
	BPMNError *BPMNError      `json:"bpmnError"`
	// Failure is a part of the message with which the job fails.
	Failure *string `json:"failure"`
}

// Request is a request as it was sent. In an Expectation, headers and body
// that are not given are not compared.
type Request struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	// Body is JSON; a body that is not JSON is a JSON string.
	Body json.RawMessage `json:"body,omitempty"`
}

// BPMNError is an error that the connector throws. In an Expectation, message
// and variables that are empty are not compared.
type BPMNError struct {
	Code      string          `json:"code"`
	Message   string          `json:"message,omitempty"`
	Variables json.RawMessage `json:"variables,omitempty"`
}

// ParseSuite reads a file of cases. It fails with a *schema.SyntaxError or an
// *InvalidError.
func ParseSuite(text []byte) (*Suite, error) {
	d, err := schema.Parse(text)
	if err != nil {
		return nil, err
	}
	if violations := schema.Tests(d); len(violations) > 0 {
		return nil, &InvalidError{violations}
	}
	var s Suite
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	return &s, nil
}

// SuiteName returns the name of the file that tests a template file.
func SuiteName(template string) string {
	return strings.TrimSuffix(template, path.Ext(template)) + testSuffix
}

// IsSuite reports whether a file name is that of a file of cases.
func IsSuite(name string) bool { return strings.HasSuffix(name, testSuffix) }

// Tested returns the name of the template file that a file of cases tests; any
// other name stays as it is.
func Tested(name string) string {
	if template, is := strings.CutSuffix(name, testSuffix); is {
		return template + ".json"
	}
	return name
}

// BuiltInSuites returns the cases of the built-in templates, by template id.
func BuiltInSuites() (map[string]*Suite, error) {
	suites := map[string]*Suite{}
	err := fs.WalkDir(builtinFiles, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !IsSuite(name) {
			return err
		}
		text, err := builtinFiles.ReadFile(name)
		if err != nil {
			return err
		}
		template, err := builtinFiles.ReadFile(strings.TrimSuffix(name, testSuffix) + ".json")
		if err != nil {
			return err
		}
		list, err := Parse(template)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		suite, err := ParseSuite(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		suites[list[0].ID] = suite
		return nil
	})
	return suites, err
}

// Executor runs the connector of a template once, as a job of a process would.
type Executor interface {
	// Execute applies the template and runs it against the case's stub, with no
	// network. The error is for what kept it from running; a job that fails is
	// an outcome.
	Execute(ctx context.Context, t *Template, c Case) (Outcome, error)
}

// Outcome is what came of a run: exactly one of Variables, BPMNError and
// Failure is set.
type Outcome struct {
	Requests  []Request
	Variables json.RawMessage
	BPMNError *BPMNError
	Failure   *string
}

// CaseResult is what a case showed.
type CaseResult struct {
	Name string `json:"name"`
	// Problems are the differences from what was expected; none means passed.
	Problems []string `json:"problems,omitempty"`
}

// Run runs all cases of a suite against a template, in order, until the
// context ends.
func (s *Suite) Run(ctx context.Context, t *Template, e Executor) []CaseResult {
	results := make([]CaseResult, len(s.Cases))
	for i, c := range s.Cases {
		results[i].Name = c.Name
		outcome, err := e.Execute(ctx, t, c)
		if err != nil {
			results[i].Problems = []string{err.Error()}
			continue
		}
		results[i].Problems = c.Expect.compare(outcome)
	}
	return results
}

func (e Expectation) compare(o Outcome) []string {
	var d differences
	if e.Requests != nil {
		d.requests(e.Requests, o.Requests)
	}
	switch {
	case e.Variables != nil && o.Variables != nil:
		d.json("variables", e.Variables, o.Variables)
	case e.BPMNError != nil && o.BPMNError != nil:
		d.text("BPMN error code", e.BPMNError.Code, o.BPMNError.Code)
		if e.BPMNError.Message != "" {
			d.text("BPMN error message", e.BPMNError.Message, o.BPMNError.Message)
		}
		if e.BPMNError.Variables != nil {
			d.json("BPMN error variables", e.BPMNError.Variables, o.BPMNError.Variables)
		}
	case e.Failure != nil && o.Failure != nil:
		if !strings.Contains(*o.Failure, *e.Failure) {
			d.text("failure", *e.Failure, *o.Failure)
		}
	default:
		d = append(d, fmt.Sprintf("outcome: expected %s, got %s", e.outcome(), o))
	}
	return d
}

func (e Expectation) outcome() Outcome {
	return Outcome{Variables: e.Variables, BPMNError: e.BPMNError, Failure: e.Failure}
}

// String says in a few words how the run ended.
func (o Outcome) String() string {
	switch {
	case o.BPMNError != nil:
		return fmt.Sprintf("BPMN error %s: %s", o.BPMNError.Code, o.BPMNError.Message)
	case o.Failure != nil:
		return "failure: " + *o.Failure
	}
	return "variables " + compact(o.Variables)
}

// differences gathers what is not as expected.
type differences []string

func (d *differences) text(what, want, got string) {
	if want != got {
		*d = append(*d, fmt.Sprintf("%s: expected %q, got %q", what, want, got))
	}
}

func (d *differences) json(what string, want, got json.RawMessage) {
	if !sameJSON(want, got) {
		*d = append(*d, fmt.Sprintf("%s: expected %s, got %s", what, compact(want), compact(got)))
	}
}

func (d *differences) requests(want, got []Request) {
	for i := range max(len(want), len(got)) {
		what := fmt.Sprintf("request %d", i+1)
		switch {
		case i >= len(want):
			*d = append(*d, fmt.Sprintf("%s: not expected: %s %s", what, got[i].Method, got[i].URL))
		case i >= len(got):
			*d = append(*d, fmt.Sprintf("%s: expected %s %s, but it was not made", what, want[i].Method, want[i].URL))
		default:
			d.request(what, want[i], got[i])
		}
	}
}

func (d *differences) request(what string, want, got Request) {
	d.text(what, strings.ToUpper(want.Method)+" "+want.URL, got.Method+" "+got.URL)
	for name, value := range want.Headers {
		d.text(what+", header "+name, value, header(got.Headers, name))
	}
	if want.Body != nil {
		d.json(what+", body", want.Body, got.Body)
	}
}

func header(headers map[string]string, name string) string {
	for n, value := range headers {
		if strings.EqualFold(n, name) {
			return value
		}
	}
	return ""
}

func compact(text json.RawMessage) string {
	var b bytes.Buffer
	if len(text) == 0 || json.Compact(&b, text) != nil {
		return "nothing"
	}
	return b.String()
}

// sameJSON compares two JSON texts by value; 1 and 1.0 are the same.
func sameJSON(a, b json.RawMessage) bool {
	x, errX := plainJSON(a)
	y, errY := plainJSON(b)
	return errX == nil && errY == nil && sameValue(x, y)
}

func plainJSON(text json.RawMessage) (any, error) {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(&value)
	return value, err
}

func sameValue(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, is := b.(json.Number)
		return is && sameNumber(a, b)
	case []any:
		b, is := b.([]any)
		return is && slices.EqualFunc(a, b, sameValue)
	case map[string]any:
		b, is := b.(map[string]any)
		if !is || len(a) != len(b) {
			return false
		}
		for key, value := range a {
			other, has := b[key]
			if !has || !sameValue(value, other) {
				return false
			}
		}
		return true
	}
	return a == b
}

func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	const precision = 200 // bits; enough for any number that means something
	x, _, errX := big.ParseFloat(a.String(), 10, precision, big.ToNearestEven)
	y, _, errY := big.ParseFloat(b.String(), 10, precision, big.ToNearestEven)
	return errX == nil && errY == nil && x.Cmp(y) == 0
}
