package kafka

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

// Every consumer has an instance id: a static membership. One that loses its
// brokers cannot leave its group, which would wait for it, and let nobody in,
// until its session ends (45 seconds by default). The next consumer of the group
// in this process takes its place at once, by its instance id.

// members are the instance ids of consumers that could not leave, by group.
type members struct {
	mu   sync.Mutex
	left map[string][]string
}

const (
	// mostLeft bounds the instance ids that are kept of one group, and mostGroups
	// the groups.
	mostLeft   = 16
	mostGroups = 1000
)

// membersKey is the place of the members in Host.Shared.
type membersKey struct{}

func membersOf(h protocols.Host) *members {
	shared, err := h.Shared.Get(membersKey{}, func() (any, error) { return &members{left: map[string][]string{}}, nil })
	if err != nil {
		return &members{left: map[string][]string{}} // opening it cannot fail
	}
	return shared.(*members)
}

// take returns an instance id for a consumer: that of one that could not leave,
// or a new one.
func (m *members) take(group string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.left[group]
	if len(list) == 0 {
		return "patchbay-" + rand.Text()
	}
	if m.left[group] = list[1:]; len(list) == 1 {
		delete(m.left, group)
	}
	return list[0]
}

// leave keeps the instance id of a consumer that could not leave.
func (m *members) leave(group, instance string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left[group] == nil && len(m.left) >= mostGroups {
		clear(m.left)
	}
	list := append(slices.Clone(m.left[group]), instance)
	m.left[group] = list[max(0, len(list)-mostLeft):]
}

// groupKey tells groups of several clusters apart.
func (s *source) groupKey() string {
	return queue.Digest(append([]string{s.group}, s.settings.servers...)...)
}

// leaveGroup takes the consumer out of its group, so that others get its
// partitions at once. An instance id that the author has given stays.
func (c *consumer) leaveGroup(ctx context.Context) error {
	if err := c.client.LeaveGroupContext(ctx); err != nil || c.instance == "" {
		return err
	}
	answers, err := kadm.NewClient(c.client).LeaveGroup(ctx, kadm.LeaveGroup(c.group).InstanceIDs(c.instance))
	if err != nil {
		return err
	}
	return answers.Error()
}
