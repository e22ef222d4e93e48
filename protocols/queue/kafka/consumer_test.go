package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/protocoltest"
	"patchbay/protocols/queue"
)

const patience = 20 * time.Second

// openError is the error with which a connector ends.
func openError(t *testing.T, nested map[string]any) error {
	t.Helper()
	p := bind.New[Properties]()
	if err := bind.Bind(nested, p); err != nil {
		return err
	}
	in, err := Protocol().Inbound(protocoltest.NewInboundHost(t).Host(testHost()), p)
	if err != nil {
		return err
	}
	defer in.(io.Closer).Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return in.Receive(ctx, func() { t.Error("it listens") }, nil)
}

// opened is a consumer with its host.
type opened struct {
	*consumer
	host *protocoltest.InboundHost
}

func openConsumer(t testing.TB, h protocols.Host, nested map[string]any) opened {
	t.Helper()
	p := bind.New[Properties]()
	if err := bind.Bind(nested, p); err != nil {
		t.Fatal(err)
	}
	around := protocoltest.NewInboundHost(t)
	sub, err := driver{}.Subscription(around.Host(h), p)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := sub.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return opened{c.(*consumer), around}
}

func (o opened) next(t testing.TB) *queue.Delivery {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	d, err := o.Next(ctx)
	if err != nil {
		t.Fatalf("next: %v", err)
	}
	return d
}

func (o opened) ack(t testing.TB, list ...*queue.Delivery) {
	t.Helper()
	for _, d := range list {
		if err := o.Ack(t.Context(), d); err != nil {
			t.Fatalf("ack: %v", err)
		}
	}
}

// nothing checks that nothing comes.
func (o opened) nothing(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if d, err := o.Next(ctx); err == nil {
		t.Errorf("got %s, want nothing", d.ID)
	}
}

// send writes numbered records to partitions in turn.
func send(t testing.TB, f *fake, topic string, partitions, from, to int) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(f.cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var list []*kgo.Record
	for n := from; n < to; n++ {
		list = append(list, &kgo.Record{Topic: topic, Partition: int32(n % partitions), Key: fmt.Append(nil, n%7), Value: fmt.Append(nil, n)})
	}
	if err := cl.ProduceSync(t.Context(), list...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// committed is what a group has committed of a partition, -1 for nothing.
func (f *fake) committed(group, topic string, partition int32) int64 {
	info := f.cluster.GroupInfo(group)
	if info == nil {
		return -1
	}
	if c, ok := info.Commits[topic][partition]; ok {
		return c.Offset
	}
	return -1
}

// Only what has no unsettled record before it is committed.
func TestCommitsThePrefix(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	topic := f.topic(t, 1)
	send(t, f, topic, 1, 0, 4)
	c := openConsumer(t, testHost(), properties(f.servers(), topic))
	var list []*queue.Delivery
	for range 4 {
		list = append(list, c.next(t))
	}
	c.ack(t, list[1], list[3])
	if err := c.commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.committed(c.group, topic, 0); got > 0 {
		t.Errorf("%d is committed, want nothing before record 0 is settled", got)
	}
	c.ack(t, list[0], list[0])
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := f.committed("g-"+topic, topic, 0); got != 2 {
		t.Errorf("%d is committed, want 2", got)
	}
	again := openConsumer(t, testHost(), properties(f.servers(), topic))
	if d := again.next(t); d.ID != topic+"-0-2" {
		t.Errorf("%s comes first, want offset 2", d.ID)
	}
	if err := c.Ack(t.Context(), list[2]); !errors.Is(err, queue.ErrDisconnected) {
		t.Errorf("ack after close: got %v", err)
	}
}

func TestCommitsInTheBackground(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	topic := f.topic(t, 1)
	c := openConsumer(t, testHost(), properties(f.servers(), topic))
	send(t, f, topic, 1, 0, 1)
	c.ack(t, c.next(t))
	for end := time.Now().Add(patience); f.committed(c.group, topic, 0) != 1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing is committed")
		}
	}
}

