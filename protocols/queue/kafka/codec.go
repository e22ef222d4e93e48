package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"

	"patchbay/protocols"
	"patchbay/protocols/queue"
	"patchbay/protocols/value"
)

// codec writes and reads values by one schema strategy.
type codec struct {
	strategy strategy
	text     string       // the schema, if one is given
	avro     *avro.Schema // the same, compiled, if it is Avro
	registry *registry    // nil without one
}

// newCodec compiles the schema; it does not ask the registry.
func newCodec(h protocols.Host, s strategy, from *settings) (c *codec, err error) {
	c = &codec{strategy: s}
	if s.Type == noSchema {
		return c, nil
	}
	if s.Type == schemaRegistry {
		if c.registry, err = registryOf(h, s.RegistryURL, from); err != nil {
			return nil, err
		}
		if s.Schema == nil || s.Schema == "" {
			return c, nil // one that only reads needs none
		}
	}
	if c.text, err = schemaText(s.Schema); err != nil {
		return nil, err
	}
	if s.Type == inlineSchema || s.SchemaType == "avro" {
		c.avro, err = compiled(h, c.text)
	}
	return c, err
}

// encode writes a value. What does not suit the schema is an error with
// Camunda's code, because an error expression may wait for it.
func (c *codec) encode(ctx context.Context, topic string, v any) ([]byte, error) {
	switch c.strategy.Type {
	case inlineSchema:
		return c.encodeAvro(nil, parsed(v))
	case schemaRegistry:
		return c.encodeRegistered(ctx, topic, parsed(v))
	}
	content, err := queue.JSON(v)
	if err != nil {
		return nil, unsuitable(err)
	}
	return content, nil
}

// parsed reads a value that is text as JSON, if it can be.
func parsed(v any) any {
	if text, ok := v.(string); ok {
		if read, err := lenient(text); err == nil {
			return read
		}
	}
	return v
}

func unsuitable(err error) error {
	e := failed(err)
	e.Temporary, e.Unsent, e.Variables = false, true, map[string]any{"kafkaError": kafkaSerialization}
	return e
}

func (c *codec) encodeAvro(dst []byte, v any) ([]byte, error) {
	content, err := c.avro.AppendEncode(dst, v)
	if err != nil {
		return nil, unsuitable(err)
	}
	return content, nil
}

// notAnObject is Camunda's text.
type notAnObject struct{}

func (notAnObject) Error() string { return "Message value must be a map for a schema based message" }

func (c *codec) encodeRegistered(ctx context.Context, topic string, v any) ([]byte, error) {
	if _, ok := v.(map[string]any); !ok {
		return nil, unsuitable(notAnObject{})
	}
	schema, err := schemaText(c.strategy.Schema)
	if err != nil {
		return nil, err
	}
	kind := sr.TypeAvro
	if c.avro == nil {
		kind = sr.TypeJSON
	}
	number, err := c.registry.register(ctx, topic+"-value", sr.Schema{Schema: schema, Type: kind})
	if err != nil {
		return nil, registryFailed(err)
	}
	out := binary.BigEndian.AppendUint32([]byte{0}, uint32(number))
	if c.avro != nil {
		return c.encodeAvro(out, v)
	}
	if out, err = value.Append(out, v); err != nil {
		return nil, unsuitable(err)
	}
	return out, nil
}

// decode reads a value. An empty one, which marks a key as deleted, is null.
func (c *codec) decode(ctx context.Context, content []byte) (decoded, error) {
	switch {
	case content == nil || c.strategy.Type == noSchema:
		return textual(content), nil
	case c.strategy.Type == inlineSchema:
		v, err := decodeAvro(c.avro, content)
		return decoded{value: v}, err
	}
	return c.decodeRegistered(ctx, content)
}

// framed is the length of the frame before a registered value: a zero and the
// schema's number.
const framed = 5

func (c *codec) decodeRegistered(ctx context.Context, content []byte) (decoded, error) {
	if len(content) < framed || content[0] != 0 {
		return decoded{}, errors.New("expected the frame of a schema registry: a zero byte and a schema id")
	}
	number, content := int(binary.BigEndian.Uint32(content[1:])), content[framed:]
	if c.strategy.SchemaType == "json" {
		return textual(content), nil
	}
	schema, err := c.registry.schema(ctx, number)
	if err != nil {
		return decoded{}, fmt.Errorf("schema %d: %w", number, err)
	}
	v, err := decodeAvro(schema, content)
	return decoded{value: v}, err
}
