package queue

import "sync"

// lanes keep the order of deliveries: those of one lane are handled one after
// the other. The zero value is ready. What waits is bounded by whoever takes
// deliveries.
type lanes struct {
	mu sync.Mutex
	// busy has the deliveries that wait behind one that is being handled.
	busy map[uint64][]*Delivery
}

// enter reports whether a delivery may be handled now. Otherwise it waits, and
// leave returns it.
func (l *lanes) enter(d *Delivery) bool {
	if d.Lane == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting, busy := l.busy[d.Lane]
	if !busy {
		if l.busy == nil {
			l.busy = map[uint64][]*Delivery{}
		}
		l.busy[d.Lane] = nil
		return true
	}
	l.busy[d.Lane] = append(waiting, d)
	return false
}

// leave ends a delivery and returns the next one of its lane, nil if there is
// none.
func (l *lanes) leave(d *Delivery) *Delivery {
	if d.Lane == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting := l.busy[d.Lane]
	if len(waiting) == 0 {
		delete(l.busy, d.Lane)
		return nil
	}
	l.busy[d.Lane] = waiting[1:]
	return waiting[0]
}
