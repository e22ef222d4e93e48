package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

// source is what one inbound connector receives from.
type source struct {
	host     protocols.InboundHost
	settings *settings
	topic    string
	group    string
	// own means that the group is the executable's own.
	own   bool
	reset string
	// offsets, one for each partition, are where the group begins; nil for
	// none. mark is their text in the metadata of what the group commits: a
	// group whose metadata lacks it has not begun there yet.
	offsets []int64
	lane    func(partition int32, key []byte) uint64
	// ordered means that a partition's messages are handled one by one.
	ordered  bool
	inFlight int
}

// mostGroup is the longest group id, in characters.
const mostGroup = 250

// chooseGroup finds the group: in the additional properties, in the property
// groupId, or else one for the executable.
func (s *source) chooseGroup(given string) {
	s.group = cmp.Or(s.settings.given["group.id"], given)
	if s.own = s.group == ""; s.own {
		s.group = "kafka-inbound-connector-" + s.host.Name
	}
	if long := []rune(s.group); len(long) > mostGroup {
		s.group = string(long[:mostGroup])
	}
}

func (s *source) mark() string {
	if s.offsets == nil {
		return ""
	}
	return fmt.Sprintf("patchbay offsets %v", s.offsets)
}

// The bounds of what is fetched ahead, in bytes, and of how long a broker waits
// for something to come, during which nobody asks it for another partition;
// properties may change them.
const (
	fetchWait           = 500 * time.Millisecond
	fetchBytes          = 1 << 20
	fetchPartitionBytes = 256 << 10
	// unpackedBytes bounds a batch that was compressed.
	unpackedBytes = 256 << 20
)

// options are the client's that receives for c.
func (s *source) options(c *consumer) []kgo.Opt {
	opts := []kgo.Opt{
		kgo.ConsumerGroup(s.group), kgo.Balancers(kgo.CooperativeStickyBalancer()), kgo.BlockRebalanceOnPoll(), kgo.DisableAutoCommit(),
		kgo.OnPartitionsAssigned(c.assigned), kgo.AdjustFetchOffsetsFn(c.begin), kgo.OnPartitionsRevoked(c.revoked), kgo.OnPartitionsLost(c.lost),
		kgo.FetchMaxWait(fetchWait), kgo.FetchMaxBytes(fetchBytes), kgo.FetchMaxPartitionBytes(fetchPartitionBytes), kgo.MaxDecompressBatchBytes(unpackedBytes),
		kgo.ConsumeResetOffset(s.resetOffset()), kgo.WithHooks(&c.pulse), kgo.Dialer(s.settings.security.dialer(s.host.Host, c.reach)),
	}
	if c.instance != "" {
		opts = append(opts, kgo.InstanceID(c.instance))
	}
	return append(opts, s.settings.consuming...)
}

// resetOffset is where to go on when the broker no longer has the offset that
// comes next: at the first one that it has, so that nothing is skipped.
func (s *source) resetOffset() kgo.Offset {
	if s.reset == "none" {
		return kgo.NoResetOffset()
	}
	return kgo.RewindOffset(time.Minute)
}

// open is queue.Subscription.Open: it returns once the group has taken the
// consumer in.
func (s *source) open(ctx context.Context) (queue.Consumer, error) {
	c := newConsumer(s)
	if s.settings.given["group.instance.id"] == "" {
		c.instance = membersOf(s.host.Host).take(s.groupKey())
	}
	client, err := s.settings.client(ctx, s.host.Host, s.options(c)...)
	if err == nil {
		c.client = client
		c.partitions, err = s.countPartitions(ctx, client)
	}
	if err != nil {
		c.abandon()
		return nil, err
	}
	s.note()
	client.AddConsumeTopics(s.topic)
	c.start()
	if err := c.await(ctx); err != nil {
		_ = c.Close() // it has taken nothing yet
		return nil, err
	}
	return c, nil
}

// note tells the operator what is not as the properties may suggest.
func (s *source) note() {
	if s.own {
		s.host.Activity.Note("WARNING", "Consumer", fmt.Sprintf("groupId is empty, so the consumer group is %q; it changes with the properties", s.group), nil)
	}
	for _, note := range s.settings.notes {
		s.host.Activity.Note("INFO", "Consumer", "additionalProperties: "+note, nil)
	}
}

