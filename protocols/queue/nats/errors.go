package nats

import (
	"context"
	"errors"
	"fmt"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

// The codes of publications that went wrong.
const (
	CodeConnection     = "CONNECTION_FAILED"
	CodeAuthentication = "AUTHENTICATION_FAILED"
	CodePermission     = "PERMISSION_DENIED"
	CodeNoStream       = "STREAM_NOT_FOUND"
	CodeWrongStream    = "WRONG_STREAM"
	CodeTooLarge       = "MESSAGE_TOO_LARGE"
	CodeNoResponders   = "NO_RESPONDERS"
	CodeRefused        = "REFUSED"
)

var codes = []protocols.Named{
	{Name: CodeConnection, Doc: "No server can be reached, or the connection ended before the confirmation."},
	{Name: CodeAuthentication, Doc: "The server does not accept the credentials."},
	{Name: CodePermission, Doc: "The user may not publish to the subject."},
	{Name: CodeNoStream, Doc: "No stream keeps the subject, or the account has no JetStream."},
	{Name: CodeWrongStream, Doc: "Another stream than the expected one keeps the subject."},
	{Name: CodeTooLarge, Doc: "The message is larger than the server or the stream allows."},
	{Name: CodeNoResponders, Doc: "Nobody answers requests to the subject."},
	{Name: CodeRefused, Doc: "The stream refuses the message; it is full, for example."},
}

// known are the library's errors with what they are for a job.
var known = []struct {
	err error
	protocols.Error
}{
	{natsgo.ErrMaxPayload, protocols.Error{Code: CodeTooLarge, Unsent: true}},
	{natsgo.ErrPermissionViolation, protocols.Error{Code: CodePermission}},
	{natsgo.ErrNoResponders, protocols.Error{Code: CodeNoResponders, Temporary: true, Unsent: true}},
	{jetstream.ErrNoStreamResponse, protocols.Error{Code: CodeNoStream, Temporary: true, Unsent: true}},
	{natsgo.ErrHeadersNotSupported, protocols.Error{Code: CodeRefused, Unsent: true}},
}

// refusals are JetStream's error codes (errors.json of nats-server) with those of
// a job; any other is CodeRefused.
var refusals = map[jetstream.ErrorCode]string{
	10060: CodeWrongStream,
	10054: CodeTooLarge,
	10059: CodeNoStream,
	10039: CodeNoStream,
	10076: CodeNoStream,
}

// failure is the error of a publication.
func (c *connection) failure(subject string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return err // the engine's to name
	}
	out := protocols.Error{Code: CodeConnection, Temporary: true}
	var api *jetstream.APIError
	if errors.As(err, &api) {
		out = protocols.Error{Code: refusals[api.ErrorCode], Temporary: api.Code >= 500, Unsent: true}
		if out.Code == "" {
			out.Code = CodeRefused
		}
	}
	for _, k := range known {
		if errors.Is(err, k.err) {
			out = k.Error
		}
	}
	out.Message, out.Cause = fmt.Sprintf("publish to %q: %s", subject, plain(err)), err
	if c.IsClosed() {
		out.Cause = fmt.Errorf("%w: %w", queue.ErrDisconnected, err)
	}
	return &out
}

// ended is the error of a connection that was of no use from the beginning.
func ended() error {
	return &protocols.Error{Code: CodeConnection, Message: "the connection to the server has ended", Temporary: true, Unsent: true, Cause: queue.ErrDisconnected}
}
