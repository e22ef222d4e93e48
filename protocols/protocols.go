// Package protocols holds what every protocol engine shares: the description
// that a registry lists, the interface that the engine calls, the host that the
// process hands to it, and the errors that decide a job's fate.
//
// A protocol lives in a folder of its own below this one and imports neither a
// sibling nor the engine: what it needs from its surroundings it gets as a Host.
package protocols

import (
	"context"
	"fmt"
	"slices"
)

// Protocol describes one protocol engine. It is a value: packages export a
// function that returns one, and protocols/all lists them.
type Protocol struct {
	// Name is what a connector template writes in its hidden property
	// "protocol", and what traces and metrics show: "rest", "graphql".
	Name string
	// Doc says what the protocol does; its first sentence is the one-line help.
	Doc string
	// JobTypes are served without any template that names the protocol,
	// such as "io.camunda:http-json:1".
	JobTypes []string
	// Input returns a pointer to a new input struct with its defaults filled
	// in. The engine binds a job's variables to it (see package bind), and
	// lint, documentation and forms read its fields and tags.
	Input func() any
	// Response names what the response of a call holds, at the top. Codes are
	// the codes of its errors, which error expressions test (see Error.Code).
	Response, Codes []Named
	// Outbound opens the engine that makes calls; nil for a protocol that
	// only listens. It is called once in a process's life.
	Outbound func(Host) (Outbound, error)
	// InboundTypes are the values of the property inbound.type that it serves.
	InboundTypes []string
	// Properties returns a pointer to a new properties struct of an inbound
	// connector, with defaults; it is bound like Input.
	Properties func() any
	// Event names what expressions see of an event, at the top. Answers are
	// what the sender of an event may be told, for a protocol that answers.
	Event, Answers []Named
	// Sample names the members of a made-up event, for a protocol whose Inbound
	// is a Sampler.
	Sample []Named
	// Scope lists the properties that make a listener what it is, by dotted
	// names or their beginnings ("inbound.auth"). Elements that agree in them
	// share an executable under automatic deduplication, and only their
	// change opens the listener anew; what else differs is read from the
	// element that an event chose (Correlation.Properties). Empty means all
	// but those that the engine itself reads.
	Scope []string
	// Deferred lists properties, like Scope, whose expressions the listener
	// evaluates itself with InboundHost.Evaluate; "*" means all. In any other
	// property a value that begins with "=" is evaluated once, when the
	// listener is opened, unless its name ends in "Expression" or "Locator".
	Deferred []string
	// Exclusive means that a listener acts by itself, as a poll does: among
	// replicas only one listens, and a restarted one waits for the old one's end.
	Exclusive bool
	// Inbound opens a listener for one executable; nil for a protocol that
	// only calls out.
	Inbound func(h InboundHost, properties any) (Inbound, error)
	// Paused takes the place of a listener while its executable is paused, for
	// a protocol whose senders should be told; nil for others. It returns when
	// ctx ends, or earlier with an error.
	Paused func(ctx context.Context, h InboundHost, properties any) error
}

// Named is a name that users meet, with what it means: one or more sentences.
type Named struct{ Name, Doc string }

// Outbound makes calls for jobs. It is used by many goroutines at once. One
// that holds connections also implements io.Closer; Close is called once, after
// the last Execute has returned.
type Outbound interface {
	// Execute makes one call. ctx ends at the latest when the job's lock
	// does, so a call never outlives its job. What goes wrong comes back as an
	// *Error or an *InputError; any other error counts as an *Error without
	// a code.
	Execute(ctx context.Context, call Call) (Output, error)
}

// Idempotent is implemented by an Outbound whose calls can sometimes be
// repeated without harm; without it no call is.
type Idempotent interface {
	// Idempotent reports whether the call may be made again although an
	// earlier attempt may have reached the server (RFC 9110, 9.2.2).
	Idempotent(call Call) bool
}

