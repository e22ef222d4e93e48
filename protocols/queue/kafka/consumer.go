package kafka

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"patchbay/protocols/queue"
)

const (
	// polled is how many records are polled at once, and fewer than that wait
	// when the next ones are.
	polled = 512
	// commitEvery is how often offsets are committed, and commitAfter how many
	// acknowledgements bring the next commit forward.
	commitEvery = time.Second
	commitAfter = 500
	// leaveTime bounds how long a partition that goes to another consumer is
	// kept until its deliveries are settled, and each step of closing.
	leaveTime = 5 * time.Second
	// stuckAfter is how long a partition gives no way before it is not fetched
	// from any more, so that others are.
	stuckAfter = time.Second
)

// consumer is a queue.Consumer: a member of a group. One goroutine polls for
// records and hands them to the partitions; another commits, and looks whether
// the brokers are still there.
type consumer struct {
	*source
	client     *kgo.Client
	instance   string // its id in the group; empty if the author has given one
	partitions int32  // that the topic had at first
	pulse      pulse
	life       context.Context // ends with Close
	cancel     context.CancelFunc
	running    sync.WaitGroup
	close      func()
	// reach ends when no broker is to be dialled any more: the client would
	// wait for each dial in turn before it ends.
	reach  context.Context
	giveUp context.CancelFunc
	joined chan struct{} // closed once the group has assigned partitions, or none
	join   func()
	// ready wakes Next, room the poller, full whoever commits, settled whoever
	// waits for a partition to be settled; each holds one signal.
	ready, room, full, settled chan struct{}

	mu    sync.Mutex
	parts map[int32]*partition
	order []*partition // parts, the one whose turn it is first
	back  []*queue.Delivery
	acks  int // since the last commit
	err   error
	ended bool
	quiet bool // a failed commit has been noted
}

func newConsumer(s *source) *consumer {
	c := &consumer{source: s, parts: map[int32]*partition{}, joined: make(chan struct{}),
		ready: make(chan struct{}, 1), room: make(chan struct{}, 1), full: make(chan struct{}, 1), settled: make(chan struct{}, 1)}
	c.join = sync.OnceFunc(func() { close(c.joined) })
	c.close = sync.OnceFunc(c.shutdown)
	c.life, c.cancel = context.WithCancel(context.Background())
	c.reach, c.giveUp = context.WithCancel(context.Background())
	c.pulse.now = s.host.Now
	c.pulse.beat()
	return c
}

func signal(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// start begins to receive.
func (c *consumer) start() {
	c.running.Go(c.poll)
	c.running.Go(c.tend)
}

// await returns once the group has taken the consumer in and knows where it
// begins.
func (c *consumer) await(ctx context.Context) error {
	for {
		select {
		case <-c.joined:
			return c.commit(ctx)
		case <-c.ready:
			if err := c.failure(); err != nil {
				return err
			}
		case <-ctx.Done():
			return fmt.Errorf("join the group %q: %w%s", c.group, ctx.Err(), c.pulse.last())
		}
	}
}

func (c *consumer) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// fail ends the consumer; the first error counts.
func (c *consumer) fail(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	c.mu.Unlock()
	signal(c.ready)
}

// poll hands records to their partitions. No partition goes away between a
// poll and what is done with its records.
func (c *consumer) poll() {
	for c.awaitRoom() {
		fetches := c.client.PollRecords(c.life, polled)
		fetches.EachError(c.observe)
		c.mu.Lock()
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			if part := c.parts[p.Partition]; part != nil && !part.leaving {
				part.pending = append(part.pending, p.Records...)
			}
		})
		c.mu.Unlock()
		c.client.AllowRebalance()
		signal(c.ready)
	}
}

// awaitRoom returns when few records are pending, or false at the end.
func (c *consumer) awaitRoom() bool {
	for c.life.Err() == nil {
		if c.pending() < polled {
			return true
		}
		select {
		case <-c.room:
		case <-c.life.Done():
		}
	}
	return false
}

// pending counts the records that may be taken soon.
func (c *consumer) pending() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.order {
		if !p.stuck {
			n += len(p.pending)
		}
	}
	return n
}

