package webhook

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// form is a decoded query or application/x-www-form-urlencoded body, in the
// order of the text.
type form []field

type field struct{ name, value string }

// parseForm decodes a form. Pairs are cut before they are decoded, so an encoded
// "&" or "=" belongs to its value; a name without "=" has the value "". It fails
// on a broken escape and on what is not UTF-8.
func parseForm(text string) (form, error) {
	f := make(form, 0, strings.Count(text, "&")+1)
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		decodedName, err := unescape(name)
		if err != nil {
			return nil, err
		}
		decodedValue, err := unescape(value)
		if err != nil {
			return nil, err
		}
		f = append(f, field{decodedName, decodedValue})
	}
	return f, nil
}

func unescape(text string) (string, error) {
	decoded, err := url.QueryUnescape(text)
	if err != nil {
		return "", err
	}
	if !utf8.ValidString(decoded) {
		return "", fmt.Errorf("%q is not UTF-8", text)
	}
	return decoded, nil
}

// first returns the first value of each name.
func (f form) first() map[string]any {
	out := make(map[string]any, len(f))
	for _, p := range f {
		if _, has := out[p.name]; !has {
			out[p.name] = p.value
		}
	}
	return out
}

// repeated returns all values of the names that come more than once.
func (f form) repeated() map[string]any {
	var out map[string]any
	for name, value := range f.object() {
		if list, ok := value.([]any); ok {
			if out == nil {
				out = map[string]any{}
			}
			out[name] = list
		}
	}
	return out
}

// object returns the form as an object; a name that comes more than once has a
// list of its values.
func (f form) object() map[string]any {
	out := make(map[string]any, len(f))
	for _, p := range f {
		put(out, p.name, p.value)
	}
	return out
}

// put adds a value under a name; from the second on they are a list.
func put(object map[string]any, name string, value any) {
	switch before := object[name].(type) {
	case nil:
		object[name] = value
	case []any:
		object[name] = append(before, value)
	default:
		object[name] = []any{before, value}
	}
}
