package engine

import (
	"context"
	"time"
)

// Extender moves the end of a job's lock, for the task header jobTimeout.
type Extender interface {
	// ExtendJob makes the lock of the job end timeout from now, sooner or
	// later than before. ctx is the context that the job's handler got, or one
	// derived from it. The one that comes back has its values and is for the
	// rest of the handler: it ends with the new lock, or when the process does,
	// and not when ctx does. The caller ends it.
	//
	// When the gateway cannot be reached, the job goes on with the sooner of
	// both ends, and the error is nil. Any other refusal is an error, such as
	// of a job that is gone; then the call should not be made. timeout is at
	// least one millisecond.
	ExtendJob(ctx context.Context, jobKey int64, timeout time.Duration) (context.Context, context.CancelFunc, error)
}
