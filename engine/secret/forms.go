package secret

import (
	"encoding/base64"
	"slices"
	"strings"

	"patchbay/protocols/value"
)

// forms are the texts by which secrets may show: as they are, JSON-escaped and
// in base64, and any of these with URL escapes, whichever characters a writer
// of URLs escapes.
type forms struct {
	list  []string // the longest first
	plain *strings.Replacer
	// starts are the bytes that a form with URL escapes may begin with.
	starts [256]bool
}

func newForms(values []string) *forms {
	f := &forms{}
	for _, v := range values {
		f.list = append(f.list, formsOf(v)...)
	}
	slices.Sort(f.list)
	f.list = slices.Compact(f.list)
	// The first that fits is taken, so longer ones come first.
	slices.SortStableFunc(f.list, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(f.list))
	for _, form := range f.list {
		pairs = append(pairs, form, Mask)
		f.starts[form[0]], f.starts['%'], f.starts['+'] = true, true, true
	}
	f.plain = strings.NewReplacer(pairs...)
	return f
}

// shortest is how long an encoded form must be to be hidden: shorter ones stand
// in too many texts by chance.
const shortest = 6

func formsOf(v string) []string {
	forms := []string{v}
	escaped := value.AppendString(nil, v)
	encoded := []string{
		string(escaped[1 : len(escaped)-1]),
		base64.StdEncoding.EncodeToString([]byte(v)), base64.URLEncoding.EncodeToString([]byte(v)),
		base64.RawStdEncoding.EncodeToString([]byte(v)), base64.RawURLEncoding.EncodeToString([]byte(v)),
	}
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 {
			encoded = append(encoded, inner(enc, v, shift))
		}
	}
	for _, f := range encoded {
		if len(f) >= shortest && f != v {
			forms = append(forms, f)
		}
	}
	return forms
}

// inner returns the characters of a base64 text that depend on v alone when
// shift bytes, modulo three, stand before it.
func inner(enc *base64.Encoding, v string, shift int) string {
	text := enc.EncodeToString(append(make([]byte, shift), v...))
	from := (shift*8 + 5) / 6
	to := (shift + len(v)) * 8 / 6
	if from >= to {
		return ""
	}
	return text[from:to]
}

func (f *forms) hide(text string) string {
	if !strings.ContainsAny(text, "%+") {
		return f.plain.Replace(text)
	}
	var out strings.Builder
	done := 0
	for at := 0; at < len(text); {
		n := 0
		if f.starts[text[at]] {
			n = f.length(text[at:])
		}
		if n == 0 {
			at++
			continue
		}
		out.WriteString(text[done:at])
		out.WriteString(Mask)
		at += n
		done = at
	}
	return out.String() + text[done:]
}

// length is how many bytes of a text are the longest form that it begins with.
func (f *forms) length(text string) int {
	for _, form := range f.list {
		if strings.HasPrefix(text, form) {
			return len(form)
		}
		if n := escapedLength(text, form); n >= shortest {
			return n
		}
	}
	return 0
}

// escapedLength is how many bytes of a text are the form with URL escapes; 0 if
// it does not begin with it.
func escapedLength(text, form string) int {
	at := 0
	for i := range len(form) {
		if at == len(text) {
			return 0
		}
		if c, ok := unescaped(text[at:]); ok && c == form[i] {
			at += 3
		} else if text[at] == form[i] || text[at] == '+' && form[i] == ' ' {
			at++
		} else {
			return 0
		}
	}
	return at
}

// unescaped is the byte that a text begins with as %XX.
func unescaped(text string) (c byte, ok bool) {
	if len(text) < 3 || text[0] != '%' {
		return 0, false
	}
	high, ok1 := hexDigit(text[1])
	low, ok2 := hexDigit(text[2])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
