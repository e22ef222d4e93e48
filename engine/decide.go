package engine

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"patchbay/engine/expr"
	"patchbay/engine/iso8601"
	"patchbay/protocols/value"
)

// decide asks the error expression, after success and failure alike, and
// turns its answer, or else the attempt's end, into the job's outcome.
func (a *attempt) decide(ctx context.Context, err error) Outcome {
	var f *failure
	if err != nil {
		f = a.failure(err)
		a.note(f)
	}
	d, derr := a.decision(ctx, f)
	if derr == nil && d != nil {
		a.noteDecision(d)
		var out Outcome
		if out, derr = d.outcome(a); derr == nil {
			return out
		}
	}
	if derr != nil {
		return a.fail(a.broken(derr, f))
	}
	if f != nil {
		return a.fail(f)
	}
	return Complete{Variables: a.encoded}
}

// broken is the failure of an error expression; the failure that it was to
// judge is told as well.
func (a *attempt) broken(err error, before *failure) *failure {
	f := a.failure(err)
	f.retries, f.backoff = 0, 0
	if before != nil {
		f.message = cut(f.message+" (it was to judge this failure: "+before.message+")", maxMessage)
	}
	a.note(f)
	return f
}

// decision is what an error expression yields, written by a function or by
// hand.
type decision struct {
	kind      string
	code      *string
	message   *string
	variables map[string]any
	retries   int32
	backoff   time.Duration
}

// decision evaluates the error expression. Nil means that it has nothing to
// say.
func (a *attempt) decision(ctx context.Context, f *failure) (*decision, error) {
	if a.errors.Program == nil && a.errors.err == nil {
		return nil, nil
	}
	if a.errors.err != nil && f != nil && expr.LanguageOf(a.job.Headers[headerErrorExpression]) == expr.JQ {
		return nil, nil // the failure is just that
	}
	var object map[string]any
	if f != nil {
		object = f.object()
	}
	res, err := a.eval(ctx, a.errors, a.errorInput(object))
	if err != nil || res.Value == nil {
		return nil, err
	}
	v, err := StoreDocuments(ctx, a.Host.Documents, res)
	if err != nil {
		return nil, err
	}
	answer, ok := v.(map[string]any)
	if !ok {
		return nil, wrongShape("Error", v)
	}
	if len(answer) == 0 {
		return nil, nil
	}
	if err := checkReserved(answer); err != nil {
		return nil, err
	}
	return readDecision(answer)
}

// readDecision reads the object that an error expression yielded. A BPMN error
// without a code is none.
func readDecision(answer map[string]any) (*decision, error) {
	kind, _ := answer["errorType"].(string)
	if kind != "bpmnError" && kind != "jobError" && kind != "ignoreError" {
		text, _ := value.Append(nil, answer)
		return nil, &mappingError{fmt.Sprintf("Cannot parse '%s' as an error: errorType must be bpmnError, jobError or ignoreError.", cut(string(text), 1000))}
	}
	d := &decision{kind: kind, code: textOf(answer["errorCode"]), message: textOf(answer["errorMessage"])}
	switch v := answer["variables"].(type) {
	case nil:
	case map[string]any:
		d.variables = v
	default:
		return nil, &mappingError{"variables of an error must be an object, but are " + value.TypeName(v)}
	}
	if kind == "bpmnError" && d.code == nil {
		return nil, nil
	}
	return d, d.readRetry(answer)
}

// readRetry reads what only jobError has, as leniently as Camunda's runtime: a
// text may be a number, and a number a time in seconds.
func (d *decision) readRetry(answer map[string]any) error {
	if text := textOf(answer["retries"]); text != nil {
		n, err := strconv.ParseFloat(strings.TrimSpace(*text), 64)
		if err != nil || math.IsNaN(n) {
			return &mappingError{fmt.Sprintf("retries of an error: expected a number but got %q", cut(*text, 100))}
		}
		d.retries = int32(min(max(n, 0), 1<<30))
	}
	if seconds, ok := value.Float(answer["retryBackoff"]); ok {
		d.backoff = time.Duration(min(max(seconds, 0), maxBackoffSeconds) * float64(time.Second))
	} else if text := textOf(answer["retryBackoff"]); text != nil {
		backoff, err := iso8601.ParseDuration(*text)
		if err != nil {
			return &mappingError{"retryBackoff of an error: " + err.Error()}
		}
		d.backoff = max(backoff, 0)
	}
	return nil
}

// maxBackoffSeconds is about what a time.Duration holds.
const maxBackoffSeconds = 9e9

// textOf reads a text leniently: numbers and booleans count as theirs.
func textOf(v any) *string {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return &v
	}
	b, err := value.Append(nil, v)
	if err != nil {
		return nil
	}
	s := string(b)
	return &s
}

func (d *decision) outcome(a *attempt) (Outcome, error) {
	variables := d.variables
	if d.kind == "jobError" {
		variables = make(map[string]any, len(d.variables)+1)
		for k, v := range d.variables {
			variables[k] = v
		}
		variables["error"] = stringOrNil(d.message)
	}
	encoded, err := encodeVariables(variables)
	if err != nil {
		return nil, err
	}
	message := ""
	if d.message != nil {
		message = cut(a.masker.Text(*d.message), maxMessage)
	}
	switch d.kind {
	case "bpmnError":
		return ThrowError{Code: *d.code, Message: message, Variables: encoded}, nil
	case "jobError":
		if a.VerboseFailures {
			message = cut(message+" | Error variables: "+javaText(variables), maxMessage)
		}
		return Fail{Retries: d.retries, Message: message, Backoff: d.backoff, Variables: encoded}, nil
	}
	return Complete{Variables: encoded}, nil
}

func stringOrNil(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}
