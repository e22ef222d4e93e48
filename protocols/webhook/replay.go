package webhook

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxReplays bounds the deliveries that are remembered, twice.
const maxReplays = 1 << 16

// replays remembers the signed deliveries that were accepted, for as long as
// their time lets them pass. Only signatures that are right get here, so a
// stranger cannot fill it.
type replays struct {
	mu sync.Mutex
	// span is how long a delivery is remembered at least: its time may lie
	// between the tolerance before and the tolerance after now.
	span time.Duration
	// The deliveries by generation; false stands for one that is being handled.
	now, before map[[sha256.Size]byte]bool
	turned      time.Time
}

func newReplays(tolerance time.Duration) *replays { return &replays{span: 2 * tolerance} }

// add remembers a delivery; it reports false if it is known.
func (r *replays) add(d [sha256.Size]byte, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(now)
	if _, known := r.now[d]; known {
		return false
	}
	if _, known := r.before[d]; known {
		return false
	}
	r.now[d] = false
	return true
}

// accept marks a delivery as handled.
func (r *replays) accept(d [sha256.Size]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now[d] = true
}

// accepted reports whether a delivery was handled.
func (r *replays) accepted(d [sha256.Size]byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now[d] || r.before[d]
}

// forget lets a delivery pass again, because it could not be handled.
func (r *replays) forget(d [sha256.Size]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.now, d)
	delete(r.before, d)
}

// turn drops what is old enough, a generation at a time.
func (r *replays) turn(now time.Time) {
	switch {
	case r.now == nil || now.Sub(r.turned) >= 2*r.span:
		r.now, r.before, r.turned = map[[sha256.Size]byte]bool{}, nil, now
	case now.Sub(r.turned) >= r.span || len(r.now) >= maxReplays:
		r.now, r.before, r.turned = map[[sha256.Size]byte]bool{}, r.now, now
	}
}
