package embedded

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"patchbay/engine/feel"
)

// This file is the only place where the engine meets FEEL.

// failure is why a step cannot go on; it becomes an incident.
type failure struct {
	kind incidentKind
	text string
}

// expression is static text, or FEEL when the text begins with "=". It is compiled once, at deployment.
type expression struct {
	source  string // without the "="
	program *feel.Program
}

// evalTimeout bounds one evaluation, because it holds the engine's lock.
const evalTimeout = 2 * time.Second

// compileExpression reads the text of an attribute. A lone "=" is static, as in Zeebe.
func compileExpression(text string, clock func() time.Time) (*expression, error) {
	source, isFeel := strings.CutPrefix(text, "=")
	if !isFeel || source == "" {
		return &expression{source: text}, nil
	}
	source = strings.TrimSpace(source)
	program, err := feel.Compile(source, feel.WithClock(clock))
	if err != nil {
		return nil, err
	}
	return &expression{source: source, program: program}, nil
}

// value evaluates in a scope. Static text is a string.
func (x *expression) value(scope feel.Scope) (feel.Value, *failure) {
	v, _, f := x.eval(scope)
	return v, f
}

func (x *expression) eval(scope feel.Scope) (feel.Value, []feel.Warning, *failure) {
	if x.program == nil {
		return feel.FromGo(x.source), nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), evalTimeout)
	defer cancel()
	r, err := x.program.Eval(ctx, scope)
	if err != nil {
		return feel.Value{}, nil, x.evalFailure(err, r.Warnings)
	}
	return r.Value, r.Warnings, nil
}

func (x *expression) evalFailure(err error, warnings []feel.Warning) *failure {
	var eval *feel.EvalError
	if errors.As(err, &eval) {
		warnings, err = eval.Warnings, eval.Unwrap()
		for _, w := range warnings {
			if w.Code == "ASSERT_FAILURE" {
				return extractError("Assertion failure on evaluate the expression '" + x.source + "': " + w.Message + warningText(warnings))
			}
		}
	}
	return extractError("failed to evaluate expression '" + x.source + "' : " + err.Error() + warningText(warnings))
}

func extractError(text string) *failure { return &failure{kind: extractValueError, text: text} }

// warningText is what Zeebe appends to a message when the evaluation had warnings.
func warningText(warnings []feel.Warning) string {
	if len(warnings) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(" The evaluation reported the following warnings:")
	for _, w := range warnings {
		b.WriteString("\n[" + w.Code + "] " + w.Message)
	}
	return b.String()
}

// wrongType words a result of the wrong type.
func (x *expression) wrongType(want string, got feel.Value, warnings []feel.Warning) *failure {
	expected := "'" + want + "'"
	if strings.HasPrefix(want, "[") {
		expected = "one of " + expected
	}
	return extractError("Expected result of the expression '" + x.source + "' to be " + expected + ", but was '" + got.TypeName() + "'." +
		warningText(warnings))
}

func (x *expression) text(scope feel.Scope) (string, *failure) {
	v, warnings, f := x.eval(scope)
	if f != nil {
		return "", f
	}
	if s, ok := v.AsString(); ok {
		return s, nil
	}
	return "", x.wrongType("STRING", v, warnings)
}

func (x *expression) nonEmptyText(scope feel.Scope) (string, *failure) {
	s, f := x.text(scope)
	if f == nil && s == "" {
		f = extractError("Expected result of the expression '" + x.source + "' to be a not-empty string, but was an empty string.")
	}
	return s, f
}

func (x *expression) truth(scope feel.Scope) (bool, *failure) {
	v, warnings, f := x.eval(scope)
	if f != nil {
		return false, f
	}
	if b, ok := v.AsBool(); ok {
		return b, nil
	}
	return false, x.wrongType("BOOLEAN", v, warnings)
}

// integer takes numbers and, as attributes are text, static text that is a whole number. Fractions are cut.
func (x *expression) integer(scope feel.Scope) (int64, *failure) {
	v, warnings, f := x.eval(scope)
	if f != nil {
		return 0, f
	}
	if x.program == nil {
		v, _ = feel.FromJSON([]byte(strings.TrimSpace(x.source)))
	}
	if n, ok := wholeNumber(v); ok {
		return n, nil
	}
	if x.program == nil {
		v = feel.FromGo(x.source)
	}
	return 0, x.wrongType("NUMBER", v, warnings)
}

func wholeNumber(v feel.Value) (int64, bool) {
	switch n := v.Go().(type) {
	case int64:
		return n, true
	case float64:
		return int64(n), true
	}
	return 0, false
}

func (x *expression) list(scope feel.Scope) ([]feel.Value, *failure) {
	v, warnings, f := x.eval(scope)
	if f != nil {
		return nil, f
	}
	if l, ok := v.AsList(); ok {
		return l, nil
	}
	return nil, x.wrongType("ARRAY", v, warnings)
}

// correlationKey takes strings and numbers; numbers lose their fraction, as in Zeebe.
func (x *expression) correlationKey(scope feel.Scope) (string, *failure) {
	v, warnings, f := x.eval(scope)
	if f != nil {
		return "", f
	}
	if s, ok := v.AsString(); ok {
		return s, nil
	}
	if n, ok := wholeNumber(v); ok {
		return string(jsonInt(int(n))), nil
	}
	return "", extractError("Failed to extract the correlation key for '" + x.source +
		"': The value must be either a string or a number, but was '" + v.TypeName() + "'." + warningText(warnings))
}

// variableName gives the variable when the expression is nothing but one, or a path that begins with one.
func (x *expression) variableName() string {
	if x.program == nil || !variablePath.MatchString(x.source) {
		return ""
	}
	if names := x.program.Variables(); len(names) == 1 {
		return names[0]
	}
	return ""
}

var variablePath = regexp.MustCompile(`^\w+(\s*\.\s*\w+)*$`)
