package embedded

import (
	"container/heap"
	"time"
)

// alarm is one entry of the timer heap.
type alarm struct {
	due   int64 // epoch milliseconds
	order int64 // keeps alarms of one moment in the order of their creation
	index int   // in the heap, -1 when not in it
	fire  func(e *Engine)
}

// timerHeap holds everything that happens at a time: timer events, job deadlines, back-offs, message lifetimes.
type timerHeap struct {
	list  []*alarm
	count int64
}

func (h *timerHeap) Len() int { return len(h.list) }
func (h *timerHeap) Less(i, j int) bool {
	a, b := h.list[i], h.list[j]
	return a.due < b.due || a.due == b.due && a.order < b.order
}
func (h *timerHeap) Swap(i, j int) {
	h.list[i], h.list[j] = h.list[j], h.list[i]
	h.list[i].index, h.list[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	a := x.(*alarm)
	a.index = len(h.list)
	h.list = append(h.list, a)
}
func (h *timerHeap) Pop() any {
	last := len(h.list) - 1
	a := h.list[last]
	h.list[last], a.index = nil, -1
	h.list = h.list[:last]
	return a
}

// at calls fire under the lock when the clock has reached due.
func (e *Engine) at(due int64, fire func(e *Engine)) *alarm {
	h := &e.state.timers
	h.count++
	a := &alarm{due: due, order: h.count, fire: fire}
	heap.Push(h, a)
	if a.index == 0 {
		e.Wake()
	}
	return a
}

// cancelAlarm takes an alarm out; nil and fired ones are fine.
func (e *Engine) cancelAlarm(a *alarm) {
	if a != nil && a.index >= 0 {
		heap.Remove(&e.state.timers, a.index)
	}
}

// fireTimers runs what is due and tells whether there was anything. Alarms that are set meanwhile wait for the next call,
// so that a process which sets one after the other cannot keep the lock.
func (e *Engine) fireTimers() (fired bool) {
	h, now := &e.state.timers, e.now()
	newest := h.count
	for len(h.list) > 0 && h.list[0].due <= now && h.list[0].order <= newest {
		heap.Pop(h).(*alarm).fire(e)
		e.work()
		fired = true
	}
	return fired
}

// nextTimer is how long the loop may sleep.
func (e *Engine) nextTimer() time.Duration {
	h := &e.state.timers
	if len(h.list) == 0 {
		return time.Hour
	}
	return max(0, min(time.Hour, time.Duration(h.list[0].due-e.now())*time.Millisecond))
}
