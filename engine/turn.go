package engine

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

// defaultAnswerMemory is Options.AnswerMemory unless it is set: enough for four
// answers of 10 MiB as APIs send them, or for one whose every object holds next
// to nothing.
const defaultAnswerMemory = 256 << 20

// room is the memory that large answers share, so that attempts with such answers
// queue, first come first served, instead of adding up. Small ones never ask.
type room struct {
	all  int64
	free *semaphore.Weighted
}

func newRoom(all int64) *room { return &room{all, semaphore.NewWeighted(all)} }

// turn is an attempt's turn to work on a large answer; see protocols.Turn.
type turn struct {
	room  *room
	taken int64
}

// Wait implements protocols.Turn.
func (t *turn) Wait(ctx context.Context, memory int64) error {
	if t.taken > 0 {
		return nil
	}
	if memory > t.room.all {
		return &protocols.Error{Code: httpx.CodeTooLarge, Message: fmt.Sprintf(
			"the response would take about %d MiB of memory, more than the %d MiB that answers may take (--answer-memory)", memory>>20, t.room.all>>20)}
	}
	if err := t.room.free.Acquire(ctx, memory); err != nil {
		return err
	}
	t.taken = memory
	return nil
}

// end makes room for others. It may be called more than once.
func (t *turn) end() {
	if t.taken > 0 {
		t.room.free.Release(t.taken)
		t.taken = 0
	}
}
