package value

import (
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// Decode reads one JSON text. The error is a *SyntaxError.
func Decode(data []byte) (any, error) {
	d := decoder{data: data}
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	return v, d.end()
}

// Fields calls field with each name of a JSON object and the bytes of its
// value, in the order of the text, without decoding the values. The error is a
// *SyntaxError, for anything but an object too.
func Fields(data []byte, field func(name string, raw []byte)) error {
	d := decoder{data: data}
	if d.peek() != '{' {
		return d.wrong("expected an object")
	}
	err := d.members(func(name string) error {
		d.space()
		start := d.pos
		if err := d.skip(1); err != nil {
			return err
		}
		field(name, d.data[start:d.pos])
		return nil
	})
	if err != nil {
		return err
	}
	return d.end()
}

type decoder struct {
	data []byte
	pos  int
	// names are object keys seen so far: texts repeat theirs.
	names map[string]string
}

func (d *decoder) wrong(msg string) error { return &SyntaxError{Offset: d.pos, Msg: msg} }

func (d *decoder) space() {
	for d.pos < len(d.data) {
		switch d.data[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

// peek returns the next byte that is no blank; 0 at the end.
func (d *decoder) peek() byte {
	d.space()
	if d.pos == len(d.data) {
		return 0
	}
	return d.data[d.pos]
}

func (d *decoder) end() error {
	if d.peek() != 0 || d.pos != len(d.data) {
		return d.wrong("text after the value")
	}
	return nil
}

func (d *decoder) value(depth int) (any, error) {
	if depth > MaxDepth {
		return nil, d.wrong("nested too deep")
	}
	switch c := d.peek(); {
	case c == '{':
		return d.object(depth)
	case c == '[':
		return d.array(depth)
	case c == '"':
		return d.text()
	case c == '-' || '0' <= c && c <= '9':
		raw, err := d.number()
		return json.Number(raw), err
	}
	return d.word()
}

func (d *decoder) object(depth int) (any, error) {
	out := make(map[string]any)
	err := d.members(func(name string) error {
		v, err := d.value(depth + 1)
		out[name] = v
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (d *decoder) members(member func(name string) error) error {
	d.pos++
	if d.peek() == '}' {
		d.pos++
		return nil
	}
	for {
		if d.peek() != '"' {
			return d.wrong("expected a name in quotes")
		}
		name, err := d.name()
		if err != nil {
			return err
		}
		if d.peek() != ':' {
			return d.wrong(`expected ":"`)
		}
		d.pos++
		if err := member(name); err != nil {
			return err
		}
		if done, err := d.next('}'); done || err != nil {
			return err
		}
	}
}

func (d *decoder) array(depth int) (any, error) {
	d.pos++
	out := []any{}
	if d.peek() == ']' {
		d.pos++
		return out, nil
	}
	for {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if done, err := d.next(']'); done || err != nil {
			return out, err
		}
	}
}

// next steps over a comma or the closing bracket.
func (d *decoder) next(closing byte) (done bool, err error) {
	switch d.peek() {
	case ',':
		d.pos++
		return false, nil
	case closing:
		d.pos++
		return true, nil
	}
	return false, d.wrong(`expected "," or "` + string(closing) + `"`)
}

func (d *decoder) word() (any, error) {
	for _, w := range words {
		if end := d.pos + len(w.text); end <= len(d.data) && string(d.data[d.pos:end]) == w.text {
			d.pos = end
			return w.value, nil
		}
	}
	if d.pos == len(d.data) {
		return nil, d.wrong("unexpected end")
	}
	return nil, d.wrong("unexpected character " + strconv.QuoteRune(rune(d.data[d.pos])))
}

var words = []struct {
	text  string
	value any
}{{"null", nil}, {"true", true}, {"false", false}}

func (d *decoder) number() (string, error) {
	start := d.pos
	if d.data[d.pos] == '-' {
		d.pos++
	}
	if d.pos < len(d.data) && d.data[d.pos] == '0' {
		d.pos++
	} else if !d.digits() {
		return "", d.wrong("expected a digit")
	}
	if d.pos < len(d.data) && d.data[d.pos] == '.' {
		d.pos++
		if !d.digits() {
			return "", d.wrong("expected a digit")
		}
	}
	if d.pos < len(d.data) && d.data[d.pos]|0x20 == 'e' {
		d.pos++
		if d.pos < len(d.data) && (d.data[d.pos] == '+' || d.data[d.pos] == '-') {
			d.pos++
		}
		if !d.digits() {
			return "", d.wrong("expected a digit")
		}
	}
	return string(d.data[start:d.pos]), nil
}

func (d *decoder) digits() bool {
	start := d.pos
	for d.pos < len(d.data) && '0' <= d.data[d.pos] && d.data[d.pos] <= '9' {
		d.pos++
	}
	return d.pos > start
}

// name reads an object's key; one that was read before costs no memory.
func (d *decoder) name() (string, error) {
	raw, plain, err := d.quoted()
	if err != nil || !plain {
		return unquote(raw), err
	}
	if s, ok := d.names[string(raw)]; ok {
		return s, nil
	}
	s := string(raw)
	if d.pos > 4096 { // small texts do not repeat enough
		if d.names == nil {
			d.names = map[string]string{}
		}
		if len(d.names) < 1000 {
			d.names[s] = s
		}
	}
	return s, nil
}

func (d *decoder) text() (any, error) {
	raw, plain, err := d.quoted()
	if err != nil {
		return nil, err
	}
	if plain {
		return string(raw), nil
	}
	return unquote(raw), nil
}

// quoted steps over a string and returns what is between its quotes; plain
// means that it holds no escape and is valid UTF-8.
func (d *decoder) quoted() (raw []byte, plain bool, err error) {
	start := d.pos + 1
	plain = true
	for i := start; i < len(d.data); i++ {
		switch c := d.data[i]; {
		case c == '"':
			d.pos = i + 1
			raw = d.data[start:i]
			return raw, plain && validUTF8(raw), nil
		case c == '\\':
			plain = false
			n, ok := escape(d.data[i:])
			if !ok {
				d.pos = i
				return nil, false, d.wrong("invalid escape in a string")
			}
			i += n - 1
		case c < ' ':
			d.pos = i
			return nil, false, d.wrong("control character in a string")
		}
	}
	d.pos = len(d.data)
	return nil, false, d.wrong("string without an end")
}

func validUTF8(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return utf8.Valid(b)
		}
	}
	return true
}

// escape returns the length of the escape that b begins with.
func escape(b []byte) (n int, ok bool) {
	if len(b) < 2 {
		return 0, false
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, true
	case 'u':
		if len(b) < 6 {
			return 0, false
		}
		_, err := strconv.ParseUint(string(b[2:6]), 16, 16)
		return 6, err == nil
	}
	return 0, false
}

// unquote resolves escapes; what is no valid text becomes U+FFFD.
func unquote(raw []byte) string {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			r, n := utf8.DecodeRune(raw[i:])
			out = utf8.AppendRune(out, r)
			i += n
			continue
		}
		if raw[i+1] != 'u' {
			out = append(out, escapes[raw[i+1]])
			i += 2
			continue
		}
		r, n := codePoint(raw[i:])
		out = utf8.AppendRune(out, r)
		i += n
	}
	return unsafe.String(unsafe.SliceData(out), len(out))
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// codePoint reads one \u escape, or two that are a surrogate pair.
func codePoint(b []byte) (r rune, n int) {
	hex := func(b []byte) rune {
		u, _ := strconv.ParseUint(string(b[2:6]), 16, 16)
		return rune(u)
	}
	r = hex(b)
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
		if pair := utf16.DecodeRune(r, hex(b[6:])); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

// skip steps over a value.
func (d *decoder) skip(depth int) error {
	if depth > MaxDepth {
		return d.wrong("nested too deep")
	}
	switch c := d.peek(); {
	case c == '{':
		return d.members(func(string) error { return d.skip(depth + 1) })
	case c == '[':
		return d.skipArray(depth)
	case c == '"':
		_, _, err := d.quoted()
		return err
	case c == '-' || '0' <= c && c <= '9':
		_, err := d.number()
		return err
	}
	_, err := d.word()
	return err
}

func (d *decoder) skipArray(depth int) error {
	d.pos++
	if d.peek() == ']' {
		d.pos++
		return nil
	}
	for {
		if err := d.skip(depth + 1); err != nil {
			return err
		}
		if done, err := d.next(']'); done || err != nil {
			return err
		}
	}
}
