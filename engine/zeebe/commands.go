package zeebe

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
)

// Every command is sent once and ends with its context; its error is an *Error.
// Documents of variables are JSON objects, and an empty one may be nil.

// Topology is what a gateway tells of its cluster.
type Topology struct {
	GatewayVersion    string
	Brokers           []Broker
	ClusterSize       int
	Partitions        int
	ReplicationFactor int
}

// Broker is one member of the cluster.
type Broker struct{ Address, Version string }

// Topology asks the gateway for its cluster: the cheapest way to see that it
// answers and accepts the credentials.
func (c *Client) Topology(ctx context.Context) (Topology, error) {
	r, err := c.gateway.Topology(ctx, &pb.TopologyRequest{})
	if err != nil {
		return Topology{}, c.explain(err, "ask for the topology")
	}
	t := Topology{GatewayVersion: r.GatewayVersion, ClusterSize: int(r.ClusterSize), Partitions: int(r.PartitionsCount), ReplicationFactor: int(r.ReplicationFactor)}
	for _, b := range r.Brokers {
		t.Brokers = append(t.Brokers, Broker{fmt.Sprintf("%s:%d", b.Host, b.Port), b.Version})
	}
	return t, nil
}

// Resource is a file to deploy. The gateway tells the kind by the name's ending
// (.bpmn, .dmn, .form).
type Resource struct {
	Name    string
	Content []byte
}

// Deployment is what became of deployed resources.
type Deployment struct {
	Key      int64
	TenantID string
	Deployed []Deployed
}

// Deployed is one thing that a resource holds.
type Deployed struct {
	// Kind is "process", "decision", "decisionRequirements" or "form".
	Kind string
	// ID is the BPMN process id, or the decision's or form's id.
	ID string
	// Version counts the deployments of that id; unchanged content keeps it.
	Version int32
	Key     int64
	// Resource is the file's name; empty for a decision.
	Resource string
}

// Deploy deploys all resources or none of them. tenant may be empty.
func (c *Client) Deploy(ctx context.Context, tenant string, resources ...Resource) (Deployment, error) {
	request := &pb.DeployResourceRequest{TenantId: tenant}
	op := "deploy"
	for i, r := range resources {
		request.Resources = append(request.Resources, &pb.Resource{Name: r.Name, Content: r.Content})
		if i < 3 {
			op += " " + r.Name
		}
	}
	if more := len(resources) - 3; more > 0 {
		op += fmt.Sprintf(" and %d more", more)
	}
	r, err := c.gateway.DeployResource(ctx, request)
	if err != nil {
		return Deployment{}, c.explain(err, "%s", op)
	}
	d := Deployment{Key: r.Key, TenantID: r.TenantId}
	for _, item := range r.Deployments {
		d.Deployed = append(d.Deployed, deployed(item))
	}
	return d, nil
}

func deployed(item *pb.Deployment) Deployed {
	switch m := item.Metadata.(type) {
	case *pb.Deployment_Process:
		return Deployed{"process", m.Process.BpmnProcessId, m.Process.Version, m.Process.ProcessDefinitionKey, m.Process.ResourceName}
	case *pb.Deployment_Decision:
		return Deployed{"decision", m.Decision.DmnDecisionId, m.Decision.Version, m.Decision.DecisionKey, ""}
	case *pb.Deployment_DecisionRequirements:
		r := m.DecisionRequirements
		return Deployed{"decisionRequirements", r.DmnDecisionRequirementsId, r.Version, r.DecisionRequirementsKey, r.ResourceName}
	case *pb.Deployment_Form:
		return Deployed{"form", m.Form.FormId, m.Form.Version, m.Form.FormKey, m.Form.ResourceName}
	}
	return Deployed{Kind: "unknown"} // of a newer gateway
}

// NewInstance says which process to start.
type NewInstance struct {
	// ProcessID and Version name the process; Version 0 means the latest.
	ProcessID string
	Version   int32
	// DefinitionKey names it exactly and goes before both.
	DefinitionKey int64
	Variables     json.RawMessage
	TenantID      string
}

