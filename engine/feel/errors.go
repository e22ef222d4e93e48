package feel

import (
	"errors"
	"fmt"
	"strings"
)

// SyntaxError is an expression that cannot be parsed. Line and Column count from 1, columns in characters.
type SyntaxError struct {
	Line, Column int
	Msg          string
	Source       string
}

// Error is one line: position, what was expected and what was found.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Msg) }

// Caret gives the line of the source that holds the error, and below it a caret under the column.
func (e *SyntaxError) Caret() string {
	lines := strings.Split(e.Source, "\n")
	line := strings.TrimSuffix(lines[min(e.Line, len(lines))-1], "\r")
	pad := []rune(line)
	pad = pad[:min(e.Column-1, len(pad))]
	for i, r := range pad {
		if r != '\t' {
			pad[i] = ' '
		}
	}
	return line + "\n" + string(pad) + "^"
}

// Reasons for an EvalError, to be found with errors.Is. Cancellation is context.Canceled or context.DeadlineExceeded.
var (
	ErrAssert  = errors.New("assertion failed")     // the function assert
	ErrLimit   = errors.New("limit exceeded")       // see Limits
	ErrFailed  = errors.New("cannot be evaluated")  // an operation for which the language has no null, such as log(0)
	errInput   = errors.New("no input value for ?") // "?" outside of unary tests
	errDepth   = fmt.Errorf("%w: nested too deeply", ErrLimit)
	errSteps   = fmt.Errorf("%w: too many steps", ErrLimit)
	errPattern = fmt.Errorf("%w: regular expression takes too long", ErrLimit)
	errList    = fmt.Errorf("%w: list too long", ErrLimit)
	errWeight  = fmt.Errorf("%w: value too large", ErrLimit)
	errString  = fmt.Errorf("%w: string too long", ErrLimit)
)

// EvalError is an evaluation that failed: an assertion, an error of a host function, a limit, a cancelled context, or an
// operation that fails in Camunda's engine too (an index outside of substring's text, log(0), a division in modulo by 0).
type EvalError struct {
	Source   string // the expression
	Warnings []Warning
	err      error
}

// Error names the expression and the cause.
func (e *EvalError) Error() string {
	return fmt.Sprintf("evaluating %q: %v", shorten(e.Source), e.err)
}

// Unwrap gives the cause, for errors.Is and errors.As.
func (e *EvalError) Unwrap() error { return e.err }

// abort carries the cause of a failed evaluation through the stack to Eval, and nowhere else.
type abort struct{ err error }

func fail(format string, args ...any) {
	panic(abort{fmt.Errorf("%w: "+format, append([]any{ErrFailed}, args...)...)})
}

const maxText = 300 // bytes of a value in a text

// shorten keeps a text readable in errors and warnings.
func shorten(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "..."
}
