package zeebe_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"patchbay/engine"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/gatewaytest"
)

// BenchmarkWorker takes and completes jobs of a stub gateway in the same
// process, over TCP; the handler does nothing.
func BenchmarkWorker(b *testing.B) {
	g := gatewaytest.New()
	address, err := g.Listen("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer g.Stop()
	c, err := zeebe.Dial(b.Context(), zeebe.Options{Address: address, Plaintext: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	done := func(context.Context, engine.Job) engine.Outcome {
		return engine.Complete{Variables: []byte(`{"status":200}`)}
	}
	ws := zeebe.NewWorkers(c, done, zeebe.WorkerOptions{MaxActive: 100})
	ws.Add(zeebe.JobType{Name: "io.camunda:http-json:1"})
	template := &pb.ActivatedJob{Type: "io.camunda:http-json:1", BpmnProcessId: "order", ElementId: "call",
		CustomHeaders: `{"resultVariable":"answer","errorExpression":"if error.code = \"404\" then bpmnError(\"GONE\", \"gone\") else null"}`,
		Variables:     `{"method":"POST","url":"http://127.0.0.1:8080/orders","body":{"id":17,"items":["a","b","c"]}}`}
	g.Offer(1000, template)
	<-g.Idle()
	b.ReportAllocs()
	b.ResetTimer()
	g.Offer(b.N, template)
	<-g.Idle()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	if err := ws.Drain(context.Background()); err != nil {
		b.Fatal(err)
	}
}
