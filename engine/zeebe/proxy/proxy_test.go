//lint:file-ignore SA1019 old clients still call DeployProcess

package proxy

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"patchbay/engine/zeebe/source"
)

// gateway answers what the tests ask.
type gateway struct {
	pb.UnimplementedGatewayServer
	md       metadata.MD
	deadline time.Time
}

func (g *gateway) CompleteJob(ctx context.Context, _ *pb.CompleteJobRequest) (*pb.CompleteJobResponse, error) {
	g.md, _ = metadata.FromIncomingContext(ctx)
	g.deadline, _ = ctx.Deadline()
	_ = grpc.SetHeader(ctx, metadata.Pairs("a-header", "h"))
	_ = grpc.SetTrailer(ctx, metadata.Pairs("a-trailer", "t"))
	return &pb.CompleteJobResponse{}, nil
}

func (g *gateway) FailJob(ctx context.Context, r *pb.FailJobRequest) (*pb.FailJobResponse, error) {
	_ = grpc.SetTrailer(ctx, metadata.Pairs("a-trailer", "t"))
	return nil, status.Error(codes.NotFound, "no such job: "+r.ErrorMessage)
}

func (g *gateway) StreamActivatedJobs(_ *pb.StreamActivatedJobsRequest, s pb.Gateway_StreamActivatedJobsServer) error {
	if err := s.SendHeader(nil); err != nil {
		return err
	}
	for key := range int64(3) {
		if err := s.Send(&pb.ActivatedJob{Key: key, Variables: strings.Repeat("x", 1<<20)}); err != nil {
			return err
		}
	}
	<-s.Context().Done()
	return s.Context().Err()
}

func (g *gateway) DeployResource(_ context.Context, r *pb.DeployResourceRequest) (*pb.DeployResourceResponse, error) {
	if len(r.Resources) == 0 {
		return nil, status.Error(codes.InvalidArgument, "Expected to deploy at least one resource, but none given")
	}
	answer := &pb.DeployResourceResponse{Key: 1, TenantId: "acme"}
	for i, x := range r.Resources {
		if strings.HasSuffix(x.Name, ".dmn") {
			answer.Deployments = append(answer.Deployments, &pb.Deployment{Metadata: &pb.Deployment_Decision{Decision: &pb.DecisionMetadata{}}})
			continue
		}
		answer.Deployments = append(answer.Deployments, &pb.Deployment{Metadata: &pb.Deployment_Process{Process: &pb.ProcessMetadata{
			BpmnProcessId: strings.TrimSuffix(x.Name, ".bpmn"), Version: 2, ProcessDefinitionKey: int64(10 + i), ResourceName: x.Name, TenantId: "acme"}}})
	}
	return answer, nil
}

func (g *gateway) DeployProcess(_ context.Context, r *pb.DeployProcessRequest) (*pb.DeployProcessResponse, error) {
	return &pb.DeployProcessResponse{Processes: []*pb.ProcessMetadata{{BpmnProcessId: "old", Version: 1, ProcessDefinitionKey: 5, ResourceName: r.Processes[0].Name}}}, nil
}

func (g *gateway) DeleteResource(_ context.Context, r *pb.DeleteResourceRequest) (*pb.DeleteResourceResponse, error) {
	if r.ResourceKey == 404 {
		return nil, status.Error(codes.NotFound, "no such resource")
	}
	return &pb.DeleteResourceResponse{}, nil
}

// future serves a method that this version of the protocol does not have.
var future = grpc.ServiceDesc{ServiceName: "gateway_protocol.Future", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{
	StreamName: "Chat", ServerStreams: true, ClientStreams: true,
	Handler: func(_ any, s grpc.ServerStream) error {
		for {
			var m pb.PublishMessageRequest
			if err := s.RecvMsg(&m); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if m.Name == "stop" {
				return status.Error(codes.ResourceExhausted, "enough")
			}
			if err := s.SendMsg(&m); err != nil {
				return err
			}
		}
	},
}}}

