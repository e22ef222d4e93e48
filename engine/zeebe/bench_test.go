package zeebe_test

import (
	"context"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"patchbay/engine"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/gatewaytest"
)

// Both benchmarks take and complete jobs of a stub gateway in the same process,
// over TCP, with 100 in flight and a handler that does nothing. cpu-µs/job is
// the whole process's: worker, gRPC on both sides, and stub.

const benchType = "io.camunda:http-json:1"

var benchJob = &pb.ActivatedJob{Type: benchType, BpmnProcessId: "order", ElementId: "call",
	CustomHeaders: `{"resultVariable":"answer","errorExpression":"if error.code = \"404\" then bpmnError(\"GONE\", \"gone\") else null"}`,
	Variables:     `{"method":"POST","url":"http://127.0.0.1:8080/orders","body":{"id":17,"items":["a","b","c"]}}`}

func BenchmarkWorker(b *testing.B) {
	g, address := benchGateway(b)
	c, err := zeebe.Dial(b.Context(), zeebe.Options{Address: address, Plaintext: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	done := func(context.Context, engine.Job) engine.Outcome {
		return engine.Complete{Variables: []byte(`{"status":200}`)}
	}
	ws := zeebe.NewWorkers(c, done, zeebe.WorkerOptions{MaxActive: 100})
	ws.Add(zeebe.JobType{Name: benchType})
	benchJobs(b, g)
	if err := ws.Drain(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkHandWritten is the least that a worker written by hand does.
func BenchmarkHandWritten(b *testing.B) {
	g, address := benchGateway(b)
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	gateway := pb.NewGatewayClient(conn)
	s, err := gateway.StreamActivatedJobs(b.Context(), &pb.StreamActivatedJobsRequest{Type: benchType, Worker: "hand", Timeout: 60_000})
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		inFlight := make(chan struct{}, 100)
		for {
			job, err := s.Recv()
			if err != nil {
				return
			}
			inFlight <- struct{}{}
			go func() {
				defer func() { <-inFlight }()
				ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
				defer cancel()
				_, _ = gateway.CompleteJob(ctx, &pb.CompleteJobRequest{JobKey: job.Key, Variables: `{"status":200}`})
			}()
		}
	}()
	for g.Counts().Streams == 0 {
		<-g.Changed(benchType)
	}
	benchJobs(b, g)
}

func benchGateway(b *testing.B) (*gatewaytest.Gateway, string) {
	g := gatewaytest.New()
	address, err := g.Listen("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(g.Stop)
	return g, address
}

func benchJobs(b *testing.B, g *gatewaytest.Gateway) {
	g.Offer(1000, benchJob)
	<-g.Idle()
	b.ReportAllocs()
	b.ResetTimer()
	used := cpuTime(b)
	g.Offer(b.N, benchJob)
	<-g.Idle()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	b.ReportMetric(float64((cpuTime(b)-used).Microseconds())/float64(b.N), "cpu-µs/job")
}

// cpuTime is what this process has used so far.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
