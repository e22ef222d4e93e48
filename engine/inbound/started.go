package inbound

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"patchbay/protocols"
)

// StartedStore remembers which events have started an instance.
type StartedStore interface {
	// SaveStarted remembers events, by a digest, each until a time. The store
	// may forget those that end first when it has more than MostStarted.
	SaveStarted(ctx context.Context, events map[string]time.Time) error
	// Started reports whether an event is remembered at a time.
	Started(ctx context.Context, event string, at time.Time) (bool, error)
}

// MostStarted is how many events a StartedStore remembers at least: more than a
// broker delivers without an acknowledgement.
const MostStarted = 100_000

// createOnce starts an instance unless an earlier delivery of the same event has:
// the gateway would create another one.
func (c *correlator) createOnce(ctx context.Context, e *element, data []byte, id string, delivery protocols.Delivery) (protocols.Correlation, error) {
	if id == "" {
		return c.create(ctx, e, data)
	}
	event := digest(join(e.cursorIdentity(), id))
	if delivery == protocols.DeliveredAgain {
		known, err := c.starts.has(ctx, event, c.now())
		if err != nil {
			return protocols.Correlation{}, fmt.Errorf("find out whether message %q has started an instance: %w", id, err)
		}
		if known {
			return protocols.Correlation{Matched: true, Duplicate: true, TenantID: e.TenantID}, nil
		}
	}
	out, err := c.create(ctx, e, data)
	if err == nil {
		c.starts.add(event, c.now().Add(c.ttlOf(e)))
	}
	return out, err
}

// starts are the events that have started an instance. They are known at once,
// and written to the store together with those that came during the write before:
// an acknowledgement does not wait for it, because while it does a process that
// is killed would start the same again.
type starts struct {
	store StartedStore
	log   *slog.Logger
	wake  chan struct{} // holds one signal

	mu sync.Mutex
	// unsaved are those that the store does not have yet.
	unsaved map[string]time.Time
}

func newStarts(store StartedStore, log *slog.Logger) *starts {
	return &starts{store: store, log: log, wake: make(chan struct{}, 1), unsaved: map[string]time.Time{}}
}

// add remembers an event. A store that takes none for a while is left behind.
func (s *starts) add(event string, until time.Time) {
	s.mu.Lock()
	if len(s.unsaved) < MostStarted {
		s.unsaved[event] = until
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// has reports whether an event is remembered.
func (s *starts) has(ctx context.Context, event string, at time.Time) (bool, error) {
	s.mu.Lock()
	known := s.unsaved[event].After(at)
	s.mu.Unlock()
	if known {
		return true, nil
	}
	return s.store.Started(ctx, event, at)
}

// run writes until ctx ends.
func (s *starts) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		}
		if s.flush(ctx) {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(flushPause):
		}
	}
}

// flush writes what is unsaved. What the store does not take stays for the next
// time.
func (s *starts) flush(ctx context.Context) bool {
	s.mu.Lock()
	batch := maps.Clone(s.unsaved)
	s.mu.Unlock()
	if len(batch) == 0 {
		return true
	}
	if err := s.store.SaveStarted(ctx, batch); err != nil {
		if ctx.Err() == nil {
			s.log.Warn("events that have started instances are not kept: delivered again after a restart, they start others", "error", err)
		}
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.unsaved, func(event string, until time.Time) bool { return batch[event].Equal(until) })
	return true
}
