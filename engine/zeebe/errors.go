package zeebe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Error is a command that the gateway refused or that did not reach it.
type Error struct {
	// Op is what was tried: "deploy order.bpmn".
	Op string
	// Code is the gRPC status as Zeebe's documentation writes it: "NOT_FOUND".
	Code string
	// Message is the gateway's text, or why the gateway was not reached.
	Message string
	// Unreached means that no connection could be made, so the gateway knows
	// nothing of the command.
	Unreached bool
	status    codes.Code
}

// Error returns one line: what was tried, the code and the text.
func (e *Error) Error() string {
	if e.Unreached {
		return e.Op + ": " + e.Message
	}
	return e.Op + ": " + e.Code + ": " + e.Message
}

// Temporary reports whether the same command may be accepted later.
func (e *Error) Temporary() bool {
	return transient[e.status] && !e.TooLarge()
}

// TooLarge reports whether a command was over the gateway's limit of size, whose
// code is that of a busy gateway (the text is gRPC's own).
func (e *Error) TooLarge() bool {
	return e.Code == word(codes.ResourceExhausted) && strings.Contains(e.Message, "larger than max")
}

// Is lets errors.Is find a context's end in it.
func (e *Error) Is(target error) bool {
	return e.status == codes.DeadlineExceeded && target == context.DeadlineExceeded ||
		e.status == codes.Canceled && target == context.Canceled
}

func hasStatus(err error, code codes.Code) bool {
	var e *Error
	return errors.As(err, &e) && e.status == code
}

// isTemporary reports whether err is an *Error that is temporary.
func isTemporary(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Temporary()
}

// transient are the codes after which a command is repeated (Camunda's connector
// runtime 8.8 has the same list).
var transient = map[codes.Code]bool{
	codes.Canceled: true, codes.DeadlineExceeded: true, codes.ResourceExhausted: true,
	codes.Aborted: true, codes.Unavailable: true, codes.DataLoss: true,
}

// words are the codes' names by number.
var words = [...]string{"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
	"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL",
	"UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"}

func word(code codes.Code) string {
	if int(code) < len(words) {
		return words[code]
	}
	return fmt.Sprintf("CODE_%d", code)
}

// explain turns a gRPC error into an *Error; nil stays nil.
func (c *Client) explain(err error, op string, args ...any) error {
	if err == nil {
		return nil
	}
	s := status.Convert(err)
	code := s.Code()
	if code == codes.Unknown { // the context's own errors have no status
		code = status.FromContextError(err).Code()
	}
	e := &Error{Op: fmt.Sprintf(op, args...), Code: word(code), Message: strings.TrimSpace(s.Message()), status: code}
	if code == codes.Unavailable {
		if cause, ok := connectCause(e.Message); ok {
			e.Unreached = true
			e.Message = "connect to gateway " + c.address + ": " + cause
		}
	}
	return e
}

// connectMarks begin what gRPC says when it has no connection.
var connectMarks = []string{"transport: Error while dialing: ", "transport: authentication handshake failed: ", "name resolver error: ",
	"dns: A record lookup error: ", "connection error: desc = "}

// connectCause finds in gRPC's text why there is no connection, and adds what
// to do about it.
func connectCause(text string) (string, bool) {
	found := false
	for _, mark := range connectMarks {
		if _, after, ok := strings.Cut(text, mark); ok {
			text, found = after, true
		}
	}
	if !found {
		return "", false
	}
	text = strings.Trim(text, `"`)
	if strings.HasPrefix(text, "dial ") || strings.HasPrefix(text, "lookup ") {
		text = text[strings.LastIndex(text, ": ")+len(": "):]
	}
	for _, h := range connectHints {
		if strings.Contains(text, h.mark) {
			return text + " (" + h.hint + ")", true
		}
	}
	return text, true
}

// connectHints say what usually mends it, first match first.
var connectHints = []struct{ mark, hint string }{
	{"connection refused", "is it running? --gateway or ZEEBE_ADDRESS say where"},
	{"no such host", "check the host name in --gateway or ZEEBE_ADDRESS"},
	{"zero addresses", "check the host name in --gateway or ZEEBE_ADDRESS"},
	{"does not look like a TLS handshake", "it speaks plaintext: set ZEEBE_INSECURE_CONNECTION=true"},
	{"error reading server preface", "it may expect TLS: set ZEEBE_INSECURE_CONNECTION=false"},
	{"unknown authority", "name the file with its CA in ZEEBE_CA_CERTIFICATE_PATH"},
	{"certificate is valid for", "name the host in the certificate in ZEEBE_OVERRIDE_AUTHORITY"},
	{"cannot validate certificate", "name the host in the certificate in ZEEBE_OVERRIDE_AUTHORITY"},
}
