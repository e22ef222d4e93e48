package zeebe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"github.com/cenkalti/backoff/v5"
	"google.golang.org/grpc/codes"

	"patchbay/engine"
)

// giveBack is the outcome of a job that the end of the process cut off or kept
// from being begun: it goes to another worker at once, with the retries that it
// has. Left alone it would be locked for the rest of its time-out.
type giveBack struct{ engine.Fail }

func newGiveBack(retries int32) giveBack {
	return giveBack{engine.Fail{Retries: max(1, retries), Message: "given back: the worker stopped before the job ended"}}
}

// cutOff replaces the outcome of a handler that failed or gave up after its
// context had ended with the process: that has not used up an attempt.
func (r *runner) cutOff(job engine.Job, outcome engine.Outcome) engine.Outcome {
	if r.handlers.Err() == nil {
		return outcome
	}
	switch outcome.(type) {
	case nil, engine.Fail:
		return newGiveBack(job.Retries)
	}
	return outcome
}

// report sends the outcome's command.
func (r *runner) report(job engine.Job, outcome engine.Outcome, lockEnd time.Time) Result {
	result := results(outcome)
	err := r.deliver(job, outcome, lockEnd)
	if refused(err) {
		r.log.Error("the gateway refused a job's outcome", "jobType", job.Type, "job", job.Key, "error", err)
		// Doing the job again would end the same way: an incident tells.
		fail := engine.Fail{Message: fmt.Sprintf("the gateway refused the job's outcome: %v", err)}
		if own, ok := outcome.(engine.Fail); ok {
			fail = engine.Fail{Retries: own.Retries, Message: own.Message, Backoff: own.Backoff}
		}
		result, err = Failed, r.deliver(job, fail, lockEnd)
	}
	return r.result(job, err, result)
}

func results(outcome engine.Outcome) Result {
	switch outcome.(type) {
	case engine.Complete:
		return Completed
	case engine.ThrowError:
		return BpmnError
	case giveBack:
		return GivenBack
	}
	return Failed
}

// result logs a command that was not accepted.
func (r *runner) result(job engine.Job, err error, accepted Result) Result {
	switch {
	case err == nil:
		return accepted
	case isGone(err):
		r.log.Debug("a job was gone before its outcome", "jobType", job.Type, "job", job.Key, "error", err)
		return NoCommand
	}
	r.log.Error("a job runs into its time-out: its outcome did not reach the gateway", "jobType", job.Type, "job", job.Key, "error", err)
	return Undelivered
}

// isGone says that the job was cancelled, or ended by another worker.
func isGone(err error) bool {
	return hasStatus(err, codes.NotFound) || hasStatus(err, codes.FailedPrecondition)
}

// refused says that the gateway does not take this outcome, but may take
// another.
func refused(err error) bool {
	var e *Error
	return errors.As(err, &e) && !e.Temporary() && !isGone(err) && e.status != codes.Unauthenticated && e.status != codes.PermissionDenied
}

// newCommandBackOff is Camunda's connector runtime's: from 50 ms to 5 s.
func newCommandBackOff() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: 50 * time.Millisecond, RandomizationFactor: 0.1, Multiplier: 1.6, MaxInterval: 5 * time.Second}
}

// deliver sends the outcome's command, and again after a temporary error as
// long as the job is locked for us. It tries once even after that: the gateway
// accepts it while nobody else has the job.
func (r *runner) deliver(job engine.Job, outcome engine.Outcome, lockEnd time.Time) error {
	var retry *backoff.ExponentialBackOff
	for {
		err := r.client.send(r.patience.context(r.commands), job.Key, outcome)
		var e *Error
		if !errors.As(err, &e) || !e.Temporary() {
			return err
		}
		if retry == nil {
			retry = newCommandBackOff()
		}
		wait := retry.NextBackOff()
		if time.Until(lockEnd) < wait || !pause(r.commands, wait) {
			return err
		}
		r.observer.CommandRetried(job.Type, e.Code)
	}
}

// patience gives the contexts of commands, which end after commandTimeout or up
// to a second more: all commands of a second share one, as a timer for each of
// them takes a hundredth of a job's CPU.
type patience struct {
	mu     sync.Mutex
	shared context.Context
	cancel context.CancelFunc // never called: the context ends by itself
	renew  time.Time
}

func (p *patience) context(parent context.Context) context.Context {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shared == nil || now.After(p.renew) {
		p.renew = now.Add(time.Second)
		p.shared, p.cancel = context.WithDeadline(parent, p.renew.Add(commandTimeout))
	}
	return p.shared
}

// giveBackTimeout bounds giving back a job that was not begun.
const giveBackTimeout = 2 * time.Second

// notBegun gives back a job that came too late. Should that not get through,
// the time-out remains.
func (r *runner) notBegun(w *worker, job *pb.ActivatedJob) {
	r.jobs.Go(func() {
		result := GivenBack
		ctx, cancel := context.WithTimeout(r.commands, giveBackTimeout)
		defer cancel()
		if err := r.client.send(ctx, job.Key, newGiveBack(job.Retries)); err != nil {
			r.log.Debug("a job that was not begun runs into its time-out", "jobType", job.Type, "job", job.Key, "error", err)
			result = Undelivered
		}
		r.observer.JobFinished(w.spec.Name, result, 0)
	})
}
