package embedded_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"patchbay/engine/zeebe/embedded"
)

const oneTask = `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">
<bpmn:process id="one" isExecutable="true"><bpmn:startEvent id="s"/>
<bpmn:serviceTask id="t"><bpmn:extensionElements><zeebe:taskDefinition type="noop"/></bpmn:extensionElements></bpmn:serviceTask><bpmn:endEvent id="e"/>
<bpmn:sequenceFlow id="a" sourceRef="s" targetRef="t"/><bpmn:sequenceFlow id="b" sourceRef="t" targetRef="e"/></bpmn:process></bpmn:definitions>`

// connect starts an engine on loopback TCP and gives a client of it.
func connect(tb testing.TB) pb.GatewayClient {
	tb.Helper()
	e := embedded.New(embedded.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- e.Serve(ctx, l) }()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = conn.Close()
		cancel()
		if err := <-served; err != nil {
			tb.Error(err)
		}
		e.Close()
	})
	return pb.NewGatewayClient(conn)
}

func deployOneTask(tb testing.TB, c pb.GatewayClient) {
	tb.Helper()
	_, err := c.DeployResource(context.Background(), &pb.DeployResourceRequest{Resources: []*pb.Resource{{Name: "one.bpmn", Content: []byte(oneTask)}}})
	if err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkInstances runs service-task instances end to end over gRPC on loopback: create, stream the job, complete it,
// with 100 creates and 100 completions in flight.
func BenchmarkInstances(b *testing.B) {
	c := connect(b)
	deployOneTask(b, c)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stream, err := c.StreamActivatedJobs(ctx, &pb.StreamActivatedJobsRequest{Type: "noop", Worker: "w", Timeout: 60_000})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := stream.Header(); err != nil {
		b.Fatal(err)
	}
	jobs := make(chan int64, 100)
	go receive(stream, jobs)
	b.ReportAllocs()
	b.ResetTimer()
	var work sync.WaitGroup
	work.Go(func() { many(b, b.N, func() error { _, err := create(ctx, c); return err }) })
	work.Go(func() {
		many(b, b.N, func() error {
			_, err := c.CompleteJob(ctx, &pb.CompleteJobRequest{JobKey: <-jobs})
			return err
		})
	})
	work.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "instances/s")
}

func create(ctx context.Context, c pb.GatewayClient) (*pb.CreateProcessInstanceResponse, error) {
	return c.CreateProcessInstance(ctx, &pb.CreateProcessInstanceRequest{BpmnProcessId: "one", Version: -1, Variables: `{"order":{"id":17,"total":12.50},"name":"x"}`})
}

func receive(stream pb.Gateway_StreamActivatedJobsClient, jobs chan<- int64) {
	for {
		j, err := stream.Recv()
		if err != nil {
			return
		}
		jobs <- j.Key
	}
}

// many calls do n times from 100 goroutines.
func many(b *testing.B, n int, do func() error) {
	left := make(chan struct{}, n)
	for range n {
		left <- struct{}{}
	}
	close(left)
	var callers sync.WaitGroup
	for range 100 {
		callers.Go(func() {
			for range left {
				if err := do(); err != nil && err != io.EOF {
					b.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
}
