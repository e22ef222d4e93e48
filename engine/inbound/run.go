package inbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/value"
)

const (
	firstBackoff = 500 * time.Millisecond
	lastBackoff  = time.Minute
	// steady is how long a listener must have been active for its next
	// failure to count as the first.
	steady = time.Minute
)

// run is one listener of an executable, with all its attempts.
type run struct {
	x      *executable
	before <-chan struct{} // nil, or what to wait for
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}

	mu         sync.Mutex
	active     time.Time
	properties map[*element]map[string]any

	// told is told of every evaluation; nil for nobody.
	told func(Evaluation)
}

func newRun(x *executable, before <-chan struct{}) *run {
	r := &run{x: x, before: before, done: make(chan struct{}), properties: map[*element]map[string]any{}}
	r.ctx, r.cancel = context.WithCancel(x.m.life)
	return r
}

// loop listens until the run is cancelled, again after every failure.
func (r *run) loop() {
	defer close(r.done)
	defer r.cancel()
	if r.before != nil {
		<-r.before
	}
	for failures := 0; r.ctx.Err() == nil; failures++ {
		err := r.listen()
		if r.ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("the listener has ended by itself")
		}
		if r.wasSteady() {
			failures = 0
		}
		pause := backoff(failures)
		r.x.report(r, BackingOff, Health{Status: Down, Error: err.Error()})
		select {
		case <-r.ctx.Done():
		case <-time.After(pause):
		}
	}
}

// rest lets the protocol tell senders that the executable is paused, until the
// run is cancelled.
func (r *run) rest() {
	defer close(r.done)
	defer r.cancel()
	if r.before != nil {
		<-r.before
	}
	p, err := r.x.m.protocol(r.x.group.Load().lead())
	if err != nil || p.Paused == nil {
		return
	}
	properties, err := r.bound(r.ctx, p)
	if err == nil {
		err = p.Paused(r.ctx, r.host(), properties)
	}
	if err != nil && r.ctx.Err() == nil {
		r.x.log.Note(severityInfo, "Lifecycle", "senders are not told of the pause: "+err.Error(), nil)
	}
}

// backoff doubles with each failure and is spread by a fifth to either side.
func backoff(failures int) time.Duration {
	d := min(firstBackoff<<min(failures, 10), lastBackoff)
	return d*4/5 + time.Duration(rand.Int64N(int64(d)*2/5))
}

func (r *run) wasSteady() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	active := r.active
	r.active = time.Time{}
	return !active.IsZero() && r.x.m.Now().Sub(active) >= steady
}

// listen is one attempt. A panic of a protocol is its error.
func (r *run) listen() (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.x.m.Log.Error("a listener panicked", "executable", r.x.id, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	p, err := r.x.m.protocol(r.x.group.Load().lead())
	if err != nil {
		return err
	}
	if p.Exclusive && r.x.m.Leases != nil {
		return r.leased(p)
	}
	return r.receive(r.ctx, p)
}

// receive opens the listener and lets it receive until ctx ends.
func (r *run) receive(ctx context.Context, p protocols.Protocol) error {
	listener, err := r.open(ctx, p)
	if err != nil {
		return err
	}
	if c, ok := listener.(io.Closer); ok {
		defer c.Close()
	}
	return listener.Receive(ctx, r.ready, r.handle)
}

// open makes the listener.
func (r *run) open(ctx context.Context, p protocols.Protocol) (protocols.Inbound, error) {
	properties, err := r.bound(ctx, p)
	if err != nil {
		return nil, err
	}
	return p.Inbound(r.host(), properties)
}

// bound returns the listener's properties of now, as the protocol reads them.
func (r *run) bound(ctx context.Context, p protocols.Protocol) (any, error) {
	r.forgetProperties()
	nested, err := r.propertiesOf(ctx, r.x.group.Load().lead())
	if err != nil {
		return nil, err
	}
	return bound(p, nested)
}

func (r *run) ready() {
	r.mu.Lock()
	r.active = r.x.m.Now()
	r.mu.Unlock()
	r.x.report(r, Active, Health{Status: Up})
}

// host is what the listener gets.
func (r *run) host() protocols.InboundHost {
	x := r.x
	host := x.m.Host
	host.Log = x.log.log
	paths := x.m.Paths
	if paths != nil {
		paths = places{paths, x}
	}
	return protocols.InboundHost{
		Host: host, ID: x.id, Name: x.group.Load().name, Elements: x.refs(), Current: x.refs, Activity: x.log,
		Evaluate: r.evaluate, Paths: paths, Instances: x.m.Instances, Cursor: cursor{x.m.Store, x.group.Load().lead().cursorIdentity()},
		DeadLetters: letters{x},
	}
}

// propertiesOf returns an element's properties for the listener. They are
// resolved once in an attempt, so that a restart reads secrets again.
func (r *run) propertiesOf(ctx context.Context, e *element) (map[string]any, error) {
	r.mu.Lock()
	nested, known := r.properties[e]
	r.mu.Unlock()
	if known {
		return nested, nil
	}
	p, err := r.x.m.protocol(e)
	if err != nil {
		return nil, err
	}
	resolver := resolver{programs: r.x.m.Programs, secrets: r.x.m.Secrets, masker: &r.x.masker}
	if nested, err = resolver.resolve(ctx, e, p); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.properties) > 2*len(r.x.group.Load().elements)+2 {
		clear(r.properties) // elements of versions that have gone
	}
	r.properties[e] = nested
	return nested, nil
}

