package protocoltest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/itchyny/gojq"

	"patchbay/protocols"
)

// InboundHost is what surrounds an inbound connector in tests: everything that
// it is given, in memory. Its methods are safe for many goroutines.
type InboundHost struct {
	t  testing.TB
	mu sync.Mutex
	// Notes are the activity's texts, "SEVERITY tag: message".
	notes []string
	paths map[string][]http.Handler
	state any
	// waiting are the instances by element.
	waiting map[string][]protocols.WaitingInstance
	failing error
}

// NewInboundHost returns an empty one.
func NewInboundHost(t testing.TB) *InboundHost {
	return &InboundHost{t: t, paths: map[string][]http.Handler{}, waiting: map[string][]protocols.WaitingInstance{}}
}

// Host returns what the connector is opened with. Expressions are jq; those
// that begin with "=" are a path such as =request.body.id or JSON.
func (h *InboundHost) Host(host protocols.Host, elements ...protocols.ElementRef) protocols.InboundHost {
	return protocols.InboundHost{
		Host: host, ID: "test", Name: "test", Elements: elements,
		Current:  func() []protocols.ElementRef { return elements },
		Activity: h, Evaluate: Evaluate, Paths: h, Instances: h, Cursor: h,
	}
}

// Note implements protocols.Activity.
func (h *InboundHost) Note(severity, tag, message string, _ map[string]any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notes = append(h.notes, fmt.Sprintf("%s %s: %s", severity, tag, message))
}

// Notes returns the activity so far, each "SEVERITY tag: message".
func (h *InboundHost) Notes() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.notes)
}

// Handle implements protocols.Paths.
func (h *InboundHost) Handle(path string, handler http.Handler) (func(), error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.paths[path] = append(h.paths[path], handler)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.paths[path] = slices.DeleteFunc(h.paths[path], func(other http.Handler) bool { return other == handler })
	}, nil
}

// ServeHTTP serves the paths below /inbound/, the first handler of each.
func (h *InboundHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	handlers := h.paths[strings.TrimPrefix(r.URL.Path, "/inbound/")]
	h.mu.Unlock()
	if len(handlers) == 0 {
		http.NotFound(w, r)
		return
	}
	handlers[0].ServeHTTP(w, r)
}

// Wait makes instances wait at an element, in place of those that waited.
func (h *InboundHost) Wait(elementID string, instances ...protocols.WaitingInstance) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting[elementID] = instances
}

// FailWaiting makes Waiting fail until it is called with nil.
func (h *InboundHost) FailWaiting(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failing = err
}

// Waiting implements protocols.Instances.
func (h *InboundHost) Waiting(_ context.Context, e protocols.ElementRef) ([]protocols.WaitingInstance, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.waiting[e.ElementID]), h.failing
}

// Load implements protocols.Cursor.
func (h *InboundHost) Load(context.Context) (any, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state, nil
}

// Save implements protocols.Cursor.
func (h *InboundHost) Save(_ context.Context, value any) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state = value
	return nil
}

// Evaluate is the host's evaluation of expressions, see Host.
func Evaluate(ctx context.Context, source string, value any) (any, error) {
	text, isPath := strings.CutPrefix(strings.TrimSpace(source), "=")
	if isPath {
		if result, err := decodeJSON(text); err == nil {
			return result, nil
		}
		text = "." + strings.TrimSpace(text)
	}
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parse %q: %w", source, err)
	}
	result, _ := query.RunWithContext(ctx, plain(value)).Next()
	if err, ok := result.(error); ok {
		if isPath {
			return nil, nil // FEEL has null for what is not there
		}
		return nil, err
	}
	return result, nil
}

func decodeJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("more than one value")
	}
	return value, nil
}

// plain copies a value into the types that jq takes.
func plain(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := maps.Clone(v)
		for name, member := range out {
			out[name] = plain(member)
		}
		return out
	case []any:
		out := slices.Clone(v)
		for i, item := range out {
			out[i] = plain(item)
		}
		return out
	case int64:
		return int(v)
	}
	return value
}
