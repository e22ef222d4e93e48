package embedded

// phase is where an element instance is in its life.
type phase uint8

const (
	activating phase = iota
	active
	completing
	terminating
	completed
	terminated
)

// process is a process instance: its root scope and what belongs to it as a whole.
type process struct {
	key        int64
	definition *definition
	root       *instance
	caller     *instance // the call activity that started it, nil for a root process instance
	depth      int       // of nested call activities
	history    []*instance
	incidents  []*incident
	lockKey    string // correlation key of the message that started it
	locked     bool
	waiters    []chan *process
}

// instance is an element instance: one run of an element, or of a process as a whole.
type instance struct {
	key            int64
	node           *node
	process        *process
	scope          *instance // the flow scope, nil for a process
	phase          phase
	started, ended int64
	vars           variables

	// children in order of creation
	first, last, prev, next *instance
	count                   int

	tokens      int // on sequence flows directly in this scope, joins included
	joins       map[*node]*join
	interrupted bool // only the event that interrupted goes on in this scope

	payload  variables // of the event or job that starts or completes the instance
	flows    []*edge   // chosen by a gateway
	begins   []pending // where a scope starts; nil is its none start event
	boundary *pending  // event that follows when the instance has ended
	eventSub *pending  // interrupting event sub-process that follows when the scope is empty

	job       *job
	incident  *incident
	subs      []subscription
	called    *process
	loop      *loopState // of a multi-instance body
	loopIndex int        // loopCounter of an inner instance, from 1
}

// pending is an event that goes on as soon as what it interrupts has ended.
type pending struct {
	catch *node
	event variables
}

// alive tells whether events may still reach the instance.
func (in *instance) alive() bool { return in.phase < terminating }

// accepts tells whether tokens may move in the scope.
func (in *instance) accepts() bool { return in.phase == active && !in.interrupted }

func (in *instance) link(child *instance) {
	if child.prev = in.last; in.last != nil {
		in.last.next = child
	} else {
		in.first = child
	}
	in.last = child
	in.count++
}

func (in *instance) unlink(child *instance) {
	if child.prev != nil {
		child.prev.next = child.next
	} else {
		in.first = child.next
	}
	if child.next != nil {
		child.next.prev = child.prev
	} else {
		in.last = child.prev
	}
	child.prev, child.next = nil, nil
	in.count--
}

// create makes an element instance in a scope; it is not activated yet.
func (e *Engine) create(n *node, scope *instance) *instance {
	in := &instance{key: e.state.key(), node: n, process: scope.process, scope: scope, started: e.now()}
	scope.link(in)
	e.remember(in)
	return in
}

// remember makes the instance findable by its key and part of the history.
func (e *Engine) remember(in *instance) {
	e.state.elements[in.key] = in
	p := in.process
	if len(p.history) >= maxHistory {
		p.forget()
	}
	p.history = append(p.history, in)
}

// forget drops the older half of what has ended, so that a process that runs for ever stays bounded.
func (p *process) forget() {
	ended := 0
	for _, in := range p.history {
		if in.phase >= completed {
			ended++
		}
	}
	kept := p.history[:0]
	for _, in := range p.history {
		if in.phase >= completed && ended > maxHistory/4 {
			ended--
			continue
		}
		kept = append(kept, in)
	}
	clear(p.history[len(kept):])
	p.history = kept
}
