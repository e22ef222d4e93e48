package inbound

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"patchbay/engine/zeebe/source"
	"patchbay/protocols"
	"patchbay/protocols/bind"
)

// Manager keeps the executables of everything that is deployed. It is safe for
// concurrent use.
type Manager struct {
	Options
	finder     *finder
	correlator *correlator
	keeper     *keeper
	starts     *starts
	loading    chan struct{} // bounds the files that are read at once
	replays    replays

	life    context.Context // of listeners; it outlives Run's until they drain
	stop    context.CancelFunc
	working sync.WaitGroup // sources and settling processes
	running sync.WaitGroup // listeners

	mu          sync.Mutex
	started     bool
	ready       bool
	closing     bool
	processes   map[source.Process]*process
	executables map[string]*executable
	paused      map[string]bool
	feeds       []*feed
}

// NewManager returns a manager that does nothing until Run.
func NewManager(o Options) *Manager {
	o = o.withDefaults()
	starts := newStarts(o.Store, o.Log)
	m := &Manager{
		Options: o, finder: &finder{o.Programs}, correlator: &correlator{o.Gateway, o.MessageTTL, o.Host.Documents, starts, o.Now}, keeper: newKeeper(o.Store, o.Log), starts: starts,
		loading: make(chan struct{}, 8), processes: map[source.Process]*process{}, executables: map[string]*executable{}, paused: map[string]bool{},
	}
	m.life, m.stop = context.WithCancel(context.Background())
	for _, s := range o.Sources {
		m.feeds = append(m.feeds, &feed{m: m, source: s})
	}
	return m
}

// Run watches the sources and keeps executables alive until ctx ends. Then it
// deactivates them and waits for the events that they have taken, at most
// Options.Drain. It is called once; the error says that the store cannot be
// read.
func (m *Manager) Run(ctx context.Context) error {
	m.mu.Lock()
	again := m.started
	m.started = true
	m.mu.Unlock()
	if again {
		return errors.New("run inbound connectors: already run")
	}
	paused, err := m.Store.Paused(ctx)
	if err != nil {
		return fmt.Errorf("read which inbound connectors are paused: %w", err)
	}
	m.setPaused(paused)
	var keeping sync.WaitGroup
	keeperCtx, stopKeeper := context.WithCancel(context.WithoutCancel(ctx))
	keeping.Go(func() { m.keeper.run(keeperCtx) })
	keeping.Go(func() { m.starts.run(keeperCtx) })
	for _, f := range m.feeds {
		m.working.Go(func() { f.run(ctx) })
	}
	<-ctx.Done()
	m.drain()
	stopKeeper()
	keeping.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	m.keeper.flush(last)
	m.starts.flush(last)
	return nil
}

func (m *Manager) setPaused(ids []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		m.paused[id] = true
	}
}

// drain ends everything that Run began but the keeper of activity.
func (m *Manager) drain() {
	m.mu.Lock()
	m.closing = true
	m.mu.Unlock()
	m.stop()
	m.working.Wait()
	for _, x := range m.list() {
		x.end()
	}
	ended := make(chan struct{})
	go func() { // ends with the last listener, even if nobody waits for it
		m.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(m.Drain):
		m.Log.Warn("listeners have not ended in time", "drain", m.Drain)
	}
}

// list returns the executables by process and element.
func (m *Manager) list() []*executable {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]*executable, 0, len(m.executables))
	for _, x := range m.executables {
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b *executable) int {
		return cmp.Or(cmp.Compare(a.process.TenantID, b.process.TenantID), cmp.Compare(a.process.ID, b.process.ID),
			newestFirst(a.group.Load().lead(), b.group.Load().lead()), cmp.Compare(a.id, b.id))
	})
	return list
}

// Executables describes all executables, those that are wrong too, by tenant,
// process and element.
func (m *Manager) Executables() []Status {
	ctx, cancel := context.WithTimeout(m.life, 5*time.Second)
	defer cancel()
	list := m.list()
	out := make([]Status, len(list))
	for i, x := range list {
		out[i] = x.status(ctx)
	}
	return out
}

// Executable describes one executable; the error is ErrUnknown.
func (m *Manager) Executable(id string) (Status, error) {
	x, err := m.executable(id)
	if err != nil {
		return Status{}, err
	}
	ctx, cancel := context.WithTimeout(m.life, 5*time.Second)
	defer cancel()
	return x.status(ctx), nil
}

// ErrUnknown is what is returned for an id of no executable.
var ErrUnknown = errors.New("there is no inbound connector with this id")

func (m *Manager) executable(id string) (*executable, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if x := m.executables[id]; x != nil {
		return x, nil
	}
	return nil, fmt.Errorf("%w: %q", ErrUnknown, id)
}

