package zeebe

import (
	"context"
	"sync"
	"time"
)

// jobContext is the context of one job's handler. Unlike the contexts of the
// standard library its end can be moved, because a job's lock can. It ends with
// its parent too, which is the worker's, and whose values it has.
type jobContext struct {
	parent context.Context
	done   chan struct{}

	mu sync.Mutex
	// lockEnd is when the lock ends, end when the context does: earlier, to
	// leave time for the command.
	lockEnd, end time.Time
	err          error
	timer        *time.Timer
	detach       func() bool
	after        map[*func()]struct{}
}

// commandMargin is the time kept from the end of a job's lock for reporting
// what became of it: a twentieth of what is left, at most a second.
func commandMargin(left time.Duration) time.Duration { return min(time.Second, max(0, left/20)) }

func newJobContext(parent context.Context, lockEnd, now time.Time) *jobContext {
	left := lockEnd.Sub(now)
	left -= commandMargin(left)
	c := &jobContext{parent: parent, done: make(chan struct{}), lockEnd: lockEnd, end: now.Add(left)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(left, c.expire)
	c.detach = context.AfterFunc(parent, func() { c.cancel(parent.Err()) })
	return c
}

// Deadline returns the end as it is now.
func (c *jobContext) Deadline() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end, true
}

// Done returns a channel that is closed at the end.
func (c *jobContext) Done() <-chan struct{} { return c.done }

// Err returns why the context ended; nil while it lives.
func (c *jobContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

type jobContextKey struct{}

// Value finds the job context in contexts derived from it.
func (c *jobContext) Value(key any) any {
	if key == (jobContextKey{}) {
		return c
	}
	return c.parent.Value(key)
}

// AfterFunc lets package context end derived contexts without a goroutine for
// each.
func (c *jobContext) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go f()
		return func() bool { return false }
	}
	if c.after == nil {
		c.after = map[*func()]struct{}{}
	}
	c.after[&f] = struct{}{}
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, pending := c.after[&f]
		delete(c.after, &f)
		return pending
	}
}

// expire is the timer's: the end may have been moved while it fired.
func (c *jobContext) expire() {
	c.mu.Lock()
	left := time.Until(c.end)
	if left > 0 && c.err == nil {
		c.timer.Reset(left)
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	c.cancel(context.DeadlineExceeded)
}

// move sets a new end of the lock.
func (c *jobContext) move(lockEnd, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	left := lockEnd.Sub(now)
	left -= commandMargin(left)
	c.lockEnd, c.end = lockEnd, now.Add(left)
	c.timer.Reset(left)
}

// lock returns when the job's lock ends.
func (c *jobContext) lock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lockEnd
}

// cancel ends the context; the first cause counts.
func (c *jobContext) cancel(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = err
	c.timer.Stop()
	c.detach()
	close(c.done)
	after := c.after
	c.after = nil
	c.mu.Unlock()
	for f := range after {
		(*f)()
	}
}

var _ context.Context = (*jobContext)(nil)
