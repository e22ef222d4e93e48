package kafka

import (
	"fmt"
	"strings"

	"patchbay/protocols/value"
)

// lenient reads JSON as Camunda's connector does: strings may be in single
// quotes and may hold control characters as they are.
func lenient(text string) (any, error) {
	v, err := value.Decode([]byte(text))
	if err == nil {
		return v, nil
	}
	strict, ok := mended(text)
	if !ok {
		return nil, err
	}
	return value.Decode([]byte(strict))
}

// mended rewrites a text's strings as strict JSON; ok is false if there is
// nothing to mend.
func mended(text string) (strict string, ok bool) {
	if !strings.ContainsFunc(text, func(c rune) bool { return c == '\'' || c < ' ' }) {
		return "", false
	}
	var out strings.Builder
	var quote byte // that of the string at hand; 0 outside of strings
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
			out.WriteByte('"')
		case quote == 0:
			out.WriteByte(c)
		case c == quote:
			quote = 0
			out.WriteByte('"')
		case c == '\\' && i+1 < len(text):
			i++
			if text[i] != '\'' { // JSON has no escape for it
				out.WriteByte('\\')
			}
			out.WriteByte(text[i])
		case c == '"':
			out.WriteString(`\"`)
		case c < ' ':
			fmt.Fprintf(&out, `\u%04x`, c)
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), quote == 0
}