// watcher notes what it is told.
type watcher struct {
	mu      sync.Mutex
	list    []source.Deployed
	deleted []int64
	err     error
}

func (w *watcher) Deployed(_ context.Context, list ...source.Deployed) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, list...)
	return w.err
}

func (w *watcher) Deleted(_ context.Context, key int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deleted = append(w.deleted, key)
	return w.err
}

func dial(t testing.TB, l *bufconn.Listener) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// through starts a gateway with a proxy before it and connects to the proxy.
func through(t testing.TB, g *gateway, w Watcher) (*grpc.ClientConn, *grpc.Server) {
	t.Helper()
	behind, before := bufconn.Listen(1<<20), bufconn.Listen(1<<20)
	server := grpc.NewServer()
	pb.RegisterGatewayServer(server, g)
	server.RegisterService(&future, nil)
	go func() { _ = server.Serve(behind) }()
	t.Cleanup(server.Stop)

	ctx, cancel := context.WithCancel(context.Background())
	p := New(Options{Gateway: dial(t, behind), Watcher: w, Drain: time.Nanosecond, Log: slog.New(slog.DiscardHandler)})
	ended := make(chan error)
	go func() { ended <- p.Serve(ctx, before) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return dial(t, before), server
}

func TestUnaryCall(t *testing.T) {
	g := &gateway{}
	conn, _ := through(t, g, nil)
	deadline := time.Now().Add(time.Minute)
	ctx, cancel := context.WithDeadline(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer x", "bytes-bin", "\xff\x00"), deadline)
	defer cancel()
	var header, trailer metadata.MD
	_, err := pb.NewGatewayClient(conn).CompleteJob(ctx, &pb.CompleteJobRequest{JobKey: 7}, grpc.Header(&header), grpc.Trailer(&trailer), grpc.UseCompressor(gzip.Name))
	if err != nil {
		t.Fatal(err)
	}
	if g.md.Get("authorization")[0] != "Bearer x" || g.md.Get("bytes-bin")[0] != "\xff\x00" {
		t.Errorf("metadata at the gateway: %v", g.md)
	}
	if header.Get("a-header") == nil || trailer.Get("a-trailer") == nil {
		t.Errorf("header %v, trailer %v", header, trailer)
	}
	// It travels as what is left of it, and so moves by what the way takes.
	if d := g.deadline.Sub(deadline); g.deadline.IsZero() || d.Abs() > time.Minute/2 {
		t.Errorf("the deadline moved by %s", d)
	}
}

func TestErrorsComeThrough(t *testing.T) {
	conn, gatewayServer := through(t, &gateway{}, nil)
	client := pb.NewGatewayClient(conn)
	var trailer metadata.MD
	_, err := client.FailJob(t.Context(), &pb.FailJobRequest{ErrorMessage: "käse"}, grpc.Trailer(&trailer))
	if s := status.Convert(err); s.Code() != codes.NotFound || s.Message() != "no such job: käse" || trailer.Get("a-trailer") == nil {
		t.Errorf("got %v, %v", err, trailer)
	}
	if _, err = client.Topology(t.Context(), &pb.TopologyRequest{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v", err)
	}
	gatewayServer.Stop()
	if _, err = client.CompleteJob(t.Context(), &pb.CompleteJobRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("with the gateway away: %v", err)
	}
}

func TestStreamOfJobs(t *testing.T) {
	conn, _ := through(t, &gateway{}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := pb.NewGatewayClient(conn).StreamActivatedJobs(ctx, &pb.StreamActivatedJobsRequest{Type: "t"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Header(); err != nil {
		t.Fatal(err)
	}
	for want := range int64(3) {
		job, err := stream.Recv()
		if err != nil || job.Key != want || len(job.Variables) != 1<<20 {
			t.Fatalf("job %d: %v, %v", want, job.GetKey(), err)
		}
	}
	cancel()
	if _, err := stream.Recv(); status.Code(err) != codes.Canceled {
		t.Errorf("got %v", err)
	}
}

func TestUnknownMethodsBothWays(t *testing.T) {
	conn, _ := through(t, &gateway{}, nil)
	chat := func(names ...string) (got []string, err error) {
		s, err := conn.NewStream(t.Context(), bidirectional, "/gateway_protocol.Future/Chat")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if err := s.SendMsg(&pb.PublishMessageRequest{Name: name}); err != nil {
				t.Fatal(err)
			}
			var m pb.PublishMessageRequest
			if err := s.RecvMsg(&m); err != nil {
				return got, err
			}
			got = append(got, m.Name)
		}
		if err := s.CloseSend(); err != nil {
			t.Fatal(err)
		}
		return got, s.RecvMsg(&pb.PublishMessageRequest{})
	}
	if got, err := chat("a", "b"); len(got) != 2 || !errors.Is(err, io.EOF) {
		t.Errorf("got %q, %v", got, err)
	}
	// The gateway ends the call while the caller could still send.
	if got, err := chat("a", "stop"); len(got) != 1 || status.Code(err) != codes.ResourceExhausted {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestDeploymentsAreSeen(t *testing.T) {
	w := &watcher{}
	conn, _ := through(t, &gateway{}, w)
	client := pb.NewGatewayClient(conn)
	answer, err := client.DeployResource(t.Context(), &pb.DeployResourceRequest{Resources: []*pb.Resource{
		{Name: "order.bpmn", Content: []byte("<order/>")}, {Name: "table.dmn", Content: []byte("<table/>")}, {Name: "pay.bpmn", Content: []byte("<pay/>")}}})
	if err != nil || len(answer.Deployments) != 3 {
		t.Fatal(answer, err)
	}
	if len(w.list) != 2 {
		t.Fatalf("seen: %+v", w.list)
	}
	if d := w.list[1]; d.TenantID != "acme" || d.ID != "pay" || d.Key != 12 || d.Version != 2 || string(d.XML) != "<pay/>" {
		t.Errorf("seen: %+v", d)
	}
	if _, err := client.DeployResource(t.Context(), &pb.DeployResourceRequest{}); err == nil || len(w.list) != 2 {
		t.Errorf("a refused deployment was seen: %v, %+v", err, w.list)
	}
	if _, err := client.DeployProcess(t.Context(), &pb.DeployProcessRequest{Processes: []*pb.ProcessRequestObject{{Name: "old.bpmn", Definition: []byte("<old/>")}}}); err != nil {
		t.Fatal(err)
	}
	if d := w.list[2]; d.ID != "old" || string(d.XML) != "<old/>" {
		t.Errorf("seen: %+v", d)
	}
	for _, key := range []int64{404, 12} {
		_, _ = client.DeleteResource(t.Context(), &pb.DeleteResourceRequest{ResourceKey: key})
	}
	if len(w.deleted) != 1 || w.deleted[0] != 12 {
		t.Errorf("deleted: %v", w.deleted)
	}
}

func TestWatchersTroubleIsNotTheCallers(t *testing.T) {
	conn, _ := through(t, &gateway{}, &watcher{err: errors.New("disk full")})
	_, err := pb.NewGatewayClient(conn).DeployResource(t.Context(), &pb.DeployResourceRequest{Resources: []*pb.Resource{{Name: "a.bpmn"}}})
	if err != nil {
		t.Error(err)
	}
}

func BenchmarkUnary(b *testing.B) {
	conn, _ := through(b, &gateway{}, nil)
	client := pb.NewGatewayClient(conn)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.CompleteJob(b.Context(), &pb.CompleteJobRequest{JobKey: 1, Variables: `{"a":1}`}); err != nil {
			b.Fatal(err)
		}
	}
}
