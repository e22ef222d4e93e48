package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// What follows is called by the client as the group shares the partitions
// anew, one call at a time.

// assigned is told which partitions come; begin follows if there are any.
func (c *consumer) assigned(_ context.Context, _ *kgo.Client, added map[string][]int32) {
	if len(added[c.topic]) == 0 {
		c.join()
	}
}

// begin says where to begin with the partitions that come.
func (c *consumer) begin(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	starts, err := c.starts(ctx, c.client, offsets[c.topic], c.partitions)
	if err != nil {
		if ctx.Err() == nil {
			c.fail(err)
		}
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for number, s := range starts {
		p := newPartition(number, s)
		c.parts[number] = p
		c.order = append(c.order, p)
		offsets[c.topic][number] = s.offset
	}
	c.join()
	return offsets, nil
}

// revoked gives partitions up to another consumer: once what is being handled
// is settled, or after a while, and what is settled committed.
func (c *consumer) revoked(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
	leaving := c.release(gone[c.topic])
	if c.life.Err() == nil && len(leaving) > 0 {
		ctx, cancel := context.WithTimeout(c.life, leaveTime)
		defer cancel()
		c.awaitSettled(ctx, leaving)
		c.noteCommit(c.commit(c.life))
	}
	c.drop(leaving)
}

// lost is told that others have the partitions already.
func (c *consumer) lost(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
	c.drop(c.release(gone[c.topic]))
}

// release stops taking from partitions.
func (c *consumer) release(numbers []int32) (leaving []*partition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, number := range numbers {
		if p := c.parts[number]; p != nil {
			p.leaving, p.pending = true, nil
			leaving = append(leaving, p)
		}
	}
	return leaving
}

// awaitSettled waits until nothing of the partitions is being handled.
func (c *consumer) awaitSettled(ctx context.Context, leaving []*partition) {
	for c.anyBusy(leaving) {
		select {
		case <-c.settled:
		case <-ctx.Done():
			return
		}
	}
}

func (c *consumer) anyBusy(list []*partition) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(list, (*partition).busy)
}

// drop forgets partitions; what of them is still settled later has no effect.
func (c *consumer) drop(leaving []*partition) {
	c.mu.Lock()
	var numbers []int32
	for _, p := range leaving {
		delete(c.parts, p.number)
		numbers = append(numbers, p.number)
	}
	c.order = slices.DeleteFunc(c.order, func(p *partition) bool { return p.leaving })
	c.mu.Unlock()
	if len(numbers) > 0 {
		c.client.ResumeFetchPartitions(map[string][]int32{c.topic: numbers})
		signal(c.room)
	}
}

// tend commits, and looks after partitions that are stuck and brokers that are
// silent.
func (c *consumer) tend() {
	every := time.NewTicker(commitEvery)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			c.pauseStuck()
		case <-c.full:
		case <-c.life.Done():
			return
		}
		c.noteCommit(c.commit(c.life))
		if err := c.pulse.silence(); err != nil {
			c.fail(fmt.Errorf("%w%s", err, c.pulse.last()))
		}
	}
}

// pauseStuck finds the partitions that have given no way for a while.
func (c *consumer) pauseStuck() {
	c.mu.Lock()
	var numbers []int32
	limit := c.host.Now().Add(-stuckAfter)
	for _, p := range c.order {
		if len(p.out) >= c.most() && len(p.pending) > 0 && p.moved.Before(limit) && !p.stuck {
			p.stuck, p.paused = true, true
			numbers = append(numbers, p.number)
		}
	}
	c.mu.Unlock()
	if len(numbers) > 0 {
		c.client.PauseFetchPartitions(map[string][]int32{c.topic: numbers})
		signal(c.room)
	}
}

// commit tells the group how far the partitions are settled.
func (c *consumer) commit(ctx context.Context) (err error) {
	due := c.due()
	if len(due) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	if mark := c.mark(); mark != "" {
		ctx = kgo.PreCommitFnContext(ctx, func(req *kmsg.OffsetCommitRequest) error { return addMark(req, mark) })
	}
	c.client.CommitOffsetsSync(ctx, map[string]map[int32]kgo.EpochOffset{c.topic: due}, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, failed error) {
		if err = failed; err == nil {
			err = c.committed(due, resp)
		}
	})
	return err
}

func addMark(req *kmsg.OffsetCommitRequest, mark string) error {
	for t := range req.Topics {
		for p := range req.Topics[t].Partitions {
			req.Topics[t].Partitions[p].Metadata = &mark
		}
	}
	return nil
}

// due are the positions that the group does not know yet.
func (c *consumer) due() map[int32]kgo.EpochOffset {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acks = 0
	due := map[int32]kgo.EpochOffset{}
	for number, p := range c.parts {
		if p.position >= 0 && p.position != p.committed {
			due[number] = kgo.EpochOffset{Epoch: p.epoch, Offset: p.position}
		}
	}
	return due
}

// committed notes what the group has accepted.
func (c *consumer) committed(due map[int32]kgo.EpochOffset, resp *kmsg.OffsetCommitResponse) (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, topic := range resp.Topics {
		for _, answer := range topic.Partitions {
			if failed := kerr.ErrorForCode(answer.ErrorCode); failed != nil {
				err = failed
			} else if p := c.parts[answer.Partition]; p != nil {
				p.committed = due[answer.Partition].Offset
			}
		}
	}
	return err
}

// noteCommit tells the operator of the first failure in a row. A group that is
// being shared anew refuses commits for a moment.
func (c *consumer) noteCommit(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.quiet = false
		return
	}
	if c.quiet || c.life.Err() != nil || moving(err) {
		return
	}
	c.quiet = true
	c.host.Activity.Note("WARNING", "Consumer", fmt.Sprintf("commit offsets: %s; trying again", err), nil)
}

// moving reports whether an error means no more than that the group is being
// shared anew.
func moving(err error) bool {
	for _, known := range []error{kerr.RebalanceInProgress, kerr.IllegalGeneration, kerr.UnknownMemberID, kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, kerr.StaleMemberEpoch} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// observe looks at an error that polling shows. The client goes on by itself
// after most of them.
func (c *consumer) observe(topic string, number int32, err error) {
	var loss *kgo.ErrDataLoss
	var known *kerr.Error
	switch {
	case c.life.Err() != nil || errors.Is(err, context.Canceled) || errors.Is(err, kgo.ErrClientClosed):
	case errors.As(err, &loss):
		c.host.Activity.Note("WARNING", "Consumer", err.Error(), nil)
	case errors.As(err, &known) && !moving(err) && (!known.Retriable || known == kerr.UnknownTopicOrPartition || known == kerr.UnknownTopicID):
		c.fail(fmt.Errorf("topic %q, partition %d: %w", topic, number, err))
	case errors.As(err, &known) || isNetwork(err):
	default:
		c.fail(err)
	}
}
