package zeebe

import (
	"context"
	"slices"
	"sync"
)

// slots bound the jobs in flight: in total, and by share, of which every worker
// has one. While plenty of slots are free, a share may use as many as its own
// limit; the last quarter is kept for the shares that have less than an equal
// part, so that slow jobs of some types leave room for the others. A share that
// has none gets its first slot even beyond the total.
type slots struct {
	mu      sync.Mutex
	total   int
	used    int
	shares  int
	waiting []*waiter // in the order of coming
}

// share is one worker's part of the slots.
type share struct {
	slots *slots
	limit int
	used  int
	// roomy gets a token when a slot is returned and at least half of the
	// limit is free.
	roomy chan struct{}
}

type waiter struct {
	share *share
	got   chan struct{}
}

func newSlots(total int) *slots { return &slots{total: total} }

// join adds a share that uses at most limit slots at once.
func (s *slots) join(limit int) *share {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shares++
	return &share{slots: s, limit: min(limit, s.total), roomy: make(chan struct{}, 1)}
}

// leave takes the share out of the count; slots still used are returned later.
func (h *share) leave() {
	s := h.slots
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shares--
	s.grant()
}

// allowance is how many more slots the share may take now. The lock is held.
func (h *share) allowance() int {
	s := h.slots
	free := s.total - s.used
	part := max(1, s.total/max(1, s.shares))
	switch {
	case h.used == 0 && free < 1:
		return 1
	case h.used < part:
		return min(h.limit-h.used, free)
	default:
		return min(h.limit-h.used, free-s.total/4)
	}
}

// free is how many slots the share could take now, never negative.
func (h *share) free() int {
	h.slots.mu.Lock()
	defer h.slots.mu.Unlock()
	return max(0, h.allowance())
}

// inFlight is how many slots the share uses.
func (h *share) inFlight() int {
	h.slots.mu.Lock()
	defer h.slots.mu.Unlock()
	return h.used
}

// take waits for a slot, as long as ctx lives.
func (h *share) take(ctx context.Context) error {
	s := h.slots
	s.mu.Lock()
	if h.allowance() > 0 {
		h.count(1)
		s.mu.Unlock()
		return nil
	}
	w := &waiter{h, make(chan struct{})}
	s.waiting = append(s.waiting, w)
	s.mu.Unlock()
	select {
	case <-w.got:
		return nil
	case <-ctx.Done():
		return s.withdraw(w, ctx.Err())
	}
}

// withdraw removes a waiter; a slot that it was given meanwhile is kept.
func (s *slots) withdraw(w *waiter, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.waiting, w)
	if i < 0 {
		return nil
	}
	s.waiting = slices.Delete(s.waiting, i, i+1)
	return err
}

// put returns a slot.
func (h *share) put() {
	s := h.slots
	s.mu.Lock()
	defer s.mu.Unlock()
	h.count(-1)
	s.grant()
	if 2*(h.limit-h.used) >= h.limit {
		select {
		case h.roomy <- struct{}{}:
		default:
		}
	}
}

func (h *share) count(n int) {
	h.used += n
	h.slots.used += n
}

// grant gives free slots to waiters, the share with the fewest first. The lock
// is held.
func (s *slots) grant() {
	for {
		best := -1
		for i, w := range s.waiting {
			if w.share.allowance() > 0 && (best < 0 || w.share.used < s.waiting[best].share.used) {
				best = i
			}
		}
		if best < 0 {
			return
		}
		w := s.waiting[best]
		s.waiting = slices.Delete(s.waiting, best, best+1)
		w.share.count(1)
		close(w.got)
	}
}
