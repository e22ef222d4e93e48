package templates

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

func (e Expectation) compare(o Outcome) []string {
	var d differences
	if e.Requests != nil {
		d.requests(e.Requests, o.Requests)
	}
	if e.Message != nil {
		d.message(*e.Message, o.Message)
	}
	if e.Answer != nil {
		d.answer(*e.Answer, o.Answer)
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

func (d *differences) message(want Message, got *Message) {
	if got == nil {
		*d = append(*d, "message: expected one, but none was published")
		return
	}
	d.given("message name", want.Name, got.Name)
	d.given("correlation key", want.CorrelationKey, got.CorrelationKey)
	d.given("message id", want.ID, got.ID)
}

// given compares a text that is expected, if it is not empty.
func (d *differences) given(what, want, got string) {
	if want != "" {
		d.text(what, want, got)
	}
}

func (d *differences) answer(want Answer, got *Answer) {
	if got == nil {
		*d = append(*d, "answer: expected one, but the sender gets none")
		return
	}
	if want.Status != 0 && want.Status != got.Status {
		*d = append(*d, fmt.Sprintf("answer: expected status %d, got %d", want.Status, got.Status))
	}
	for name, value := range want.Headers {
		d.text("answer, header "+name, value, header(got.Headers, name))
	}
	if want.Body != nil {
		d.json("answer, body", want.Body, got.Body)
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
