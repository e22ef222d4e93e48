package source

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// scanner asks an API, or a folder, what is deployed.
type scanner interface {
	// scan returns everything, or an error when anything is missing.
	scan(ctx context.Context) (snapshot, error)
	// xml reads the file of a definition.
	xml(ctx context.Context, i item) ([]byte, error)
}

// Polling says how often a source that has to ask does so. Zero means the
// default.
type Polling struct {
	// Interval is the pause between two questions; 5 s, as Camunda's runtime.
	// It doubles after each failure, up to a minute.
	Interval time.Duration
	// Timeout is the longest that all answers of one scan may take; 2 min.
	Timeout time.Duration
	// Log takes structured logs; slog.Default by default.
	Log *slog.Logger
}

func (p Polling) withDefaults() Polling {
	if p.Interval <= 0 {
		p.Interval = 5 * time.Second
	}
	if p.Timeout <= 0 {
		p.Timeout = 2 * time.Minute
	}
	if p.Log == nil {
		p.Log = slog.Default()
	}
	return p
}

const longestPause = time.Minute

// poller is a Source that scans again and again.
type poller struct {
	name    string
	polling Polling
	scanner scanner
	// confirm is false where an answer is always true, as a folder's is.
	confirm bool
}

func newPoller(name string, p Polling, s scanner, confirm bool) *poller {
	return &poller{name: name, polling: p.withDefaults(), scanner: s, confirm: confirm}
}

// Name implements Source.
func (p *poller) Name() string { return p.name }

// Run implements Source.
func (p *poller) Run(ctx context.Context, sink Sink) error {
	r := &polled{poller: p, sink: sink, tracker: newTracker()}
	for {
		pause := r.step(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(jitter(pause)):
		}
	}
}

// polled is one run of a poller.
type polled struct {
	*poller
	sink     Sink
	tracker  *tracker
	scanned  bool
	failures int
}

// step scans once and returns the pause until the next time.
func (r *polled) step(ctx context.Context) time.Duration {
	limited, cancel := context.WithTimeout(ctx, r.polling.Timeout)
	defer cancel()
	s, err := r.scanner.scan(limited)
	if ctx.Err() != nil {
		return 0
	}
	if err != nil {
		return r.fail(err)
	}
	if r.failures > 0 {
		r.failures = 0
		r.sink.Failed(nil)
		r.polling.Log.Info("definitions are seen again", "source", r.name)
	}
	r.report(s)
	return r.polling.Interval
}

func (r *polled) fail(err error) time.Duration {
	r.tracker.failed()
	if r.failures++; r.failures == 1 {
		r.polling.Log.Warn("definitions cannot be seen", "source", r.name, "error", err)
	}
	r.sink.Failed(fmt.Errorf("%s: %w", r.name, err))
	return min(r.polling.Interval<<min(r.failures-1, 6), max(longestPause, r.polling.Interval))
}

func (r *polled) report(s snapshot) {
	if !r.confirm {
		r.tracker.believe()
	}
	for process, items := range r.tracker.apply(s) {
		r.sink.Changed(Change{Process: process, Definitions: r.definitions(items)})
	}
	if !r.scanned {
		r.scanned = true
		r.sink.Scanned()
	}
}

func (r *polled) definitions(items []item) []Definition {
	list := make([]Definition, len(items))
	for i, it := range items {
		list[i] = Definition{Key: it.key, Version: it.version, Resource: it.resource,
			XML: func(ctx context.Context) ([]byte, error) { return r.scanner.xml(ctx, it) }}
	}
	oldestFirst(list)
	return list
}

// jitter spreads replicas that were started together: up to a tenth more.
func jitter(d time.Duration) time.Duration {
	return d + time.Duration(rand.Int64N(int64(d)/10+1))
}

var _ Source = (*poller)(nil)
