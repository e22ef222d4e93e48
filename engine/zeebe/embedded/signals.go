package embedded

// signalSubs is everything that waits for one signal.
type signalSubs struct {
	starts []*node // signal start events of the latest versions
	list   []*signalSub
	closed int // entries of list that wait no more
}

// signalSub is a signal event that an instance waits for.
type signalSub struct {
	in   *instance
	node *node
	name string
	done bool
}

func (e *Engine) prepareSignal(in *instance, n *node, scope *instance) (subscription, *failure) {
	name, f := n.catch.signal.text(scope)
	if f != nil {
		return nil, f
	}
	return &signalSub{in: in, node: n, name: name}, nil
}

func (e *Engine) signal(name string) *signalSubs {
	s := e.state.signals[name]
	if s == nil {
		s = &signalSubs{}
		e.state.signals[name] = s
	}
	return s
}

func (s *signalSub) catch() *node { return s.node }

func (s *signalSub) open(e *Engine) {
	all := e.signal(s.name)
	all.list = append(all.list, s)
}

func (s *signalSub) close(e *Engine) {
	all := e.state.signals[s.name]
	if s.done || all == nil {
		return
	}
	s.done = true
	if all.closed++; all.closed*2 > len(all.list) {
		all.compact()
	}
	if len(all.list) == 0 && len(all.starts) == 0 {
		delete(e.state.signals, s.name)
	}
}

func (s *signalSubs) compact() {
	kept := make([]*signalSub, 0, len(s.list)-s.closed)
	for _, sub := range s.list {
		if !sub.done {
			kept = append(kept, sub)
		}
	}
	s.list, s.closed = kept, 0
}

// broadcast reaches everything that waits for the signal now; signals are not buffered.
func (e *Engine) broadcast(name string, vars variables) {
	all := e.state.signals[name]
	if all == nil {
		return
	}
	for _, s := range append([]*signalSub(nil), all.list...) {
		if !s.done {
			e.push(step{op: opTrigger, in: s.in, node: s.node, event: vars.copy()})
		}
	}
	for _, start := range all.starts {
		e.startAt(e.newProcess(start.definition), start, vars.copy())
	}
}
