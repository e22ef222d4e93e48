package kafka

import (
	"fmt"
	"testing"

	"patchbay/protocols/queue"
)

func TestMembers(t *testing.T) {
	m := &members{left: map[string][]string{}}
	first, second := m.take("g"), m.take("g")
	if first == second {
		t.Error("two consumers have one instance id")
	}
	m.leave("g", first)
	if m.take("other") == first || m.take("g") != first || m.take("g") == first {
		t.Error("an instance id is for the next consumer of its group, once")
	}
	for n := range 2 * mostLeft {
		m.leave("g", fmt.Sprint(n))
	}
	if n := len(m.left["g"]); n != mostLeft {
		t.Errorf("%d instance ids are kept, want %d", n, mostLeft)
	}
	for n := range 2 * mostGroups {
		m.leave(fmt.Sprint(n), "x")
	}
	if n := len(m.left); n > mostGroups {
		t.Errorf("%d groups are kept, want no more than %d", n, mostGroups)
	}
}

// A consumer that could not leave its group, because the broker was away, is
// replaced by the next one at once, not when its session ends.
func TestTakesItsPlaceAgain(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	topic := f.topic(t, 1)
	h := testHost()
	nested := with(properties(f.servers(), topic), map[string]any{"additionalProperties": map[string]any{"session.timeout.ms": 60000}})
	c := openConsumer(t, h, nested)
	send(t, f, topic, 1, 0, 2)
	held := []*queue.Delivery{c.next(t), c.next(t)}
	c.ack(t, held[0])
	f.cluster.Close()
	_ = c.Close()
	f.start(t)
	again := openConsumer(t, h, nested)
	if d := again.next(t); d.ID != topic+"-0-0" || again.instance != c.instance {
		t.Errorf("%s comes again to %q, want the first record to %q", d.ID, again.instance, c.instance)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if info := f.cluster.GroupInfo(again.group); info != nil && len(info.Members) > 0 {
		t.Errorf("the group has members after the last one has left: %v", info.Members)
	}
}
