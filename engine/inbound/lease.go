package inbound

import (
	"context"
	"fmt"
	"sync"
	"time"

	"patchbay/protocols"
)

const (
	leaseTTL   = 15 * time.Second
	leasePause = leaseTTL / 3
)

// leased listens while this replica holds the executable's lease, and waits for
// it while another one does.
func (r *run) leased(p protocols.Protocol) error {
	for r.ctx.Err() == nil {
		ok, err := r.x.m.Leases.Acquire(r.ctx, r.x.id, leaseTTL)
		if err != nil {
			return fmt.Errorf("take the lease of the executable: %w", err)
		}
		if !ok {
			r.x.report(r, Standby, Health{Status: Up})
			pause(r.ctx, leasePause)
			continue
		}
		lost, err := r.listenWhileLeased(p)
		if !lost {
			return err
		}
		r.x.log.Note(severityWarning, "Lifecycle", "the lease went to another replica", nil)
	}
	return nil
}

// listenWhileLeased receives, and renews the lease meanwhile. lost reports that
// the lease could not be held.
func (r *run) listenWhileLeased(p protocols.Protocol) (lost bool, err error) {
	ctx, cancel := context.WithCancel(r.ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		lost = r.renew(ctx)
		cancel()
	})
	defer func() { // also after a panic
		cancel()
		renewing.Wait()
		if !lost {
			r.release()
		}
	}()
	err = r.receive(ctx, p)
	cancel()
	renewing.Wait()
	return lost, err
}

// renew renews the lease until ctx ends, and reports whether it was lost. It
// counts as lost a little before another replica may take it.
func (r *run) renew(ctx context.Context) (lost bool) {
	held := time.Now()
	for {
		pause(ctx, leasePause)
		if ctx.Err() != nil {
			return false
		}
		limited, cancel := context.WithTimeout(ctx, leasePause)
		asked := time.Now()
		ok, err := r.x.m.Leases.Acquire(limited, r.x.id, leaseTTL)
		cancel()
		switch {
		case ctx.Err() != nil:
			return false
		case err == nil && ok:
			held = asked
		case err == nil, time.Since(held) > leaseTTL-leasePause:
			return true
		}
	}
}

func (r *run) release() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), leasePause)
	defer cancel()
	if err := r.x.m.Leases.Release(ctx, r.x.id); err != nil {
		r.x.m.Log.Warn("lease is not given back", "executable", r.x.id, "error", err)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
