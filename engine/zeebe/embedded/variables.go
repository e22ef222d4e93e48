package embedded

import (
	"bytes"
	"encoding/json"
	"fmt"

	"patchbay/engine/feel"
)

// variable is a name with its JSON, which keeps the digits of numbers as they came.
type variable struct {
	name   string
	json   []byte // compact, never changed in place
	key    int64  // given when somebody reads it, see Engine.Variables
	parsed bool
	value  feel.Value // of json, when parsed
}

// indexAbove is from how many variables on a scope gets an index.
const indexAbove = 16

// variables is the content of one scope or of one document, in order of creation. The zero value is empty.
type variables struct {
	list  []variable
	index map[string]int
}

func (v *variables) find(name string) *variable {
	if v.index != nil {
		if i, ok := v.index[name]; ok {
			return &v.list[i]
		}
		return nil
	}
	for i := range v.list {
		if v.list[i].name == name {
			return &v.list[i]
		}
	}
	return nil
}

func (v *variables) set(name string, value []byte) {
	if found := v.find(name); found != nil {
		found.json, found.parsed, found.value = value, false, feel.Value{}
		return
	}
	v.list = append(v.list, variable{name: name, json: value})
	switch {
	case v.index != nil:
		v.index[name] = len(v.list) - 1
	case len(v.list) > indexAbove:
		v.index = make(map[string]int, 2*len(v.list))
		for i := range v.list {
			v.index[v.list[i].name] = i
		}
	}
}

// feel gives the variable's FEEL value, parsed once.
func (v *variable) feel() feel.Value {
	if !v.parsed {
		v.value, _ = feel.FromJSON(v.json)
		v.parsed = true
	}
	return v.value
}

// copy gives variables that share no memory that may change.
func (v *variables) copy() variables {
	var out variables
	for i := range v.list {
		out.set(v.list[i].name, v.list[i].json)
	}
	return out
}

func appendMember(dst []byte, name string, value []byte) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = appendJSONString(dst, name)
	dst = append(dst, ':')
	return append(dst, value...)
}

// appendJSONString quotes s; plain text, which is nearly all there is, is copied.
func appendJSONString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			return append(dst, quoteJSON(s)...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

func quoteJSON(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string cannot fail
	return bytes.TrimSpace(b.Bytes())
}

// parseDocument reads the JSON object of a request into variables. Empty text and null are an empty document.
func parseDocument(text string) (variables, error) {
	var out variables
	if text == "" || text == "{}" || text == "null" {
		return out, nil
	}
	var compact bytes.Buffer
	compact.Grow(len(text))
	if err := json.Compact(&compact, []byte(text)); err != nil {
		return out, fmt.Errorf("parse variables: %w", err)
	}
	data := compact.Bytes()
	if len(data) == 0 || data[0] != '{' {
		return out, zeebeErrorf("Expected document to be a root level object, but was '%s'", jsonKind(data))
	}
	splitObject(data, out.set)
	return out, nil
}

func jsonKind(data []byte) string {
	switch {
	case len(data) == 0:
		return "NIL"
	case data[0] == '[':
		return "ARRAY"
	case data[0] == '"':
		return "STRING"
	case data[0] == 't' || data[0] == 'f':
		return "BOOLEAN"
	}
	return "NUMBER"
}

// splitObject calls yield with each member of a compact, valid JSON object.
func splitObject(data []byte, yield func(name string, value []byte)) {
	for at := 1; at < len(data) && data[at] == '"'; {
		end := skipString(data, at)
		name := unquote(data[at:end])
		at = end + 1 // the colon
		end = skipValue(data, at)
		yield(name, data[at:end:end])
		at = end + 1 // a comma or the closing brace
	}
}

// splitArray gives the items of a compact, valid JSON array.
func splitArray(data []byte) (items [][]byte) {
	for at := 1; at < len(data) && data[at] != ']'; {
		end := skipValue(data, at)
		items = append(items, data[at:end:end])
		at = end + 1 // a comma or the closing bracket
	}
	return items
}

// skipString gives the place behind the string that begins at the quote data[at].
func skipString(data []byte, at int) int {
	for at++; data[at] != '"'; at++ {
		if data[at] == '\\' {
			at++
		}
	}
	return at + 1
}

// skipValue gives the place behind the value that begins at data[at].
func skipValue(data []byte, at int) int {
	depth := 0
	for at < len(data) {
		switch data[at] {
		case '"':
			at = skipString(data, at)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return at
			}
			depth--
		case ',':
			if depth == 0 {
				return at
			}
		}
		at++
	}
	return at
}

func unquote(data []byte) string {
	inner := data[1 : len(data)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	if json.Unmarshal(data, &s) != nil {
		return string(inner)
	}
	return s
}
