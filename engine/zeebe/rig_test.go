package zeebe_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"

	"patchbay/engine"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/gatewaytest"
)

// rig is a set of workers on a stub gateway. It lives in a bubble of package
// synctest: its clock stands still while anything runs and leaps to the next
// timer when everything waits.
type rig struct {
	*testing.T
	g       *gatewaytest.Gateway
	c       *zeebe.Client
	ws      *zeebe.Workers
	results *results
	log     *logs
}

// bubble runs a test with workers that were given no job type yet. The gateway
// is away.
func bubble(t *testing.T, g *gatewaytest.Gateway, handle zeebe.Handler, o zeebe.WorkerOptions, test func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{T: t, g: g, results: &results{}, log: &logs{}}
		var err error
		r.c, err = zeebe.Dial(t.Context(), zeebe.Options{Plaintext: true, Dialer: g.Dial, Log: slog.New(slog.NewTextHandler(r.log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		o.Observer = r.results
		r.ws = zeebe.NewWorkers(r.c, handle, o)
		test(r)
		if err := r.ws.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		if err := r.c.Close(); err != nil {
			t.Error(err)
		}
		g.Stop()
	})
}

// advance lets the bubble's clock go on.
func (r *rig) advance(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// idle waits until no job is open, at most an hour of the bubble's time.
func (r *rig) idle() {
	r.Helper()
	select {
	case <-r.g.Idle():
		synctest.Wait()
	case <-time.After(time.Hour):
		r.Fatalf("jobs are left after an hour: %+v, health %+v\n%s", r.g.Counts(), r.ws.Health(), r.log)
	}
}

func (r *rig) wantState(state zeebe.State) {
	r.Helper()
	if h := r.ws.Health(); len(h) != 1 || h[0].State != state {
		r.Errorf("health is %+v, want %q", h, state)
	}
}

func (r *rig) wantLog(text string) {
	r.Helper()
	if !strings.Contains(r.log.String(), text) {
		r.Errorf("log has no %q:\n%s", text, r.log)
	}
}

// wantOutages checks how often the log says that the gateway went and came.
func (r *rig) wantOutages(n int) {
	r.Helper()
	text := r.log.String()
	for _, line := range []string{"the gateway cannot be reached", "the gateway is reached again"} {
		if got := strings.Count(text, line); got != n {
			r.Errorf("%d times %q, want %d:\n%s", got, line, n, text)
		}
	}
	if strings.Contains(text, "worker gets jobs again") || strings.Contains(text, "worker gets no jobs") {
		r.Errorf("a worker tells as well:\n%s", text)
	}
}

// job is a template for Offer.
func job(jobType string) *pb.ActivatedJob { return &pb.ActivatedJob{Type: jobType, ElementId: "task"} }

func complete(context.Context, engine.Job) engine.Outcome { return engine.Complete{} }

// results counts what an observer is told.
type results struct {
	mu        sync.Mutex
	activated int
	finished  map[zeebe.Result]int
	retried   map[string]int
}

func (r *results) JobActivated(string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.activated++
}

func (r *results) JobFinished(_ string, result zeebe.Result, _ time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.finished == nil {
		r.finished = map[zeebe.Result]int{}
	}
	r.finished[result]++
}

func (r *results) CommandRetried(_, code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.retried == nil {
		r.retried = map[string]int{}
	}
	r.retried[code]++
}

func (r *results) count(result zeebe.Result) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.finished[result]
}

// logs is a writer that can be read meanwhile.
type logs struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
