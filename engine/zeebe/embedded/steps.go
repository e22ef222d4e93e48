package embedded

// op says what a step does.
type op uint8

const (
	opEnter     op = iota // a token arrives at a node by a sequence flow
	opActivate            // an element instance starts or tries again
	opComplete            // an element instance ends normally
	opTerminate           // an element instance is ended from outside
	opTrigger             // an event reaches an element instance
)

// step is one unit of the engine's work.
type step struct {
	op    op
	in    *instance // for opEnter the scope
	node  *node     // opEnter: where the token arrives; opTrigger: the catch event
	edge  *edge     // opEnter: by which flow, nil for a start
	event variables // opTrigger, opEnter: what the event brings along
}

// stepQueue is a FIFO that keeps its memory.
type stepQueue struct {
	items []step
	head  int
}

func (q *stepQueue) push(s step) { q.items = append(q.items, s) }

func (q *stepQueue) len() int { return len(q.items) - q.head }

func (q *stepQueue) pop() (step, bool) {
	if q.head == len(q.items) {
		return step{}, false
	}
	s := q.items[q.head]
	q.items[q.head] = step{}
	if q.head++; q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	} else if q.head > 1024 && q.head > len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	return s, true
}

// drop removes steps that must not run.
func (q *stepQueue) drop(gone func(step) bool) {
	kept := q.items[:q.head]
	for _, s := range q.items[q.head:] {
		if !gone(s) {
			kept = append(kept, s)
		}
	}
	clear(q.items[len(kept):])
	q.items = kept
}

func (e *Engine) push(s step) { e.state.steps.push(s) }

// step does one unit of work. A step whose instance has moved on in the meantime does nothing.
func (e *Engine) step(s step) {
	switch s.op {
	case opEnter:
		e.arrive(s)
	case opActivate:
		e.activate(s.in)
	case opComplete:
		e.complete(s.in)
	case opTerminate:
		e.terminate(s.in)
	case opTrigger:
		e.trigger(s.in, s.node, s.event)
	}
}
