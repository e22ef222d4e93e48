package queue

import (
	"encoding/base64"
	"unicode/utf8"

	"patchbay/protocols/value"
)

// Body makes a message's content readable for expressions: JSON as it is, other
// text as a string, and what is no UTF-8 as a string in base64.
func Body(content []byte) any {
	if v, err := value.Decode(content); err == nil {
		return v
	}
	return Text(content)
}

// Text returns bytes as a string, in base64 if they are no UTF-8.
func Text(content []byte) string {
	if utf8.Valid(content) {
		return string(content)
	}
	return base64.StdEncoding.EncodeToString(content)
}

// Headers makes headers readable for expressions: an object of texts, in which
// the last of a name wins. It is nil if there are none.
func Headers(list []Header) map[string]any {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]any, len(list))
	for _, h := range list {
		out[h.Name] = string(h.Value)
	}
	return out
}
