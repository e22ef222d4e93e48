// Package inbound keeps inbound connectors alive: it finds them in deployed
// process definitions, activates, swaps and deactivates their listeners as
// definitions come and go, and turns events into process instances and
// messages.
//
//	source -> find (elements) -> group (executables) -> diff -> executable -> protocol.Receive
//	                                                 event -> choose -> map -> create | publish
//
// A Manager does all this.
//
// # Differences from Camunda's connector runtime
//
// Compared with version 8.10:
//
//   - Every executable is activated alone and tried again with a growing pause,
//     for ever. A wrong element is an entry of its own that is DOWN and says
//     why; it stops nothing else.
//   - AUTO deduplication hashes names and values with SHA-256, not values with
//     32 bits, so ids of AUTO executables differ. Ids of MANUAL ones and of
//     those without a mode are the same.
//   - What comes in the place of a listener begins before that one ends, so that
//     a new version never leaves a path unserved; polls end first.
//   - The cursor of a polled start belongs to the element, in all versions.
//   - When a MANUAL id is taken over by a version with other properties, the
//     instances of older versions keep a listener of their own.
//   - A message name may be a FEEL expression without variables.
//   - Expressions of properties are evaluated here, without the cluster, and
//     before secrets are put in.
//   - An expression that fails is a rejected event and not one to repeat.
//   - A plain start event starts one instance for a message with an id, however
//     often its broker delivers it within the time-to-live of messages: after a
//     lost connection, a broker's restart, a group that was shared anew. What has
//     started is known at once, and in the store a moment later; replicas need
//     one in common. The gateway's CreateProcessInstance has no key that would
//     make it idempotent: of commands that were under way when this process was
//     killed, or whose answers were lost, some may have started an instance, and
//     another one is started when their messages are delivered again. A message
//     start event does not have this gap.
//   - Message events of an event sub-process count in older versions too.
//   - synchronousResponse matters for plain start events only: the gateway's
//     protocol has no synchronous message.
package inbound

import (
	"context"
	"log/slog"
	"time"

	"patchbay/engine/expr"
	"patchbay/engine/secret"
	"patchbay/engine/zeebe/source"
	"patchbay/protocols"
)

// Options are what a Manager works with. A zero field means the default named
// at it.
type Options struct {
	// Registry knows the protocols.
	Registry *protocols.Registry
	// Types renames values of inbound.type to those that a protocol serves.
	Types map[string]string
	// Sources tell what is deployed.
	Sources []source.Source
	// Gateway takes commands.
	Gateway Gateway
	// Host is what every protocol gets.
	Host protocols.Host
	// Paths serves webhooks, Instances finds waiting instances; nil for none.
	Paths     protocols.Paths
	Instances protocols.Instances
	// Store keeps activity, cursors, dead letters and what is paused; nil keeps
	// them in memory.
	Store Store
	// Leases make sure that exclusive executables run in one replica only;
	// nil where there is only one.
	Leases Leases
	// Secrets resolves references to secrets; nil knows none.
	Secrets secret.Provider
	// Programs caches compiled expressions; one of its own by default.
	Programs *expr.Cache
	// Observer is told what happens, for metrics; nil for nobody.
	Observer Observer
	// MessageTTL is the time-to-live of messages whose element has none of
	// its own; 1 h, as Camunda's runtime.
	MessageTTL time.Duration
	// Activity is how many entries are kept of each executable; 100.
	Activity int
	// Drain is how long executables may take to end when the process does;
	// 30 s.
	Drain time.Duration
	// Now tells the time of entries and states; Host.Now by default.
	Now func() time.Time
	// Log takes structured logs; Host.Log by default.
	Log *slog.Logger
}

// Store is the durable state of a Manager.
type Store interface {
	ActivityStore
	DeadLetterStore
	StartedStore
	// SaveCursor keeps a JSON text for an element, whatever its version,
	// Cursor reads it; nil if there is none.
	SaveCursor(ctx context.Context, element string, data []byte) error
	Cursor(ctx context.Context, element string) ([]byte, error)
	// SetPaused remembers that an executable is paused, or no longer; Paused
	// lists those that are.
	SetPaused(ctx context.Context, executable string, paused bool) error
	Paused(ctx context.Context) ([]string, error)
}

// Leases give names to one owner at a time.
type Leases interface {
	// Acquire takes or renews a lease for ttl; ok is false while it is
	// another's.
	Acquire(ctx context.Context, name string, ttl time.Duration) (ok bool, err error)
	// Release gives a lease back before its end.
	Release(ctx context.Context, name string) error
}

// Action is what happened to an executable.
type Action string

// The actions.
const (
	Activated        Action = "activated"
	Deactivated      Action = "deactivated"
	ActivationFailed Action = "activation_failed"
)

// Outcome is what became of an event.
type Outcome string

// The outcomes.
const (
	Correlated Outcome = "correlated"
	Duplicate  Outcome = "duplicate"
	Ignored    Outcome = "ignored"  // no condition met, consumed
	NotMet     Outcome = "not_met"  // no condition met
	Rejected   Outcome = "rejected" // for good
	Failed     Outcome = "failed"   // the event may come again
)

// Observer is told what happens, for metrics. It is called by many goroutines
// at once and must not block.
type Observer interface {
	// Executable is called for each action of an executable of a type.
	Executable(inboundType string, a Action)
	// Event is called once for each event; took is how long its handling was.
	Event(inboundType string, o Outcome, took time.Duration)
	// DeadLetter is called for each event that was put on the list of dead
	// letters.
	DeadLetter(inboundType string)
}

type noObserver struct{}

func (noObserver) Executable(string, Action)            {}
func (noObserver) Event(string, Outcome, time.Duration) {}
func (noObserver) DeadLetter(string)                    {}

func (o Options) withDefaults() Options {
	o.Host = o.Host.WithDefaults()
	if o.Programs == nil {
		o.Programs = expr.NewCache(10_000, expr.Limits{})
	}
	if o.Observer == nil {
		o.Observer = noObserver{}
	}
	if o.MessageTTL <= 0 {
		o.MessageTTL = time.Hour
	}
	if o.Activity <= 0 {
		o.Activity = 100
	}
	if o.Drain <= 0 {
		o.Drain = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = o.Host.Now
	}
	if o.Log == nil {
		o.Log = o.Host.Log
	}
	if o.Store == nil {
		o.Store = newMemory()
	}
	return o
}
