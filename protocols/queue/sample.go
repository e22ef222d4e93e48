package queue

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"patchbay/protocols"
)

// sample is a made-up message.
type sample struct {
	Target     string            `json:"target"`
	Key        *string           `json:"key"`
	Headers    map[string]string `json:"headers"`
	Body       json.RawMessage   `json:"body"`
	ID         string            `json:"id"`
	Properties map[string]any    `json:"properties"`
}

var sampled = []protocols.Named{
	{Name: "body", Doc: "Content of the message: a text as it is, any other value as JSON."},
	{Name: "headers", Doc: "Headers of the message, names and texts."},
	{Name: "key", Doc: "Key of the message, for brokers that have keys."},
	{Name: "target", Doc: "Queue, topic or subject that the message came by; by default the one that is listened to."},
	{Name: "id", Doc: "The broker's id of the message, for brokers that give any."},
	{Name: "properties", Doc: "Further members that the broker gives a message."},
}

// Sample hands on a made-up message; no broker is asked.
func (l *listener) Sample(ctx context.Context, text []byte, handle protocols.Handler) (*protocols.Answer, error) {
	var given sample
	if err := protocols.DecodeSample(text, &given); err != nil {
		return nil, err
	}
	return nil, l.dispatch(ctx, given.message(strings.TrimPrefix(l.sub.Address.Path, "/")), protocols.Event{MessageID: given.ID}, handle)
}

func (s *sample) message(target string) Message {
	m := Message{Target: target, Value: protocols.SampleBody(s.Body), Properties: s.Properties}
	if s.Target != "" {
		m.Target = s.Target
	}
	if s.Key != nil {
		m.Key = []byte(*s.Key)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		m.Headers = append(m.Headers, Header{name, []byte(s.Headers[name])})
	}
	return m
}

var _ protocols.Sampler = (*listener)(nil)
