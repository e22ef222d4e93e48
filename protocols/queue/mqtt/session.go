package mqtt

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/mochi-mqtt/server/v2/packets"

	"patchbay/protocols/queue"
)

// session is what outlasts a connection.
type session struct {
	*account
	properties *Properties

	mu sync.Mutex
	// subscribed says that the broker's session has the subscription.
	subscribed bool
	// done are the ids of QoS 2 messages that were handled, and that the broker
	// will deliver again unless it has heard of it: the client's side of the
	// exchange (MQTT 5, 4.3.3). True are those that it was told of and has not
	// released.
	done map[uint16]bool
	// quiet, if not nil, is closed when there are no such.
	quiet chan struct{}
}

// open implements queue.Subscription's Open.
func (s *session) open(ctx context.Context) (queue.Consumer, error) {
	receive := s.properties.Terms.MaxInFlight
	c, err := s.connect(ctx, settings{clientID: s.clientID, expiry: s.properties.SessionExpiry, receive: receive, released: s.release})
	if err != nil {
		return nil, err
	}
	s.resume(c.greeting.SessionPresent)
	subscribed := make(chan error, 1)
	c.work.Go(func() { subscribed <- s.subscribe(c) })
	select {
	case err = <-subscribed:
	case <-c.crowded: // the answer comes behind messages that have to be taken first
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return &consumer{client: c, session: s, again: make(chan *queue.Delivery, receive)}, nil
}

// resume forgets what belonged to a session that the broker has not.
func (s *session) resume(present bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !present {
		s.subscribed = false
		clear(s.done)
	}
}

// subscribe subscribes, on each connection: some brokers bring sessions back
// without their shared subscriptions. Only with 3.1.1 a session that has the
// subscription is left alone, as the broker would send retained messages anew. A
// refusal ends the connection.
func (s *session) subscribe(c *client) error {
	s.mu.Lock()
	has := s.subscribed
	s.mu.Unlock()
	if has && c.version < 5 && s.properties.Group == "" {
		return nil
	}
	qos, _ := strconv.Atoi(s.properties.QoS) // one of three digits
	answer, err := c.ask(context.Background(), packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, Filters: packets.Subscriptions{
		{Filter: s.properties.filter(), Qos: byte(qos), RetainHandling: 1}}})
	if err != nil {
		return err
	}
	if err := granted(answer, byte(qos)); err != nil {
		c.end(err)
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribed = true
	return nil
}

// granted checks what the broker made of a subscription.
func granted(answer packets.Packet, qos byte) error {
	switch codes := answer.ReasonCodes; {
	case answer.FixedHeader.Type != packets.Suback || len(codes) != 1:
		return errors.New("the broker did not answer the subscription")
	case codes[0] >= 0x80:
		return fmt.Errorf("subscribe: %w", refusal{codes[0], answer.Properties.ReasonString})
	case codes[0] < qos:
		return fmt.Errorf("subscribe: the broker grants QoS %d, not %d", codes[0], qos)
	}
	return nil
}

// told notes that a QoS 2 message's acknowledgement is on its way.
func (s *session) told(id uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[id] = true
}

// release forgets a QoS 2 message that the broker will not deliver again.
func (s *session) release(id uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.done, id)
	if s.quiet != nil && s.isQuiet() {
		close(s.quiet)
		s.quiet = nil
	}
}

// isQuiet reports whether the broker has answered all acknowledgements; s.mu is
// held.
func (s *session) isQuiet() bool {
	for _, told := range s.done {
		if told {
			return false
		}
	}
	return true
}

// settled returns a channel that is closed once the broker has answered all
// acknowledgements; nil if it has.
func (s *session) settled() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isQuiet() {
		return nil
	}
	s.quiet = make(chan struct{})
	return s.quiet
}