// Instance is a started process instance.
type Instance struct {
	Key           int64
	DefinitionKey int64
	ProcessID     string
	Version       int32
	TenantID      string
	// Variables are the root scope's at the end; only with a result.
	Variables json.RawMessage
}

func (n NewInstance) request() *pb.CreateProcessInstanceRequest {
	version := n.Version
	if version == 0 {
		version = -1
	}
	return &pb.CreateProcessInstanceRequest{BpmnProcessId: n.ProcessID, Version: version, ProcessDefinitionKey: n.DefinitionKey,
		Variables: string(n.Variables), TenantId: n.TenantID}
}

func (n NewInstance) op() string {
	if n.DefinitionKey != 0 {
		return fmt.Sprintf("start process with key %d", n.DefinitionKey)
	}
	return fmt.Sprintf("start process %q", n.ProcessID)
}

// CreateInstance starts a process instance and does not wait for it.
func (c *Client) CreateInstance(ctx context.Context, n NewInstance) (Instance, error) {
	r, err := c.gateway.CreateProcessInstance(ctx, n.request())
	if err != nil {
		return Instance{}, c.explain(err, "%s", n.op())
	}
	return Instance{Key: r.ProcessInstanceKey, DefinitionKey: r.ProcessDefinitionKey, ProcessID: r.BpmnProcessId, Version: r.Version, TenantID: r.TenantId}, nil
}

// defaultResultTimeout bounds the wait for a result where ctx has no deadline.
const defaultResultTimeout = 10 * time.Minute

// CreateInstanceWithResult starts a process instance and waits for its end, as
// long as ctx lives, at most ten minutes without a deadline. It returns these
// variables of the root scope, or all. When the wait ends early
// (DEADLINE_EXCEEDED), the instance goes on; an incident never ends the wait.
func (c *Client) CreateInstanceWithResult(ctx context.Context, n NewInstance, variables ...string) (Instance, error) {
	wait := defaultResultTimeout
	if deadline, ok := ctx.Deadline(); ok {
		wait = time.Until(deadline)
	}
	r, err := c.gateway.CreateProcessInstanceWithResult(ctx, &pb.CreateProcessInstanceWithResultRequest{
		Request: n.request(), RequestTimeout: max(wait.Milliseconds(), 1), FetchVariables: variables})
	if err != nil {
		return Instance{}, c.explain(err, "%s and wait for its result", n.op())
	}
	return Instance{Key: r.ProcessInstanceKey, DefinitionKey: r.ProcessDefinitionKey, ProcessID: r.BpmnProcessId, Version: r.Version,
		TenantID: r.TenantId, Variables: json.RawMessage(r.Variables)}, nil
}

// SetVariables sets variables in the scope of an element instance; local keeps
// them there, else each goes to the scope that has it, or to the root.
func (c *Client) SetVariables(ctx context.Context, elementInstance int64, variables json.RawMessage, local bool) error {
	_, err := c.gateway.SetVariables(ctx, &pb.SetVariablesRequest{ElementInstanceKey: elementInstance, Variables: string(variables), Local: local})
	return c.explain(err, "set variables of element instance %d", elementInstance)
}

// ResolveIncident lets the element go on; a job's needs UpdateJobRetries first.
func (c *Client) ResolveIncident(ctx context.Context, key int64) error {
	_, err := c.gateway.ResolveIncident(ctx, &pb.ResolveIncidentRequest{IncidentKey: key})
	return c.explain(err, "resolve incident %d", key)
}

// DeleteResource deletes a deployed process, decision or form by its key.
func (c *Client) DeleteResource(ctx context.Context, key int64) error {
	_, err := c.gateway.DeleteResource(ctx, &pb.DeleteResourceRequest{ResourceKey: key})
	return c.explain(err, "delete resource %d", key)
}
