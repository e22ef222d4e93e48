package kafka

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/twmb/avro"

	"patchbay/protocols"
)

// plainly keeps the values of logical types as they are written: days, and
// milliseconds since 1970. That is what Camunda's connector shows.
var plainly = []avro.SchemaOpt{
	asWritten("date"), asWritten("time-millis"), asWritten("time-micros"),
	asWritten("timestamp-millis"), asWritten("timestamp-micros"), asWritten("timestamp-nanos"),
	asWritten("local-timestamp-millis"), asWritten("local-timestamp-micros"), asWritten("local-timestamp-nanos"), asWritten("duration"),
}

func asWritten(logical string) avro.SchemaOpt {
	return avro.WithCustomType(avro.CustomType{LogicalType: logical})
}

// avroKey is the place of the compiled schemas in Host.Shared.
type avroKey struct{}

// compiled compiles an inline schema, or finds it among the compiled ones.
func compiled(h protocols.Host, text string) (*avro.Schema, error) {
	shared, err := h.Shared.Get(avroKey{}, func() (any, error) { return newCache[*avro.Schema](mostSchemas), nil })
	if err != nil {
		return nil, err
	}
	schema, err := shared.(*cache[*avro.Schema]).get(text, func() (*avro.Schema, error) { return avro.Parse(text, plainly...) })
	if err != nil {
		return nil, &protocols.InputError{Path: "schemaStrategy.schema", Message: fmt.Sprintf("expected an Avro schema: %s", err), Cause: err}
	}
	return schema, nil
}

// decodeAvro reads one value that fills the content.
func decodeAvro(schema *avro.Schema, content []byte) (any, error) {
	var v any
	rest, err := schema.Decode(content, &v)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes are left after the value", len(rest))
	}
	return jsonOf(v)
}

// jsonOf turns what the decoder makes into JSON: bytes become base64, decimals
// numbers with all their digits, and what is no number a text.
func jsonOf(v any) (out any, err error) {
	switch v := v.(type) {
	case nil, bool, string, int32, int64, int:
		return v, nil
	case float32:
		return float(float64(v), 32), nil
	case float64:
		return float(v, 64), nil
	case []byte:
		return base64.StdEncoding.EncodeToString(v), nil
	case *big.Rat:
		return decimal(v)
	case [16]byte:
		return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:]), nil
	case []any:
		for i := range v {
			if v[i], err = jsonOf(v[i]); err != nil {
				return nil, err
			}
		}
		return v, nil
	case map[string]any:
		for name := range v {
			if v[name], err = jsonOf(v[name]); err != nil {
				return nil, err
			}
		}
		return v, nil
	}
	return nil, fmt.Errorf("a value of type %T has no form in JSON", v)
}

func float(f float64, bits int) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Sprint(f)
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, bits))
}

func decimal(r *big.Rat) (any, error) {
	digits, exact := r.FloatPrec()
	if !exact {
		return nil, errors.New("a decimal without an end")
	}
	return json.Number(r.FloatString(digits)), nil
}
