package zeebe_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"patchbay/engine"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/gatewaytest"
	"patchbay/protocols"
)

// answers is the stub with the commands that it does not know.
type answers struct{ *gatewaytest.Gateway }

func (answers) DeployResource(context.Context, *pb.DeployResourceRequest) (*pb.DeployResourceResponse, error) {
	return &pb.DeployResourceResponse{Key: 1, TenantId: "t", Deployments: []*pb.Deployment{
		{Metadata: &pb.Deployment_Process{Process: &pb.ProcessMetadata{BpmnProcessId: "p", Version: 2, ProcessDefinitionKey: 3, ResourceName: "p.bpmn"}}},
		{Metadata: &pb.Deployment_Decision{Decision: &pb.DecisionMetadata{DmnDecisionId: "d", Version: 4, DecisionKey: 5}}},
		{Metadata: &pb.Deployment_DecisionRequirements{DecisionRequirements: &pb.DecisionRequirementsMetadata{DmnDecisionRequirementsId: "r", Version: 6, DecisionRequirementsKey: 7, ResourceName: "d.dmn"}}},
		{Metadata: &pb.Deployment_Form{Form: &pb.FormMetadata{FormId: "f", Version: 8, FormKey: 9, ResourceName: "f.form"}}},
		{},
	}}, nil
}

func (answers) CreateProcessInstance(context.Context, *pb.CreateProcessInstanceRequest) (*pb.CreateProcessInstanceResponse, error) {
	return &pb.CreateProcessInstanceResponse{ProcessDefinitionKey: 3, BpmnProcessId: "p", Version: 2, ProcessInstanceKey: 10, TenantId: "t"}, nil
}

func (answers) CreateProcessInstanceWithResult(context.Context, *pb.CreateProcessInstanceWithResultRequest) (*pb.CreateProcessInstanceWithResultResponse, error) {
	return &pb.CreateProcessInstanceWithResultResponse{BpmnProcessId: "p", ProcessInstanceKey: 10, Variables: `{"x":1}`}, nil
}

func (answers) SetVariables(context.Context, *pb.SetVariablesRequest) (*pb.SetVariablesResponse, error) {
	return &pb.SetVariablesResponse{}, nil
}

func (answers) ResolveIncident(context.Context, *pb.ResolveIncidentRequest) (*pb.ResolveIncidentResponse, error) {
	return nil, status.Error(codes.NotFound, "Expected to resolve incident with key '5', but no such incident was found")
}

