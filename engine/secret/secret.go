// Package secret resolves references to secrets in a connector's input and
// hides their values in everything that leaves.
//
// A reference is written {{secrets.NAME}}, or bare as secrets.NAME. References
// are found in one pass over the text as its author wrote it: the value of a
// secret is never looked at again, so a secret cannot pull in another.
//
// # Differences from Camunda's runtime, on purpose
//
//   - A bare reference counts only where it stands alone, so that the host name
//     my.secrets.io and the path /secrets.html are left as they are.
//   - Values are not scanned again.
//   - The URL-encoded, JSON-escaped and base64 forms of a value are hidden too.
package secret

import (
	"context"
	"fmt"
)

// Query asks for one secret.
type Query struct {
	// Name is what stands after "secrets.".
	Name string
	// TenantID and BpmnProcessID are the job's, for providers that tell
	// tenants or processes apart.
	TenantID, BpmnProcessID string
}

// Provider knows secrets. It is used by many goroutines at once.
type Provider interface {
	// Secret returns a secret's value. ok is false when the provider does not
	// know the name, and then the next one is asked. An error means that it
	// could not look.
	Secret(ctx context.Context, q Query) (value string, ok bool, err error)
}

// Hinter is a Provider that can say how to provide a secret.
type Hinter interface {
	// Hint completes "to provide it, ..."; empty if there is nothing to say.
	Hint(name string) string
}

// Chain asks providers in order; the first that knows a name wins.
type Chain []Provider

// Secret implements Provider.
func (c Chain) Secret(ctx context.Context, q Query) (string, bool, error) {
	for _, p := range c {
		if value, ok, err := p.Secret(ctx, q); ok || err != nil {
			return value, ok, err
		}
	}
	return "", false, nil
}

// Hint returns the hint of the first provider that has one.
func (c Chain) Hint(name string) string {
	for _, p := range c {
		if h, ok := p.(Hinter); ok {
			if text := h.Hint(name); text != "" {
				return text
			}
		}
	}
	return ""
}

// Map is a Provider of secrets at hand, such as those of a command line.
type Map map[string]string

// Secret implements Provider.
func (m Map) Secret(_ context.Context, q Query) (string, bool, error) {
	value, ok := m[q.Name]
	return value, ok, nil
}

// MissingError is a reference to a secret that no provider knows.
type MissingError struct {
	// Name is the secret's name.
	Name string
	// Hint says how to provide it; it may be empty.
	Hint string
}

// Error returns Camunda's text, which error expressions may test.
func (e *MissingError) Error() string {
	return fmt.Sprintf("Secret with name '%s' is not available", e.Name)
}

// LookupError is a provider that could not look.
type LookupError struct {
	// Name is the secret's name.
	Name string
	// Err is why.
	Err error
}

func (e *LookupError) Error() string { return fmt.Sprintf("look up secret %q: %v", e.Name, e.Err) }

// Unwrap returns the cause.
func (e *LookupError) Unwrap() error { return e.Err }
