package templates

import (
	"crypto/rand"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Values are what the modelers, written in JavaScript, work with: nil for
// undefined, string, bool, float64. The functions here follow its rules, since
// they decide what a condition sees and what is written.

// casts reports whether the property's value is kept as a FEEL expression.
func (p *Property) casts() bool {
	feel := p.Feel
	if feel == "" && (p.Binding.Type == "zeebe:input" || p.Binding.Type == "zeebe:output") {
		feel = "static"
	}
	switch feel {
	case "required":
		return true
	case "optional", "static":
		return p.Type == "Boolean" || p.Type == "Number"
	}
	return false
}

// fixedValue is the default as it is written, without a generated one.
func (p *Property) fixedValue() any {
	if p.casts() {
		return toFEEL(p.Value, p.Type)
	}
	return p.Value
}

func toFEEL(value any, kind string) any {
	if s, is := value.(string); is && strings.HasPrefix(s, "=") {
		return s
	}
	if kind == "Boolean" {
		return fmt.Sprintf("=%t", value != "false" && truthy(value))
	}
	if value == nil {
		return nil
	}
	return "=" + text(value)
}

func fromFEEL(value any, kind string) any {
	if value == nil {
		return nil
	}
	if s, is := value.(string); is {
		value = strings.TrimPrefix(s, "=")
	}
	switch kind {
	case "Number":
		return number(value)
	case "Boolean":
		return value != "false"
	}
	return value
}

// truthy is JavaScript's idea of a value that is not empty.
func truthy(value any) bool {
	switch value := value.(type) {
	case nil:
		return false
	case string:
		return value != ""
	case bool:
		return value
	case float64:
		return value != 0 && !math.IsNaN(value)
	}
	return true
}

// text writes a value as JavaScript's toString does.
func text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case bool:
		return strconv.FormatBool(value)
	case float64:
		return numberText(value)
	}
	return fmt.Sprint(value)
}

// numberText writes a number by ECMA-262, Number::toString.
func numberText(f float64) string {
	switch {
	case f == 0:
		return "0"
	case math.IsInf(f, 0) || math.IsNaN(f):
		return strings.Replace(fmt.Sprint(f), "Inf", "Infinity", 1)
	case math.Abs(f) >= 1e21 || math.Abs(f) < 1e-6:
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
		return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// number reads a value as JavaScript's Number does; NaN is not a number.
func number(value any) float64 {
	switch value := value.(type) {
	case float64:
		return value
	case bool:
		if value {
			return 1
		}
		return 0
	case string:
		s := strings.TrimSpace(value)
		if s == "" {
			return 0
		}
		if strings.Trim(s, "+-0123456789.eE") == "" {
			if f, err := strconv.ParseFloat(s, 64); err == nil {
				return f
			}
		}
	}
	return math.NaN()
}

// newUUID makes a UUID of version 4 (RFC 9562, section 5.4).
func newUUID(random io.Reader) string {
	if random == nil {
		random = rand.Reader
	}
	var b [16]byte
	_, _ = io.ReadFull(random, b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// isUUID reports whether a value looks like one that was generated.
func isUUID(value any) bool {
	s, is := value.(string)
	if !is || len(s) != 36 {
		return false
	}
	for i, c := range s {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", c) {
			return false
		}
	}
	return true
}
