package protocols

import (
	"errors"
	"time"
)

// Error is a call that went wrong. Its code and message are what an error
// expression sees as error.code and error.message, and its variables as
// error.variables. The job's retries go down by one.
type Error struct {
	// Code is what error expressions test: an HTTP status ("404"), or a word
	// of the protocol's own ("SSL_HANDSHAKE_FAILED"). Empty means no code.
	Code string
	// Message is one line, without secrets.
	Message string
	// Variables are further facts, as JSON: {"response": {...}}.
	Variables map[string]any
	// Status is the HTTP status, when there was one, else 0.
	Status int
	// Temporary means that the same call may succeed later (a time-out, 429,
	// 503): a retry policy may repeat it.
	Temporary bool
	// Unsent means that the request never reached the server, so even a call
	// that is not idempotent may be repeated.
	Unsent bool
	// RetryAfter is how long the server asked to wait; 0 if it did not.
	RetryAfter time.Duration
	// Cause is what lies below, for logs; it may be nil.
	Cause error
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// InputError is an input that no repetition can mend: a missing property, a
// value of the wrong type, an address that is not allowed. The job fails with
// no retries left, which makes an incident at once.
type InputError struct {
	// Path is the input's dotted name as the template binds it
	// ("authentication.token"); empty when it concerns the input as a whole.
	Path string
	// Message says what was expected, what came and how to mend it.
	Message string
	// Cause is what lies below; it may be nil.
	Cause error
}

// Error returns the path, if there is one, and the message.
func (e *InputError) Error() string {
	if e.Path == "" {
		return e.Message
	}
	return e.Path + ": " + e.Message
}

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Cause }

// IsInputError reports whether err is, or wraps, an InputError.
func IsInputError(err error) bool {
	var e *InputError
	return errors.As(err, &e)
}
