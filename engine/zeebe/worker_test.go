package zeebe_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"patchbay/engine"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/gatewaytest"
)

func TestBacklogAndStream(t *testing.T) {
	for _, tt := range []struct {
		name    string
		gateway func(*gatewaytest.Gateway)
		state   zeebe.State
	}{
		{"stream", func(*gatewaytest.Gateway) {}, zeebe.Streaming},
		{"no streams", func(g *gatewaytest.Gateway) { g.NoStreams = true }, zeebe.Polling},
		{"silent streams", func(g *gatewaytest.Gateway) { g.SilentStreams = true }, zeebe.Polling},
		{"no long polling", func(g *gatewaytest.Gateway) { g.NoLongPolling = true }, zeebe.Streaming},
		{"neither", func(g *gatewaytest.Gateway) { g.NoStreams, g.NoLongPolling = true, true }, zeebe.Polling},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := gatewaytest.New()
			tt.gateway(g)
			bubble(t, g, complete, zeebe.WorkerOptions{MaxActive: 20}, func(r *rig) {
				g.Offer(300, job("a")) // before the worker: only polls get these
				g.Start()
				r.ws.Add(zeebe.JobType{Name: "a"})
				r.idle()
				for range 5 {
					began := time.Now()
					g.Offer(50, job("a"))
					r.idle()
					if took := time.Since(began); took > time.Second {
						t.Errorf("new jobs waited %v", took)
					}
				}
				r.wantState(tt.state)
				if n := g.Counts(); n.Completed != 550 || n.Activated != 550 {
					t.Errorf("counts %+v", n)
				}
				if r.results.activated != 550 || r.results.count(zeebe.Completed) != 550 {
					t.Errorf("observed %+v", r.results)
				}
			})
		})
	}
}

func TestQuietWorkerPollsSlowly(t *testing.T) {
	polls := 0
	g := gatewaytest.New()
	g.NoLongPolling = true
	g.Before = func(_ context.Context, method string, _ any) error {
		if method == "ActivateJobs" {
			polls++ // one worker, one poll at a time
		}
		return nil
	}
	bubble(t, g, complete, zeebe.WorkerOptions{}, func(r *rig) {
		g.Start()
		r.ws.Add(zeebe.JobType{Name: "a"})
		synctest.Wait()
		g.Offer(1, job("a")) // which shows that the stream works
		r.advance(10 * time.Minute)
		if polls > 100 {
			t.Errorf("%d polls in ten quiet minutes", polls)
		}
	})
}

func TestGatewayAwayAtStart(t *testing.T) {
	g := gatewaytest.New()
	bubble(t, g, complete, zeebe.WorkerOptions{}, func(r *rig) {
		g.Offer(10, job("a"))
		r.ws.Add(zeebe.JobType{Name: "a"})
		r.advance(time.Minute)
		r.wantState(zeebe.BackingOff)
		want := "connect to gateway 127.0.0.1:26500: connection refused (is it running?"
		if got := r.ws.Health()[0].Error; !strings.Contains(got, want) {
			t.Errorf("error %q, want %q in it", got, want)
		}
		g.Start()
		began := time.Now()
		r.idle()
		if waited := time.Since(began); waited > 20*time.Second {
			t.Errorf("found the gateway again after %v", waited)
		}
		r.advance(time.Minute)
		r.wantState(zeebe.Streaming)
		r.wantOutages(1)
	})
}

// TestOutageIsToldOnce: however many job types there are, the log says once
// that the gateway is away and once that it is back, each time.
func TestOutageIsToldOnce(t *testing.T) {
	g := gatewaytest.New()
	bubble(t, g, complete, zeebe.WorkerOptions{}, func(r *rig) {
		for _, name := range []string{"a", "b", "c", "d"} {
			r.ws.Add(zeebe.JobType{Name: name})
		}
		for outage := range 2 {
			r.advance(time.Minute)
			g.Start()
			r.advance(5 * time.Minute)
			for _, h := range r.ws.Health() {
				if h.State == zeebe.BackingOff {
					t.Errorf("%+v", h)
				}
			}
			r.wantOutages(outage + 1)
			g.Stop()
		}
	})
}

