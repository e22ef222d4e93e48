package engine

import "context"

// largeAnswers is how many attempts may work on a large answer at once; see
// protocols.Turn. They wait for nothing but the processor meanwhile.
const largeAnswers = 4

// turn is an attempt's turn to work on a large answer.
type turn struct {
	places chan struct{} // holds one element for each turn that is taken
	taken  bool
}

// Wait implements protocols.Turn.
func (t *turn) Wait(ctx context.Context) error {
	if t.taken {
		return nil
	}
	select {
	case t.places <- struct{}{}:
		t.taken = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// end lets the next one have its turn. It may be called more than once.
func (t *turn) end() {
	if t.taken {
		<-t.places
		t.taken = false
	}
}
