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
	d := decoder{data: string(data)}
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	return v, d.end()
}

// DecodeLong is Decode for numbers of any length: the caller sees to those of
// more than MaxDigits, which HasLongNumber finds. What it returns shares data's
// memory, so data must not change afterwards.
func DecodeLong(data []byte) (any, error) {
	d := decoder{data: text(data), long: true}
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	return v, d.end()
}

func text(data []byte) string { return unsafe.String(unsafe.SliceData(data), len(data)) }

// Pick reads a JSON object and decodes those of its members that wanted asks
// for; of the others it only checks the syntax. The error is a *SyntaxError,
// for anything but an object too. What it returns shares data's memory, so data
// must not change afterwards.
func Pick(data []byte, wanted func(name string) bool) (map[string]any, error) {
	d := decoder{data: text(data)}
	if d.peek() != '{' {
		return nil, d.wrong("expected an object")
	}
	out := make(map[string]any)
	more, err := d.open('}')
	for more && err == nil {
		var name string
		if name, err = d.name(); err != nil {
			break
		}
		if wanted(name) {
			out[name], err = d.value(1)
		} else {
			err = d.skip(1)
		}
		if err == nil {
			more, err = d.next('}')
		}
	}
	if err != nil {
		return nil, err
	}
	return out, d.end()
}

// decoder reads a text. What it returns shares the text's memory.
type decoder struct {
	data string
	pos  int
	long bool // numbers may have any length
	// items are those of the arrays that are being read, the innermost's last:
	// each array is made once, as long as it is.
	items []any
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
		s, err := d.text()
		return s, err
	case c == '-' || '0' <= c && c <= '9':
		raw, err := d.number()
		return json.Number(raw), err
	}
	return d.word()
}

func (d *decoder) object(depth int) (any, error) {
	out := make(map[string]any)
	more, err := d.open('}')
	for more && err == nil {
		var name string
		if name, err = d.name(); err != nil {
			break
		}
		if out[name], err = d.value(depth + 1); err != nil {
			break
		}
		more, err = d.next('}')
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (d *decoder) array(depth int) (any, error) {
	if d.items == nil {
		d.items = make([]any, 0, 8)
	}
	start := len(d.items)
	more, err := d.open(']')
	for more && err == nil {
		var v any
		if v, err = d.value(depth + 1); err != nil {
			break
		}
		d.items = append(d.items, v)
		more, err = d.next(']')
	}
	if err != nil {
		return nil, err
	}
	out := make([]any, len(d.items)-start)
	copy(out, d.items[start:])
	clear(d.items[start:])
	d.items = d.items[:start]
	return out, nil
}

// open steps over the opening bracket; more is false when the closing one
// follows at once, which it steps over as well.
func (d *decoder) open(closing byte) (more bool, err error) {
	d.pos++
	if d.peek() == closing {
		d.pos++
		return false, nil
	}
	return true, nil
}

// next steps over a comma, or over the closing bracket, after which there is no
// more.
func (d *decoder) next(closing byte) (more bool, err error) {
	switch d.peek() {
	case ',':
		d.pos++
		return true, nil
	case closing:
		d.pos++
		return false, nil
	}
	return false, d.wrong(`expected "," or "` + string(closing) + `"`)
}

// name reads a member's name and the colon.
func (d *decoder) name() (string, error) {
	if d.peek() != '"' {
		return "", d.wrong("expected a name in quotes")
	}
	name, err := d.text()
	if err != nil {
		return "", err
	}
	if d.peek() != ':' {
		return "", d.wrong(`expected ":"`)
	}
	d.pos++
	return name, nil
}

func (d *decoder) word() (any, error) {
	for _, w := range words {
		if end := d.pos + len(w.text); end <= len(d.data) && d.data[d.pos:end] == w.text {
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
	if d.pos-start > MaxDigits && !d.long {
		return "", d.wrong("a number of more than " + strconv.Itoa(MaxDigits) + " characters")
	}
	return d.data[start:d.pos], nil
}

func (d *decoder) digits() bool {
	start := d.pos
	for d.pos < len(d.data) && '0' <= d.data[d.pos] && d.data[d.pos] <= '9' {
		d.pos++
	}
	return d.pos > start
}

func (d *decoder) text() (string, error) {
	raw, plain, err := d.quoted()
	if err != nil || plain {
		return raw, err
	}
	return unquote(raw), nil
}

// quoted steps over a string and returns what is between its quotes; plain
// means that it holds no escape and is valid UTF-8.
func (d *decoder) quoted() (raw string, plain bool, err error) {
	start := d.pos + 1
	plain = true
	ascii := true
	for i := start; i < len(d.data); i++ {
		switch c := d.data[i]; {
		case c == '"':
			d.pos = i + 1
			raw = d.data[start:i]
			return raw, plain && (ascii || utf8.ValidString(raw)), nil
		case c == '\\':
			plain = false
			n, ok := escape(d.data[i:])
			if !ok {
				d.pos = i
				return "", false, d.wrong("invalid escape in a string")
			}
			i += n - 1
		case c >= utf8.RuneSelf:
			ascii = false
		case c < ' ':
			d.pos = i
			return "", false, d.wrong("control character in a string")
		}
	}
	d.pos = len(d.data)
	return "", false, d.wrong("string without an end")
}

// escape returns the length of the escape that b begins with.
func escape(b string) (n int, ok bool) {
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
		_, err := strconv.ParseUint(b[2:6], 16, 16)
		return 6, err == nil
	}
	return 0, false
}

// unquote resolves escapes; what is no valid text becomes U+FFFD.
func unquote(raw string) string {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			r, n := utf8.DecodeRuneInString(raw[i:])
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
	return string(out)
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// codePoint reads one \u escape, or two that are a surrogate pair.
func codePoint(b string) (r rune, n int) {
	hex := func(b string) rune {
		u, _ := strconv.ParseUint(b[2:6], 16, 16)
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
		return d.skipAll('}', depth)
	case c == '[':
		return d.skipAll(']', depth)
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

// skipAll steps over what is between brackets.
func (d *decoder) skipAll(closing byte, depth int) error {
	more, err := d.open(closing)
	for more && err == nil {
		if closing == '}' {
			if _, err = d.name(); err != nil {
				break
			}
		}
		if err = d.skip(depth + 1); err != nil {
			break
		}
		more, err = d.next(closing)
	}
	return err
}