// A group that has committed nothing begins where autoOffsetReset says, and
// does not miss what comes between that and its first message.
func TestBegins(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	of := func(topic string, more map[string]any) map[string]any {
		return with(properties(f.servers(), topic), more)
	}
	t.Run("latest", func(t *testing.T) {
		topic := f.topic(t, 2)
		send(t, f, topic, 2, 0, 6)
		latest := of(topic, map[string]any{"autoOffsetReset": "latest"})
		first := openConsumer(t, testHost(), latest)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		send(t, f, topic, 2, 6, 7)
		if d := openConsumer(t, testHost(), latest).next(t); string(d.Value) != "6" {
			t.Errorf("%q comes first, want what came while nobody listened", d.Value)
		}
	})
	t.Run("none", func(t *testing.T) {
		err := openError(t, of(f.topic(t, 1), map[string]any{"autoOffsetReset": "none"}))
		if err == nil || !strings.Contains(err.Error(), "autoOffsetReset is none") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("offsets", func(t *testing.T) {
		topic := f.topic(t, 2)
		send(t, f, topic, 2, 0, 10)
		at := of(topic, map[string]any{"offsets": "3,4"})
		c := openConsumer(t, testHost(), at)
		seen := map[string]bool{}
		for range 3 {
			d := c.next(t)
			seen[string(d.Value)] = true
			c.ack(t, d)
		}
		if !seen["6"] || !seen["8"] || !seen["9"] {
			t.Errorf("got %v, want 6, 8 and 9", seen)
		}
		_ = c.Close()
		again := openConsumer(t, testHost(), at)
		again.nothing(t)
		_ = again.Close()
		other := openConsumer(t, testHost(), of(topic, map[string]any{"offsets": []any{5, 0}}))
		if d := other.next(t); d.ID != topic+"-1-0" {
			t.Errorf("%s comes first after other offsets are given, want partition 1, offset 0", d.ID)
		}
	})
	t.Run("too few offsets", func(t *testing.T) {
		err := openError(t, of(f.topic(t, 2), map[string]any{"offsets": "3"}))
		if !protocols.IsInputError(err) || !strings.Contains(err.Error(), "expected 2 offsets") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a deleted offset", func(t *testing.T) {
		topic := f.topic(t, 1)
		send(t, f, topic, 1, 0, 10)
		c := openConsumer(t, testHost(), properties(f.servers(), topic))
		c.ack(t, c.next(t))
		_ = c.Close()
		if err := f.cluster.DeleteRecords(topic, 0, 5); err != nil {
			t.Fatal(err)
		}
		if d := openConsumer(t, testHost(), of(topic, map[string]any{"autoOffsetReset": "latest"})).next(t); d.ID != topic+"-0-5" {
			t.Errorf("%s comes first, want offset 5, the first that is there", d.ID)
		}
	})
	t.Run("an account that is not needed is noted", func(t *testing.T) {
		nested := of(f.topic(t, 1), map[string]any{"additionalProperties": map[string]any{"max.poll.records": 1}})
		delete(nested, "groupId")
		notes := strings.Join(openConsumer(t, testHost(), nested).host.Notes(), "\n")
		if !strings.Contains(notes, "groupId is empty") || !strings.Contains(notes, "max.poll.records: consumption.maxInFlight") {
			t.Errorf("the notes are %s", notes)
		}
	})
}

// A second consumer takes over a partition; nothing is lost, and what was
// settled before does not come again.
func TestRebalance(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	topic := f.topic(t, 4)
	const count = 400
	var mu sync.Mutex
	seen := map[string]int{}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	consume := func(c opened) {
		all.Go(func() {
			for {
				d, err := c.Next(ctx)
				if err != nil {
					return
				}
				mu.Lock()
				seen[d.ID]++
				mu.Unlock()
				_ = c.Ack(ctx, d)
			}
		})
	}
	total := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(seen)
	}
	quick := with(properties(f.servers(), topic), map[string]any{"additionalProperties": map[string]any{"heartbeat.interval.ms": 100}})
	first := openConsumer(t, testHost(), quick)
	consume(first)
	send(t, f, topic, 4, 0, count/4)
	second := openConsumer(t, testHost(), quick)
	consume(second)
	send(t, f, topic, 4, count/4, count/2)
	if _, err := f.cluster.WaitGroupStable(t.Context(), first.group, 2); err != nil {
		t.Fatal(err)
	}
	send(t, f, topic, 4, count/2, 3*count/4)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	send(t, f, topic, 4, 3*count/4, count)
	for end := time.Now().Add(patience); total() < count; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d of %d records came", total(), count)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s came %d times", id, times)
		}
	}
}

// A partition that goes to another consumer is kept until what is handled of it
// is settled; what is settled later has no effect.
func TestRevoked(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	topic := f.topic(t, 1)
	send(t, f, topic, 1, 0, 3)
	c := openConsumer(t, testHost(), properties(f.servers(), topic))
	held := []*queue.Delivery{c.next(t), c.next(t)}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		c.revoked(t.Context(), nil, map[string][]int32{topic: {0}})
	}()
	c.ack(t, held[0])
	select {
	case <-gone:
		t.Fatal("the partition went while a record was handled")
	case <-time.After(20 * time.Millisecond):
	}
	c.nothing(t)
	c.ack(t, held[1])
	<-gone
	if got := f.committed(c.group, topic, 0); got != 2 {
		t.Errorf("%d is committed, want 2", got)
	}
	c.ack(t, held[1])
	if err := c.Nack(t.Context(), held[1]); err != nil {
		t.Error(err)
	}
	c.nothing(t)
}