// Next implements queue.Consumer.
func (c *consumer) Next(ctx context.Context) (*queue.Delivery, error) {
	for {
		d, err := c.take()
		if d != nil {
			signal(c.room)
			return d, nil
		}
		if err != nil {
			return nil, err
		}
		select {
		case <-c.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take returns what was given back, or the next record of the partition whose
// turn it is.
func (c *consumer) take() (*queue.Delivery, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended:
		return nil, queue.ErrDisconnected
	case c.err != nil:
		return nil, c.err
	}
	for len(c.back) > 0 {
		d := c.back[0]
		c.back = c.back[1:]
		if t := d.Tag.(*taken); !t.leaving {
			t.back = false
			return d, nil
		}
	}
	for i, p := range c.order {
		if len(p.pending) > 0 && len(p.out) < c.most() && !p.leaving {
			c.order = append(slices.Delete(c.order, i, i+1), p)
			return c.delivery(p, p.take(c.host.Now())), nil
		}
	}
	return nil, nil
}

// mostOut bounds the records of a partition from the first unsettled one on.
const mostOut = 10_000

// most is how many records of one partition may be out. Where they are handled
// one by one, each partition has its share, so that one that is stuck leaves
// room for others. c.mu is held.
func (c *consumer) most() int {
	if c.ordered {
		return max(1, c.inFlight/len(c.parts))
	}
	return mostOut
}

func (c *consumer) delivery(p *partition, r *kgo.Record) *queue.Delivery {
	d := &queue.Delivery{ID: id(r.Topic, r.Partition, r.Offset), Lane: c.lane(r.Partition, r.Key), Tag: p.out[len(p.out)-1],
		Message: queue.Message{Target: r.Topic, Key: r.Key, Value: r.Value,
			Properties: map[string]any{"partition": int64(r.Partition), "offset": r.Offset, "timestamp": r.Timestamp.UnixMilli()}}}
	for _, header := range r.Headers {
		d.Headers = append(d.Headers, queue.Header{Name: header.Key, Value: header.Value})
	}
	return d
}

// Ack implements queue.Consumer: what is before it in its partition too is
// committed soon. For a partition that has gone to another consumer it does
// nothing.
func (c *consumer) Ack(_ context.Context, d *queue.Delivery) error {
	t := d.Tag.(*taken)
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return queue.ErrDisconnected
	}
	t.settle(c.host.Now())
	if c.acks++; c.acks == commitAfter {
		signal(c.full)
	}
	resume := t.stuck && t.partition.resume()
	c.mu.Unlock()
	if resume {
		c.client.ResumeFetchPartitions(map[string][]int32{c.topic: {t.number}})
	}
	signal(c.ready)
	signal(c.settled)
	return nil
}

// Nack implements queue.Consumer. Kafka has nothing of the kind: Next returns
// the record again.
func (c *consumer) Nack(_ context.Context, d *queue.Delivery) error {
	t := d.Tag.(*taken)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return queue.ErrDisconnected
	}
	if !t.leaving && !t.done && !t.back {
		t.back = true
		at, _ := slices.BinarySearchFunc(c.back, t.offset, func(d *queue.Delivery, offset int64) int { return int(d.Tag.(*taken).offset - offset) })
		c.back = slices.Insert(c.back, at, d)
	}
	signal(c.ready)
	signal(c.settled)
	return nil
}

// Close implements queue.Consumer.
func (c *consumer) Close() error {
	c.close()
	return nil
}

// shutdown commits what is acknowledged and leaves the group, as far as the
// brokers can be reached.
func (c *consumer) shutdown() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.cancel()
	c.running.Wait()
	signal(c.ready)
	if c.pulse.silence() != nil || c.leave() != nil {
		c.abandon()
		return
	}
	c.client.CloseAllowingRebalance()
	c.giveUp()
}

// leave commits and leaves the group.
func (c *consumer) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	defer context.AfterFunc(ctx, c.giveUp)()
	if err := c.commit(ctx); err != nil {
		return err
	}
	return c.leaveGroup(ctx)
}

// abandon ends a consumer that cannot leave its group, or never was in it: the
// next one takes its place there.
func (c *consumer) abandon() {
	c.giveUp()
	if c.client != nil {
		c.client.CloseAllowingRebalance()
	}
	if c.instance != "" {
		membersOf(c.host.Host).leave(c.groupKey(), c.instance)
	}
}

var _ queue.Consumer = (*consumer)(nil)
