package kafka

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// partition is what a consumer has of one partition while it is assigned to it.
// consumer.mu guards it.
type partition struct {
	number int32
	// pending have been fetched and wait to be taken.
	pending []*kgo.Record
	// out have been taken: from the first unsettled one on, by offset.
	out []*taken
	// position is the first offset that is not settled, epoch the leader's when
	// the one before it was written, and committed what the group knows of it;
	// -1 is not known.
	position, committed int64
	epoch               int32
	// leaving means that it goes to another consumer: nothing more is taken.
	leaving bool
	// moved is when something was last taken or settled; stuck means that this
	// is long ago although nothing more can be taken, and paused that it is not
	// fetched from meanwhile.
	moved         time.Time
	stuck, paused bool
}

// taken is a record on its way, the tag of a delivery.
type taken struct {
	*partition
	offset int64
	epoch  int32
	done   bool
	back   bool // given back, to be taken again
}

func newPartition(number int32, s start) *partition {
	return &partition{number: number, position: s.position, committed: s.committed, epoch: -1}
}

// take takes the next pending record.
func (p *partition) take(now time.Time) *kgo.Record {
	r := p.pending[0]
	p.pending[0] = nil // so that it can be collected
	p.pending = p.pending[1:]
	if p.position < 0 {
		p.position = r.Offset
	}
	p.out = append(p.out, &taken{partition: p, offset: r.Offset, epoch: r.LeaderEpoch})
	p.moved = now
	return r
}

// settle ends a record; the position moves when those before it have ended too.
func (t *taken) settle(now time.Time) {
	p := t.partition
	t.done = true
	p.moved = now
	for len(p.out) > 0 && p.out[0].done {
		p.position, p.epoch = p.out[0].offset+1, p.out[0].epoch
		p.out[0] = nil
		p.out = p.out[1:]
	}
}

// busy reports whether a record is being handled.
func (p *partition) busy() bool {
	for _, t := range p.out {
		if !t.done && !t.back {
			return true
		}
	}
	return false
}

// resume ends being stuck and reports whether it was paused.
func (p *partition) resume() bool {
	paused := p.paused
	p.stuck, p.paused = false, false
	return paused
}
