package zeebe_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"patchbay/engine"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/gatewaytest"
)

type failRequest = pb.FailJobRequest

func recordFail(last *atomic.Pointer[failRequest]) func(context.Context, string, any) error {
	return func(_ context.Context, _ string, request any) error {
		if f, ok := request.(*failRequest); ok {
			last.Store(f)
		}
		return nil
	}
}

func TestHandlerEndsBeforeTheLock(t *testing.T) {
	handle := func(ctx context.Context, job engine.Job) engine.Outcome {
		child, cancel := context.WithCancel(ctx)
		defer cancel()
		<-child.Done()
		if !errors.Is(child.Err(), context.DeadlineExceeded) {
			t.Errorf("the handler's context ended with %v", child.Err())
		}
		if left := time.Until(job.Deadline); left <= 0 || left > time.Second {
			t.Errorf("%v left for the command", left)
		}
		return engine.Fail{Message: "too slow"}
	}
	g := gatewaytest.New()
	bubble(t, g, handle, zeebe.WorkerOptions{}, func(r *rig) {
		g.Start()
		g.Offer(1, job("a"))
		r.ws.Add(zeebe.JobType{Name: "a", Timeout: 10 * time.Second})
		r.idle()
		if n := g.Counts(); n.Activated != 1 || n.Incidents != 1 {
			t.Errorf("counts %+v", n)
		}
	})
}

func TestExtendJob(t *testing.T) {
	for _, tt := range []struct {
		name    string
		extend  time.Duration
		err     error
		wantErr bool
		ends    time.Duration // when the handler's context ends
	}{
		{"later", time.Minute, nil, false, 59 * time.Second},
		{"sooner", time.Second, nil, false, 950 * time.Millisecond},
		{"later, gateway busy", time.Minute, status.Error(codes.Unavailable, "busy"), false, 9500 * time.Millisecond},
		{"sooner, gateway busy", time.Second, status.Error(codes.Unavailable, "busy"), false, 950 * time.Millisecond},
		{"gone", time.Minute, status.Error(codes.NotFound, "gone"), true, 9500 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var extender engine.Extender
			handle := func(ctx context.Context, job engine.Job) engine.Outcome {
				began := time.Now()
				child, cancel := context.WithCancel(ctx)
				defer cancel()
				longer, end, err := extender.ExtendJob(child, job.Key, tt.extend)
				if (err != nil) != tt.wantErr {
					t.Errorf("extend: %v", err)
				}
				if err == nil {
					defer end()
					child = longer
				}
				<-child.Done()
				if !errors.Is(child.Err(), context.DeadlineExceeded) {
					t.Errorf("the context ended with %v", child.Err())
				}
				if took := time.Since(began); took != tt.ends {
					t.Errorf("the context ended after %v, want %v", took, tt.ends)
				}
				return engine.Complete{}
			}
			g := gatewaytest.New()
			g.Before = func(_ context.Context, method string, _ any) error {
				if method == "UpdateJobTimeout" {
					return tt.err
				}
				return nil
			}
			bubble(t, g, handle, zeebe.WorkerOptions{Timeout: 10 * time.Second}, func(r *rig) {
				extender = r.c
				g.Start()
				g.Offer(1, job("a"))
				r.ws.Add(zeebe.JobType{Name: "a"})
				r.idle()
				if n := g.Counts(); n.Completed != 1 || n.Activated != 1 {
					t.Errorf("counts %+v", n)
				}
			})
		})
	}
}

