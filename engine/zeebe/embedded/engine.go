// Package embedded is a small workflow engine for development and tests. It serves the real gateway protocol of Zeebe
// (Camunda 8), so a client, a worker or a modeler cannot tell it from a cluster of one broker, except that it keeps
// everything in memory.
//
// Inside it is one state machine behind one lock. A command (an RPC, a timer that is due) changes the state and appends
// steps to a queue; the queue is worked off in order of arrival until it is empty. What an element does is a behaviour,
// found by the element's type in behaviours.go. Files are named by what they hold: gateways, events, jobs, messages.
//
// Semantics and texts follow Zeebe 8.8; where a rule looks odd, it was observed there.
package embedded

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Options configure an engine. The zero value is usable.
type Options struct {
	// Now is the engine's clock; nil is time.Now. After moving a clock of your own, call Engine.Wake.
	Now func() time.Time
	// Logger gets what an operator should know; nil discards it.
	Logger *slog.Logger
	// KeepFinished is how many finished process instances stay readable; 0 is 1,000, negative keeps none.
	KeepFinished int
	// MaxInstances bounds the active process instances, MaxMessages the buffered messages; a command beyond a bound is
	// refused with RESOURCE_EXHAUSTED. 0 is 1,000,000 and 100,000.
	MaxInstances, MaxMessages int
	// Version is what Topology reports as the gateway's version; "" is "8.8.0".
	Version string
}

// bounds that need no setting.
const (
	stepsPerTurn       = 10_000  // steps in one turn of the lock, so that an endless process cannot block commands
	maxHistory         = 10_000  // element instances remembered of one process instance
	maxCallDepth       = 1_000   // nested call activities, as in Zeebe
	maxRounds          = 1_000   // of Advance
	maxJobBytes        = 4 << 20 // variables of one job, the message size of a Zeebe broker
	defaultPollTimeout = 10 * time.Second
)

// Engine is a running engine. Its methods may be called from many goroutines.
type Engine struct {
	options Options

	mu    sync.Mutex
	state state
	turns chan struct{} // wakes the loop: an earlier timer, steps left over, the clock was moved

	stop    context.CancelFunc
	stopped context.Context
	tasks   sync.WaitGroup
	local   localListener
}

// New starts an engine. Close it when it is no longer needed.
func New(options Options) *Engine {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	options.KeepFinished = orDefault(options.KeepFinished, 1_000)
	options.MaxInstances = orDefault(options.MaxInstances, 1_000_000)
	options.MaxMessages = orDefault(options.MaxMessages, 100_000)
	if options.Version == "" {
		options.Version = "8.8.0"
	}
	e := &Engine{options: options, state: newState(), turns: make(chan struct{}, 1)}
	e.stopped, e.stop = context.WithCancel(context.Background())
	e.tasks.Go(e.loop)
	return e
}

func orDefault(value, fallback int) int {
	if value == 0 {
		return fallback
	}
	return value
}

// Close ends every server, stream and waiting call of the engine and waits for them.
func (e *Engine) Close() {
	e.stop()
	e.local.close()
	e.tasks.Wait()
}

// Wake makes the engine look at its clock again. Whoever moves the clock of Options.Now calls it.
func (e *Engine) Wake() {
	select {
	case e.turns <- struct{}{}:
	default:
	}
}

// Advance works off what is due at the present time of the clock before it returns; for tests with their own clock. Of a
// process that never comes to rest it runs only a part.
func (e *Engine) Advance() {
	more := true
	for round := 0; more && round < maxRounds; round++ {
		e.do(func() { more = e.fireTimers() })
		more = e.turn() || more
	}
}

// do runs a command under the lock and then the steps that follow from it.
func (e *Engine) do(command func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	command()
	e.work()
}

// work runs queued steps, up to the bound of one turn.
func (e *Engine) work() {
	for range stepsPerTurn {
		s, ok := e.state.steps.pop()
		if !ok {
			s, ok = e.state.later.pop()
		}
		if !ok {
			return
		}
		e.step(s)
	}
	e.Wake()
}

// turn works on left over steps and tells whether there are more.
func (e *Engine) turn() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.work()
	return e.state.steps.len()+e.state.later.len() > 0
}

// loop fires timers and goes on with steps that one turn could not finish.
func (e *Engine) loop() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		var wait time.Duration
		e.do(func() {
			e.fireTimers()
			wait = e.nextTimer()
		})
		if e.turn() {
			wait = 0
		}
		timer.Reset(wait)
		select {
		case <-e.stopped.Done():
			return
		case <-e.turns:
		case <-timer.C:
		}
	}
}

// now is the present time in milliseconds, the resolution of the protocol.
func (e *Engine) now() int64 { return e.options.Now().UnixMilli() }
