package kafka

import (
	"context"
	"maps"
	"unicode/utf8"

	"patchbay/protocols/queue"
)

// event makes what expressions see of a message. Its place in the topic is in
// the message's properties.
func event(ctx context.Context, c *codec, m queue.Message) (any, error) {
	decoded, err := c.decode(ctx, m.Value)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"key": nil, "rawValue": decoded.raw, "value": decoded.value, "topic": m.Target}
	maps.Copy(out, m.Properties)
	if m.Key != nil {
		out["key"] = queue.Body(m.Key)
	}
	if headers := queue.Headers(m.Headers); headers != nil {
		out["headers"] = headers
	}
	return out, nil
}

// decoded is a value as expressions see it, and as it was written.
type decoded struct{ value, raw any }

// textual decodes a value that has no schema.
func textual(content []byte) decoded {
	switch {
	case content == nil:
		return decoded{}
	case !utf8.Valid(content):
		coded := queue.Body(content) // base64
		return decoded{coded, coded}
	}
	text := string(content)
	v, err := lenient(text)
	if err != nil {
		v = text
	}
	return decoded{v, text}
}
