package inbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/protocols"
)

// What a broker delivers again starts no other instance.
func TestStartsOnce(t *testing.T) {
	const first, again, once = protocols.DeliveredFirst, protocols.DeliveredAgain, protocols.DeliveredOnce
	own := []string{listens, "t", propMessageID, "=n"}
	later := 2 * time.Hour
	for name, test := range map[string]struct {
		properties []string
		events     []protocols.Event
		pause      time.Duration // before the last event
		created    int
	}{
		"delivered again":         {nil, []protocols.Event{{MessageID: "1", Delivery: first}, {MessageID: "1", Delivery: again}}, 0, 1},
		"perhaps delivered again": {nil, []protocols.Event{{MessageID: "1", Delivery: again}, {MessageID: "1", Delivery: again}}, 0, 1},
		"another message":         {nil, []protocols.Event{{MessageID: "1", Delivery: again}, {MessageID: "2", Delivery: again}}, 0, 2},
		"an id used twice":        {nil, []protocols.Event{{MessageID: "1", Delivery: first}, {MessageID: "1", Delivery: first}}, 0, 2},
		"no id":                   {nil, []protocols.Event{{Delivery: again}, {Delivery: again}}, 0, 2},
		"the element's id":        {own, []protocols.Event{{Delivery: again}, {Delivery: again}}, 0, 1},
		"a source without repeat": {nil, []protocols.Event{{MessageID: "1", Delivery: once}, {MessageID: "1", Delivery: once}}, 0, 2},
		"after its time":          {nil, []protocols.Event{{MessageID: "1", Delivery: again}, {MessageID: "1", Delivery: again}}, later, 2},
		"after its own time":      {[]string{listens, "t", "messageTtl", "PT3H"}, []protocols.Event{{MessageID: "1", Delivery: again}, {MessageID: "1", Delivery: again}}, later, 1},
	} {
		t.Run(name, func(t *testing.T) {
			g, now := &fakeGateway{}, time.Unix(1000, 0)
			c := &correlator{gateway: g, ttl: time.Hour, starts: newStarts(newMemory(), nil), now: func() time.Time { return now }}
			properties := test.properties
			if properties == nil {
				properties = []string{listens, "t"}
			}
			e := found(t, bpmnOf(start("e", properties...)))[0]
			duplicates := 0
			for i, in := range test.events {
				if i == len(test.events)-1 {
					now = now.Add(test.pause)
				}
				out, err := c.act(t.Context(), e, newEvent(map[string]any{"n": 7}), in)
				if err != nil || !out.Matched {
					t.Fatal(out, err)
				}
				if out.Duplicate {
					duplicates++
				}
			}
			if len(g.created) != test.created || duplicates != len(test.events)-test.created {
				t.Errorf("%d instances and %d duplicates, want %d instances of %d events", len(g.created), duplicates, test.created, len(test.events))
			}
		})
	}
}

// brokenStore has lost its disk.
type brokenStore struct{ *memory }

func (brokenStore) SaveStarted(context.Context, map[string]time.Time) error {
	return errors.New("disk full")
}

func (brokenStore) Started(context.Context, string, time.Time) (bool, error) {
	return false, errors.New("disk full")
}

// An event waits while nobody knows whether it has started an instance; one that
// has is accepted, noted or not.
func TestStartedStoreFails(t *testing.T) {
	g := &fakeGateway{}
	var log strings.Builder
	s := newStarts(brokenStore{}, slog.New(slog.NewTextHandler(&log, nil)))
	c := &correlator{gateway: g, ttl: time.Hour, starts: s, now: time.Now}
	e := found(t, bpmnOf(start("e", listens, "t")))[0]
	act := func(delivery protocols.Delivery) error {
		_, err := c.act(t.Context(), e, newEvent(nil), protocols.Event{MessageID: "1", Delivery: delivery})
		return err
	}
	var refused *protocols.Rejected
	if err := act(protocols.DeliveredAgain); err == nil || errors.As(err, &refused) || len(g.created) != 0 {
		t.Errorf("got %v and %d instances, want an error that may pass", err, len(g.created))
	}
	if err := act(protocols.DeliveredFirst); err != nil || len(g.created) != 1 {
		t.Errorf("got %v and %d instances", err, len(g.created))
	}
	if s.flush(t.Context()) || !strings.Contains(log.String(), "disk full") {
		t.Errorf("it is kept; the log is %q", log.String())
	}
	if err := act(protocols.DeliveredAgain); err != nil || len(g.created) != 1 {
		t.Errorf("delivered again: got %v and %d instances", err, len(g.created))
	}
}

// What has started is in the store soon, and known before that.
func TestStartsAreSaved(t *testing.T) {
	store, now := newMemory(), time.Unix(1000, 0)
	s := newStarts(store, nil)
	s.add("1", now.Add(time.Hour))
	known := func(event string, want bool) {
		t.Helper()
		if got, err := s.has(t.Context(), event, now); got != want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", event, got, err, want)
		}
	}
	known("1", true)
	known("2", false)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.run(ctx) })
	for saved := false; !saved; runtime.Gosched() {
		saved, _ = store.Started(t.Context(), "1", now)
	}
	cancel()
	running.Wait()
	known("1", true)
}

func TestMemoryForgetsTheOldest(t *testing.T) {
	m, now := newMemory(), time.Unix(1000, 0)
	events := map[string]time.Time{}
	for i := range 2*MostStarted + 1 {
		events[fmt.Sprint(i)] = now.Add(time.Duration(i))
	}
	if err := m.SaveStarted(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	for event, want := range map[string]bool{"0": false, fmt.Sprint(MostStarted): false, fmt.Sprint(MostStarted + 1): true, fmt.Sprint(2 * MostStarted): true} {
		if got, err := m.Started(t.Context(), event, now); got != want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", event, got, err, want)
		}
	}
}