// Preparer is implemented by an Outbound whose inputs may hold function calls
// and document references. The engine calls it once the secrets are resolved
// and before the variables are bound.
type Preparer interface {
	// Prepare returns the variables with what they stand for in place. It does
	// not change the ones it was given. ctx and errors are those of Execute.
	Prepare(ctx context.Context, variables map[string]any) (map[string]any, error)
}

// Call is one call to make.
type Call struct {
	// Input is what Protocol.Input returned, bound and validated, with the
	// secrets resolved.
	Input any
	// Headers are the job's task headers.
	Headers map[string]string
	// TenantID is the tenant that the job belongs to.
	TenantID string
	// Observe, when not nil, is told of every exchange with the outside: one
	// per request, redirects and token requests included. It is called from
	// the goroutine that runs Execute and must neither keep headers and bodies
	// nor change them.
	Observe func(Exchange)
	// StatusOnly says that Observe looks at method, status, times and error
	// alone, so that the rest need not be made.
	StatusOnly bool
	// Turn, when not nil, is waited for before an answer of more than
	// LargeAnswer bytes is decoded.
	Turn Turn
}

// LargeAnswer is the size in bytes from which on calls with such answers take
// turns: decoded, an answer may take seventy times the memory of its text, and as
// many calls as there are may get one at once.
const LargeAnswer = 64 << 10

// Turn is a call's turn to decode a large answer. It lasts until what became of
// the answer has been mapped, so nothing else must be waited for from then on.
type Turn interface {
	// Wait returns when there is room for an answer that takes about so many
	// bytes of memory once it is decoded (see value.DecodedSize), at once if
	// the call had its turn already. It returns the context's error when that
	// ends first, and an *Error for more than there is ever room for. It is for
	// one goroutine.
	Wait(ctx context.Context, memory int64) error
}

// Output is the answer to a call.
type Output struct {
	// Value is what mappings see as the response: JSON as Go values (nil,
	// bool, string, json.Number or any Go number, []any, map[string]any).
	Value any
}

// Registry knows protocols by name and by job type. It is immutable.
type Registry struct {
	list          []Protocol
	byName        map[string]Protocol
	byType        map[string]Protocol
	byInboundType map[string]Protocol
}

// NewRegistry returns a registry of these protocols. It fails when two of them
// share a name or a job type.
func NewRegistry(list ...Protocol) (*Registry, error) {
	r := &Registry{list: slices.Clone(list), byName: map[string]Protocol{}, byType: map[string]Protocol{}, byInboundType: map[string]Protocol{}}
	for _, p := range list {
		if _, taken := r.byName[p.Name]; taken {
			return nil, fmt.Errorf("register protocol %q: the name is taken", p.Name)
		}
		r.byName[p.Name] = p
		for _, t := range p.JobTypes {
			if other, taken := r.byType[t]; taken {
				return nil, fmt.Errorf("register protocol %q: job type %q belongs to %q", p.Name, t, other.Name)
			}
			r.byType[t] = p
		}
		for _, t := range p.InboundTypes {
			if other, taken := r.byInboundType[t]; taken {
				return nil, fmt.Errorf("register protocol %q: inbound type %q belongs to %q", p.Name, t, other.Name)
			}
			r.byInboundType[t] = p
		}
	}
	return r, nil
}

// Protocols returns all protocols in the order of registration.
func (r *Registry) Protocols() []Protocol { return slices.Clone(r.list) }

// ByName returns the protocol of that name.
func (r *Registry) ByName(name string) (Protocol, bool) {
	p, ok := r.byName[name]
	return p, ok
}

// ByJobType returns the protocol that serves a job type by itself, without a
// template.
func (r *Registry) ByJobType(jobType string) (Protocol, bool) {
	p, ok := r.byType[jobType]
	return p, ok
}

// ByInboundType returns the protocol that serves an inbound.type.
func (r *Registry) ByInboundType(inboundType string) (Protocol, bool) {
	p, ok := r.byInboundType[inboundType]
	return p, ok
}

// Names returns the protocols' names in the order of registration.
func (r *Registry) Names() []string {
	names := make([]string, len(r.list))
	for i, p := range r.list {
		names[i] = p.Name
	}
	return names
}