func TestCommands(t *testing.T) {
	g := gatewaytest.New()
	var sent string
	c := dialTo(t, answers{g}, &sent)
	ctx := t.Context()
	for _, tt := range []struct {
		name string
		call func() (any, error)
		sent string
		want any
		err  string
	}{
		{"topology", func() (any, error) { return c.Topology(ctx) }, "",
			zeebe.Topology{GatewayVersion: "stub", Brokers: []zeebe.Broker{{Address: "127.0.0.1:26501", Version: "stub"}}, ClusterSize: 1, Partitions: 1, ReplicationFactor: 1}, ""},
		{"deploy", func() (any, error) {
			return c.Deploy(ctx, "t", zeebe.Resource{Name: "p.bpmn", Content: []byte("x")})
		}, `resources:{name:"p.bpmn" content:"x"} tenantId:"t"`,
			zeebe.Deployment{Key: 1, TenantID: "t", Deployed: []zeebe.Deployed{{Kind: "process", ID: "p", Version: 2, Key: 3, Resource: "p.bpmn"}, {Kind: "decision", ID: "d", Version: 4, Key: 5},
				{Kind: "decisionRequirements", ID: "r", Version: 6, Key: 7, Resource: "d.dmn"}, {Kind: "form", ID: "f", Version: 8, Key: 9, Resource: "f.form"}, {Kind: "unknown"}}}, ""},
		{"create", func() (any, error) {
			return c.CreateInstance(ctx, zeebe.NewInstance{ProcessID: "p", Variables: []byte(`{"a":1}`), TenantID: "t"})
		}, `bpmnProcessId:"p" version:-1 variables:"{\"a\":1}" tenantId:"t"`,
			zeebe.Instance{Key: 10, DefinitionKey: 3, ProcessID: "p", Version: 2, TenantID: "t"}, ""},
		{"create with result", func() (any, error) {
			return c.CreateInstanceWithResult(ctx, zeebe.NewInstance{DefinitionKey: 3, Version: 2}, "x")
		}, `request:{processDefinitionKey:3 version:2} requestTimeout:600000 fetchVariables:"x"`,
			zeebe.Instance{Key: 10, ProcessID: "p", Variables: []byte(`{"x":1}`)}, ""},
		{"set variables", func() (any, error) { return nil, c.SetVariables(ctx, 5, []byte(`{}`), true) },
			`elementInstanceKey:5 variables:"{}" local:true`, nil, ""},
		{"resolve", func() (any, error) { return nil, c.ResolveIncident(ctx, 5) }, `incidentKey:5`, nil,
			"resolve incident 5: NOT_FOUND: Expected to resolve incident with key '5', but no such incident was found"},
		{"delete", func() (any, error) { return nil, c.DeleteResource(ctx, 5) }, `resourceKey:5`, nil,
			"delete resource 5: UNIMPLEMENTED: method DeleteResource not implemented"},
		{"retries", func() (any, error) { return nil, c.UpdateJobRetries(ctx, 5, 2) }, `jobKey:5 retries:2`, nil,
			"set the retries of job 5: UNIMPLEMENTED: method UpdateJobRetries not implemented"},
		{"complete", func() (any, error) { return nil, c.CompleteJob(ctx, 5, []byte(`{}`)) }, `jobKey:5 variables:"{}"`, nil,
			"complete job 5: NOT_FOUND: Command 'COMPLETE' rejected with code 'NOT_FOUND': Expected to complete job with key '5', but no such job was found"},
		{"fail", func() (any, error) {
			return nil, c.FailJob(ctx, 5, engine.Fail{Retries: 1, Message: "m", Backoff: time.Second, Variables: []byte(`{}`)})
		}, `jobKey:5 retries:1 errorMessage:"m" retryBackOff:1000 variables:"{}"`, nil,
			"fail job 5: NOT_FOUND: Command 'FAIL' rejected with code 'NOT_FOUND': Expected to fail job with key '5', but no such job was found"},
		{"throw", func() (any, error) {
			return nil, c.ThrowError(ctx, 5, engine.ThrowError{Code: "E", Message: "m", Variables: []byte(`{}`)})
		}, `jobKey:5 errorCode:"E" errorMessage:"m" variables:"{}"`, nil,
			"throw a BPMN error for job 5: NOT_FOUND: Command 'THROW AN ERROR FOR' rejected with code 'NOT_FOUND': Expected to throw an error for job with key '5', but no such job was found"},
		{"publish", func() (any, error) {
			return c.Publish(ctx, protocols.Message{Name: "n", CorrelationKey: "k", ID: "i", TenantID: "t", TTL: time.Minute, Variables: map[string]any{"a": 1}})
		}, `name:"n" correlationKey:"k" timeToLive:60000 messageId:"i" variables:"{\"a\":1}" tenantId:"t"`, int64(1<<51 + 1), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.call()
			if sent != tt.sent {
				t.Errorf("sent %s, want %s", sent, tt.sent)
			}
			if tt.err != "" || err != nil {
				if err == nil || err.Error() != tt.err {
					t.Errorf("got  %v\nwant %s", err, tt.err)
				}
			} else if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPublishErrors(t *testing.T) {
	g := gatewaytest.New()
	g.Before = func(context.Context, string, any) error {
		return status.Error(codes.AlreadyExists, "Expected to publish a new message with id 'id1', but a message with that id was already published")
	}
	address, err := g.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer g.Stop()
	c := dial(t, zeebe.Options{Address: address, Plaintext: true})
	_, err = c.Publish(t.Context(), protocols.Message{Name: "n"})
	var call *protocols.Error
	if !errors.As(err, &call) || call.Code != "ALREADY_EXISTS" || call.Temporary || call.Unsent {
		t.Errorf("got %#v", err)
	}
	if _, err = c.Publish(t.Context(), protocols.Message{Variables: map[string]any{"f": func() {}}}); !protocols.IsInputError(err) {
		t.Errorf("got %#v", err)
	}
	g.Stop()
	if _, err = c.Publish(t.Context(), protocols.Message{Name: "n"}); !errors.As(err, &call) || !call.Temporary {
		t.Errorf("got %#v", err)
	}
}

// dialTo serves a gateway and keeps the last request's text in sent.
func dialTo(t *testing.T, g pb.GatewayServer, sent *string) *zeebe.Client {
	t.Helper()
	address := serve(t, g, grpc.UnaryInterceptor(func(ctx context.Context, r any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		// The text form varies its blanks on purpose.
		*sent = strings.Join(strings.Fields(r.(fmt.Stringer).String()), " ")
		return handle(ctx, r)
	}))
	return dial(t, zeebe.Options{Address: address, Plaintext: true})
}
