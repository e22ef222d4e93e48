package kafka

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/queue"
)

// network is one that can hang: nothing arrives, and no connection ends.
type network struct {
	mu   sync.Mutex
	open chan struct{} // closed while it does not hang
}

func newNetwork() *network {
	n := &network{open: make(chan struct{})}
	close(n.open)
	return n
}

func (n *network) hang() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open = make(chan struct{})
}

func (n *network) mend() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.open)
}

func (n *network) wait(end <-chan struct{}) {
	n.mu.Lock()
	open := n.open
	n.mu.Unlock()
	select {
	case <-open:
	case <-end:
	}
}

func (n *network) dial(ctx context.Context, kind, address string) (net.Conn, error) {
	n.wait(ctx.Done())
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, kind, address)
	if err != nil {
		return nil, err
	}
	near, far := net.Pipe() // which knows deadlines
	end := make(chan struct{})
	go func() {
		_, _ = io.Copy(conn, far) // until either end is closed
		close(end)
		conn.Close()
	}()
	go func() {
		defer far.Close()
		part := make([]byte, 32<<10)
		for {
			count, err := conn.Read(part)
			n.wait(end)
			if _, failed := far.Write(part[:count]); err != nil || failed != nil {
				return
			}
		}
	}()
	return near, nil
}

// A network that hangs ends a publication with its job's time and a connector
// after a while; both go on when it is mended, and nothing is lost.
func TestHangingNetwork(t *testing.T) {
	t.Parallel()
	f, n := newFake(t), newNetwork()
	topic := f.topic(t, 1)
	var mu sync.Mutex
	ahead := time.Duration(0)
	h := protocols.Host{Dial: n.dial, Shared: &protocols.Shared{}, Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return time.Now().Add(ahead)
	}}
	c := openConsumer(t, h, properties(f.servers(), topic))
	out, err := Protocol().Outbound(h)
	if err != nil {
		t.Fatal(err)
	}
	publish := func(wait time.Duration, value string) error {
		in := bind.New[Input]()
		if err := bind.Bind(input(f.servers(), topic, queue.Message{Value: []byte(value)}), in); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		defer cancel()
		_, err := out.Execute(ctx, protocols.Call{Input: in})
		return err
	}
	if err := publish(patience, "0"); err != nil {
		t.Fatal(err)
	}
	c.ack(t, c.next(t))

	n.hang()
	err = publish(50*time.Millisecond, "1")
	var e *protocols.Error
	if !errors.As(err, &e) || e.Code != CodeFail || e.Variables["kafkaError"] != kafkaTimeout || !e.Temporary || e.Unsent {
		t.Errorf("got %+v", err)
	}
	mu.Lock()
	ahead = time.Minute
	mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if d, err := c.Next(ctx); err == nil || !strings.Contains(err.Error(), "no broker has answered") {
		t.Errorf("got %v, %v", d, err)
	}
	began := time.Now()
	_ = c.Close()
	if took := time.Since(began); took > 3*leaveTime {
		t.Errorf("closing took %s", took)
	}

	n.mend()
	if err := publish(patience, "2"); err != nil {
		t.Error(err)
	}
	again := openConsumer(t, h, properties(f.servers(), topic))
	for last := ""; last != "2"; {
		d := again.next(t)
		last = string(d.Value)
		again.ack(t, d)
	}
}
