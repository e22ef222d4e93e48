package embedded

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// gateway is the gRPC service.
type gateway struct {
	pb.UnimplementedGatewayServer
	e *Engine
}

// Register adds the engine's gateway to a gRPC server.
func (e *Engine) Register(s *grpc.Server) { pb.RegisterGatewayServer(s, &gateway{e: e}) }

// Serve answers the gateway protocol on a listener until ctx or the engine ends, and closes the listener.
func (e *Engine) Serve(ctx context.Context, l net.Listener) error {
	s := grpc.NewServer(serverOptions()...)
	e.Register(s)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	case <-e.stopped.Done():
	}
	s.Stop()
	if err := <-ended; !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil
}

func serverOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxJobBytes + 1<<20),
		grpc.MaxSendMsgSize(2 * maxJobBytes),
		grpc.NumStreamWorkers(8),
		grpc.InitialWindowSize(1 << 20),
		grpc.InitialConnWindowSize(4 << 20),
	}
}

// tenant accepts what a gateway without multi-tenancy accepts.
func tenant(ids ...string) error {
	for _, id := range ids {
		if id != "" && id != defaultTenant {
			return status.Errorf(codes.InvalidArgument, "Expected to handle gRPC request with tenant identifier '%s', but multi-tenancy is disabled", id)
		}
	}
	return nil
}

// document reads the JSON of a request.
func document(text string) (variables, error) {
	v, err := parseDocument(text)
	if err != nil {
		return v, status.Errorf(codes.InvalidArgument, "Expected to handle gRPC request, but JSON property was invalid: %v", err)
	}
	return v, nil
}

// brought reads the variables of a request that may name a tenant.
func brought(tenantID, text string) (variables, error) {
	if err := tenant(tenantID); err != nil {
		return variables{}, err
	}
	return document(text)
}

func (g *gateway) Topology(context.Context, *pb.TopologyRequest) (*pb.TopologyResponse, error) {
	version := g.e.options.Version
	return &pb.TopologyResponse{
		ClusterSize: 1, PartitionsCount: 1, ReplicationFactor: 1, GatewayVersion: version,
		Brokers: []*pb.BrokerInfo{{
			Host: "127.0.0.1", Port: 26501, Version: version,
			Partitions: []*pb.Partition{{PartitionId: 1, Role: pb.Partition_LEADER, Health: pb.Partition_HEALTHY}},
		}},
	}, nil
}

func (g *gateway) DeployResource(_ context.Context, r *pb.DeployResourceRequest) (*pb.DeployResourceResponse, error) {
	if err := tenant(r.TenantId); err != nil {
		return nil, err
	}
	return g.e.deploy(r.Resources)
}

func (g *gateway) DeleteResource(_ context.Context, r *pb.DeleteResourceRequest) (*pb.DeleteResourceResponse, error) {
	var err error
	g.e.do(func() { err = g.e.deleteResource(r.ResourceKey) })
	return &pb.DeleteResourceResponse{}, err
}

func (g *gateway) CreateProcessInstance(_ context.Context, r *pb.CreateProcessInstanceRequest) (*pb.CreateProcessInstanceResponse, error) {
	p, err := g.create(r, "CREATE", nil)
	if err != nil {
		return nil, err
	}
	return &pb.CreateProcessInstanceResponse{
		ProcessDefinitionKey: p.definition.key, BpmnProcessId: p.definition.id, Version: p.definition.version,
		ProcessInstanceKey: p.key, TenantId: defaultTenant,
	}, nil
}

// create starts an instance; waiter, when given, gets the instance at its end.
func (g *gateway) create(r *pb.CreateProcessInstanceRequest, intent string, waiter chan *process) (*process, error) {
	vars, err := brought(r.GetTenantId(), r.GetVariables())
	if err != nil {
		return nil, err
	}
	var p *process
	g.e.do(func() {
		p, err = g.e.createInstance(r, vars, intent)
		if err == nil && waiter != nil {
			p.waiters = append(p.waiters, waiter)
		}
	})
	return p, err
}

