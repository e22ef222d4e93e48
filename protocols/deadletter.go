package protocols

import (
	"context"
	"encoding/json"
)

// DeadLetter is a message that will never be accepted and that has no other
// place to go to: what an operator looks at, and may have handled again.
type DeadLetter struct {
	// Source is where it came from, as a URL without credentials.
	Source string `json:"source"`
	// MessageID is the event's message id; it may be empty.
	MessageID string `json:"messageId,omitempty"`
	// Code and Reason are those of the *Rejected.
	Code   string `json:"code"`
	Reason string `json:"reason"`
	// Content is the message in the form in which its protocol replays it, a
	// JSON object for people to read as well.
	Content json.RawMessage `json:"content"`
}

// DeadLetters is the list of an executable's dead letters.
type DeadLetters interface {
	// Add returns nil once the letter is kept durably. It fails when the store
	// does, or when the list is full; the message must then not be
	// acknowledged.
	Add(ctx context.Context, letter DeadLetter) error
}

// Replayer is implemented by an Inbound whose events may become dead letters.
type Replayer interface {
	// Replay hands the content of a dead letter to handle once more, without
	// its broker. The error is that of the content or of handle. It may be
	// called at any time, also while Receive does not run.
	Replay(ctx context.Context, content json.RawMessage, handle Handler) error
}
