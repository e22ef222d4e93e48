package queue

import (
	"errors"
	"math/rand/v2"
	"time"

	"patchbay/protocols"
)

// pauses are the waits between the attempts at one delivery.
type pauses struct {
	wait, most time.Duration
	count      int
}

func (t *Terms) pauses() *pauses { return &pauses{wait: t.RetryFirst, most: t.RetryMost} }

// first reports whether there has been no pause yet.
func (p *pauses) first() bool { return p.count == 0 }

// next returns how long to wait after an error. It doubles each time, is spread
// by a fifth to either side, and is at least what the error asks for.
func (p *pauses) next(err error) time.Duration {
	p.count++
	wait := p.wait*4/5 + time.Duration(rand.Int64N(int64(p.wait)*2/5+1))
	p.wait = min(2*p.wait, p.most)
	var e *protocols.Error
	if errors.As(err, &e) {
		wait = max(wait, min(e.RetryAfter, p.most))
	}
	return wait
}
