package amqp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	amqp "github.com/rabbitmq/amqp091-go"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
	"patchbay/protocols/queue"
)

// The codes of errors that are not the broker's own reply codes.
const (
	CodeUnroutable   = "UNROUTABLE"
	CodeNacked       = "NACKED"
	CodeRefused      = "CONNECTION_REFUSED"
	CodeUnknownHost  = "UNKNOWN_HOST"
	CodeDisconnected = "DISCONNECTED"
)

// codes are what publications may fail with.
var codes = []protocols.Named{
	{Name: CodeUnroutable, Doc: "No queue gets the message: nothing is bound to the exchange for it."},
	{Name: "NOT_FOUND", Doc: "The exchange does not exist."},
	{Name: "ACCESS_REFUSED", Doc: "Wrong user name or password, or the account may not do that."},
	{Name: "NOT_ALLOWED", Doc: "The virtual host does not exist, or the account may not use it."},
	{Name: "PRECONDITION_FAILED", Doc: "The broker refuses the message: it is too large for it, or its userId is another account's."},
	{Name: CodeNacked, Doc: "The broker does not take the message: a queue is full, or a node is in trouble."},
	{Name: CodeRefused, Doc: "Nobody listens at the broker's address."},
	{Name: CodeUnknownHost, Doc: "The broker's host name is not known."},
	{Name: httpx.CodeTLS, Doc: "No TLS connection: the broker's certificate is not trusted, or the broker refuses the client's."},
	{Name: CodeDisconnected, Doc: "The connection broke before the broker confirmed the message; it may have it."},
	{Name: "CONNECTION_FORCED", Doc: "The broker is shutting down, or an operator closed the connection."},
}

// replies are AMQP's reply codes (AMQP 0-9-1, 1.2).
var replies = map[int]string{
	amqp.ContentTooLarge: "CONTENT_TOO_LARGE", amqp.NoRoute: "NO_ROUTE", amqp.NoConsumers: "NO_CONSUMERS", amqp.ConnectionForced: "CONNECTION_FORCED",
	amqp.InvalidPath: "INVALID_PATH", amqp.AccessRefused: "ACCESS_REFUSED", amqp.NotFound: "NOT_FOUND", amqp.ResourceLocked: "RESOURCE_LOCKED",
	amqp.PreconditionFailed: "PRECONDITION_FAILED", amqp.FrameError: "FRAME_ERROR", amqp.SyntaxError: "SYNTAX_ERROR", amqp.CommandInvalid: "COMMAND_INVALID",
	amqp.ChannelError: "CHANNEL_ERROR", amqp.UnexpectedFrame: "UNEXPECTED_FRAME", amqp.ResourceError: "RESOURCE_ERROR", amqp.NotAllowed: "NOT_ALLOWED",
	amqp.NotImplemented: "NOT_IMPLEMENTED", amqp.InternalError: "INTERNAL_ERROR",
}

// passing are the replies after which the same call may succeed later.
var passing = map[int]bool{amqp.ContentTooLarge: true, amqp.ConnectionForced: true, amqp.ResourceLocked: true, amqp.ResourceError: true, amqp.InternalError: true}

// handshakeError is a TLS handshake that went wrong.
type handshakeError struct{ cause error }

func (e *handshakeError) Error() string { return "TLS handshake: " + e.cause.Error() }
func (e *handshakeError) Unwrap() error { return e.cause }

// failure makes a protocol's error of one that came before anything was
// published; what was tried is a verb.
func (e *endpoint) failure(what string, err error) error {
	if protocols.IsInputError(err) {
		return err
	}
	out := &protocols.Error{Code: codeOf(err), Temporary: true, Unsent: true, Cause: err}
	if r := reply(err); r != nil {
		out.Temporary = passing[r.Code]
	}
	var tlsFailure *handshakeError
	if errors.As(err, &tlsFailure) {
		out.Temporary = false
	}
	out.Message = fmt.Sprintf("%s to %s: %s", what, net.JoinHostPort(e.host, e.port), describe(err))
	return out
}

// reply returns what the broker itself said, nil if it said nothing.
func reply(err error) *amqp.Error {
	var known *amqp.Error
	if errors.As(err, &known) && known != nil && known.Server {
		return known
	}
	return nil
}

func codeOf(err error) string {
	var host *net.DNSError
	var handshake *handshakeError
	if r := reply(err); r != nil {
		return replies[r.Code]
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return queue.CodeTimeout
	case errors.As(err, &handshake):
		return httpx.CodeTLS
	case errors.As(err, &host):
		return CodeUnknownHost
	case errors.Is(err, syscall.ECONNREFUSED):
		return CodeRefused
	}
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		return queue.CodeTimeout
	}
	return CodeDisconnected
}

// describe says what went wrong in the broker's own words, if it has any:
// "NOT_FOUND - no exchange 'x' in vhost '/'".
func describe(err error) string {
	var known *amqp.Error
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &record):
		return "TLS handshake: the port does not speak TLS"
	case !errors.As(err, &known):
		return err.Error()
	case known.Server:
		return strings.TrimSpace(known.Reason)
	case known.Reason == io.EOF.Error() || errors.Is(err, amqp.ErrCredentials) || errors.Is(err, amqp.ErrVhost):
		return "the broker hung up" // with a reason it says so, see login
	}
	return known.Reason
}

// lost is an error of a connection that has ended.
func lost(why *amqp.Error, unsent bool) error {
	e := &protocols.Error{Code: CodeDisconnected, Message: "the connection to the broker ended", Temporary: true, Unsent: unsent, Cause: queue.ErrDisconnected}
	if why != nil {
		e.Message += ": " + describe(why)
		e.Cause = fmt.Errorf("%w: %w", queue.ErrDisconnected, why)
		if r := reply(why); r != nil {
			e.Code = replies[r.Code]
		}
	}
	if !unsent {
		e.Message += " before it confirmed the message; it may have it"
	}
	return e
}