// Pause halts an executable until Resume, also over a restart of the process.
// Pausing a paused one does nothing.
func (m *Manager) Pause(id string) error { return m.pause(id, true) }

// Resume ends a pause.
func (m *Manager) Resume(id string) error { return m.pause(id, false) }

func (m *Manager) pause(id string, paused bool) error {
	x, err := m.executable(id)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(m.life, 5*time.Second)
	defer cancel()
	if err := m.Store.SetPaused(ctx, id, paused); err != nil {
		return fmt.Errorf("remember the pause: %w", err)
	}
	m.mu.Lock()
	m.paused[id] = paused
	if !paused {
		delete(m.paused, id)
	}
	m.mu.Unlock()
	x.pause(paused)
	return nil
}

// Restart opens an executable's listener anew, without waiting for a back-off
// to end. Secrets are read again.
func (m *Manager) Restart(id string) error {
	x, err := m.executable(id)
	if err == nil {
		x.restart()
	}
	return err
}

// Ready reports whether everything that was deployed at the beginning has been
// activated, or has been tried: a listener that fails does not keep the others
// from serving. Once true it stays true.
func (m *Manager) Ready() bool {
	m.mu.Lock()
	ready := m.ready || m.scanned()
	known := m.ready
	m.mu.Unlock()
	if known || !ready {
		return ready
	}
	for _, x := range m.list() {
		if !x.isSettled() {
			return false
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ready = true
	return true
}

// scanned reports whether every source has reported, and every report has been
// acted upon; m.mu is held.
func (m *Manager) scanned() bool {
	if !m.started {
		return false
	}
	for _, f := range m.feeds {
		if !f.scanned {
			return false
		}
	}
	for _, p := range m.processes {
		if p.dirty || p.busy && !p.waiting {
			return false
		}
	}
	return true
}

// SourceStatus says how a definition source is.
type SourceStatus struct {
	Name string
	// Scanned is set once it has reported all there was.
	Scanned bool
	// Error says why it sees nothing at the moment; it is empty when it does.
	Error string
}

// Sources describes the definition sources, in the order of Options.
func (m *Manager) Sources() []SourceStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]SourceStatus, len(m.feeds))
	for i, f := range m.feeds {
		out[i] = SourceStatus{Name: f.source.Name(), Scanned: f.scanned}
		if f.err != nil {
			out[i].Error = f.err.Error()
		}
	}
	return out
}

// protocol returns the protocol that serves an element: by its inbound.type, or
// by name where the template brings a type of its own.
func (m *Manager) protocol(e *element) (protocols.Protocol, error) {
	inboundType := e.inboundType
	if renamed := m.Types[inboundType]; renamed != "" {
		inboundType = renamed
	}
	p, ok := m.Registry.ByInboundType(inboundType)
	if !ok {
		p, ok = m.Registry.ByName(e.property("protocol"))
	}
	if !ok || p.Inbound == nil {
		return protocols.Protocol{}, fmt.Errorf("%s %q is not served here", propType, e.inboundType)
	}
	return p, nil
}

// scopeOf is for groupElements.
func (m *Manager) scopeOf(e *element) []string {
	p, _ := m.protocol(e)
	return p.Scope
}

// bound fills a protocol's properties.
func bound(p protocols.Protocol, nested map[string]any) (any, error) {
	if p.Properties == nil {
		return nested, nil
	}
	target := p.Properties()
	return target, bind.Bind(nested, target)
}

// feed is a source with what it has said; it is the source's sink.
type feed struct {
	m       *Manager
	source  source.Source
	scanned bool
	err     error
}

// run runs the source until ctx ends, again after an error or a panic.
func (f *feed) run(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; failures++ {
		err := f.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("the source has ended by itself")
		}
		f.Failed(err)
		f.m.Log.Error("definition source failed", "source", f.source.Name(), "error", err)
		pause(ctx, backoff(failures))
	}
}

func (f *feed) once(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			f.m.Log.Error("a source panicked", "source", f.source.Name(), "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return f.source.Run(ctx, f)
}

// Changed implements source.Sink.
func (f *feed) Changed(c source.Change) {
	m := f.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closing {
		return
	}
	if c.TenantID == "" {
		c.TenantID = defaultTenant // gateways differ in how they call it
	}
	p := m.processes[c.Process]
	if p == nil {
		p = newProcess(m, c.Process)
		m.processes[c.Process] = p
	}
	p.said[f] = c.Definitions
	p.touch()
}

// Scanned implements source.Sink.
func (f *feed) Scanned() {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.scanned = true
}

// Failed implements source.Sink.
func (f *feed) Failed(err error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.err = err
}

var _ source.Sink = (*feed)(nil)
