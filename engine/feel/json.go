package feel

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"
)

// jsonStyle is how numbers and temporal values become JSON.
type jsonStyle uint8

const (
	javaJSON   jsonStyle = iota // whole numbers as integers, others as doubles, temporal values as Java's toString
	engineJSON                  // the same, temporal values as Zeebe keeps them in variables
	exactJSON                   // the function "to json": all digits, ISO 8601 with seconds
)

// temporalIn is how each style writes temporal values.
var temporalIn = [...]temporalStyle{javaJSON: asJava, engineJSON: asVariable, exactJSON: asISO}

// JSON is the value as it leaves the engine; see AppendJSON.
func (v Value) JSON() []byte { return v.AppendJSON(nil) }

// MarshalJSON implements json.Marshaler.
func (v Value) MarshalJSON() ([]byte, error) { return v.JSON(), nil }

// EngineJSON is the value as the Zeebe engine keeps it in a variable: as AppendJSON writes it, but temporal values as
// string() gives them (2026-01-01T00:05:00Z, P1DT2H), but a date-time with a zone as 2026-01-01T00:05:00+01:00[Europe/Berlin]
// and a time without one as Java does (00:05). So it was observed in Zeebe 8.8.
func (v Value) EngineJSON() []byte { return v.appendJSON(nil, engineJSON) }

// AppendJSON writes the value as feel-engine hands it to a Java program: whole numbers as integers, others as doubles, temporal
// values and durations as Java's toString (2026-01-01T00:05Z, PT26H), entries in their order, functions and ranges as null.
// Integers beyond 64 bits keep all digits, where Zeebe 8.8 wraps them; numbers beyond doubles (from 1.8E308) are the strings
// "Infinity" and "-Infinity", because readers of JSON choke on such a number.
func (v Value) AppendJSON(dst []byte) []byte { return v.appendJSON(dst, javaJSON) }

func (v Value) appendJSON(dst []byte, style jsonStyle) []byte {
	switch v.kind {
	case KindNull, kindError, kindFatal:
		return append(dst, "null"...)
	case KindBoolean:
		return strconv.AppendBool(dst, v.bool())
	case KindNumber:
		if style == exactJSON {
			return v.appendNumber(dst)
		}
		return v.appendJSONNumber(dst)
	case KindString:
		return appendJSONString(dst, v.str())
	case KindList:
		dst = append(dst, '[')
		for i, item := range v.items() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.appendJSON(dst, style)
		}
		return append(dst, ']')
	case KindContext:
		dst = append(dst, '{')
		for i, e := range v.context().entries {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = e.Value.appendJSON(append(appendJSONString(dst, e.Name), ':'), style)
		}
		return append(dst, '}')
	case KindFunction, KindRange:
		if style == exactJSON {
			return appendJSONString(dst, string(v.appendText(nil, math.MaxInt)))
		}
		return append(dst, "null"...)
	}
	return append(appendTemporal(append(dst, '"'), v, temporalIn[style]), '"')
}

// appendJSONNumber writes an integer, or the shortest digits of the nearest double.
func (v Value) appendJSONNumber(dst []byte) []byte {
	if n, ok := v.int64(); ok {
		return strconv.AppendInt(dst, n, 10)
	}
	f := v.float()
	switch {
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	case v.whole():
		return v.bigInt().Append(dst, 10)
	}
	format := byte('f')
	if abs := math.Abs(f); abs < 1e-6 || abs >= 1e21 {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, 64)
}

// int64 is a number without fraction that fits.
func (v Value) int64() (int64, bool) {
	if v.short() {
		return v.num / pow10[v.aux], v.whole()
	}
	if d := &v.ref.(*bigNumber).d; d.Exponent > 18 {
		return 0, d.IsZero()
	}
	n, ok := v.truncated()
	return n, ok && v.whole()
}

func appendJSONString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= ' ':
			dst = append(dst, c)
		default:
			if k := strings.IndexByte("\b\f\n\r\t", c); k >= 0 {
				dst = append(dst, '\\', "bfnrt"[k])
			} else {
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
		}
		i++
	}
	return append(dst, '"')
}

// FromJSON reads a JSON document. Entries keep their order, of equal names the last counts, numbers keep their digits.
// A number with a fraction or an exponent shows the decimal places that a double has in Java: 1.50 is 1.5, 1e3 is 1000.0.
func FromJSON(data []byte) (Value, error) {
	r := jsonReader{s: string(data)}
	v, ok := r.value()
	if r.space(); !ok || r.pos < len(r.s) {
		return Value{}, fmt.Errorf("reading JSON at byte %d: unexpected %s", r.pos, foundAt(r.s, r.pos))
	}
	return v, nil
}

// parseJSONPrefix reads the first value of a text; what follows is ignored, as from json does.
func parseJSONPrefix(s string) (Value, bool) {
	r := jsonReader{s: s}
	v, ok := r.value()
	if v.kind == KindNumber && r.pos < len(s) && strings.IndexByte(" \n\t\r", s[r.pos]) < 0 {
		return Value{}, false
	}
	return v, ok
}

const maxJSONDepth = 1000

type jsonReader struct {
	s          string
	pos, depth int
}

func (r *jsonReader) space() {
	for r.pos < len(r.s) && (r.s[r.pos] == ' ' || r.s[r.pos] == '\n' || r.s[r.pos] == '\t' || r.s[r.pos] == '\r') {
		r.pos++
	}
}