func TestGatewayGoesAwayWhileJobsRun(t *testing.T) {
	g := gatewaytest.New()
	began, release := make(chan int64, 100), make(chan struct{})
	handle := func(_ context.Context, job engine.Job) engine.Outcome {
		began <- job.Key
		<-release
		return engine.Complete{}
	}
	bubble(t, g, handle, zeebe.WorkerOptions{MaxActive: 50}, func(r *rig) {
		release = make(chan struct{}) // of the bubble
		began = make(chan int64, 1000)
		g.Start()
		r.ws.Add(zeebe.JobType{Name: "a"})
		synctest.Wait()
		g.Offer(200, job("a"))
		for range 50 {
			<-began
		}
		g.Stop()
		close(release)
		r.advance(30 * time.Second)
		if r.ws.InFlight() == 0 {
			t.Error("no job waits for the gateway")
		}
		g.Start()
		r.idle()
		if n := g.Counts(); n.Completed != 200 || n.Incidents+n.Failed != 0 {
			t.Errorf("counts %+v", n)
		}
		if r.results.retried["UNAVAILABLE"] == 0 {
			t.Errorf("no command was sent again: %+v", r.results)
		}
	})
}

func TestCommandErrors(t *testing.T) {
	for _, tt := range []struct {
		code     codes.Code
		text     string
		times    int
		outcome  engine.Outcome
		want     gatewaytest.Counts
		result   zeebe.Result
		attempts int
	}{
		{codes.Unavailable, "no leader", 3, engine.Complete{}, gatewaytest.Counts{Completed: 1}, zeebe.Completed, 4},
		{codes.ResourceExhausted, "busy", 2, engine.ThrowError{Code: "E"}, gatewaytest.Counts{Thrown: 1}, zeebe.BpmnError, 3},
		{codes.Canceled, "x", 1, engine.Fail{}, gatewaytest.Counts{Failed: 1, Incidents: 1}, zeebe.Failed, 2},
		{codes.DeadlineExceeded, "x", 1, engine.Complete{}, gatewaytest.Counts{Completed: 1}, zeebe.Completed, 2},
		{codes.Aborted, "x", 1, engine.Complete{}, gatewaytest.Counts{Completed: 1}, zeebe.Completed, 2},
		{codes.DataLoss, "x", 1, engine.Complete{}, gatewaytest.Counts{Completed: 1}, zeebe.Completed, 2},
		{codes.InvalidArgument, "variables are no object", 1, engine.Complete{}, gatewaytest.Counts{Failed: 1, Incidents: 1}, zeebe.Failed, 2},
		{codes.ResourceExhausted, "message larger than max", 1, engine.Complete{}, gatewaytest.Counts{Failed: 1, Incidents: 1}, zeebe.Failed, 2},
		{codes.InvalidArgument, "variables", 1, engine.Fail{Variables: []byte("[]")}, gatewaytest.Counts{Failed: 1, Incidents: 1}, zeebe.Failed, 2},
		{codes.NotFound, "gone", 1, engine.Complete{}, gatewaytest.Counts{Completed: 1}, zeebe.NoCommand, 1},
		{codes.FailedPrecondition, "state", 1, engine.Complete{}, gatewaytest.Counts{Completed: 1}, zeebe.NoCommand, 1},
		{codes.PermissionDenied, "no", 1, engine.Complete{}, gatewaytest.Counts{Completed: 1}, zeebe.Undelivered, 1},
	} {
		t.Run(tt.code.String()+" "+tt.text, func(t *testing.T) {
			g := gatewaytest.New()
			attempts := 0
			g.Before = func(_ context.Context, method string, _ any) error {
				if method == "ActivateJobs" || method == "StreamActivatedJobs" {
					return nil
				}
				if attempts++; attempts <= tt.times {
					return status.Error(tt.code, tt.text)
				}
				return nil
			}
			handle := func(_ context.Context, job engine.Job) engine.Outcome { return tt.outcome }
			bubble(t, g, handle, zeebe.WorkerOptions{}, func(r *rig) {
				g.Start()
				g.Offer(1, job("a"))
				r.ws.Add(zeebe.JobType{Name: "a"})
				r.advance(time.Second)
				if r.results.count(tt.result) != 1 || attempts != tt.attempts {
					t.Errorf("%d attempts, observed %+v", attempts, r.results)
				}
				r.idle() // an undelivered job comes again after its time-out
				n := g.Counts()
				got := gatewaytest.Counts{Completed: n.Completed, Failed: n.Failed, Thrown: n.Thrown, Incidents: n.Incidents}
				if got != tt.want {
					t.Errorf("counts %+v, want %+v", got, tt.want)
				}
			})
		})
	}
}

