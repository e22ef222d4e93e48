package inbound

import (
	"context"
	"fmt"
	"time"

	"patchbay/protocols"
)

// StartedStore remembers which events have started an instance.
type StartedStore interface {
	// SaveStarted remembers an event, by a digest, until a time. The store may
	// forget those that end first when it has more than MostStarted.
	SaveStarted(ctx context.Context, event string, until time.Time) error
	// Started reports whether an event is remembered at a time.
	Started(ctx context.Context, event string, at time.Time) (bool, error)
}

// MostStarted is how many events a StartedStore remembers at least: more than a
// broker delivers without an acknowledgement.
const MostStarted = 100_000

// createOnce starts an instance unless an earlier delivery of the same event has:
// the gateway would create another one. It is noted before the source hears of
// it, so what remains is a process that is killed between the gateway's answer
// and the note, or that never gets that answer; then the event starts another
// instance rather than none.
func (c *correlator) createOnce(ctx context.Context, e *element, data []byte, id string, delivery protocols.Delivery) (protocols.Correlation, error) {
	if id == "" {
		return c.create(ctx, e, data)
	}
	event := digest(join(e.cursorIdentity(), id))
	if delivery == protocols.DeliveredAgain {
		known, err := c.started.Started(ctx, event, c.now())
		if err != nil {
			return protocols.Correlation{}, fmt.Errorf("find out whether message %q has started an instance: %w", id, err)
		}
		if known {
			return protocols.Correlation{Matched: true, Duplicate: true, TenantID: e.TenantID}, nil
		}
	}
	out, err := c.create(ctx, e, data)
	if err != nil {
		return out, err
	}
	if err := c.started.SaveStarted(context.WithoutCancel(ctx), event, c.now().Add(c.ttlOf(e))); err != nil {
		c.log.Warn("an event that has started an instance cannot be noted; should it come again, it starts another one", "element", e.ElementID, "messageId", id, "error", err)
	}
	return out, nil
}
