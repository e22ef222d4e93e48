package expr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/itchyny/gojq"

	"patchbay/engine/feel"
	"patchbay/engine/iso8601"
	"patchbay/protocols/value"
)

// A function is one that templates have beyond the languages' own. What it
// gets and gives are plain values; durations are ISO 8601 texts. FEEL knows
// one function for each number of parameters from min, with the names that
// Camunda 8.8 gives them, and is as strict about types as Camunda; jq takes
// null for a parameter that is left out.
type function struct {
	name   string
	doc    string
	params []param
	min    int
	in     func(Slot) bool
	call   func(e *evaluation, args []any) (any, error)
}

type param struct {
	name string
	// kind is String, Context, Number, Duration or Any.
	kind string
	// fallback stands for an argument that is left out; nil leaves the key out.
	fallback any
}

// evaluation is what functions know of the run that they are called in.
type evaluation struct{ mark string }

func decides(s Slot) bool   { return s.Decisions }
func documents(s Slot) bool { return s.Documents }

var functions = []function{
	decision("bpmnError", 1, "throws a BPMN error with this code, which a boundary event or event subprocess may catch",
		param{"errorCode", "String", nil}, param{"errorMessage", "String", nil}, param{"variables", "Context", map[string]any{}}),
	decision("jobError", 1, "fails the job; with no retries left that makes an incident",
		param{"errorMessage", "String", nil}, param{"variables", "Context", map[string]any{}},
		param{"retries", "Number", 0}, param{"retryBackoff", "Duration", "PT0S"}),
	decision("ignoreError", 0, "completes the job with these variables", param{"variables", "Context", map[string]any{}}),
	{
		name: "backoff", min: 1, in: decides, doc: "is the delay before an attempt, counted from 1: exponential, within bounds, jittered",
		call: func(_ *evaluation, args []any) (any, error) { return backoff(args) },
		params: []param{
			{"attempt", "Number", nil}, {"minDelay", "Duration", "PT0.05S"}, {"factor", "Number", json.Number("1.6")},
			{"maxDelay", "Duration", "PT5S"}, {"jitterFactor", "Number", json.Number("0.1")},
		},
	},
	{
		name: "createDocument", min: 1, in: documents, doc: "stores base64, or an object with content, name and contentType, and is the document's reference",
		call:   createDocument,
		params: []param{{"value", "Any", nil}},
	},
}

// decision is a function that returns the object that an error expression
// yields, as Camunda writes it and as authors may write it by hand.
func decision(kind string, least int, doc string, params ...param) function {
	return function{name: kind, min: least, doc: doc, in: decides, params: params, call: func(_ *evaluation, args []any) (any, error) {
		out := map[string]any{"errorType": kind}
		for i, p := range params {
			if args[i] != nil {
				out[p.name] = args[i]
			}
		}
		return out, nil
	}}
}

// backoff is an exponential back-off: the delay before attempt n, jittered.
func backoff(args []any) (any, error) {
	attempt, _ := value.Float(args[0])
	factor, _ := value.Float(args[2])
	jitter, _ := value.Float(args[4])
	shortest, err1 := iso8601.ParseDuration(args[1].(string))
	longest, err2 := iso8601.ParseDuration(args[3].(string))
	switch {
	case err1 != nil || err2 != nil:
		return nil, errors.Join(err1, err2)
	case attempt < 1:
		return nil, errors.New("backoff: attempt must be at least 1")
	case factor <= 0:
		return nil, errors.New("backoff: factor must be greater than 0")
	case shortest > longest:
		return nil, errors.New("backoff: minDelay must not be greater than maxDelay")
	case jitter < 0:
		return nil, errors.New("backoff: jitterFactor must not be negative")
	}
	low, high := float64(shortest), float64(longest)
	delay := min(max(low*math.Pow(factor, attempt-1), low), high)
	delay += (rand.Float64()*2 - 1) * jitter * delay
	delay = min(max(delay, 0), math.MaxInt64/2)
	return iso8601.FormatDuration(time.Duration(delay).Round(time.Millisecond)), nil
}

// createDocument returns a marker for a document that the engine makes of the
// value once the evaluation has ended. Its mark is new for each evaluation, so
// no data can hold a valid one.
func createDocument(e *evaluation, args []any) (any, error) {
	if e.mark == "" {
		e.mark = fmt.Sprintf("createDocument:%016x%016x", rand.Uint64(), rand.Uint64())
	}
	return map[string]any{DocumentKey: e.mark, "value": args[0]}, nil
}

