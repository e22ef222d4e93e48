package zeebe

import (
	"errors"
	"log/slog"
	"sync"

	"google.golang.org/grpc/codes"
)

// outage is what the workers of a connection know together of a gateway that
// cannot be reached, so that it is told once and not by each.
type outage struct {
	log *slog.Logger

	mu   sync.Mutex
	lost bool
}

// begins takes why a worker gets no jobs, and reports whether that is for the
// gateway to be away, which is told here.
func (o *outage) begins(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.status != codes.Unavailable {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.lost {
		o.lost = true
		o.log.Warn("the gateway cannot be reached, so no worker gets jobs", "error", e.Message)
	}
	return true
}

// ends is for a worker that gets jobs again: the first one tells.
func (o *outage) ends() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lost {
		o.lost = false
		o.log.Info("the gateway is reached again")
	}
}
