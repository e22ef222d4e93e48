package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

// listener receives for one executable.
type listener struct {
	host  protocols.InboundHost
	sub   Subscription
	out   *outbound // to the declared dead-letter target
	drain time.Duration
}

// drainTime is how long deliveries that are being handled may take to end.
const drainTime = 10 * time.Second

func newListener(b Broker, h protocols.InboundHost, properties any) (*listener, error) {
	h.Host = httpx.Guarded(h.WithDefaults())
	sub, err := b.Driver.Subscription(h, properties)
	if err != nil {
		return nil, err
	}
	if err := sub.Terms.Validate(); err != nil {
		return nil, err
	}
	return &listener{host: h, sub: sub, out: newOutbound(b, h.Host), drain: drainTime}, nil
}

// Close closes the connection to the dead-letter target.
func (l *listener) Close() error { return l.out.Close() }

// Receive implements protocols.Inbound. It returns once everything that was
// taken is acknowledged or given back.
func (l *listener) Receive(ctx context.Context, ready func(), handle protocols.Handler) error {
	consumer, err := l.open(ctx)
	if err != nil {
		return ended(ctx, fmt.Errorf("listen to %s: %w", l.sub.Address, err))
	}
	ready()
	err = l.run(ctx, consumer, handle)
	if closed := consumer.Close(); err == nil && closed != nil {
		err = closed
	}
	if err != nil {
		err = fmt.Errorf("receive from %s: %w", l.sub.Address, err)
	}
	return ended(ctx, err)
}

func (l *listener) open(ctx context.Context) (Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	return l.sub.Open(ctx)
}

// ended is the error of Receive: none when it was told to end.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// run takes deliveries until ctx or the connection ends, and waits for those
// that were taken.
func (l *listener) run(ctx context.Context, consumer Consumer, handle protocols.Handler) error {
	s := newSession(ctx, l, consumer, handle)
	defer s.end()
	for {
		select {
		case s.slots <- struct{}{}:
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
		d, err := consumer.Next(s.ctx)
		if s.ctx.Err() != nil {
			s.giveBack(d)
			return context.Cause(s.ctx)
		}
		if err != nil {
			return err
		}
		s.take(d)
	}
}

// session is one connection's deliveries.
type session struct {
	*listener
	consumer Consumer
	handle   protocols.Handler
	// ctx ends when no more is to be taken and no failure tried again; handling
	// goes on for the drain time in working.
	ctx     context.Context
	cancel  context.CancelCauseFunc
	working context.Context
	stop    func()
	// slots has an entry for each delivery that is neither acknowledged nor
	// given back.
	slots   chan struct{}
	lanes   lanes
	running sync.WaitGroup
}

func newSession(ctx context.Context, l *listener, consumer Consumer, handle protocols.Handler) *session {
	s := &session{listener: l, consumer: consumer, handle: handle, slots: make(chan struct{}, l.sub.Terms.MaxInFlight)}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	late := make(chan *time.Timer, 1)
	unhook := context.AfterFunc(s.ctx, func() { late <- time.AfterFunc(l.drain, cancel) })
	s.working = working
	s.stop = func() {
		if !unhook() {
			(<-late).Stop()
		}
		cancel()
	}
	return s
}

// end waits until everything that was taken has been settled.
func (s *session) end() {
	s.cancel(nil)
	s.running.Wait()
	s.stop()
}

// take has a delivery handled: at once, or after those before it in its lane.
func (s *session) take(d *Delivery) {
	if !s.lanes.enter(d) {
		return
	}
	s.running.Go(func() {
		for ; d != nil; d = s.lanes.leave(d) {
			s.settle(d)
			<-s.slots
		}
	})
}

// giveBack returns a delivery that came when the session was over.
func (s *session) giveBack(d *Delivery) {
	if d != nil {
		_ = s.consumer.Nack(s.working, d) // Close gives back what this does not
	}
}

// settle brings a delivery to its end. An acknowledgement that does not get
// through ends the session: the broker delivers the message again.
func (s *session) settle(d *Delivery) {
	how, err := s.consumer.Ack, s.ctx.Err()
	if err == nil {
		how, err = s.accept(d)
	}
	if err != nil {
		how = s.consumer.Nack
	}
	if err := how(s.working, d); err != nil {
		s.cancel(fmt.Errorf("acknowledge a message: %w", err))
	}
}

// accept returns how to acknowledge the delivery once it has been accepted, or
// has become a dead letter. It fails when the session ends before that.
func (s *session) accept(d *Delivery) (how func(context.Context, *Delivery) error, err error) {
	var refused *protocols.Rejected
	err = s.persist(d, "handle", func() error {
		err := s.dispatch(s.working, d.Message, protocols.Event{MessageID: d.ID, Delivery: d.delivery()}, s.handle)
		if errors.As(err, &refused) {
			return nil
		}
		return err
	})
	if err != nil || refused == nil {
		return s.consumer.Ack, err
	}
	if rejecter, ok := s.consumer.(Rejecter); ok && s.sub.Reject {
		s.host.Activity.Note("WARNING", "DeadLetter", "left to the broker: "+refused.Message, nil)
		return rejecter.Reject, nil
	}
	return s.consumer.Ack, s.persist(d, "set aside", func() error { return s.bury(s.working, d, refused) })
}

// delivery is what the broker tells of the delivery.
func (d *Delivery) delivery() protocols.Delivery {
	if d.Attempt == 1 {
		return protocols.DeliveredFirst
	}
	return protocols.DeliveredAgain
}

// dispatch decodes a message and hands it to handle, as the value of an event.
func (l *listener) dispatch(ctx context.Context, m Message, event protocols.Event, handle protocols.Handler) error {
	value, err := l.sub.Decode(ctx, m)
	if err != nil {
		var e *protocols.Error
		if errors.As(err, &e) && e.Temporary {
			return err
		}
		return &protocols.Rejected{Code: protocols.CodeInvalidInput, Message: fmt.Sprintf("decode a message of %s: %s", l.sub.Address, err), Cause: err}
	}
	event.Value = value
	_, err = handle(ctx, event)
	return err
}

// persist tries until it succeeds, with a growing pause, or until the session
// ends.
func (s *session) persist(d *Delivery, what string, try func() error) error {
	pauses := s.sub.Terms.pauses()
	for {
		err := try()
		if err == nil {
			return nil
		}
		if pauses.first() {
			s.host.Activity.Note("WARNING", "Consumer", fmt.Sprintf("%s a message: %s; trying again", what, err), nil)
		}
		if err := s.pause(d, pauses.next(err)); err != nil {
			return err
		}
	}
}

// extendEvery is how often a broker is told that a delivery is still in hand.
const extendEvery = 10 * time.Second

// pause waits, and keeps the delivery from being taken back meanwhile.
func (s *session) pause(d *Delivery, wait time.Duration) error {
	extender, _ := s.consumer.(Extender)
	for wait > 0 {
		part := min(wait, extendEvery)
		wait -= part
		if extender != nil {
			if err := extender.Extend(s.working, d); err != nil {
				return err
			}
		}
		timer := time.NewTimer(part)
		select {
		case <-timer.C:
		case <-s.ctx.Done():
			timer.Stop()
			return context.Cause(s.ctx)
		}
	}
	return nil
}
