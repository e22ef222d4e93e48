package zeebe

import (
	"context"
	"time"

	"patchbay/engine"
)

// ExtendJob makes the job's lock end timeout from now and returns a context
// that ends with it. See engine.Extender.
func (c *Client) ExtendJob(ctx context.Context, jobKey int64, timeout time.Duration) (context.Context, context.CancelFunc, error) {
	// Taken before sending: the lock never ends sooner than we believe.
	lockEnd := time.Now().Add(timeout)
	limited, done := context.WithTimeout(ctx, commandTimeout)
	defer done()
	err := c.UpdateJobTimeout(limited, jobKey, timeout)
	job, handled := ctx.Value(jobContextKey{}).(*jobContext)
	if err != nil {
		if !isTemporary(err) {
			return nil, nil, err
		}
		c.log.Warn("a job keeps its time-out", "job", jobKey, "error", err)
		if handled && job.lock().Before(lockEnd) {
			lockEnd = job.lock()
		}
	}
	if !handled {
		ctx, cancel := context.WithDeadline(ctx, lockEnd)
		return ctx, cancel, nil
	}
	job.move(lockEnd)
	ctx, cancel := job.until(ctx, lockEnd, time.Now())
	return ctx, cancel, nil
}

var _ engine.Extender = (*Client)(nil)
