// Package value holds JSON as Go values: it reads, writes, merges and measures
// them, for protocols as for the engine.
//
// A value is nil, bool, string, json.Number, []any or map[string]any when it
// was read here; written are all of Go's numbers and *big.Int as well, since
// expressions yield them. Numbers keep their digits. Values are shared, never
// copied, so nobody changes one that he was given.
package value

import (
	"encoding/json"
	"fmt"
	"math/big"
)

// MaxDepth is how deep arrays and objects may nest.
const MaxDepth = 1000

// MaxDigits is how many characters a number may have: arithmetic with a million
// digits takes seconds.
const MaxDigits = 1000

// SyntaxError is a text that is no JSON.
type SyntaxError struct {
	// Offset is the byte at which reading stopped.
	Offset int
	// Msg says what was expected or found there.
	Msg string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at byte %d: %s", e.Offset, e.Msg)
}

// Merge lays b over a: objects merge key by key at every depth, anything else
// of b replaces what a has. Neither is changed; what they hold is shared.
func Merge(a, b map[string]any) map[string]any {
	out := make(map[string]any, len(a)+len(b))
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		below, ok := out[k].(map[string]any)
		above, ok2 := v.(map[string]any)
		if ok && ok2 {
			v = Merge(below, above)
		}
		out[k] = v
	}
	return out
}

// TypeName names the JSON type of a value for error texts: null, boolean,
// number, string, array or object.
func TypeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "number"
}

// Float returns a number of any of the types that values have.
func Float(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return f, true
	}
	return 0, false
}
