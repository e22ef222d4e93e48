package zeebe

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"github.com/cenkalti/backoff/v5"
	"google.golang.org/grpc/codes"
)

const (
	// longPoll is how long the gateway may wait for a job to answer a poll
	// with; the poll itself may take pollSlack more.
	longPoll  = 10 * time.Second
	pollSlack = 10 * time.Second
	// minPause and maxPause lie between polls that a gateway without long
	// polling answers with nothing: the pause doubles. Where no stream
	// has delivered yet, it ends at maxPausePolling, because new jobs wait for it.
	minPause        = 50 * time.Millisecond
	maxPause        = 10 * time.Second
	maxPausePolling = 500 * time.Millisecond
	// busyPause is how long a poll waits for half of the slots to be free,
	// rather than asking for one job at a time.
	busyPause = 100 * time.Millisecond
	// noStreamPause lies between tries of a stream that the gateway does not
	// offer; it may be replaced by a newer one.
	noStreamPause = 5 * time.Minute
	// healthyStream is how long a stream without jobs must have lived for the
	// next one to be opened without back-off.
	healthyStream = time.Minute
)

// worker gets the jobs of one type, from a stream and by polling, and hands
// them to the runner as slots get free.
type worker struct {
	client *Client
	spec   JobType
	name   string
	share  *share
	runner *runner
	health health
	log    *slog.Logger
	stop   context.CancelFunc // ends the loops; jobs in flight go on
	loops  sync.WaitGroup
}

// start runs the loops until ctx ends or stop is called.
func (w *worker) start(ctx context.Context) {
	ctx, w.stop = context.WithCancel(ctx)
	w.loops.Go(func() { w.streamLoop(ctx) })
	w.loops.Go(func() { w.pollLoop(ctx) })
}

// newBackOff grows from a tenth of a second to ten, give or take a half.
func newBackOff() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: 100 * time.Millisecond, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: 10 * time.Second}
}

// pause waits; it reports whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// jitter returns d, less up to a quarter.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/4+1) }

func (w *worker) streamLoop(ctx context.Context) {
	retry := newBackOff()
	for ctx.Err() == nil {
		opened := time.Now()
		delivered, err := w.stream(ctx)
		if ctx.Err() != nil {
			return
		}
		if delivered || time.Since(opened) > healthyStream {
			retry.Reset()
		}
		wait := retry.NextBackOff()
		switch {
		case hasStatus(err, codes.Unimplemented):
			w.log.Debug("the gateway has no job streams: polling only")
			err, wait = nil, jitter(noStreamPause)
		case errors.Is(err, io.EOF):
			err = nil
		}
		w.health.streamEnded(err)
		pause(ctx, wait)
	}
}

// stream takes jobs from one stream until it ends. A job is taken only once the
// one before it has a slot: what the gateway pushes meanwhile is held up by
// flow control, and the gateway gives it to other workers.
func (w *worker) stream(ctx context.Context) (delivered bool, err error) {
	const op = "stream jobs of type %q"
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := w.client.gateway.StreamActivatedJobs(ctx, &pb.StreamActivatedJobsRequest{Type: w.spec.Name, Worker: w.name,
		Timeout: w.spec.Timeout.Milliseconds(), FetchVariable: w.spec.FetchVariables, TenantIds: w.spec.TenantIDs})
	if err != nil {
		return false, w.refused(err, op)
	}
	w.health.streamOpened()
	for {
		job, err := s.Recv()
		if err == io.EOF {
			return delivered, err
		}
		if err != nil {
			return delivered, w.refused(err, op)
		}
		delivered = true
		w.health.streamDelivered()
		w.handOver(ctx, job)
	}
}

// refused explains an error of a stream, and drops an access token that the
// gateway does not accept.
func (w *worker) refused(err error, op string) error {
	err = w.client.explain(err, op, w.spec.Name)
	if hasStatus(err, codes.Unauthenticated) && w.client.tokens != nil {
		w.client.tokens.drop()
	}
	return err
}

// handOver gives a job to the runner when there is a slot, or back to the
// gateway when the worker is stopped before.
func (w *worker) handOver(ctx context.Context, job *pb.ActivatedJob) {
	w.runner.observer.JobActivated(w.spec.Name)
	if err := w.share.take(ctx); err != nil {
		w.runner.notBegun(w, job)
		return
	}
	w.runner.start(w, job)
}

func (w *worker) pollLoop(ctx context.Context) {
	retry := newBackOff()
	wait, idle := time.Duration(0), minPause // first a short poll, for the backlog
	for {
		want := w.room(ctx)
		if want == 0 {
			return
		}
		asked := time.Now()
		got, err := w.poll(ctx, want, wait)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			w.health.pollFailed(err)
			wait = 0
			pause(ctx, retry.NextBackOff())
			continue
		}
		w.health.polled(got)
		retry.Reset()
		quick := wait > 0 && time.Since(asked) < wait/2
		wait = longPoll
		if got > 0 {
			idle = minPause
		} else if quick {
			pause(ctx, jitter(idle))
			idle = min(2*idle, w.maxPause())
		}
	}
}

func (w *worker) maxPause() time.Duration {
	if w.health.delivers() {
		return maxPause
	}
	return maxPausePolling
}

// room waits until a poll is worth it and returns for how many jobs: half of
// the limit, or less if that does not get free soon. It returns 0 when ctx ends.
func (w *worker) room(ctx context.Context) int {
	for ctx.Err() == nil {
		n := w.share.free()
		if 2*n >= w.share.limit {
			return n
		}
		timer := time.NewTimer(busyPause)
		select {
		case <-w.share.roomy:
			timer.Stop()
		case <-timer.C:
			if n = w.share.free(); n > 0 {
				return n
			}
		case <-ctx.Done():
			timer.Stop()
		}
	}
	return 0
}

// poll asks for at most want jobs and hands them over; the gateway may wait for
// the first of them.
func (w *worker) poll(ctx context.Context, want int, wait time.Duration) (got int, err error) {
	const op = "poll for jobs of type %q"
	limited, cancel := context.WithTimeout(ctx, wait+pollSlack)
	defer cancel()
	request := &pb.ActivateJobsRequest{Type: w.spec.Name, Worker: w.name, Timeout: w.spec.Timeout.Milliseconds(), MaxJobsToActivate: int32(want),
		FetchVariable: w.spec.FetchVariables, TenantIds: w.spec.TenantIDs, RequestTimeout: wait.Milliseconds()}
	if wait == 0 {
		request.RequestTimeout = -1 // 0 would mean the gateway's default
	}
	answer, err := w.client.gateway.ActivateJobs(limited, request)
	if err != nil {
		return 0, w.refused(err, op)
	}
	var jobs []*pb.ActivatedJob
	for {
		r, err := answer.Recv()
		if err != nil {
			for _, job := range jobs {
				w.handOver(ctx, job)
			}
			if err == io.EOF {
				return len(jobs), nil
			}
			return len(jobs), w.refused(err, op)
		}
		jobs = append(jobs, r.Jobs...)
	}
}
