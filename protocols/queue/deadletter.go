package queue

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"patchbay/protocols"
)

// The headers that a message gets on its way to a declared dead-letter target.
const (
	headerSource = "patchbay-source"
	headerCode   = "patchbay-error-code"
	headerReason = "patchbay-error"
)

// mostReason bounds the reason in a header, in bytes.
const mostReason = 1024

// bury puts a delivery that can never be accepted where its author wants it, or
// on the list of dead letters.
func (l *listener) bury(ctx context.Context, d *Delivery, why *protocols.Rejected) error {
	if l.sub.DeadLetter != nil {
		return l.forward(ctx, d, why)
	}
	if l.host.DeadLetters == nil {
		return errors.New("there is no list of dead letters")
	}
	content, err := json.Marshal(letter{d.Message, d.ID})
	if err != nil {
		return err
	}
	return l.host.DeadLetters.Add(ctx, protocols.DeadLetter{
		Source: l.sub.Address.String(), MessageID: d.ID, Code: why.Code, Reason: why.Message, Content: content})
}

// forward publishes it to the declared target.
func (l *listener) forward(ctx context.Context, d *Delivery, why *protocols.Rejected) error {
	m := d.Message
	m.Headers = append(m.Headers[:len(m.Headers):len(m.Headers)],
		Header{headerSource, []byte(l.sub.Address.String())},
		Header{headerCode, []byte(why.Code)},
		Header{headerReason, []byte(why.Message[:min(len(why.Message), mostReason)])})
	p, err := l.sub.DeadLetter(ctx, m)
	if err != nil {
		return fmt.Errorf("dead-letter target: %w", err)
	}
	if _, err := l.out.publish(ctx, p, protocols.Call{}); err != nil {
		return fmt.Errorf("dead-letter target: %w", err)
	}
	l.host.Activity.Note("WARNING", "DeadLetter", fmt.Sprintf("sent to %s: %s", p.Address, why.Message), nil)
	return nil
}

// Replay implements protocols.Replayer.
func (l *listener) Replay(ctx context.Context, content json.RawMessage, handle protocols.Handler) error {
	var again letter
	if err := json.Unmarshal(content, &again); err != nil {
		return fmt.Errorf("read a dead letter: %w", err)
	}
	return l.dispatch(ctx, again.Message, protocols.Event{MessageID: again.id, Delivery: protocols.DeliveredAgain}, handle)
}

// letter is a message as a dead letter's content: an object for people and for
// Replay. Bytes that are no UTF-8 are in base64, under a name that says so.
type letter struct {
	Message
	id string
}

type letterJSON struct {
	ID         string         `json:"id,omitempty"`
	Target     string         `json:"target,omitempty"`
	Key        *string        `json:"key,omitempty"`
	Key64      *string        `json:"keyBase64,omitempty"`
	Value      *string        `json:"value,omitempty"`
	Value64    *string        `json:"valueBase64,omitempty"`
	Headers    []headerJSON   `json:"headers,omitempty"`
	Properties map[string]any `json:"properties,omitempty"`
}

type headerJSON struct {
	Name    string  `json:"name"`
	Value   *string `json:"value,omitempty"`
	Value64 *string `json:"valueBase64,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (l letter) MarshalJSON() ([]byte, error) {
	out := letterJSON{ID: l.id, Target: l.Target, Properties: l.Properties}
	out.Key, out.Key64 = textOf(l.Key)
	out.Value, out.Value64 = textOf(l.Value)
	for _, h := range l.Headers {
		text, coded := textOf(h.Value)
		out.Headers = append(out.Headers, headerJSON{h.Name, text, coded})
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *letter) UnmarshalJSON(text []byte) (err error) {
	var in letterJSON
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // properties keep their digits
	if err := d.Decode(&in); err != nil {
		return err
	}
	l.id, l.Target, l.Properties = in.ID, in.Target, in.Properties
	if l.Key, err = bytesOf(in.Key, in.Key64); err != nil {
		return err
	}
	if l.Value, err = bytesOf(in.Value, in.Value64); err != nil {
		return err
	}
	for _, h := range in.Headers {
		value, err := bytesOf(h.Value, h.Value64)
		if err != nil {
			return err
		}
		l.Headers = append(l.Headers, Header{h.Name, value})
	}
	return nil
}

func textOf(content []byte) (text, coded *string) {
	if content == nil {
		return nil, nil
	}
	if utf8.Valid(content) {
		s := string(content)
		return &s, nil
	}
	s := base64.StdEncoding.EncodeToString(content)
	return nil, &s
}

func bytesOf(text, coded *string) ([]byte, error) {
	switch {
	case text != nil:
		return []byte(*text), nil
	case coded != nil:
		return base64.StdEncoding.DecodeString(*coded)
	}
	return nil, nil
}

var (
	_ protocols.Inbound  = (*listener)(nil)
	_ protocols.Replayer = (*listener)(nil)
)
