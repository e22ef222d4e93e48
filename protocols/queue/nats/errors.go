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

// The codes of publications that went wrong, besides those of package queue.
const (
	CodeNoStream     = "STREAM_NOT_FOUND"
	CodeWrongStream  = "WRONG_STREAM"
	CodeNoResponders = "NO_RESPONDERS"
)

var codes = append(queue.ConnectionCodes(),
	protocols.Named{Name: CodeNoStream, Doc: "No stream keeps the subject, or the account has no JetStream."},
	protocols.Named{Name: CodeWrongStream, Doc: "Another stream than the expected one keeps the subject."},
	protocols.Named{Name: CodeNoResponders, Doc: "Nobody answers requests to the subject."},
)

// known are the library's errors with what they are for a job.
var known = []struct {
	err error
	protocols.Error
}{
	{natsgo.ErrMaxPayload, protocols.Error{Code: queue.CodeTooLarge, Unsent: true}},
	{natsgo.ErrPermissionViolation, protocols.Error{Code: queue.CodePermission}},
	{natsgo.ErrNoResponders, protocols.Error{Code: CodeNoResponders, Temporary: true, Unsent: true}},
	{jetstream.ErrNoStreamResponse, protocols.Error{Code: CodeNoStream, Temporary: true, Unsent: true}},
	{natsgo.ErrHeadersNotSupported, protocols.Error{Code: queue.CodeRefused, Unsent: true}},
}

// refusals are JetStream's error codes (errors.json of nats-server) with those of
// a job; any other is queue.CodeRefused.
var refusals = map[jetstream.ErrorCode]string{
	10060: CodeWrongStream,
	10054: queue.CodeTooLarge,
	10059: CodeNoStream,
	10039: CodeNoStream,
	10076: CodeNoStream,
}

// failure is the error of a publication.
func (c *connection) failure(subject string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return err // the engine's to name
	}
	out := protocols.Error{Code: queue.CodeConnection, Temporary: true}
	var api *jetstream.APIError
	if errors.As(err, &api) {
		out = protocols.Error{Code: refusals[api.ErrorCode], Temporary: api.Code >= 500, Unsent: true}
		if out.Code == "" {
			out.Code = queue.CodeRefused
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
	return &protocols.Error{Code: queue.CodeConnection, Message: "the connection to the server has ended", Temporary: true, Unsent: true, Cause: queue.ErrDisconnected}
}