func TestDrain(t *testing.T) {
	for _, tt := range []struct {
		name string
		// handle gets what lets it end in time.
		handle func(ctx context.Context, release <-chan struct{}) engine.Outcome
		result zeebe.Result
		err    bool
	}{
		{"in time", func(_ context.Context, release <-chan struct{}) engine.Outcome {
			<-release
			return engine.Fail{Retries: 1}
		}, zeebe.Failed, false},
		{"cut off", func(ctx context.Context, _ <-chan struct{}) engine.Outcome {
			<-ctx.Done()
			return engine.Fail{Retries: 1, Message: ctx.Err().Error()}
		}, zeebe.GivenBack, false},
		{"cut off, no outcome", func(ctx context.Context, _ <-chan struct{}) engine.Outcome {
			<-ctx.Done()
			return nil
		}, zeebe.GivenBack, false},
		{"cut off, yet done", func(ctx context.Context, _ <-chan struct{}) engine.Outcome {
			<-ctx.Done()
			return engine.Complete{}
		}, zeebe.Completed, false},
		{"deaf", func(context.Context, <-chan struct{}) engine.Outcome {
			<-time.After(time.Minute)
			return engine.Complete{}
		}, zeebe.Undelivered, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := gatewaytest.New()
			var last atomic.Pointer[failRequest]
			g.Before = recordFail(&last)
			var release chan struct{}
			handle := func(ctx context.Context, _ engine.Job) engine.Outcome { return tt.handle(ctx, release) }
			bubble(t, g, handle, zeebe.WorkerOptions{MaxActive: 5}, func(r *rig) {
				release = make(chan struct{})
				g.Start()
				r.ws.Add(zeebe.JobType{Name: "a"})
				synctest.Wait()
				g.Offer(5, job("a"))
				synctest.Wait()
				ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
				defer cancel()
				time.AfterFunc(5*time.Second, func() { close(release) })
				began := time.Now()
				err := r.ws.Drain(ctx)
				if (err != nil) != tt.err {
					t.Errorf("drain: %v", err)
				}
				if took := time.Since(began); took > 16*time.Second {
					t.Errorf("drain took %v", took)
				}
				r.advance(2 * time.Minute)
				if r.results.count(tt.result) != 5 {
					t.Errorf("observed %+v", r.results)
				}
				failed := last.Load()
				if tt.result == zeebe.GivenBack && (failed == nil || failed.Retries != 3) {
					t.Errorf("given back with %+v", failed)
				}
			})
		})
	}
}

func TestDrainGivesBackWhatWasNotBegun(t *testing.T) {
	var release chan struct{}
	handle := func(context.Context, engine.Job) engine.Outcome {
		<-release
		return engine.Complete{}
	}
	g := gatewaytest.New()
	bubble(t, g, handle, zeebe.WorkerOptions{MaxActive: 3}, func(r *rig) {
		release = make(chan struct{})
		g.Start()
		r.ws.Add(zeebe.JobType{Name: "a"})
		synctest.Wait()
		g.Offer(4, job("a")) // the fourth waits for a slot
		synctest.Wait()
		time.AfterFunc(time.Second, func() { close(release) })
		if err := r.ws.Drain(r.Context()); err != nil {
			t.Error(err)
		}
		n := g.Counts()
		if n.Completed != 3 || n.Failed != 1 || n.Incidents != 0 || n.Open != 1 || r.results.count(zeebe.GivenBack) != 1 {
			t.Errorf("counts %+v, observed %+v", n, r.results)
		}
		r.ws.Add(zeebe.JobType{Name: "b"})
		if len(r.ws.Health()) != 0 {
			t.Error("a worker starts after drain")
		}
	})
}