func (r *run) forgetProperties() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.properties)
}

// handle correlates one event; it is the listener's protocols.Handler.
func (r *run) handle(ctx context.Context, in protocols.Event) (out protocols.Correlation, err error) {
	begun := time.Now()
	g := r.x.group.Load()
	defer func() {
		if p := recover(); p != nil {
			r.x.m.Log.Error("correlation panicked", "executable", r.x.id, "panic", p, "stack", string(debug.Stack()))
			err = rejected(protocols.CodeInvalidInput, nil, "panic: %v", p)
		}
		outcome := outcomeOf(out, err)
		r.x.m.Observer.Event(g.inboundType, outcome, time.Since(begun))
		r.x.noteOutcome(outcome, out, err)
	}()
	return r.correlate(ctx, g, in)
}

func (r *run) correlate(ctx context.Context, g *group, in protocols.Event) (protocols.Correlation, error) {
	ev := r.event(in.Value)
	e, err := choose(ctx, g, ev)
	if e == nil || err != nil {
		return protocols.Correlation{}, err
	}
	nested, err := r.propertiesOf(ctx, e)
	if err != nil {
		return protocols.Correlation{}, fmt.Errorf("element %s: %w", e.ElementID, err)
	}
	if in.Complete != nil {
		complete, err := in.Complete(ctx)
		if err != nil {
			return protocols.Correlation{}, err
		}
		ev = r.event(complete)
	}
	out, err := r.x.m.correlator.act(ctx, e, ev, in)
	out.Element, out.Properties = e.ElementRef, nested
	return out, err
}

// event is what arrived, for whoever is told of the run's evaluations.
func (r *run) event(v any) *event {
	ev := newEvent(v)
	ev.told = r.told
	return ev
}

// evaluate is protocols.InboundHost.Evaluate.
func (r *run) evaluate(ctx context.Context, text string, v any) (any, error) {
	p, err := r.x.m.Programs.Compile(propertySlot, text)
	if err != nil {
		return nil, err
	}
	res, err := r.event(v).evalResult(ctx, p)
	return res.Value, err
}

// maxCursor bounds a cursor's JSON, in bytes.
const maxCursor = 64 << 10

// cursor is the small durable state of an executable's first element. It stays
// when a new version of the process changes the element's properties.
type cursor struct {
	store   Store
	element string
}

// Load implements protocols.Cursor.
func (c cursor) Load(ctx context.Context) (any, error) {
	data, err := c.store.Cursor(ctx, c.element)
	if err != nil || data == nil {
		return nil, err
	}
	return value.Decode(data)
}

// Save implements protocols.Cursor.
func (c cursor) Save(ctx context.Context, v any) error {
	data, err := value.Append(nil, v)
	if err == nil && len(data) > maxCursor {
		err = fmt.Errorf("save the cursor: %d bytes are more than the limit of %d", len(data), maxCursor)
	}
	if err != nil {
		return err
	}
	return c.store.SaveCursor(ctx, c.element, data)
}
