package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"patchbay/engine/expr"
	"patchbay/engine/secret"
	"patchbay/protocols"
	"patchbay/protocols/value"
)

// Values of error.type. They are the names that Camunda's runtime uses, as
// error expressions in existing processes test them.
const (
	classConnector = "io.camunda.connector.api.error.ConnectorException"
	classInput     = "io.camunda.connector.api.error.ConnectorInputException"
	classFEEL      = "io.camunda.connector.feel.FeelEngineWrapperException"
)

// maxMessage is the longest message of a command, in characters.
const maxMessage = 6000

// failure is an error on its way to becoming an outcome, with secrets hidden.
type failure struct {
	class   string
	message string
	// hint says how to mend it, for the incident's text only.
	hint string
	// reason is what lies below the message, for records only: the text of an
	// incident is the one that people who come from Camunda look for.
	reason  string
	code    string
	details map[string]any
	retries int32
	backoff time.Duration
}

// failure tells from an error what becomes of the job.
func (a *attempt) failure(err error) *failure {
	f := &failure{class: classConnector, message: err.Error(), retries: a.job.Retries - 1, backoff: a.backoff}
	var call *protocols.Error
	if errors.As(err, &call) {
		f.code, f.details = call.Code, call.Variables
	}
	for _, rule := range finalErrors {
		if class, ok := rule(err); ok {
			f.retries = 0
			if call == nil {
				f.class = class
			}
		}
	}
	var header *headerError
	if errors.As(err, &header) {
		f.class, f.backoff = header.class, 0
	}
	f.explain(err)
	f.message, f.reason = cut(a.masker.Text(f.message), maxMessage), cut(a.masker.Text(f.reason), maxMessage)
	if f.details != nil {
		f.details = a.masker.Value(any(f.details)).(map[string]any)
	}
	return f
}

// finalErrors recognise the errors that no repetition can mend, and give their
// class.
var finalErrors = []func(error) (class string, ok bool){
	func(err error) (string, bool) { return classInput, protocols.IsInputError(err) },
	func(err error) (string, bool) { return classInput, as[*headerError](err) },
	func(err error) (string, bool) { return classInput, as[*mappingError](err) },
	func(err error) (string, bool) {
		var e *expr.SyntaxError
		return classOf(errors.As(err, &e) && expr.LanguageOf(e.Source) == expr.FEEL), e != nil
	},
	func(err error) (string, bool) {
		var e *expr.EvalError
		return classOf(errors.As(err, &e) && expr.LanguageOf(e.Source) == expr.FEEL), e != nil
	},
}

func as[T error](err error) bool {
	var e T
	return errors.As(err, &e)
}

func classOf(feel bool) string {
	if feel {
		return classFEEL
	}
	return classInput
}

// explain adds what helps to find and mend the error.
func (f *failure) explain(err error) {
	var syntax *expr.SyntaxError
	if errors.As(err, &syntax) {
		f.hint = syntax.Caret()
	}
	var eval *expr.EvalError
	if errors.As(err, &eval) {
		f.message = fmt.Sprintf("Failed to evaluate expression '%s'. Reason: %s", cut(eval.Source, 1000), eval.Error())
	}
	var missing *secret.MissingError
	if errors.As(err, &missing) {
		f.hint = missing.Hint
	}
	var call *protocols.Error
	if errors.As(err, &call) && call.Cause != nil && !strings.Contains(f.message, call.Cause.Error()) {
		f.reason = strings.Join(strings.Fields(call.Cause.Error()), " ")
	}
}

// object is the error as expressions see it and as a failed job carries it.
func (f *failure) object() map[string]any {
	object := map[string]any{"type": f.class, "message": f.message}
	if f.code != "" {
		object["code"] = f.code
	}
	if f.details != nil {
		object["variables"] = f.details
	}
	return object
}

// outcome fails the job.
func (a *attempt) fail(f *failure) Outcome {
	object := f.object()
	variables, err := encodeVariables(map[string]any{"error": object})
	if err != nil {
		// A command that is too large would be refused and the job would run
		// into its time-out again and again.
		delete(object, "variables")
		variables, err = encodeVariables(map[string]any{"error": object})
	}
	if err != nil {
		variables = nil
	}
	return Fail{Retries: max(f.retries, 0), Message: a.failMessage(f, object), Backoff: f.backoff, Variables: variables}
}

// failMessage is the text of the incident.
func (a *attempt) failMessage(f *failure, object map[string]any) string {
	text := f.message
	if f.hint != "" {
		text += "\n" + a.masker.Text(f.hint)
	}
	if a.VerboseFailures {
		text += " | Error variables: " + javaText(map[string]any{"error": object})
	}
	return cut(text, maxMessage)
}

// javaText writes a value in the notation of Java's maps, as Camunda 8.10 does.
func javaText(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "{" + joinSorted(v) + "}"
	case string:
		return v
	}
	text, err := value.Append(nil, v)
	if err != nil {
		return "?"
	}
	return string(text)
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	count := 0
	for i := range s {
		if count == n {
			return s[:i]
		}
		count++
	}
	return s
}

func joinSorted(object map[string]any) string {
	var b strings.Builder
	for i, name := range slices.Sorted(maps.Keys(object)) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name + "=" + javaText(object[name]))
	}
	return b.String()
}
