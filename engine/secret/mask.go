package secret

import (
	"context"
	"slices"
	"sync"
)

// Mask stands where a secret stood.
const Mask = "***"

// Masker hides the values of secrets in texts. It may be used by many
// goroutines; the zero Masker hides nothing yet.
type Masker struct {
	mu     sync.Mutex
	values []string
	forms  *forms
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
		m.forms = nil
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
	return m.formsNow().hide(text)
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

func (m *Masker) formsNow() *forms {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.forms == nil {
		m.forms = newForms(m.values)
	}
	return m.forms
}
