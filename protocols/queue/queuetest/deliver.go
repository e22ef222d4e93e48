package queuetest

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"patchbay/protocols/queue"
)

// burst publishes a thousand messages at once and acknowledges them in another
// order than they came.
func (s Suite) burst(t *testing.T) {
	target := s.Target(t)
	c := s.open(t, target)
	publish := s.publisher(t)
	const count = 1000
	var all sync.WaitGroup
	for worker := range 20 {
		all.Go(func() {
			for n := worker; n < count; n += 20 {
				if err := publish(target, text(fmt.Sprint(n))); err != nil {
					t.Errorf("publish message %d: %v", n, err)
				}
			}
		})
	}
	got := map[string]int{}
	var held []*queue.Delivery
	for range count {
		d := next(t, c)
		got[string(d.Value)]++
		if held = append(held, d); len(held) == 16 {
			for i := range held {
				ack(t, c, held[len(held)-1-i])
			}
			held = nil
		}
	}
	for _, d := range held {
		ack(t, c, d)
	}
	all.Wait()
	for n := range count {
		if got[strconv.Itoa(n)] != 1 {
			t.Errorf("message %d came %d times", n, got[strconv.Itoa(n)])
		}
	}
}

func (s Suite) redelivery(t *testing.T) {
	target := s.Target(t)
	first := s.open(t, target)
	s.publish(t, target, 0, 3)
	for range 3 {
		next(t, first)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := s.open(t, target)
	seen := map[string]bool{}
	for n := range 3 {
		d := next(t, again)
		if !s.Shuffles && string(d.Value) != fmt.Sprint(n) || d.Attempt == 1 {
			t.Errorf("message %d came again as %q, attempt %d", n, d.Value, d.Attempt)
		}
		seen[string(d.Value)] = true
		ack(t, again, d)
	}
	if len(seen) != 3 {
		t.Errorf("%d of three messages came again", len(seen))
	}
}

func (s Suite) nack(t *testing.T) {
	target := s.Target(t)
	c := s.open(t, target)
	s.publish(t, target, 0, 1)
	d := next(t, c)
	if err := c.Nack(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	again := next(t, c)
	if string(again.Value) != "0" || again.ID != d.ID {
		t.Errorf("got %q with id %q, want message 0 with id %q again", again.Value, again.ID, d.ID)
	}
	ack(t, c, again)
}

// ack acknowledges all but one: only that one comes again.
func (s Suite) ack(t *testing.T) {
	target := s.Target(t)
	first := s.open(t, target)
	s.publish(t, target, 0, 3)
	var last *queue.Delivery
	for n := range 3 {
		if last = next(t, first); n < 2 {
			ack(t, first, last)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := s.open(t, target)
	if d := next(t, again); string(d.Value) != "2" {
		t.Errorf("message %q came again, want message 2 alone", d.Value)
	} else {
		ack(t, again, d)
	}
	s.publish(t, target, 3, 4)
	if d := next(t, again); string(d.Value) != "3" {
		t.Errorf("message %q came, want message 3", d.Value)
	}
}

// share has two consumers of the same source: together they get everything
// once.
func (s Suite) share(t *testing.T) {
	target := s.Target(t)
	const count = 100
	got := make(chan string, count*2)
	publish := s.publisher(t)
	for n := range 2 {
		properties := s.Properties(target)
		if s.Sharing != nil {
			properties = s.Sharing(target, n)
		}
		c := s.openWith(t, properties)
		go func() {
			for {
				d, err := c.Next(t.Context())
				if err != nil {
					return
				}
				got <- string(d.Value)
				_ = c.Ack(t.Context(), d)
			}
		}()
	}
	for n := range count {
		if err := publish(target, text(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for len(seen) < count {
		seen[receive(t, got)] = true
	}
}
