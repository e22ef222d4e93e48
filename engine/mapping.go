package engine

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"

	"patchbay/protocols"
	"patchbay/protocols/value"
)

// reserved marks calls of functions in a connector's input; a result that
// holds it could smuggle one into the next connector.
const reserved = "camunda.function.type"

// mappingError is a mapping that cannot give variables, such as one that
// yields no object. Repeating the call would not mend it.
type mappingError struct{ text string }

func (e *mappingError) Error() string { return e.text }

// wrongShape is an expression that yielded something other than an object.
func wrongShape(slot string, v any) error {
	text, err := value.Append(nil, v)
	if err != nil {
		text = []byte("?")
	}
	return &mappingError{fmt.Sprintf("%s expression must return a JSON object, but got %s. Evaluated value: %s", slot, value.TypeName(v), cut(string(text), 500))}
}

// mapOutputs makes the output variables of the response: the whole of it under
// the result variable's name, and over that what the result expression yields.
func (a *attempt) mapOutputs(ctx context.Context) error {
	var outputs map[string]any
	if a.result.Program != nil || a.result.err != nil {
		var err error
		if outputs, err = a.mapped(ctx); err != nil {
			return err
		}
	}
	if name := strings.TrimSpace(a.job.Headers[headerResultVariable]); name != "" {
		all := map[string]any{name: a.response}
		maps.Copy(all, outputs)
		outputs = all
	}
	encoded, err := encodeVariables(outputs)
	if err != nil {
		return err
	}
	a.outputs, a.encoded = outputs, encoded
	return nil
}

// mapped is what the result expression yields.
func (a *attempt) mapped(ctx context.Context) (map[string]any, error) {
	res, err := a.eval(ctx, a.result, a.resultInput())
	if err != nil || res.Value == nil {
		return nil, err
	}
	v, err := StoreDocuments(ctx, a.Host.Documents, res)
	if err != nil {
		return nil, err
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, wrongShape("Result", v)
	}
	return object, checkReserved(object)
}

// encodings are where variables are written before their length is known; large
// ones are not kept.
var encodings = sync.Pool{New: func() any { return new([]byte) }}

const maxEncodingSpace = 16 << 10

// encodeVariables writes variables for a command and bounds their size.
func encodeVariables(variables map[string]any) ([]byte, error) {
	if len(variables) == 0 {
		return []byte("{}"), nil
	}
	space := encodings.Get().(*[]byte)
	encoded, err := value.Append((*space)[:0], variables)
	if cap(encoded) <= maxEncodingSpace {
		*space = encoded
		encoded = bytes.Clone(encoded)
	}
	encodings.Put(space)
	if err != nil {
		return nil, &mappingError{"write the output variables: " + err.Error()}
	}
	if len(encoded) > MaxVariables {
		return nil, &protocols.InputError{Message: fmt.Sprintf("Output variables payload (%d bytes) exceeds the 1.5 MB safe variable size limit for Zeebe job completion. "+
			"To handle large payloads, enable the 'Create document' option where available.", len(encoded))}
	}
	return encoded, nil
}

// checkReserved refuses the reserved literal anywhere in an expression's result.
func checkReserved(v any) error {
	if !holds(v, reserved) {
		return nil
	}
	return &mappingError{"The connector result contains a forbidden literal '" + reserved + "'."}
}

func holds(v any, text string) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, text)
	case []any:
		for _, e := range v {
			if holds(e, text) {
				return true
			}
		}
	case map[string]any:
		for name, e := range v {
			if strings.Contains(name, text) || holds(e, text) {
				return true
			}
		}
	}
	return false
}