func (r *jsonReader) take(b byte) bool {
	r.space()
	if r.pos < len(r.s) && r.s[r.pos] == b {
		r.pos++
		return true
	}
	return false
}

func (r *jsonReader) word(w string, v Value) (Value, bool) {
	if !strings.HasPrefix(r.s[r.pos:], w) || identEnd(r.s, r.pos) != r.pos+len(w) {
		return Value{}, false
	}
	r.pos += len(w)
	return v, true
}

func (r *jsonReader) value() (Value, bool) {
	r.space()
	if r.pos == len(r.s) {
		return Value{}, false
	}
	switch c := r.s[r.pos]; c {
	case '{':
		return r.object()
	case '[':
		return r.array()
	case '"':
		s, ok := r.string()
		return String(s), ok
	case 't':
		return r.word("true", Bool(true))
	case 'f':
		return r.word("false", Bool(false))
	case 'n':
		return r.word("null", Value{})
	}
	return r.number()
}

func (r *jsonReader) object() (Value, bool) {
	r.pos++
	if r.depth++; r.depth > maxJSONDepth {
		return Value{}, false
	}
	c := newContext(4)
	for !r.take('}') {
		if len(c.entries) > 0 && !r.take(',') {
			return Value{}, false
		}
		r.space()
		name, ok := r.string()
		if !ok || !r.take(':') {
			return Value{}, false
		}
		v, ok := r.value()
		if !ok {
			return Value{}, false
		}
		c.put(name, v)
	}
	r.depth--
	return c.value(), true
}

func (r *jsonReader) array() (Value, bool) {
	r.pos++
	if r.depth++; r.depth > maxJSONDepth {
		return Value{}, false
	}
	var items []Value
	for !r.take(']') {
		if len(items) > 0 && !r.take(',') {
			return Value{}, false
		}
		v, ok := r.value()
		if !ok {
			return Value{}, false
		}
		items = append(items, v)
	}
	r.depth--
	return List(items...), true
}

// string reads a string literal; one without escapes shares the document's memory.
func (r *jsonReader) string() (string, bool) {
	if r.pos >= len(r.s) || r.s[r.pos] != '"' {
		return "", false
	}
	start := r.pos + 1
	for i := start; i < len(r.s); i++ {
		switch c := r.s[i]; {
		case c == '"':
			r.pos = i + 1
			return strings.ToValidUTF8(r.s[start:i], "\uFFFD"), true
		case c == '\\':
			return r.escaped(start, i)
		case c < ' ':
			r.pos = i
			return "", false
		}
	}
	r.pos = len(r.s)
	return "", false
}

// escaped reads on from the first backslash.
func (r *jsonReader) escaped(start, pos int) (string, bool) {
	out := []byte(r.s[start:pos])
	for r.pos = pos; r.pos < len(r.s); {
		c := r.s[r.pos]
		r.pos++
		switch {
		case c == '"':
			return strings.ToValidUTF8(string(out), "\uFFFD"), true
		case c < ' ':
			return "", false
		case c != '\\':
			out = append(out, c)
			continue
		}
		if r.pos == len(r.s) {
			return "", false
		}
		c = r.s[r.pos]
		r.pos++
		if k := strings.IndexByte(`"\/bfnrt`, c); k >= 0 {
			out = append(out, "\"\\/\b\f\n\r\t"[k])
		} else if ch, ok := r.unicode(c); ok {
			out = utf8.AppendRune(out, ch)
		} else {
			return "", false
		}
	}
	return "", false
}

func (r *jsonReader) unicode(c byte) (rune, bool) {
	hi, ok := r.hex4()
	if c != 'u' || !ok {
		return 0, false
	}
	if utf16.IsSurrogate(hi) && strings.HasPrefix(r.s[r.pos:], `\u`) {
		back := r.pos
		r.pos += 2
		if lo, ok := r.hex4(); ok && utf16.DecodeRune(hi, lo) != utf8.RuneError {
			return utf16.DecodeRune(hi, lo), true
		}
		r.pos = back
	}
	return hi, true
}

func (r *jsonReader) hex4() (rune, bool) {
	if r.pos+4 > len(r.s) {
		return 0, false
	}
	n, err := strconv.ParseUint(r.s[r.pos:r.pos+4], 16, 32)
	if err != nil {
		return 0, false
	}
	r.pos += 4
	return rune(n), true
}

func (r *jsonReader) number() (Value, bool) {
	start := r.pos
	i := start
	if i < len(r.s) && r.s[i] == '-' {
		i++
	}
	whole := digitsEnd(r.s, i)
	if whole == i || r.s[i] == '0' && whole > i+1 {
		return Value{}, false
	}
	end := whole
	if end < len(r.s) && r.s[end] == '.' {
		if end = digitsEnd(r.s, end+1); end == whole+1 {
			return Value{}, false
		}
	}
	if end < len(r.s) && (r.s[end] == 'e' || r.s[end] == 'E') {
		exp := end + 1
		if exp < len(r.s) && (r.s[exp] == '+' || r.s[exp] == '-') {
			exp++
		}
		if end = digitsEnd(r.s, exp); end == exp {
			return Value{}, false
		}
	}
	r.pos = end
	v, ok := parseNumber(r.s[start:end])
	if !ok || end == whole {
		return v, ok
	}
	var buf, d apd.Decimal
	d.Set(v.decimal(&buf))
	return likeDouble(&d, v.precision()), true
}

var _ json.Marshaler = Value{}