// Each ordering has its lanes.
func TestLanes(t *testing.T) {
	lane := func(ordering string, partition int32, key string) uint64 {
		var k []byte
		if key != "" {
			k = []byte(key)
		}
		return lanes[ordering](partition, k)
	}
	if lane(orderPartition, 0, "a") != lane(orderPartition, 0, "b") || lane(orderPartition, 0, "a") == lane(orderPartition, 1, "a") || lane(orderPartition, 0, "") == 0 {
		t.Error("partition: a partition's records share a lane of their own")
	}
	if lane(orderKey, 0, "a") == lane(orderKey, 0, "b") || lane(orderKey, 0, "a") == lane(orderKey, 1, "a") || lane(orderKey, 0, "") != 0 {
		t.Error("key: the records of a partition with the same key share a lane")
	}
	if lane(orderNone, 3, "a") != 0 {
		t.Error("none: a record has a lane")
	}
}

// A partition that gives no way leaves room for others, and memory has a
// bound.
func TestStuckPartition(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	topic := f.topic(t, 2)
	const count = 4000
	send(t, f, topic, 2, 0, count)
	c := openConsumer(t, testHost(), properties(f.servers(), topic))
	got := 0
	for got < count/2 {
		d := c.next(t)
		if d.Properties["partition"] == int64(1) {
			c.ack(t, d)
			got++
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.parts[0]; len(p.out) != 16 || len(p.pending) > 3*polled {
		t.Errorf("%d records of the stuck partition are out and %d wait, want 16 and no more than %d", len(p.out), len(p.pending), 3*polled)
	}
}

// Brokers that do not answer any more end the connection.
func TestSilence(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var mu sync.Mutex
	ahead := time.Duration(0)
	h := testHost()
	h.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return time.Now().Add(ahead)
	}
	topic := f.topic(t, 1)
	c := openConsumer(t, h, properties(f.servers(), topic))
	f.cluster.Close()
	mu.Lock()
	ahead = time.Minute
	mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := c.Next(ctx); err == nil || !strings.Contains(err.Error(), "no broker has answered") {
		t.Errorf("got %v", err)
	}
	f.start(t)
}

// What the group or the broker refuses for good ends the connection; what may
// pass does not.
func TestObserved(t *testing.T) {
	for name, test := range map[string]struct {
		err   error
		fatal bool
	}{
		"no permission":        {kerr.TopicAuthorizationFailed, true},
		"a group is forbidden": {&kgo.ErrGroupSession{Err: kerr.GroupAuthorizationFailed}, true},
		"a deleted topic":      {kerr.UnknownTopicOrPartition, true},
		"a new leader":         {kerr.NotLeaderForPartition, false},
		"a rebalance":          {&kgo.ErrGroupSession{Err: kerr.UnknownMemberID}, false},
		"lost data":            {&kgo.ErrDataLoss{Topic: "t"}, false},
		"a lost connection":    {io.EOF, false},
		"a closed client":      {kgo.ErrClientClosed, false},
		"anything else":        {errors.New("corrupt"), true},
	} {
		h := protocoltest.NewInboundHost(t).Host(testHost().WithDefaults())
		c := newConsumer(&source{host: h})
		c.observe("t", 0, test.err)
		if got := c.failure() != nil; got != test.fatal {
			t.Errorf("%s: fatal %t", name, got)
		}
	}
}

// A topic is made where the author wants that and the broker lets it.
func TestMakesTopic(t *testing.T) {
	t.Parallel()
	f := newFake(t, kfake.AllowAutoTopicCreation())
	if err := openError(t, properties(f.servers(), "missing")); err == nil || !strings.Contains(err.Error(), "UNKNOWN_TOPIC_OR_PARTITION") {
		t.Errorf("got %v", err)
	}
	openConsumer(t, testHost(), with(properties(f.servers(), "made"), map[string]any{"additionalProperties": map[string]any{"allow.auto.create.topics": "true"}}))
	if _, err := publisher(t, testHost())(input(f.servers(), "published", queue.Message{Value: []byte("x")})); err != nil {
		t.Error(err)
	}
}

// Messages of transactions that were aborted do not come to a reader of what is
// committed.
func TestReadCommitted(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	topic := f.topic(t, 1)
	publish := publisher(t, testHost())
	job := func(value string) map[string]any {
		return with(input(f.servers(), topic, queue.Message{Value: []byte(value)}), map[string]any{"additionalProperties": map[string]any{"transactional.id": "tx"}})
	}
	fault := f.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.TransactionalIDAuthorizationFailed, Count: 1})
	if _, err := publish(job("aborted")); err == nil {
		t.Error("a transaction that was not committed is a success")
	}
	fault.Remove()
	if _, err := publish(job("committed")); err != nil {
		t.Fatal(err)
	}
	c := openConsumer(t, testHost(), with(properties(f.servers(), topic), map[string]any{"additionalProperties": map[string]any{"isolation.level": "read_committed"}}))
	if d := c.next(t); string(d.Value) != "committed" {
		t.Errorf("got %q", d.Value)
	}
	c.nothing(t)
}
