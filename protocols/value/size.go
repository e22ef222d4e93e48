package value

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"slices"
)

// Sizes of parts of a value in bytes, about as Go keeps them.
const (
	slotSize  = 16
	entrySize = 48
)

// Size returns about how many bytes of memory a value takes, counting what it
// shares as often as it holds it. It stops counting above limit, so it is
// never slow. ok is false when the value nests deeper than MaxDepth.
func Size(v any, limit int) (n int, ok bool) {
	s := sizer{limit: limit}
	s.add(v, 0)
	return s.n, !s.deep
}

type sizer struct {
	n, limit int
	deep     bool
}

func (s *sizer) add(v any, depth int) {
	if s.n += slotSize; s.n > s.limit {
		return
	}
	if depth > MaxDepth {
		s.deep = true
		return
	}
	switch v := v.(type) {
	case string:
		s.n += len(v)
	case json.Number:
		s.n += len(v)
	case *big.Int:
		s.n += v.BitLen() / 8
	case []any:
		for _, e := range v {
			if s.add(e, depth+1); s.n > s.limit || s.deep {
				return
			}
		}
	case map[string]any:
		for k, e := range v {
			s.n += entrySize + len(k)
			if s.add(e, depth+1); s.n > s.limit || s.deep {
				return
			}
		}
	}
}

// What decoding makes of the signs of a JSON text, in bytes, as measured: a map
// with room for eight members, the head of a list or of an empty map, and a
// member or an item with what it holds.
const (
	objectSize = 352
	listSize   = 48
	itemSize   = 48
)

// DecodedSize returns about how many bytes of memory a JSON text takes while it is
// decoded, the text included. It only counts signs, so it takes a third of a
// millisecond for a megabyte, and does not mind what is no JSON; a text that is
// neither object nor list counts as itself.
func DecodedSize(data []byte) int64 {
	n := int64(len(data))
	first := bytes.TrimLeft(data, " \t\r\n\uFEFF")
	if len(first) == 0 || first[0] != '{' && first[0] != '[' {
		return n
	}
	objects, empty := count(data, "{"), count(data, "{}")
	return n + objectSize*(objects-empty) + listSize*(count(data, "[")+empty) + itemSize*count(data, ",")
}

func count(data []byte, sign string) int64 { return int64(bytes.Count(data, []byte(sign))) }

// HasLongNumber reports whether a value holds a number of more than MaxDigits
// characters, which package value never reads but others may.
func HasLongNumber(v any) bool {
	switch v := v.(type) {
	case json.Number:
		return len(v) > MaxDigits
	case []any:
		return slices.ContainsFunc(v, HasLongNumber)
	case map[string]any:
		for _, e := range v {
			if HasLongNumber(e) {
				return true
			}
		}
	}
	return false
}

// Plain returns v with the numbers that only expressions know turned into
// json.Number, and not-a-number into null. What needs no change is shared.
func Plain(v any) any {
	switch v := v.(type) {
	case *big.Int:
		return json.Number(v.String())
	case float64:
		if math.IsNaN(v) {
			return nil
		}
		return min(max(v, -math.MaxFloat64), math.MaxFloat64)
	case []any:
		for i, e := range v {
			if !isPlain(e) {
				return plainArray(v, i)
			}
		}
	case map[string]any:
		for _, e := range v {
			if !isPlain(e) {
				return plainObject(v)
			}
		}
	}
	return v
}

func isPlain(v any) bool {
	switch v := v.(type) {
	case *big.Int:
		return false
	case float64:
		return !math.IsNaN(v) && !math.IsInf(v, 0)
	case []any:
		for _, e := range v {
			if !isPlain(e) {
				return false
			}
		}
	case map[string]any:
		for _, e := range v {
			if !isPlain(e) {
				return false
			}
		}
	}
	return true
}

func plainArray(list []any, from int) []any {
	out := make([]any, len(list))
	copy(out, list[:from])
	for i := from; i < len(list); i++ {
		out[i] = Plain(list[i])
	}
	return out
}

func plainObject(object map[string]any) map[string]any {
	out := make(map[string]any, len(object))
	for k, e := range object {
		out[k] = Plain(e)
	}
	return out
}
