package inbound

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"patchbay/engine/zeebe/proxy"
	"patchbay/engine/zeebe/source"
	"patchbay/protocols"
)

// deployer is a gateway that accepts every deployment.
type deployer struct {
	pb.UnimplementedGatewayServer
	keys atomic.Int64
}

func (d *deployer) DeployResource(_ context.Context, r *pb.DeployResourceRequest) (*pb.DeployResourceResponse, error) {
	key := d.keys.Add(1)
	return &pb.DeployResourceResponse{Key: key, Deployments: []*pb.Deployment{{Metadata: &pb.Deployment_Process{Process: &pb.ProcessMetadata{
		BpmnProcessId: "p", Version: int32(key), ProcessDefinitionKey: key, ResourceName: r.Resources[0].Name}}}}}, nil
}

func connect(t testing.TB, l *bufconn.Listener) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// announcing is a protocol whose listeners say on which address they listen.
func announcing(active chan<- string) protocols.Protocol {
	p := quietProtocol()
	p.Inbound = func(_ protocols.InboundHost, properties any) (protocols.Inbound, error) {
		return announcer{active, properties.(*fakeProperties).Address}, nil
	}
	return p
}

type announcer struct {
	active  chan<- string
	address string
}

func (a announcer) Receive(ctx context.Context, ready func(), _ protocols.Handler) error {
	ready()
	a.active <- a.address
	<-ctx.Done()
	return nil
}

// behindProxy starts a manager that sees the deployments that go through a
// proxy, and returns a client of the proxy.
func behindProxy(t testing.TB) (pb.GatewayClient, <-chan string) {
	t.Helper()
	behind, before := bufconn.Listen(1<<20), bufconn.Listen(1<<20)
	server := grpc.NewServer()
	pb.RegisterGatewayServer(server, &deployer{})
	go func() { _ = server.Serve(behind) }()
	t.Cleanup(server.Stop)

	active := make(chan string, 1)
	registry, err := protocols.NewRegistry(announcing(active))
	if err != nil {
		t.Fatal(err)
	}
	seen := source.NewSeen(&source.Memory{}, source.SeenOptions{})
	log := slog.New(slog.DiscardHandler)
	m := NewManager(Options{Registry: registry, Sources: []source.Source{seen}, Gateway: noGateway{}, Log: log})
	p := proxy.New(proxy.Options{Gateway: connect(t, behind), Watcher: seen, Log: log})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- m.Run(ctx) }()
	go func() { ended <- p.Serve(ctx, before) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	return pb.NewGatewayClient(connect(t, before)), active
}

func deployThrough(t testing.TB, client pb.GatewayClient, address string) {
	t.Helper()
	_, err := client.DeployResource(t.Context(), &pb.DeployResourceRequest{Resources: []*pb.Resource{
		{Name: "p.bpmn", Content: bpmnOf(start("s", listens, "test:listen", "address", address))}}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDeploymentThroughTheProxyActivates(t *testing.T) {
	client, active := behindProxy(t)
	for _, address := range []string{"a", "b"} {
		deployThrough(t, client, address)
		if got := <-active; got != address {
			t.Errorf("active on %q", got)
		}
	}
}

// BenchmarkDeployToActive is the time from a deployment through the proxy to the
// listener that it needs.
func BenchmarkDeployToActive(b *testing.B) {
	client, active := behindProxy(b)
	n := 0
	for b.Loop() {
		n++
		deployThrough(b, client, strconv.Itoa(n))
		<-active
	}
}
