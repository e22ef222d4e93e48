package zeebe

import (
	"context"
	"sync"
	"time"
)

// jobContext is the context of one job's handler. It ends shortly before the
// job's lock does, or with its parent, which is the worker's. Its cancellation
// is the standard library's, so that contexts derived from it need no goroutine.
type jobContext struct {
	context.Context
	parent context.Context
	cancel context.CancelFunc

	mu      sync.Mutex
	lockEnd time.Time
}

// commandMargin is the time kept from the end of a job's lock for reporting
// what became of it: a twentieth of what is left, at most a second.
func commandMargin(left time.Duration) time.Duration { return min(time.Second, max(0, left/20)) }

// handlerEnd is when a handler has to end whose job's lock ends at lockEnd.
func handlerEnd(lockEnd, now time.Time) time.Time {
	left := lockEnd.Sub(now)
	return now.Add(left - commandMargin(left))
}

func newJobContext(parent context.Context, lockEnd, now time.Time) *jobContext {
	c := &jobContext{parent: parent, lockEnd: lockEnd}
	c.Context, c.cancel = context.WithDeadline(parent, handlerEnd(lockEnd, now))
	return c
}

type jobContextKey struct{}

// Value finds the job context in contexts derived from it.
func (c *jobContext) Value(key any) any {
	if key == (jobContextKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// lock returns when the job's lock ends.
func (c *jobContext) lock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lockEnd
}

// move notes that the lock ends at another time.
func (c *jobContext) move(lockEnd time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lockEnd = lockEnd
}

// moved is a context with the values of one that belongs to a job, and an end
// of its own, sooner or later. It ends with the worker too.
type moved struct {
	context.Context
	values context.Context
}

// Value returns the values of the job's context.
func (m moved) Value(key any) any { return m.values.Value(key) }

// until returns a context for the rest of a handler whose job's lock was moved.
func (c *jobContext) until(ctx context.Context, lockEnd, now time.Time) (context.Context, context.CancelFunc) {
	return context.WithDeadline(moved{c.parent, ctx}, handlerEnd(lockEnd, now))
}
