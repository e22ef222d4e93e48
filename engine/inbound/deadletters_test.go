package inbound

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"patchbay/protocols"
)

// Replay implements protocols.Replayer: the content is the event's value.
func (l *fakeListener) Replay(ctx context.Context, content json.RawMessage, handle protocols.Handler) error {
	var value any
	if err := json.Unmarshal(content, &value); err != nil {
		return err
	}
	_, err := handle(ctx, protocols.Event{Value: value, MessageID: "m"})
	return err
}

// bury puts a letter on the list of the listener on an address.
func (b *bench) bury(address, id, content string) error {
	return b.wire.listener(address).host.DeadLetters.Add(context.Background(), protocols.DeadLetter{
		Source: "test://" + address, MessageID: id, Code: protocols.CodeInvalidInput, Reason: "it holds s3cret-token", Content: json.RawMessage(content)})
}

func (b *bench) letters() []DeadLetter {
	b.t.Helper()
	list, err := b.DeadLetters(context.Background(), 0, 100)
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

func listener(address string) []byte {
	return bpmnOf(messageStart("s", listens, "test:listen", "address", address, "auth.password", "{{secrets.TOKEN}}", "resultExpression", "=result",
		"messageIdExpression", "=id"), aMessage)
}

func TestDeadLetters(t *testing.T) {
	seen := &observed{counts: map[string]int{}}
	onBench(t, func(o *Options) { o.Observer = seen }, func(b *bench) {
		b.deploy(listener("a"))
		for _, id := range []string{"1", "1", "2"} {
			if err := b.bury("a", id, `{"id":"`+id+`","result":{"n":1}}`); err != nil {
				t.Fatal(err)
			}
		}
		list := b.letters()
		if len(list) != 2 {
			t.Fatalf("got %d letters, want one for each message id", len(list))
		}
		if l := list[0]; l.BpmnProcessID != "p" || l.ElementID != "s" || l.Type != "test:listen" || strings.Contains(l.Reason, "s3cret") {
			t.Errorf("the letter is %+v", l)
		}
		if !strings.Contains(activityOf(b.only()), "WARNING set aside: it holds ") {
			t.Errorf("the activity is\n%s", activityOf(b.only()))
		}
		if err := b.Replay(context.Background(), list[0].ID); err != nil {
			t.Fatal(err)
		}
		if len(b.gateway.messages) != 1 || b.gateway.messages[0].ID != "1" {
			t.Errorf("published %+v", b.gateway.messages)
		}
		if err := b.Discard(context.Background(), list[1].ID); err != nil {
			t.Error(err)
		}
		if left := b.letters(); len(left) != 0 {
			t.Errorf("left are %+v", left)
		}
		for _, err := range []error{b.Replay(context.Background(), list[0].ID), b.Discard(context.Background(), list[0].ID)} {
			if !errors.Is(err, ErrUnknownLetter) {
				t.Errorf("got %v, want %v", err, ErrUnknownLetter)
			}
		}
	})
}

// A replay works while the connector is paused, fails with the reason of now,
// and is served by the next version's connector.
func TestReplayLater(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.deploy(listener("a"))
		if err := b.bury("a", "1", `{"id":"1","result":{}}`); err != nil {
			t.Fatal(err)
		}
		id := b.letters()[0].ID
		if err := b.Pause(b.only().ID); err != nil {
			t.Fatal(err)
		}
		b.gateway.fail(errors.New("the gateway is away"))
		err := b.Replay(context.Background(), id)
		var failed *ReplayError
		if !errors.As(err, &failed) || !strings.Contains(failed.Reason, "the gateway is away") {
			t.Errorf("got %v, want why it failed", err)
		}
		if l := b.letters()[0]; l.Replays != 1 || !strings.Contains(l.Reason, "the gateway is away") {
			t.Errorf("the letter is %+v", l)
		}
		b.gateway.fail(nil)
		b.deploy(nil, listener("b"))
		if err := b.Replay(context.Background(), id); err != nil {
			t.Errorf("with the connector of version 2: %v", err)
		}
	})
}

func TestReplayWithoutConnector(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.deploy(listener("a"))
		if err := b.bury("a", "1", `{}`); err != nil {
			t.Fatal(err)
		}
		id := b.letters()[0].ID
		b.deploy()
		if err := b.Replay(context.Background(), id); !errors.Is(err, ErrUnknown) {
			t.Errorf("got %v, want %v", err, ErrUnknown)
		}
		if len(b.letters()) != 1 {
			t.Error("the letter is gone")
		}
	})
}

func TestDeadLettersFull(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.deploy(listener("a"))
		for n := range mostLetters {
			if err := b.bury("a", fmt.Sprint(n), `{}`); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.bury("a", "more", `{}`); !errors.Is(err, ErrFull) {
			t.Errorf("got %v, want %v", err, ErrFull)
		}
	})
}
