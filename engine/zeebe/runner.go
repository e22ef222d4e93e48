package zeebe

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"

	"patchbay/engine"
)

const (
	// commandTimeout bounds one try of a command, give or take a second; a
	// gateway that hangs is asked again after it.
	commandTimeout = 10 * time.Second
	// maxPanicText cuts what a panic says, in bytes.
	maxPanicText = 500
)

// Handler does a job. ctx ends shortly before the job's lock does, so that its
// outcome can still be reported, or when the process ends. Its outcome becomes
// a command; nil means none. A panic fails the job with one retry less.
type Handler func(ctx context.Context, job engine.Job) engine.Outcome

// runner runs jobs and reports what became of them. All workers share one.
type runner struct {
	client   *Client
	handle   Handler
	observer Observer
	log      *slog.Logger
	headers  headerCache
	// handlers is the context of all handlers, commands that of what is sent
	// after them. The latter ends later.
	handlers, commands context.Context
	patience           patience
	jobs               sync.WaitGroup
	// tasks hands jobs to goroutines that wait for another one: a goroutine
	// that has grown its stack once is cheaper than a new one.
	tasks  chan task
	parked atomic.Int32
	// sending holds an element for each command that is under way. It gets
	// free in bounded time: a command ends with its job's lock, and all do
	// when commands ends.
	sending chan struct{}
}

// maxParked bounds the goroutines that wait for jobs.
const maxParked = 256

type task struct {
	worker *worker
	job    *pb.ActivatedJob
}

// start runs a job in the background. The worker holds a slot for it, which is
// returned when its handler has ended: the slots bound calls, and what became of
// a call is reported while the next one is made already.
func (r *runner) start(w *worker, job *pb.ActivatedJob) {
	r.jobs.Add(1)
	t := task{w, job}
	select {
	case r.tasks <- t:
	default:
		go r.loop(t)
	}
}

// loop runs one job after another until there is none to wait for.
func (r *runner) loop(t task) {
	for ok := true; ok; t, ok = r.next() {
		r.one(t)
	}
}

func (r *runner) one(t task) {
	defer r.jobs.Done()
	done := r.run(t.worker, t.job)
	result := NoCommand
	if done.outcome == nil {
		t.worker.share.put()
	} else {
		r.sending <- struct{}{} // a gateway that is slow to take commands keeps the slots
		t.worker.share.put()
		result = r.report(done.job, done.outcome, done.lockEnd)
		<-r.sending
	}
	r.observer.JobFinished(t.worker.spec.Name, result, time.Since(done.started))
}

func (r *runner) next() (t task, ok bool) {
	defer r.parked.Add(-1)
	if r.parked.Add(1) > maxParked {
		return t, false
	}
	select {
	case t = <-r.tasks:
		return t, true
	case <-r.commands.Done():
		return t, false
	}
}

// done is a job whose handler has ended.
type done struct {
	job              engine.Job
	outcome          engine.Outcome // nil for no command
	started, lockEnd time.Time
}

// run handles a job.
func (r *runner) run(w *worker, activated *pb.ActivatedJob) done {
	started := time.Now()
	job, err := r.headers.convert(activated)
	if activated.Deadline == 0 {
		job.Deadline = started.Add(w.spec.Timeout)
	}
	if !started.Before(job.Deadline) {
		r.log.Warn("a job arrived after its lock had ended: are the clocks of gateway and worker apart?",
			"jobType", job.Type, "job", job.Key, "lockEnded", job.Deadline)
		return done{job: job, started: started}
	}
	ctx := newJobContext(r.handlers, job.Deadline, started)
	defer ctx.cancel()
	var outcome engine.Outcome
	if err != nil {
		outcome = engine.Fail{Message: err.Error()}
	} else {
		outcome = r.protect(ctx, job)
	}
	return done{job, r.cutOff(job, outcome), started, ctx.lock()}
}

// protect calls the handler and turns its panic into a failed job.
func (r *runner) protect(ctx context.Context, job engine.Job) (outcome engine.Outcome) {
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("panic while handling a job", "jobType", job.Type, "job", job.Key, "panic", p, "stack", string(debug.Stack()))
			outcome = engine.Fail{Retries: max(0, job.Retries-1), Message: "the connector panicked: " + cut(fmt.Sprint(p), maxPanicText)}
		}
	}()
	return r.handle(ctx, job)
}

func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return text[:n] + "..."
}
