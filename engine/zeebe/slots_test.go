package zeebe

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestSlotsAreShared(t *testing.T) {
	for _, tt := range []struct {
		name   string
		total  int
		limits []int
		taken  []int // by each share, in this order
		free   []int // what each could take then
	}{
		{"one share may have all", 10, []int{100}, []int{0}, []int{10}},
		{"its own limit", 10, []int{4}, []int{3}, []int{1}},
		{"the last quarter is for those with less", 16, []int{16, 16}, []int{12, 0}, []int{0, 4}},
		{"up to an equal part", 16, []int{16, 16}, []int{7, 1}, []int{8, 8}},
		{"beyond an equal part, less a quarter", 16, []int{16, 16}, []int{8, 1}, []int{3, 7}},
		{"the first slot is always there", 2, []int{2, 2, 2}, []int{1, 1, 0}, []int{0, 0, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSlots(tt.total)
			var shares []*share
			for i, limit := range tt.limits {
				h := s.join(limit)
				h.count(tt.taken[i])
				shares = append(shares, h)
			}
			for i, h := range shares {
				if got := h.free(); got != tt.free[i] {
					t.Errorf("share %d: %d free, want %d", i, got, tt.free[i])
				}
			}
		})
	}
}

func TestSlotGoesToWhoHasFewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(4)
		greedy, modest := s.join(4), s.join(4)
		for range 3 {
			mustTake(t, greedy)
		}
		mustTake(t, modest)
		order := make(chan string, 2)
		for _, who := range []struct {
			name string
			*share
		}{{"greedy", greedy}, {"modest", modest}} {
			go func() {
				if who.take(t.Context()) == nil {
					order <- who.name
				}
			}()
			synctest.Wait() // greedy asks first
		}
		greedy.put()
		if got := <-order; got != "modest" {
			t.Errorf("the slot went to %s", got)
		}
		modest.leave()
		greedy.put()
		if got := <-order; got != "greedy" {
			t.Errorf("the slot went to %s", got)
		}
	})
}

func TestTakeEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1)
		h := s.join(1)
		mustTake(t, h)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := h.take(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("take: %v", err)
		}
		if len(s.waiting) != 0 {
			t.Error("it still waits")
		}
		h.put()
		mustTake(t, h)
	})
}

func mustTake(t *testing.T, h *share) {
	t.Helper()
	if err := h.take(t.Context()); err != nil {
		t.Fatal(err)
	}
}