func TestChangeJobTypesWhileRunning(t *testing.T) {
	var release chan struct{}
	handle := func(_ context.Context, job engine.Job) engine.Outcome {
		if job.Type == "slow" {
			<-release
		}
		return engine.Complete{}
	}
	g := gatewaytest.New()
	bubble(t, g, handle, zeebe.WorkerOptions{}, func(r *rig) {
		release = make(chan struct{})
		g.Start()
		r.ws.Set(zeebe.JobType{Name: "slow"}, zeebe.JobType{Name: "a"})
		synctest.Wait()
		g.Offer(10, job("slow"))
		synctest.Wait()
		r.ws.Set(zeebe.JobType{Name: "a"}, zeebe.JobType{Name: "b"})
		synctest.Wait()
		if h := r.ws.Health(); len(h) != 2 || h[0].JobType != "a" || h[1].JobType != "b" || r.ws.InFlight() != 10 {
			t.Errorf("health %+v, in flight %d", h, r.ws.InFlight())
		}
		if n := g.Counts(); n.Streams != 2 {
			t.Errorf("counts %+v", n)
		}
		g.Offer(10, job("b"))
		synctest.Wait()
		if n := g.Counts(); n.Completed != 10 {
			t.Errorf("counts %+v", n)
		}
		close(release)
		synctest.Wait()
		if n := g.Counts(); n.Completed != 20 || r.ws.InFlight() != 0 {
			t.Errorf("counts %+v", n)
		}
	})
}

// Slots bound calls: a command that the gateway takes its time for does not
// keep one. But commands are bounded too, so that in the end it does.
func TestSlowCommands(t *testing.T) {
	var handled atomic.Int32
	handle := func(context.Context, engine.Job) engine.Outcome {
		handled.Add(1)
		return engine.Complete{}
	}
	g := gatewaytest.New()
	var answer chan struct{}
	g.Before = func(_ context.Context, method string, _ any) error {
		if method == "CompleteJob" {
			<-answer
		}
		return nil
	}
	bubble(t, g, handle, zeebe.WorkerOptions{MaxActive: 10, MaxTotal: 40}, func(r *rig) {
		answer = make(chan struct{})
		g.Start()
		r.ws.Add(zeebe.JobType{Name: "a"})
		synctest.Wait()
		g.Offer(100, job("a"))
		synctest.Wait()
		if n := handled.Load(); n != 15 || r.ws.InFlight() != 15 || r.ws.Health()[0].InFlight != 10 {
			t.Errorf("%d handled, %d in flight, health %+v; want five commands, and ten jobs that wait with their slots", n, r.ws.InFlight(), r.ws.Health())
		}
		close(answer)
		r.idle()
		if n := g.Counts(); n.Completed != 100 || n.Activated != 100 {
			t.Errorf("counts %+v", n)
		}
	})
}

func TestChangedSettingsReplaceTheWorker(t *testing.T) {
	g := gatewaytest.New()
	opened := 0
	g.Before = func(_ context.Context, method string, _ any) error {
		if method == "StreamActivatedJobs" {
			opened++
		}
		return nil
	}
	bubble(t, g, complete, zeebe.WorkerOptions{}, func(r *rig) {
		g.Start()
		for _, timeout := range []time.Duration{time.Minute, time.Minute, time.Hour} {
			r.ws.Set(zeebe.JobType{Name: "a", Timeout: timeout})
			synctest.Wait()
		}
		if opened != 2 {
			t.Errorf("%d streams were opened, want 2", opened)
		}
	})
}

func TestJobWhoseLockEndedIsNotBegun(t *testing.T) {
	var calls int
	release := map[string]chan struct{}{}
	handle := func(_ context.Context, job engine.Job) engine.Outcome {
		if calls++; calls == 1 {
			<-release["first"]
		}
		return engine.Complete{}
	}
	g := gatewaytest.New()
	bubble(t, g, handle, zeebe.WorkerOptions{MaxActive: 1, Timeout: time.Minute}, func(r *rig) {
		release["first"] = make(chan struct{})
		g.Start()
		r.ws.Add(zeebe.JobType{Name: "a"})
		synctest.Wait()
		g.Offer(2, job("a"))
		time.AfterFunc(90*time.Second, func() { close(release["first"]) })
		r.idle()
		if n := g.Counts(); n.Open != 0 || n.Incidents != 0 {
			t.Errorf("counts %+v", n)
		}
		r.wantLog("a job arrived after its lock had ended")
	})
}
