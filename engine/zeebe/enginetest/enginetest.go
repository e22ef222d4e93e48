// Package enginetest is the suite that every engine behind the Zeebe gateway protocol must pass. It knows nothing but an
// address, so the same tests judge the embedded engine and a real Zeebe.
//
// A case is a process and what a client and its workers do with it. The cases lie in tables by area: tasks, gateways,
// events, messages, scopes, jobs, commands. Ids, job types and message names get a suffix for each run, so that one
// engine can serve many runs.
package enginetest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// Target is the engine to test: a gateway without TLS.
type Target struct {
	Address string
	// Full tells that the gateway is a complete one. That of Zeebe's in-memory build neither pushes jobs
	// (StreamActivatedJobs) nor answers a deletion.
	Full bool
	// Options are added to the connection, for an engine in the same process.
	Options []grpc.DialOption
}

// deadline of one case; only an engine that is broken comes near it.
const deadline = 30 * time.Second

// testCase is one process and what happens with it.
type testCase struct {
	name    string
	process process
	// others are deployed together with the process, for call activities.
	others []process
	run    func(p *play)
	// full limits the case to targets with a complete gateway.
	full bool
}

// Run runs the whole suite.
func Run(t *testing.T, target Target) {
	options := append([]grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}, target.Options...)
	conn, err := grpc.NewClient(target.Address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	client := pb.NewGatewayClient(conn)
	suffix := "_" + strings.ToLower(rand.Text()[:8])
	for area, cases := range suite {
		t.Run(area, func(t *testing.T) {
			t.Parallel()
			for _, c := range cases {
				if c.full && !target.Full {
					continue // the area's other cases cover what this target can do
				}
				t.Run(c.name, func(t *testing.T) { playCase(t, client, c, suffix) })
			}
		})
	}
}

var suite = map[string][]testCase{
	"tasks": taskCases, "gateways": gatewayCases, "events": eventCases, "messages": messageCases,
	"scopes": scopeCases, "jobs": jobCases, "commands": commandCases, "deployments": deploymentCases,
}

// play is one running case.
type play struct {
	*testing.T
	ctx    context.Context
	client pb.GatewayClient
	id     string // of the process, also the prefix of job types and names
	last   int64  // key of the last instance
	result chan result
}

type result struct {
	variables string
	err       error
}

func playCase(t *testing.T, client pb.GatewayClient, c testCase, suffix string) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	p := &play{T: t, ctx: ctx, client: client, id: strings.ReplaceAll(c.name, " ", "_") + suffix}
	if len(c.process.elements) > 0 {
		p.deploy(append(c.others, c.process)...)
	}
	c.run(p)
}

// deploy sends processes in one deployment and wants it to succeed.
func (p *play) deploy(list ...process) *pb.DeployResourceResponse {
	p.Helper()
	d, err := p.tryDeploy(list...)
	p.want(err, codes.OK, "")
	return d
}

func (p *play) tryDeploy(list ...process) (*pb.DeployResourceResponse, error) {
	r := &pb.DeployResourceRequest{}
	for i, x := range list {
		r.Resources = append(r.Resources, &pb.Resource{Name: x.name + string(rune('a'+i)) + ".bpmn", Content: x.xml(p.id)})
	}
	return p.client.DeployResource(p.ctx, r)
}

// name completes a job type, message or signal name for this run.
func (p *play) name(s string) string { return strings.ReplaceAll(s, "@", p.id) }

// start creates an instance and waits for its result in the background; see done.
func (p *play) start(variables string) {
	p.Helper()
	p.result = make(chan result, 1)
	out := p.result
	go func() {
		r, err := p.client.CreateProcessInstanceWithResult(p.ctx, &pb.CreateProcessInstanceWithResultRequest{
			Request: &pb.CreateProcessInstanceRequest{BpmnProcessId: p.id, Version: -1, Variables: variables}, RequestTimeout: deadline.Milliseconds(),
		})
		out <- result{r.GetVariables(), err}
	}()
}