func (g *gateway) CreateProcessInstanceWithResult(ctx context.Context, r *pb.CreateProcessInstanceWithResultRequest) (*pb.CreateProcessInstanceWithResultResponse, error) {
	if r.Request == nil {
		return nil, status.Error(codes.InvalidArgument, "Expected a request for a process instance, but none given")
	}
	if r.RequestTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(r.RequestTimeout)*time.Millisecond)
		defer cancel()
	}
	waiter := make(chan *process, 1)
	p, err := g.create(r.Request, "CREATE_WITH_AWAITING_RESULT", waiter)
	if err != nil {
		return nil, err
	}
	select {
	case done := <-waiter:
		if done == nil {
			return nil, invalidState("CREATE_WITH_AWAITING_RESULT", "Expected the result of process instance with key '%d', but it was terminated", p.key)
		}
		return g.result(p, r.FetchVariables), nil
	case <-ctx.Done():
		g.e.do(func() { p.waiters = without(p.waiters, waiter) })
		return nil, status.Errorf(codes.DeadlineExceeded, "Time out between gateway and broker: process instance with key '%d' has not completed yet", p.key)
	case <-g.e.stopped.Done():
		return nil, status.Error(codes.Unavailable, "the engine is shutting down")
	}
}

func (g *gateway) result(p *process, fetch []string) *pb.CreateProcessInstanceWithResultResponse {
	d := p.definition
	return &pb.CreateProcessInstanceWithResultResponse{
		ProcessDefinitionKey: d.key, BpmnProcessId: d.id, Version: d.version, ProcessInstanceKey: p.key, TenantId: defaultTenant,
		Variables: string(appendVisible(nil, p.root, fetch)),
	}
}

func (g *gateway) CancelProcessInstance(_ context.Context, r *pb.CancelProcessInstanceRequest) (*pb.CancelProcessInstanceResponse, error) {
	var err error
	g.e.do(func() { err = g.e.cancelInstance(r.ProcessInstanceKey) })
	return &pb.CancelProcessInstanceResponse{}, err
}

func (g *gateway) SetVariables(_ context.Context, r *pb.SetVariablesRequest) (*pb.SetVariablesResponse, error) {
	vars, err := document(r.Variables)
	if err != nil {
		return nil, err
	}
	var key int64
	g.e.do(func() { key, err = g.e.setVariables(r.ElementInstanceKey, vars, r.Local) })
	return &pb.SetVariablesResponse{Key: key}, err
}

func (g *gateway) ResolveIncident(_ context.Context, r *pb.ResolveIncidentRequest) (*pb.ResolveIncidentResponse, error) {
	var err error
	g.e.do(func() { err = g.e.resolve(r.IncidentKey) })
	return &pb.ResolveIncidentResponse{}, err
}

func (g *gateway) PublishMessage(_ context.Context, r *pb.PublishMessageRequest) (*pb.PublishMessageResponse, error) {
	vars, err := brought(r.TenantId, r.Variables)
	if err != nil {
		return nil, err
	}
	var key int64
	g.e.do(func() { key, err = g.e.publish(messageKey{r.Name, r.CorrelationKey}, r.MessageId, r.TimeToLive, vars) })
	return &pb.PublishMessageResponse{Key: key, TenantId: defaultTenant}, err
}

func (g *gateway) BroadcastSignal(_ context.Context, r *pb.BroadcastSignalRequest) (*pb.BroadcastSignalResponse, error) {
	vars, err := brought(r.TenantId, r.Variables)
	if err != nil {
		return nil, err
	}
	var key int64
	g.e.do(func() {
		key = g.e.state.key()
		g.e.broadcast(r.SignalName, vars)
	})
	return &pb.BroadcastSignalResponse{Key: key, TenantId: defaultTenant}, nil
}

// blank tells whether text has nothing but white space.
func blank(s string) bool { return strings.TrimSpace(s) == "" }
