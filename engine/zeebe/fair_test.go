package zeebe_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"patchbay/engine"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/gatewaytest"
)

func TestSlowJobsLeaveRoom(t *testing.T) {
	handle := func(_ context.Context, job engine.Job) engine.Outcome {
		wait := time.Millisecond
		if job.Type != "quick" {
			wait = 30 * time.Second
		}
		<-time.After(wait)
		return engine.Complete{}
	}
	g := gatewaytest.New()
	bubble(t, g, handle, zeebe.WorkerOptions{MaxActive: 20, MaxTotal: 40}, func(r *rig) {
		g.Start()
		r.ws.Set(zeebe.JobType{Name: "slow"}, zeebe.JobType{Name: "slower"}, zeebe.JobType{Name: "quick"})
		synctest.Wait()
		g.Offer(500, job("slow"))
		g.Offer(500, job("slower"))
		r.advance(time.Second)
		for range 20 {
			before := g.Counts().Completed
			g.Offer(10, job("quick"))
			r.advance(20 * time.Millisecond)
			if done := g.Counts().Completed - before; done != 10 {
				t.Errorf("%d of 10 quick jobs were done beside slow ones", done)
			}
		}
		if n := r.ws.InFlight(); n > 40 || n < 26 {
			t.Errorf("%d in flight", n)
		}
		r.idle()
	})
}

func TestAddedTypeIsServedWithinASecond(t *testing.T) {
	for name, polls := range map[string]bool{"streams": false, "polls only": true} {
		t.Run(name, func(t *testing.T) {
			g := gatewaytest.New()
			g.NoStreams, g.NoLongPolling = polls, polls
			bubble(t, g, complete, zeebe.WorkerOptions{}, func(r *rig) {
				g.Start()
				r.ws.Add(zeebe.JobType{Name: "other"})
				r.advance(time.Hour)
				g.Offer(1, job("new"))
				r.advance(time.Minute)
				began := time.Now()
				r.ws.Add(zeebe.JobType{Name: "new"})
				r.idle()
				if took := time.Since(began); took > time.Second {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func TestBrokenStreamIsOpenedAgain(t *testing.T) {
	opened := 0
	g := gatewaytest.New()
	g.Before = func(_ context.Context, method string, _ any) error {
		if method != "StreamActivatedJobs" {
			return nil
		}
		if opened++; opened <= 5 {
			return status.Error(codes.Internal, "no streams today")
		}
		return nil
	}
	bubble(t, g, complete, zeebe.WorkerOptions{}, func(r *rig) {
		g.Start()
		r.ws.Add(zeebe.JobType{Name: "a"})
		r.advance(100 * time.Millisecond)
		r.wantState(zeebe.Polling)
		if h := r.ws.Health(); h[0].Error != `stream jobs of type "a": INTERNAL: no streams today` {
			t.Errorf("health %+v", h)
		}
		began := time.Now()
		g.Offer(1, job("a"))
		r.idle()
		if time.Since(began) > 0 {
			t.Errorf("the job waited %v", time.Since(began))
		}
		r.advance(time.Minute)
		r.wantState(zeebe.Streaming)
		if opened != 6 {
			t.Errorf("%d streams were opened", opened)
		}
	})
}
