package queuetest

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"patchbay/protocols"
)

// Endurance publishes numbered messages and receives them while the broker is
// restarted again and again. Whatever the broker does not confirm is published
// again. Nothing may be lost, and nothing correlated twice by a workflow engine
// that drops messages whose id it has seen.
type Endurance struct {
	Suite
	// Messages and Restarts say how many; the restarts are spread evenly.
	Messages, Restarts int
	// Again ends the broker the n-th time, from 0, and brings it back; Restart
	// by default.
	Again func(t testing.TB, n int)
	// Numbered are the variables of a job that publishes a number as text. A
	// repetition publishes the same. Input with the number by default.
	Numbered func(target string, n int) map[string]any
	// ID is an event's identity, as a messageIdExpression gives it; the event's
	// message id by default.
	ID func(e protocols.Event) string
	// Publishers is how many jobs publish at a time; 64 by default.
	Publishers int
}

// stall is how long there may be no progress.
const stall = 2 * time.Minute

// Run runs it.
func (e Endurance) Run(t *testing.T) {
	e.defaults()
	target := e.Target(t)
	gateway := newGateway(e)
	e.listen(t, newHost(t, e.Host), e.Properties(target), gateway.handle)
	started := time.Now()
	e.publishAll(t, target)
	gateway.await(t, e.Messages)
	t.Logf("%d messages and %d restarts in %s; %d deliveries were dropped as duplicates",
		e.Messages, e.Restarts, time.Since(started).Round(time.Millisecond), gateway.dropped.Load())
}

func (e *Endurance) defaults() {
	if e.Again == nil {
		e.Again = func(t testing.TB, _ int) { e.Restart(t) }
	}
	if e.Numbered == nil {
		e.Numbered = func(target string, n int) map[string]any { return e.Input(target, text(fmt.Sprint(n))) }
	}
	if e.ID == nil {
		e.ID = func(event protocols.Event) string { return event.MessageID }
	}
	if e.Publishers == 0 {
		e.Publishers = 64
	}
}

// publishAll publishes every number until it is confirmed, and restarts the
// broker meanwhile.
func (e Endurance) publishAll(t *testing.T, target string) {
	out, err := e.Protocol.Outbound(e.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer out.(io.Closer).Close()
	var taken, confirmed, repeated atomic.Int64
	var all sync.WaitGroup
	for range e.Publishers {
		all.Go(func() {
			for n := int(taken.Add(1)) - 1; n < e.Messages && !t.Failed(); n = int(taken.Add(1)) - 1 {
				repeated.Add(int64(e.persist(t, out, target, n)))
				confirmed.Add(1)
			}
		})
	}
	for n := range e.Restarts {
		due := int64((n + 1) * e.Messages / (e.Restarts + 1))
		for confirmed.Load() < due && !t.Failed() {
			time.Sleep(time.Millisecond)
		}
		began := time.Now()
		e.Again(t, n)
		t.Logf("restart %d took %s; %d messages are confirmed", n+1, time.Since(began).Round(time.Millisecond), confirmed.Load())
	}
	all.Wait()
	t.Logf("all messages are confirmed; %d publications were repeated", repeated.Load())
}

// persist publishes a number until that is confirmed, and returns how often it
// had to be repeated.
func (e Endurance) persist(t *testing.T, out protocols.Outbound, target string, n int) (repeated int) {
	limit := time.Now().Add(stall)
	for {
		_, err := e.execute(context.Background(), out, e.Numbered(target, n))
		switch {
		case err == nil:
			return repeated
		case protocols.IsInputError(err) || time.Now().After(limit):
			t.Errorf("publish message %d: %v", n, err)
			return repeated
		}
		repeated++
		time.Sleep(min(time.Duration(repeated)*20*time.Millisecond, 500*time.Millisecond))
	}
}

// gateway stands for a workflow engine.
type gateway struct {
	e       Endurance
	dropped atomic.Int64

	mu sync.Mutex
	// ids are those that it has seen; numbers counts what it correlated.
	ids      map[string]bool
	numbers  map[string]int
	twice    []string
	progress time.Time
}

func newGateway(e Endurance) *gateway {
	return &gateway{e: e, ids: map[string]bool{}, numbers: map[string]int{}, progress: time.Now()}
}

// handle is a protocols.Handler.
func (g *gateway) handle(_ context.Context, event protocols.Event) (protocols.Correlation, error) {
	id, number := g.e.ID(event), g.e.Body(event.Value)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.progress = time.Now()
	if id != "" && g.ids[id] {
		g.dropped.Add(1)
		return protocols.Correlation{Matched: true, Duplicate: true}, nil
	}
	g.ids[id] = true
	if g.numbers[number]++; g.numbers[number] > 1 {
		g.twice = append(g.twice, number)
	}
	return protocols.Correlation{Matched: true}, nil
}

func (g *gateway) state() (numbers int, twice []string, idle time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.numbers), g.twice, time.Since(g.progress)
}

// await waits until every number has come.
func (g *gateway) await(t *testing.T, count int) {
	for {
		numbers, twice, idle := g.state()
		if len(twice) > 0 {
			t.Fatalf("%d messages were correlated twice, such as %v", len(twice), twice[:min(len(twice), 10)])
		}
		if numbers == count {
			return
		}
		if idle > stall || t.Failed() {
			t.Fatalf("%d of %d messages are lost", count-numbers, count)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