// countPartitions asks for the topic. One that is missing is made if the
// author and the broker want that.
func (s *source) countPartitions(ctx context.Context, client *kgo.Client) (int32, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = s.settings.given["allow.auto.create.topics"] == "true"
	wanted := kmsg.NewMetadataRequestTopic()
	wanted.Topic = kmsg.StringPtr(s.topic)
	req.Topics = []kmsg.MetadataRequestTopic{wanted}
	for {
		resp, err := req.RequestWith(ctx, client)
		if err != nil {
			return 0, unreachable(s.settings.servers, err)
		}
		if len(resp.Topics) != 1 {
			return 0, fmt.Errorf("topic %q: the broker answered for %d topics", s.topic, len(resp.Topics))
		}
		found := resp.Topics[0]
		err = kerr.ErrorForCode(found.ErrorCode)
		made := errors.Is(err, kerr.LeaderNotAvailable) || req.AllowAutoTopicCreation && errors.Is(err, kerr.UnknownTopicOrPartition)
		if !made {
			return int32(len(found.Partitions)), s.checkTopic(err, len(found.Partitions))
		}
		if wait(ctx, 100*time.Millisecond) != nil {
			return 0, fmt.Errorf("topic %q: %w", s.topic, err)
		}
	}
}

func (s *source) checkTopic(err error, partitions int) error {
	if err != nil {
		return fmt.Errorf("topic %q: %w", s.topic, err)
	}
	if s.offsets != nil && len(s.offsets) != partitions {
		return &protocols.InputError{Path: "offsets", Message: fmt.Sprintf("expected %d offsets, one for each partition of the topic %q, but got %d", partitions, s.topic, len(s.offsets))}
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// starts finds where to begin with partitions that a consumer was assigned,
// from what its group has committed.
func (s *source) starts(ctx context.Context, client *kgo.Client, committed map[int32]kgo.Offset, known int32) (map[int32]start, error) {
	sought, err := s.sought(ctx, client)
	if err != nil {
		return nil, err
	}
	out := make(map[int32]start, len(committed))
	var unknown []int32
	for partition, offset := range committed {
		at := offset.EpochOffset().Offset
		switch {
		case s.offsets != nil && !sought[partition] && int(partition) < len(s.offsets):
			out[partition] = startAt(s.offsets[partition])
		case at >= 0:
			out[partition] = start{offset, at, at}
		case s.reset == "earliest" || partition >= known: // a partition that was added meanwhile has nothing old
			out[partition] = start{kgo.NewOffset().AtStart(), -1, -1}
		case s.reset == "none":
			return nil, fmt.Errorf("the group %q has committed no offset of partition %d, and autoOffsetReset is none", s.group, partition)
		default:
			unknown = append(unknown, partition)
		}
	}
	return out, s.ends(ctx, client, unknown, out)
}

// start is where to begin with a partition, and what the group has committed;
// -1 is not known.
type start struct {
	offset              kgo.Offset
	position, committed int64
}

func startAt(offset int64) start { return start{kgo.NewOffset().At(offset), offset, -1} }

// ends begins partitions at their ends. These are asked for rather than left to
// the client, so that they can be committed: what comes from now on is not
// missed even when the group moves or restarts before its first message.
func (s *source) ends(ctx context.Context, client *kgo.Client, partitions []int32, out map[int32]start) error {
	if len(partitions) == 0 {
		return nil
	}
	adm := kadm.NewClient(client)
	list := adm.ListEndOffsets
	if s.settings.given["isolation.level"] == "read_committed" {
		list = adm.ListCommittedOffsets
	}
	found, err := list(ctx, s.topic)
	if err != nil {
		return fmt.Errorf("find the end of the topic %q: %w", s.topic, err)
	}
	for _, partition := range partitions {
		end, ok := found.Lookup(s.topic, partition)
		if !ok {
			return fmt.Errorf("find the end of the topic %q: the broker did not tell that of partition %d", s.topic, partition)
		}
		if end.Err != nil {
			return fmt.Errorf("find the end of the topic %q, partition %d: %w", s.topic, partition, end.Err)
		}
		out[partition] = startAt(end.Offset)
	}
	return nil
}

// sought are the partitions in which the group has begun at the offsets given.
func (s *source) sought(ctx context.Context, client *kgo.Client) (map[int32]bool, error) {
	if s.offsets == nil {
		return nil, nil
	}
	found, err := kadm.NewClient(client).FetchOffsetsForTopics(ctx, s.group, s.topic)
	if err != nil {
		return nil, fmt.Errorf("ask what the group %q has committed: %w", s.group, err)
	}
	out := map[int32]bool{}
	for partition, offset := range found[s.topic] {
		out[partition] = offset.Metadata == s.mark()
	}
	return out, nil
}
