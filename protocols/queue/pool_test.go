package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/protocols"
)

// counted is a Producer that counts.
type counted struct {
	published, closed *atomic.Int64
	err               error
}

func (c counted) Publish(context.Context, Message) (map[string]any, error) {
	c.published.Add(1)
	return map[string]any{"confirmed": true}, c.err
}

func (c counted) Close() error {
	c.closed.Add(1)
	return nil
}

// opener counts what it opens.
type opener struct {
	opened, published, closed atomic.Int64
	fail                      error
	wait                      chan struct{}
}

func (o *opener) connect(ctx context.Context) (Producer, error) {
	o.opened.Add(1)
	if o.wait != nil {
		<-o.wait
	}
	if o.fail != nil {
		return nil, o.fail
	}
	return counted{&o.published, &o.closed, nil}, ctx.Err()
}

func TestPoolConnectsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, o := newPool(), &opener{wait: make(chan struct{})}
		var calls sync.WaitGroup
		for range 50 {
			calls.Go(func() {
				c, err := p.get(t.Context(), "a", o.connect)
				if err != nil {
					t.Error(err)
					return
				}
				p.put(c, false)
			})
		}
		synctest.Wait()
		close(o.wait)
		calls.Wait()
		if n := o.opened.Load(); n != 1 {
			t.Errorf("opened %d connections, want 1", n)
		}
		time.Sleep(idleTime + time.Second)
		synctest.Wait()
		if n := o.closed.Load(); n != 1 {
			t.Errorf("closed %d idle connections, want 1", n)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A pool that is closed does not wait for a broker that does not answer.
func TestPoolStopsConnecting(t *testing.T) {
	p := newPool()
	var ended error
	ctx, cancel := context.WithCancel(t.Context())
	_, err := p.get(ctx, "a", func(connecting context.Context) (Producer, error) {
		cancel() // the call's end is not the connection's
		<-connecting.Done()
		ended = connecting.Err()
		return nil, ended
	})
	if err == nil {
		t.Error("got a connection")
	}
	if err := p.Close(); err != nil || !errors.Is(ended, context.Canceled) {
		t.Errorf("got %v; connecting ended with %v", err, ended)
	}
}

func TestPoolKeepsWhatIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, o := newPool(), &opener{}
		used, err := p.get(t.Context(), "a", o.connect)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * idleTime)
		if o.closed.Load() != 0 {
			t.Error("closed a connection in use")
		}
		p.put(used, true)
		again, err := p.get(t.Context(), "a", o.connect)
		if err != nil || again == used {
			t.Errorf("got %v %v, want a new connection in place of one that is gone", again, err)
		}
		p.put(again, false)
		_ = p.Close()
		if o.opened.Load() != 2 || o.closed.Load() != 2 {
			t.Errorf("opened %d and closed %d, want 2 each", o.opened.Load(), o.closed.Load())
		}
		if _, err := p.get(t.Context(), "a", o.connect); err == nil {
			t.Error("a closed pool connects")
		}
	})
}

func TestPoolIsBounded(t *testing.T) {
	p, o := newPool(), &opener{}
	defer p.Close()
	var first *conn
	for n := range mostConnections {
		c, err := p.get(t.Context(), fmt.Sprint(n), o.connect)
		if err != nil {
			t.Fatal(err)
		}
		first = c
	}
	_, err := p.get(t.Context(), "more", o.connect)
	var known *protocols.Error
	if !errors.As(err, &known) || !known.Unsent {
		t.Fatalf("got %v, want an error that says that nothing was sent", err)
	}
	p.put(first, false)
	if _, err := p.get(t.Context(), "more", o.connect); err != nil {
		t.Errorf("with an idle one to replace: %v", err)
	}
}

func TestPoolFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, o := newPool(), &opener{fail: errors.New("nobody listens")}
		_, err := p.get(t.Context(), "a", o.connect)
		var known *protocols.Error
		if !errors.As(err, &known) || !known.Temporary || !strings.Contains(err.Error(), "nobody listens") {
			t.Errorf("got %v", err)
		}
		o.fail = nil
		if c, err := p.get(t.Context(), "a", o.connect); err != nil {
			t.Errorf("the next call: %v", err)
		} else {
			p.put(c, false)
		}
		slow := &opener{wait: make(chan struct{})}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.get(ctx, "b", slow.connect); !errors.As(err, &known) || known.Code != CodeTimeout || !known.Unsent {
			t.Errorf("a connection that takes too long: %v", err)
		}
		close(slow.wait)
		_ = p.Close()
		if slow.closed.Load() != 1 {
			t.Error("the late connection is still open")
		}
	})
}