func TestHangingCommandIsSentAgain(t *testing.T) {
	g := gatewaytest.New()
	first := true
	g.Before = func(ctx context.Context, method string, _ any) error {
		if method == "CompleteJob" && first {
			first = false
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}
	bubble(t, g, complete, zeebe.WorkerOptions{}, func(r *rig) {
		g.Start()
		g.Offer(1, job("a"))
		r.ws.Add(zeebe.JobType{Name: "a"})
		r.idle()
		if n := g.Counts(); n.Completed != 1 || n.Activated != 1 || r.results.retried["DEADLINE_EXCEEDED"] != 1 {
			t.Errorf("counts %+v, observed %+v", n, r.results)
		}
	})
}

func TestPanicFailsTheJob(t *testing.T) {
	handle := func(_ context.Context, job engine.Job) engine.Outcome {
		if job.Retries == 3 {
			panic("boom " + strings.Repeat("x", 1000))
		}
		return engine.Complete{}
	}
	g := gatewaytest.New()
	var last atomic.Pointer[failRequest]
	g.Before = recordFail(&last)
	bubble(t, g, handle, zeebe.WorkerOptions{}, func(r *rig) {
		g.Start()
		g.Offer(1, job("a"))
		r.ws.Add(zeebe.JobType{Name: "a"})
		r.idle()
		failed := last.Load()
		if failed == nil || failed.Retries != 2 || !strings.HasPrefix(failed.ErrorMessage, "the connector panicked: boom xx") || len(failed.ErrorMessage) > 600 {
			t.Errorf("fail request %+v", failed)
		}
		r.wantLog("worker_test.go") // the stack
		if n := g.Counts(); n.Completed != 1 {
			t.Errorf("counts %+v", n)
		}
	})
}

func TestBadHeadersMakeAnIncident(t *testing.T) {
	g := gatewaytest.New()
	var last atomic.Pointer[failRequest]
	g.Before = recordFail(&last)
	bubble(t, g, complete, zeebe.WorkerOptions{}, func(r *rig) {
		g.Start()
		bad := job("a")
		bad.CustomHeaders = `{"retries":3}`
		g.Offer(1, bad)
		r.ws.Add(zeebe.JobType{Name: "a"})
		r.idle()
		failed := last.Load()
		if failed == nil || failed.Retries != 0 || !strings.Contains(failed.ErrorMessage, "task headers: expected a JSON object of strings") {
			t.Errorf("fail request %+v", failed)
		}
	})
}

func TestNoOutcomeMeansNoCommand(t *testing.T) {
	tries := 0
	handle := func(context.Context, engine.Job) engine.Outcome {
		if tries++; tries == 1 {
			return nil
		}
		return engine.Complete{}
	}
	g := gatewaytest.New()
	bubble(t, g, handle, zeebe.WorkerOptions{Timeout: time.Minute}, func(r *rig) {
		g.Start()
		g.Offer(1, job("a"))
		r.ws.Add(zeebe.JobType{Name: "a"})
		began := time.Now()
		r.idle()
		if waited := time.Since(began); waited < time.Minute || r.results.count(zeebe.NoCommand) != 1 {
			t.Errorf("after %v, observed %+v", waited, r.results)
		}
	})
}
