package webhook

import (
	"encoding/json"
	"fmt"
	"strings"

	"patchbay/protocols"
)

// lists reads properties that are lists of texts. The first error stays in err.
type lists struct{ err error }

// read takes a list, or a text: JSON, or texts with commas or blanks between.
func (l *lists) read(path string, value any) []string {
	if text, ok := value.(string); ok {
		var list []any
		if json.Unmarshal([]byte(text), &list) != nil {
			return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
		}
		value = list
	}
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return l.texts(path, v)
	}
	l.fail(path, fmt.Sprintf("expected a list of texts but got %T", value))
	return nil
}

func (l *lists) texts(path string, list []any) []string {
	out := make([]string, len(list))
	for i, item := range list {
		text, ok := item.(string)
		if !ok {
			l.fail(path, fmt.Sprintf("expected a list of texts but got %T in it", item))
		}
		out[i] = text
	}
	return out
}

func (l *lists) fail(path, message string) {
	if l.err == nil {
		l.err = &protocols.InputError{Path: path, Message: message}
	}
}
