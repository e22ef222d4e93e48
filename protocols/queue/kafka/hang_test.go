package kafka

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/queue"
	"patchbay/protocols/queue/queuetest"
)

// A network that hangs ends a publication with its job's time and a connector
// after a while; both go on when it is mended, and nothing is lost.
func TestHangingNetwork(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	n := queuetest.NewNetwork(t, f.servers())
	topic := f.topic(t, 1)
	var mu sync.Mutex
	ahead := time.Duration(0)
	h := protocols.Host{Dial: n.Dial, Shared: &protocols.Shared{}, Now: func() time.Time {
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

	n.Hang(t)
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

	n.Mend()
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
