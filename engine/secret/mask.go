package secret

import (
	"context"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"sync"

	"patchbay/engine/value"
)

// Mask stands where a secret stood.
const Mask = "***"

// Masker hides the values of secrets in texts. It may be used by many
// goroutines; the zero Masker hides nothing yet.
type Masker struct {
	mu       sync.Mutex
	values   []string
	replacer *strings.Replacer
}

type maskerKey struct{}

// WithMasker returns a context that carries the masker of a job, for whoever
// writes down what happens below it.
func WithMasker(ctx context.Context, m *Masker) context.Context {
	return context.WithValue(ctx, maskerKey{}, m)
}

// MaskerOf returns the masker that a context carries; nil, which hides nothing,
// if it carries none.
func MaskerOf(ctx context.Context) *Masker {
	m, _ := ctx.Value(maskerKey{}).(*Masker)
	return m
}

// Add makes the masker hide a value. An empty value is ignored.
func (m *Masker) Add(value string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if value != "" && !slices.Contains(m.values, value) {
		m.values = append(m.values, value)
		m.replacer = nil
	}
}

// Empty reports whether there is nothing to hide.
func (m *Masker) Empty() bool {
	if m == nil {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.values) == 0
}

// Text returns a text with the values hidden, as they are and URL-encoded,
// JSON-escaped or in base64, also as part of a longer base64 text.
func (m *Masker) Text(text string) string {
	if text == "" || m.Empty() {
		return text
	}
	return m.forms().Replace(text)
}

// Value returns a JSON value with the values hidden in its strings and keys;
// v itself is not changed.
func (m *Masker) Value(v any) any {
	if m.Empty() {
		return v
	}
	return m.walk(v)
}

func (m *Masker) walk(v any) any {
	switch v := v.(type) {
	case string:
		return m.Text(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = m.walk(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[m.Text(k)] = m.walk(e)
		}
		return out
	}
	return v
}

func (m *Masker) forms() *strings.Replacer {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.replacer != nil {
		return m.replacer
	}
	var forms []string
	for _, v := range m.values {
		forms = append(forms, formsOf(v)...)
	}
	// The replacer takes the first that fits, so longer ones come first.
	slices.SortStableFunc(forms, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(forms))
	for _, f := range slices.Compact(forms) {
		pairs = append(pairs, f, Mask)
	}
	m.replacer = strings.NewReplacer(pairs...)
	return m.replacer
}

// shortest is how long an encoded form must be to be hidden: shorter ones stand
// in too many texts by chance.
const shortest = 6

func formsOf(v string) []string {
	forms := []string{v}
	escaped := value.AppendString(nil, v)
	encoded := []string{
		url.QueryEscape(v), url.PathEscape(v), strings.ReplaceAll(url.QueryEscape(v), "+", "%20"),
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
			forms = append(forms, f, lowerEscapes(f))
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

// lowerEscapes writes percent escapes with small letters, as some do.
func lowerEscapes(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}
