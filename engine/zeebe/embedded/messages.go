package embedded

import "patchbay/engine/bpmn"

// messageKey is what messages and subscriptions must have in common.
type messageKey struct{ name, correlationKey string }

type messageID struct {
	messageKey
	id string
}

type lockKey struct{ processID, correlationKey string }

// message is a published message.
type message struct {
	key        int64
	at         messageKey
	id         string
	vars       variables
	correlated map[string]bool // by BPMN process id: a message reaches each process once
}

// messageStore holds subscriptions and buffered messages.
type messageStore struct {
	subs   map[messageKey][]*messageSub
	starts map[string][]*node // message start events of the latest versions, by message name
	buffer map[messageKey][]*message
	ids    map[messageID]bool
	locks  map[lockKey]bool // an instance that a message with this key started is active
	count  int              // of buffered messages
}

func newMessageStore() messageStore {
	return messageStore{
		subs: map[messageKey][]*messageSub{}, starts: map[string][]*node{}, buffer: map[messageKey][]*message{},
		ids: map[messageID]bool{}, locks: map[lockKey]bool{},
	}
}

// messageSub is a message event that an instance waits for.
type messageSub struct {
	key    int64
	in     *instance
	node   *node
	at     messageKey
	since  int64
	opened bool
}

func (e *Engine) prepareMessage(in *instance, n *node, scope *instance) (subscription, *failure) {
	name, f := n.catch.message.text(scope)
	if f != nil {
		return nil, f
	}
	key, f := n.catch.correlationKey.correlationKey(scope)
	if f != nil {
		return nil, f
	}
	return &messageSub{in: in, node: n, at: messageKey{name, key}}, nil
}

func (s *messageSub) catch() *node { return s.node }

// once tells whether the subscription ends with its first message.
func (s *messageSub) once() bool {
	return s.node == s.in.node || s.node.interrupts || s.in.node.el.Type == bpmn.TypeEventBasedGateway
}

// open takes messages that were buffered, the oldest first, and else waits.
func (s *messageSub) open(e *Engine) {
	store := &e.state.messages
	s.key, s.since, s.opened = e.state.key(), e.now(), true
	store.subs[s.at] = append(store.subs[s.at], s)
	for _, m := range store.buffer[s.at] {
		if !m.correlated[s.in.process.definition.id] && s.opened {
			e.correlate(m, s)
		}
	}
}

func (s *messageSub) close(e *Engine) {
	if !s.opened {
		return
	}
	s.opened = false
	store := &e.state.messages
	if store.subs[s.at] = without(store.subs[s.at], s); len(store.subs[s.at]) == 0 {
		delete(store.subs, s.at)
	}
}

// without removes one entry and keeps the order.
func without[T comparable](list []T, gone T) []T {
	for i, x := range list {
		if x == gone {
			return append(list[:i:i], list[i+1:]...)
		}
	}
	return list
}

func (e *Engine) correlate(m *message, s *messageSub) {
	m.mark(s.in.process.definition.id)
	if s.once() {
		s.close(e)
	}
	e.state.later.push(step{op: opTrigger, in: s.in, node: s.node, event: m.vars.copy()})
}

func (m *message) mark(processID string) {
	if m.correlated == nil {
		m.correlated = map[string]bool{}
	}
	m.correlated[processID] = true
}

// publish brings a message to everything that waits for it and buffers it for its time to live, in milliseconds.
func (e *Engine) publish(at messageKey, id string, ttl int64, vars variables) (int64, error) {
	store := &e.state.messages
	if id != "" && store.ids[messageID{at, id}] {
		return 0, alreadyExists("PUBLISH", "Expected to publish a new message with id '%s', but a message with that id was already published", id)
	}
	if ttl > 0 && store.count >= e.options.MaxMessages {
		return 0, exhausted("Expected to publish a message, but %d messages are buffered already", store.count)
	}
	m := &message{key: e.state.key(), at: at, id: id, vars: vars}
	e.deliver(m)
	if ttl > 0 {
		e.buffer(m, ttl)
	}
	return m.key, nil
}

// maxTTL keeps the sum with the clock in range: about 3,000 years.
const maxTTL = int64(1e14)

func (e *Engine) buffer(m *message, ttl int64) {
	store := &e.state.messages
	store.buffer[m.at] = append(store.buffer[m.at], m)
	store.count++
	if m.id != "" {
		store.ids[messageID{m.at, m.id}] = true
	}
	e.at(e.now()+min(ttl, maxTTL), func(e *Engine) { e.expire(m) })
}

func (e *Engine) expire(m *message) {
	store := &e.state.messages
	store.count--
	delete(store.ids, messageID{m.at, m.id})
	if store.buffer[m.at] = without(store.buffer[m.at], m); len(store.buffer[m.at]) == 0 {
		delete(store.buffer, m.at)
	}
}

// startByMessage starts an instance, unless one that the same correlation key started is still active. It returns the
// instance's key, 0 if it started none.
func (e *Engine) startByMessage(m *message, start *node) int64 {
	d := start.definition
	lock := lockKey{d.id, m.at.correlationKey}
	if m.correlated[d.id] || m.at.correlationKey != "" && e.state.messages.locks[lock] {
		return 0
	}
	m.mark(d.id)
	p := e.newProcess(d)
	if m.at.correlationKey != "" {
		p.locked, p.lockKey = true, m.at.correlationKey
		e.state.messages.locks[lock] = true
	}
	e.startAt(p, start, m.vars.copy())
	return p.key
}

// unlockCorrelation lets the next buffered message with the key of an ended instance start one.
func (e *Engine) unlockCorrelation(p *process) {
	store := &e.state.messages
	delete(store.locks, lockKey{p.definition.id, p.lockKey})
	versions := e.state.byProcessID[p.definition.id]
	if versions == nil || versions.latest() == nil {
		return
	}
	var oldest *message
	var start *node
	for _, n := range versions.latest().messageStarts() {
		for _, m := range store.buffer[messageKey{n.catch.message.source, p.lockKey}] {
			if !m.correlated[p.definition.id] && (oldest == nil || m.key < oldest.key) {
				oldest, start = m, n
			}
		}
	}
	if oldest != nil {
		e.startByMessage(oldest, start)
	}
}
