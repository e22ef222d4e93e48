package source

import (
	"context"
	"sync"
)

// Push is a source that is told. Whoever knows of deployments at once calls
// Set, and the sink has heard of it when Set returns.
type Push struct {
	name string

	mu      sync.Mutex
	current map[Process]Change
	scanned bool
	failure error
	sinks   map[int]Sink
	next    int
}

// NewPush returns a source that knows nothing yet.
func NewPush(name string) *Push {
	return &Push{name: name, current: map[Process]Change{}, sinks: map[int]Sink{}}
}

// Name implements Source.
func (p *Push) Name() string { return p.name }

// Set replaces what is known of a process.
func (p *Push) Set(c Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.current[c.Process]; !known && len(c.Definitions) == 0 {
		return
	}
	p.current[c.Process] = c
	if len(c.Definitions) == 0 {
		delete(p.current, c.Process)
	}
	p.each(func(s Sink) { s.Changed(c) })
}

// Scanned says that Set was called for everything that is deployed by now. An
// engine that begins empty calls it at once.
func (p *Push) Scanned() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.scanned {
		return
	}
	p.scanned = true
	p.each(Sink.Scanned)
}

// Fail says why nothing is seen at the moment, or with nil that it is again.
func (p *Push) Fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure == nil && err == nil {
		return
	}
	p.failure = err
	p.each(func(s Sink) { s.Failed(err) })
}

func (p *Push) each(tell func(Sink)) {
	for _, s := range p.sinks {
		tell(s)
	}
}

// Run implements Source: it reports what is known, and then what is set.
func (p *Push) Run(ctx context.Context, sink Sink) error {
	id := p.attach(sink)
	<-ctx.Done()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sinks, id)
	return nil
}

func (p *Push) attach(sink Sink) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.current {
		sink.Changed(c)
	}
	if p.failure != nil {
		sink.Failed(p.failure)
	}
	if p.scanned {
		sink.Scanned()
	}
	p.next++
	p.sinks[p.next] = sink
	return p.next
}

var _ Source = (*Push)(nil)