// create makes an instance without waiting for it.
func (p *play) create(variables string) int64 {
	p.Helper()
	r, err := p.client.CreateProcessInstance(p.ctx, &pb.CreateProcessInstanceRequest{BpmnProcessId: p.id, Version: -1, Variables: variables})
	p.want(err, codes.OK, "")
	p.last = r.GetProcessInstanceKey()
	return p.last
}

// done waits for the result of start and compares the variables.
func (p *play) done(want string) {
	p.Helper()
	r := <-p.result
	p.want(r.err, codes.OK, "")
	p.same("result", want, r.variables)
}

// job waits for one job of the type.
func (p *play) job(kind string) *pb.ActivatedJob {
	p.Helper()
	for p.ctx.Err() == nil {
		if jobs := p.activate(kind, 1, -1); len(jobs) > 0 {
			return jobs[0]
		}
		select {
		case <-time.After(10 * time.Millisecond): // an engine without long polling answers at once
		case <-p.ctx.Done():
		}
	}
	p.Fatalf("no job of type %s", p.name(kind))
	return nil
}

func (p *play) activate(kind string, limit int32, wait int64) []*pb.ActivatedJob {
	p.Helper()
	s, err := p.client.ActivateJobs(p.ctx, &pb.ActivateJobsRequest{
		Type: p.name(kind), Worker: "suite", Timeout: 60_000, MaxJobsToActivate: limit, RequestTimeout: wait,
	})
	p.want(err, codes.OK, "")
	var out []*pb.ActivatedJob
	for {
		m, err := s.Recv()
		if err != nil {
			return out
		}
		out = append(out, m.Jobs...)
	}
}

// complete waits for a job and completes it.
func (p *play) complete(kind, variables string) *pb.ActivatedJob {
	p.Helper()
	j := p.job(kind)
	p.completeJob(j, variables)
	return j
}

func (p *play) completeJob(j *pb.ActivatedJob, variables string) {
	p.Helper()
	_, err := p.client.CompleteJob(p.ctx, &pb.CompleteJobRequest{JobKey: j.Key, Variables: variables})
	p.want(err, codes.OK, "")
}

func (p *play) throw(kind, code, variables string) {
	p.Helper()
	_, err := p.client.ThrowError(p.ctx, &pb.ThrowErrorRequest{JobKey: p.job(kind).Key, ErrorCode: code, Variables: variables})
	p.want(err, codes.OK, "")
}

func (p *play) fail(kind string, retries int32) *pb.ActivatedJob {
	p.Helper()
	j := p.job(kind)
	_, err := p.client.FailJob(p.ctx, &pb.FailJobRequest{JobKey: j.Key, Retries: retries, ErrorMessage: "broken"})
	p.want(err, codes.OK, "")
	return j
}

// publish sends a message that is kept for a minute, so that it does not matter who is first.
func (p *play) publish(name, key, variables string) {
	p.Helper()
	_, err := p.client.PublishMessage(p.ctx, &pb.PublishMessageRequest{Name: p.name(name), CorrelationKey: key, Variables: variables, TimeToLive: 60_000})
	p.want(err, codes.OK, "")
}

func (p *play) signal(name, variables string) {
	p.Helper()
	_, err := p.client.BroadcastSignal(p.ctx, &pb.BroadcastSignalRequest{SignalName: p.name(name), Variables: variables})
	p.want(err, codes.OK, "")
}

// want compares a status; text, when given, must be part of the message.
func (p *play) want(err error, code codes.Code, text string) {
	p.Helper()
	s, _ := status.FromError(err)
	if s.Code() != code || !strings.Contains(s.Message(), p.name(text)) {
		p.Fatalf("got %s %q, want %s %q", s.Code(), s.Message(), code, p.name(text))
	}
}

// same compares JSON documents.
func (p *play) same(what, want, got string) {
	p.Helper()
	if !reflect.DeepEqual(document(want), document(got)) {
		p.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func document(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return err.Error()
	}
	return v
}