// DocumentKey is the key of a marker that createDocument returns; it holds
// Result.DocumentMark. Beside it "value" is what to make the document of.
const DocumentKey = "connectorResultFunction"

// jq declares the function to gojq; its last argument is the account, which
// the guard adds.
func (f function) jq() gojq.CompilerOption {
	return gojq.WithFunction(f.name+" ", f.min+1, len(f.params)+1, func(_ any, args []any) any {
		last := len(args) - 1
		out, err := f.callJQ(&args[last].(*account).evaluation, args[:last])
		if err != nil {
			return err
		}
		return out
	})
}

func (f function) callJQ(e *evaluation, given []any) (any, error) {
	args := make([]any, len(f.params))
	for i, p := range f.params {
		args[i] = p.fallback
		if i >= len(given) || given[i] == nil && i >= f.min {
			continue
		}
		v, ok := p.convert(given[i])
		if !ok {
			return nil, fmt.Errorf("%s: %s must be %s, but is %s", f.name, p.name, kinds[p.kind], value.TypeName(given[i]))
		}
		args[i] = v
	}
	return f.call(e, args)
}

var kinds = map[string]string{
	"String": "a string", "Context": "an object", "Number": "a number", "Duration": `a duration such as "PT30S"`,
}

// convert makes a jq value what the parameter wants: numbers become strings
// and the seconds of a duration, whole numbers lose their fraction.
func (p param) convert(v any) (any, bool) {
	number, isNumber := value.Float(v)
	switch p.kind {
	case "String":
		if isNumber {
			b, err := value.Append(nil, v)
			return string(b), err == nil
		}
		_, ok := v.(string)
		return v, ok
	case "Context":
		_, ok := v.(map[string]any)
		return v, ok
	case "Number":
		return v, isNumber
	case "Duration":
		if isNumber {
			return iso8601.FormatDuration(time.Duration(number * float64(time.Second))), true
		}
		s, ok := v.(string)
		if !ok {
			return nil, false
		}
		_, err := iso8601.ParseDuration(s)
		return s, err == nil
	}
	return v, true
}

// feel declares the function to FEEL, once for each number of parameters.
func (f function) feel() []feel.Function {
	var out []feel.Function
	for n := f.min; n <= len(f.params); n++ {
		names := make([]string, n)
		for i := range names {
			names[i] = f.params[i].name
		}
		out = append(out, feel.Function{Name: f.name, Params: names, Call: f.callFEEL})
	}
	return out
}

// evaluating is the context of an evaluation, which it hands to functions.
type evaluating struct {
	context.Context
	evaluation
}

type evaluationKey struct{}

// Value makes the evaluation its own context value.
func (e *evaluating) Value(key any) any {
	if key == (evaluationKey{}) {
		return &e.evaluation
	}
	return e.Context.Value(key)
}

func (f function) callFEEL(ctx context.Context, given []feel.Value) (feel.Value, error) {
	args := make([]any, len(f.params))
	for i, p := range f.params {
		args[i] = p.fallback
		if i < len(given) {
			if !p.accepts(given[i]) {
				return feel.Value{}, &parameterError{f.name, p}
			}
			args[i] = inISO(given[i])
		}
	}
	e, _ := ctx.Value(evaluationKey{}).(*evaluation)
	if e == nil {
		e = &evaluation{}
	}
	out, err := f.call(e, args)
	if s, ok := out.(string); ok && f.name == "backoff" {
		return feelDuration(s), err
	}
	return feel.FromGo(out), err
}

// parameterError is an argument of the wrong type in FEEL, in Camunda's words.
type parameterError struct {
	function string
	param    param
}

func (e *parameterError) Error() string {
	return fmt.Sprintf("Parameter '%s' of function '%s' must be a %s", e.param.name, e.function, e.param.kind)
}

func (p param) accepts(v feel.Value) bool {
	switch p.kind {
	case "String":
		return v.Kind() == feel.KindString
	case "Context":
		return v.Kind() == feel.KindContext
	case "Number":
		return v.Kind() == feel.KindNumber
	case "Duration":
		return v.Kind() == feel.KindDaysTimeDuration
	}
	return true
}
