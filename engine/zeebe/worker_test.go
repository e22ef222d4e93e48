package zeebe_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"patchbay/engine"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/gatewaytest"
)

func TestStreamAndPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gatewaytest.New()
		g.Offer(100, &pb.ActivatedJob{Type: "a"})
		g.Start()
		defer g.Stop()
		c, err := zeebe.Dial(t.Context(), zeebe.Options{Plaintext: true, Dialer: g.Dial})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ws := zeebe.NewWorkers(c, func(ctx context.Context, job engine.Job) engine.Outcome { return engine.Complete{} }, zeebe.WorkerOptions{})
		ws.Add(zeebe.JobType{Name: "a"})
		synctest.Wait()
		g.Offer(200, &pb.ActivatedJob{Type: "a"})
		synctest.Wait()
		if h := ws.Health(); h[0].State != zeebe.Streaming {
			t.Errorf("health %+v", h)
		}
		if n := g.Counts(); n.Completed != 300 || n.Open != 0 {
			t.Errorf("counts %+v", n)
		}
		if err := ws.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}
