package templates

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
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
	Stub json.RawMessage `json:"stub"`
	// Event is what comes in at an inbound connector; it has the form of
	// patchbay template try --event.
	Event  json.RawMessage `json:"event"`
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
	// Failure is a part of the message with which the job fails, or that says
	// why an event is not accepted.
	Failure *string `json:"failure"`
	// Message is what an event publishes, and Answer what its sender gets; nil
	// looks at neither. What they leave empty is not compared.
	Message *Message `json:"message"`
	Answer  *Answer  `json:"answer"`
}

// Message is a message for the workflow engine.
type Message struct {
	Name           string `json:"name"`
	CorrelationKey string `json:"correlationKey"`
	ID             string `json:"id"`
}

// Answer is what the sender of an event gets. Body is JSON, as in Request.
type Answer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
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

// Executor runs the connector of a template once, as a job of a process would,
// or for an event.
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
	// Message and Answer are of an event; nil for none.
	Message *Message
	Answer  *Answer
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
