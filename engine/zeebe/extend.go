package zeebe

import (
	"context"
	"time"

	"patchbay/engine"
)

// ExtendJob makes the job's lock end timeout from now and moves the end of the
// handler's ctx with it. See engine.Extender.
func (c *Client) ExtendJob(ctx context.Context, jobKey int64, timeout time.Duration) error {
	// Taken before sending: the lock never ends sooner than we believe.
	now := time.Now()
	lockEnd := now.Add(timeout)
	limited, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	err := c.UpdateJobTimeout(limited, jobKey, timeout)
	job, handled := ctx.Value(jobContextKey{}).(*jobContext)
	if err != nil {
		if !isTemporary(err) {
			return err
		}
		c.log.Warn("a job keeps its time-out", "job", jobKey, "error", err)
		if handled && job.lock().Before(lockEnd) {
			return nil
		}
	}
	if handled {
		job.move(lockEnd, time.Now())
	}
	return nil
}

var _ engine.Extender = (*Client)(nil)
