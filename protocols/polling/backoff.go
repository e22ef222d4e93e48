package polling

import (
	"errors"
	"math/rand/v2"
	"time"

	"patchbay/protocols"
)

const (
	// slowest is the longest wait after failures, unless the interval or the
	// server asks for a longer one.
	slowest = 15 * time.Minute
	// longestAsked bounds what a server may ask for.
	longestAsked = 24 * time.Hour
)

// next is how long to wait until the next request: the interval, doubled with
// each failure in a row, and spread by a tenth to either side so that polls that
// began together do not stay together.
func next(interval time.Duration, failures int, err error) time.Duration {
	d := interval
	for range min(failures, 20) {
		if d < slowest {
			d = min(2*d, max(slowest, interval))
		}
	}
	var failed *protocols.Error
	if errors.As(err, &failed) {
		d = max(d, min(failed.RetryAfter, longestAsked))
	}
	return d*9/10 + time.Duration(rand.Int64N(int64(d)/5+1))
}
