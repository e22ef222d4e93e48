package inbound

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"patchbay/engine/secret"
	"patchbay/engine/zeebe/source"
	"patchbay/protocols"
)

// executable is an activated inbound connector. Its listener runs in one
// goroutine, which run owns.
type executable struct {
	m       *Manager
	id      string
	process source.Process
	group   atomic.Pointer[group]
	masker  secret.Masker
	log     *activity

	mu     sync.Mutex
	run    *run // nil while it is invalid or gone
	paused bool
	gone   bool
	path   string // where it was served last
	state  State
	health Health
	since  time.Time     // it has been active without a break
	begun  time.Time     // the first attempt to activate it
	tried  chan struct{} // closed when the first attempt has come to an end
}

func newExecutable(m *Manager, p source.Process, g *group, paused bool) *executable {
	x := &executable{m: m, id: g.id, process: p, paused: paused, state: Starting, health: Health{Status: Unknown}, begun: m.Now(), tried: make(chan struct{})}
	x.log = &activity{executable: g.id, limit: m.Activity, now: m.Now, log: m.Log.With("executable", g.id[:12], "type", g.inboundType, "bpmnProcessId", p.ID, "elementId", g.lead().ElementID), masker: &x.masker, keeper: m.keeper}
	x.group.Store(g)
	return x
}

// begin activates the executable for the first time. One that acts by itself
// waits for the end of those before it.
func (x *executable) begin(before <-chan struct{}) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if p, _ := x.m.protocol(x.group.Load().lead()); !p.Exclusive {
		before = nil
	}
	x.start(before)
}

// start opens the listener, or what takes its place during a pause, unless there
// is a reason not to; x.mu is held.
// before is the end of the listener that this one takes over from.
func (x *executable) start(before <-chan struct{}) {
	g := x.group.Load()
	switch {
	case x.gone:
	case g.err != nil:
		x.become(Invalid, Health{Status: Down, Error: g.err.Error()})
	case x.paused:
		x.become(Paused, Health{Status: Unknown, Error: "paused"})
		x.run = newRun(x, before)
		x.m.running.Go(x.run.rest)
	default:
		x.become(Starting, x.health)
		x.run = newRun(x, before)
		x.m.running.Go(x.run.loop)
	}
}

// halt tells the listener to end, if there is one, and returns its end; x.mu is
// held. Events that it has taken are still handled.
func (x *executable) halt() <-chan struct{} {
	if x.run == nil {
		return nil
	}
	r := x.run
	x.run = nil
	r.cancel()
	return r.done
}

// renew halts the listener and opens another one. Listeners that only answer
// others overlap for as long as the old one takes to end; those that act by
// themselves do not.
func (x *executable) renew() {
	before := x.halt()
	if p, _ := x.m.protocol(x.group.Load().lead()); !p.Exclusive {
		before = nil
	}
	x.since = time.Time{}
	x.start(before)
}

// take makes the executable serve another group with its id: the listener stays
// as it is, or is opened anew when its properties have changed.
func (x *executable) take(g *group) {
	old := x.group.Swap(g)
	x.mu.Lock()
	defer x.mu.Unlock()
	if (old.err == nil) != (g.err == nil) || old.scope != g.scope || g.err != nil && g.err.Error() != old.err.Error() {
		x.log.Note(severityInfo, "Lifecycle", "restarted: the properties have changed with "+versionsOf(g), nil)
		x.renew()
		return
	}
	if !sameElements(old, g) {
		x.log.Note(severityInfo, "Lifecycle", "updated without a restart for "+versionsOf(g), nil)
	}
}

func versionsOf(g *group) string {
	lead := g.lead()
	return fmt.Sprintf("version %d of process %q", lead.Version, lead.BpmnProcessID)
}

func sameElements(a, b *group) bool {
	if len(a.elements) != len(b.elements) {
		return false
	}
	for i := range a.elements {
		if a.elements[i].ElementRef != b.elements[i].ElementRef {
			return false
		}
	}
	return true
}

// end deactivates the executable for good and returns the listener's end.
func (x *executable) end() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.gone = true
	done := x.halt()
	if x.state == Active {
		x.m.Observer.Executable(x.group.Load().inboundType, Deactivated)
	}
	x.become(Stopped, Health{Status: Unknown})
	return done
}

// pause halts the listener, or opens it again.
func (x *executable) pause(paused bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.paused == paused {
		return
	}
	x.paused = paused
	x.halt()
	if paused {
		x.since = time.Time{}
		x.log.Note(severityInfo, "Lifecycle", "paused", nil)
	} else {
		x.log.Note(severityInfo, "Lifecycle", "resumed", nil)
	}
	x.start(nil)
}

// restart opens the listener anew, with secrets read again and without waiting
// for the end of a back-off.
func (x *executable) restart() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.log.Note(severityInfo, "Lifecycle", "restarted by request", nil)
	x.renew()
}

// become sets the state and notes what changes for an operator; x.mu is held.
func (x *executable) become(s State, h Health) {
	h.Error = x.masker.Text(h.Error)
	if s != Starting && !x.wasTried() {
		close(x.tried)
	}
	changed := h.Status != x.health.Status || h.Error != x.health.Error
	x.state = s
	if !changed {
		return
	}
	h.Since = x.m.Now()
	x.health = h
	switch {
	case h.Status == Down:
		x.log.Note(severityError, "Health", "down: "+h.Error, nil)
	case h.Status == Up && h.Error == "":
		x.log.Note(severityInfo, "Health", "up", nil)
	}
}

// report is become for a listener; one that has been replaced has no say.
func (x *executable) report(r *run, s State, h Health) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.run != r {
		return
	}
	switch {
	case s == Active && x.since.IsZero():
		x.since = x.m.Now()
		x.m.Observer.Executable(x.group.Load().inboundType, Activated)
		x.log.Note(severityInfo, "Lifecycle", "activated", nil)
	case s == BackingOff:
		x.since = time.Time{}
		x.m.Observer.Executable(x.group.Load().inboundType, ActivationFailed)
	}
	x.become(s, h)
}

// isSettled reports whether the first attempt has come to an end, or has had
// enough time to.
func (x *executable) isSettled() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.wasTried() || x.m.Now().Sub(x.begun) > settleTime
}

// wasTried reports whether the first attempt has come to an end; x.mu is held.
func (x *executable) wasTried() bool {
	select {
	case <-x.tried:
		return true
	default:
		return false
	}
}

// settleTime is how long readiness waits for a listener that neither listens
// nor fails.
const settleTime = 15 * time.Second

// places are protocols.Paths that note where the executable is served.
type places struct {
	protocols.Paths
	x *executable
}

// Handle implements protocols.Paths.
func (p places) Handle(path string, h http.Handler) (remove func(), err error) {
	remove, err = p.Paths.Handle(path, h)
	if err == nil {
		p.x.mu.Lock()
		defer p.x.mu.Unlock()
		p.x.path = "/inbound/" + path
	}
	return remove, err
}

// refs lists the elements that are served now.
func (x *executable) refs() []protocols.ElementRef { return x.group.Load().refs() }

// status describes the executable.
func (x *executable) status(ctx context.Context) Status {
	entries := x.log.list(ctx)
	x.mu.Lock()
	defer x.mu.Unlock()
	g := x.group.Load()
	s := Status{ID: x.id, Type: g.inboundType, TenantID: x.process.TenantID, State: x.state, Health: x.health, Activity: entries}
	if !x.since.IsZero() {
		since := x.since
		s.ActivatedAt = &since
		s.Path = x.path
	}
	for _, e := range g.elements {
		s.Elements = append(s.Elements, e.status())
	}
	return s
}
