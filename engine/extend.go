package engine

import (
	"context"
	"time"
)

// Extender moves the end of a job's lock, for the task header jobTimeout.
type Extender interface {
	// ExtendJob makes the lock of the job end timeout from now, sooner or
	// later than before, and moves the end of ctx with it. ctx is the context
	// that the job's handler got, or one derived from it; a context derived
	// from it that has an end of its own keeps that.
	//
	// When the gateway cannot be reached, the job goes on with the sooner of
	// both ends, and the error is nil. Any other refusal is an error, such as
	// of a job that is gone; then the call should not be made. timeout is at
	// least one millisecond.
	ExtendJob(ctx context.Context, jobKey int64, timeout time.Duration) error
}
