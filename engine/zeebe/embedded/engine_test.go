package embedded_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"patchbay/engine/zeebe/embedded"
)

// clock is a clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is an engine with a client in the same process.
type bench struct {
	*testing.T
	engine *embedded.Engine
	client pb.GatewayClient
	clock  *clock
	ctx    context.Context
}

func newBench(t *testing.T, options embedded.Options) *bench {
	t.Helper()
	c := &clock{now: time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)}
	options.Now = c.Now
	e := embedded.New(options)
	conn, err := grpc.NewClient("passthrough:engine", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(e.DialContext))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(func() {
		cancel()
		_ = conn.Close()
		e.Close()
	})
	return &bench{t, e, pb.NewGatewayClient(conn), c, ctx}
}

func definitions(id, body string) []byte {
	inner, beside, _ := strings.Cut(body, "----")
	return []byte(`<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">
<bpmn:process id="` + id + `" name="A process" isExecutable="true">` + inner + `</bpmn:process>` + beside + `</bpmn:definitions>`)
}

func (b *bench) deploy(name, body string) *pb.ProcessMetadata {
	b.Helper()
	id := strings.TrimSuffix(name, ".bpmn")
	d, err := b.client.DeployResource(b.ctx, &pb.DeployResourceRequest{Resources: []*pb.Resource{{Name: name, Content: definitions(id, body)}}})
	if err != nil {
		b.Fatal(err)
	}
	return d.Deployments[0].GetProcess()
}

func (b *bench) create(id, variables string) int64 {
	b.Helper()
	r, err := b.client.CreateProcessInstance(b.ctx, &pb.CreateProcessInstanceRequest{BpmnProcessId: id, Version: -1, Variables: variables})
	if err != nil {
		b.Fatal(err)
	}
	return r.ProcessInstanceKey
}

func (b *bench) jobs(kind string, timeout time.Duration) []*pb.ActivatedJob {
	b.Helper()
	s, err := b.client.ActivateJobs(b.ctx, &pb.ActivateJobsRequest{Type: kind, Worker: "w", Timeout: timeout.Milliseconds(), MaxJobsToActivate: 100, RequestTimeout: -1})
	if err != nil {
		b.Fatal(err)
	}
	m, err := s.Recv()
	if err != nil {
		return nil
	}
	return m.Jobs
}

func (b *bench) complete(key int64) {
	b.Helper()
	if _, err := b.client.CompleteJob(b.ctx, &pb.CompleteJobRequest{JobKey: key}); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) state(key int64) embedded.State {
	b.Helper()
	p, ok := b.engine.ProcessInstance(key)
	if !ok {
		b.Fatalf("instance %d is not known", key)
	}
	return p.State
}

const (
	taskBody  = `<bpmn:startEvent id="s"/><bpmn:serviceTask id="t"><bpmn:extensionElements><zeebe:taskDefinition type="job"/></bpmn:extensionElements></bpmn:serviceTask><bpmn:endEvent id="e"/><bpmn:sequenceFlow id="a" sourceRef="s" targetRef="t"/><bpmn:sequenceFlow id="b" sourceRef="t" targetRef="e"/>`
	timerBody = `<bpmn:startEvent id="s"/><bpmn:intermediateCatchEvent id="c"><bpmn:timerEventDefinition><bpmn:timeDuration>=d</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent><bpmn:sequenceFlow id="a" sourceRef="s" targetRef="c"/>`
)

func TestTimersFollowTheClock(t *testing.T) {
	b := newBench(t, embedded.Options{})
	b.deploy("timer.bpmn", timerBody)
	hour, month := b.create("timer", `{"d":"PT1H"}`), b.create("timer", `{"d":"P1M"}`) // a month after 31 January is 3 March
	b.clock.add(time.Hour - time.Millisecond)
	b.engine.Advance()
	if b.state(hour) != embedded.Active {
		t.Error("the timer fired too early")
	}
	b.clock.add(time.Millisecond)
	b.engine.Advance()
	if b.state(hour) != embedded.Completed || b.state(month) != embedded.Active {
		t.Error("the timer of an hour must have fired, that of a month not")
	}
	b.clock.add(31*24*time.Hour - time.Hour)
	b.engine.Advance()
	if b.state(month) != embedded.Completed {
		t.Error("the timer of a month must have fired")
	}
}

func TestJobTimesOut(t *testing.T) {
	b := newBench(t, embedded.Options{})
	b.deploy("p.bpmn", taskBody)
	b.create("p", "")
	first := b.jobs("job", time.Minute)
	if len(first) != 1 || len(b.jobs("job", time.Minute)) != 0 {
		t.Fatal("a job must be handed out once")
	}
	b.clock.add(time.Minute)
	b.engine.Advance()
	if again := b.jobs("job", time.Minute); len(again) != 1 || again[0].Key != first[0].Key || again[0].Retries != 3 {
		t.Errorf("after its timeout the job must come again with its retries, got %v", again)
	}
}

func TestMessageExpires(t *testing.T) {
	b := newBench(t, embedded.Options{})
	b.deploy("m.bpmn", `<bpmn:startEvent id="s"/><bpmn:receiveTask id="r" messageRef="x"/><bpmn:sequenceFlow id="a" sourceRef="s" targetRef="r"/>----<bpmn:message id="x" name="hello"><bpmn:extensionElements><zeebe:subscription correlationKey="=k"/></bpmn:extensionElements></bpmn:message>`)
	_, err := b.client.PublishMessage(b.ctx, &pb.PublishMessageRequest{Name: "hello", CorrelationKey: "1", TimeToLive: 1000})
	if err != nil {
		t.Fatal(err)
	}
	b.clock.add(time.Second)
	b.engine.Advance()
	key := b.create("m", `{"k":"1"}`)
	if b.state(key) != embedded.Active {
		t.Error("an expired message must not correlate")
	}
	waits := b.engine.Waiting(key)
	if len(waits) != 1 || waits[0].Kind != embedded.WaitMessage || waits[0].Name != "hello" || waits[0].CorrelationKey != "1" {
		t.Errorf("waits for %v", waits)
	}
}

func TestStreamGivesBackWhatItCannotDeliver(t *testing.T) {
	b := newBench(t, embedded.Options{})
	b.deploy("p.bpmn", taskBody)
	ctx, cancel := context.WithCancel(b.ctx)
	s, err := b.client.StreamActivatedJobs(ctx, &pb.StreamActivatedJobsRequest{Type: "job", Worker: "w", Timeout: time.Hour.Milliseconds()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Header(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := s.Recv(); status.Code(err) != codes.Canceled {
		t.Fatalf("got %v", err)
	}
	b.create("p", "")
	for b.ctx.Err() == nil { // until the server has noticed that the client is gone; the jobs until then come back
		if len(b.jobs("job", time.Minute)) > 0 {
			return
		}
	}
	t.Error("the job is lost")
}

func TestLongPollIsAnsweredByANewJob(t *testing.T) {
	b := newBench(t, embedded.Options{})
	b.deploy("p.bpmn", taskBody)
	s, err := b.client.ActivateJobs(b.ctx, &pb.ActivateJobsRequest{Type: "job", Worker: "w", Timeout: 1000, MaxJobsToActivate: 5, RequestTimeout: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	b.create("p", "")
	m, err := s.Recv()
	if err != nil || len(m.Jobs) != 1 {
		t.Errorf("got %v, %v", m, err)
	}
}

func TestJobsGoToStreamsBeyondTheirBuffer(t *testing.T) {
	b := newBench(t, embedded.Options{})
	b.deploy("p.bpmn", taskBody)
	s, err := b.client.StreamActivatedJobs(b.ctx, &pb.StreamActivatedJobsRequest{Type: "job", Worker: "w", Timeout: time.Hour.Milliseconds()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Header(); err != nil {
		t.Fatal(err)
	}
	const many = 2000 // more than the engine buffers, read only at the end
	for range many {
		b.create("p", fmt.Sprintf(`{"x":%q}`, strings.Repeat("x", 2000)))
	}
	seen := map[int64]bool{}
	for range many {
		j, err := s.Recv()
		if err != nil {
			t.Fatal(err)
		}
		seen[j.Key] = true
	}
	if len(seen) != many {
		t.Errorf("%d different jobs, want %d", len(seen), many)
	}
}

func TestEndlessProcessDoesNotBlock(t *testing.T) {
	b := newBench(t, embedded.Options{})
	b.deploy("loop.bpmn", `<bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="g"/><bpmn:intermediateCatchEvent id="c"><bpmn:timerEventDefinition><bpmn:timeDuration>PT0S</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent><bpmn:sequenceFlow id="a" sourceRef="s" targetRef="g"/><bpmn:sequenceFlow id="b" sourceRef="g" targetRef="c"/><bpmn:sequenceFlow id="h" sourceRef="c" targetRef="g"/>`)
	b.deploy("deep.bpmn", `<bpmn:startEvent id="s"/><bpmn:callActivity id="c"><bpmn:extensionElements><zeebe:calledElement processId="deep"/></bpmn:extensionElements></bpmn:callActivity><bpmn:sequenceFlow id="a" sourceRef="s" targetRef="c"/>`)
	key := b.create("loop", "")
	deep := b.create("deep", "")
	if _, err := b.client.CancelProcessInstance(b.ctx, &pb.CancelProcessInstanceRequest{ProcessInstanceKey: key}); err != nil {
		t.Fatal(err)
	}
	b.engine.Advance()
	if b.state(key) != embedded.Terminated {
		t.Error("the loop still runs")
	}
	if n := len(b.engine.ElementInstances(key)); n > 20_000 {
		t.Errorf("%d element instances are remembered", n)
	}
	found := b.engine.Incidents(0)
	if len(found) != 1 || !strings.Contains(found[0].Message, "maximum depth of 1000") {
		t.Errorf("incidents %v", found)
	}
	if waits := b.engine.Waiting(deep); len(waits) != 1 || waits[0].Kind != embedded.WaitIncident {
		t.Errorf("waits %v", waits)
	}
}

func TestFinishedInstancesAreForgotten(t *testing.T) {
	b := newBench(t, embedded.Options{KeepFinished: 3})
	b.deploy("p.bpmn", `<bpmn:startEvent id="s"/>`)
	for range 10 {
		b.create("p", `{"a":1}`)
	}
	if n := len(b.engine.ProcessInstances("")); n != 3 {
		t.Errorf("%d instances are remembered, want 3", n)
	}
}

func TestBounds(t *testing.T) {
	b := newBench(t, embedded.Options{MaxInstances: 1, MaxMessages: 1})
	b.deploy("p.bpmn", taskBody)
	b.create("p", "")
	_, err := b.client.CreateProcessInstance(b.ctx, &pb.CreateProcessInstanceRequest{BpmnProcessId: "p", Version: -1})
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("got %v", err)
	}
	for want, i := codes.OK, 0; i < 2; want, i = codes.ResourceExhausted, i+1 {
		_, err := b.client.PublishMessage(b.ctx, &pb.PublishMessageRequest{Name: "m", TimeToLive: 1000})
		if status.Code(err) != want {
			t.Errorf("message %d: %v", i, err)
		}
	}
}

func TestSubscribe(t *testing.T) {
	b := newBench(t, embedded.Options{})
	b.deploy("p.bpmn", taskBody)
	key := b.deploy("p.bpmn", `<bpmn:startEvent id="s"/>`).ProcessDefinitionKey
	if _, err := b.client.DeleteResource(b.ctx, &pb.DeleteResourceRequest{ResourceKey: key}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for c := range b.engine.Subscribe(b.ctx) {
		got = append(got, fmt.Sprintf("%s v%d", c.Kind, c.Definition.Version))
		if len(c.Definition.XML) == 0 {
			t.Error("a change without its XML")
		}
		if len(got) == 5 {
			break
		}
	}
	if text := strings.Join(got, ", "); text != "deployed v1, replaced v1, deployed v2, deleted v2, deployed v1" {
		t.Error(text)
	}
}

func TestReadSide(t *testing.T) {
	b := newBench(t, embedded.Options{})
	b.deploy("p.bpmn", taskBody)
	key := b.create("p", `{"a":1.50,"b":12345678901234567890}`)
	j := b.jobs("job", time.Minute)[0]
	if w := b.engine.Waiting(key); len(w) != 1 || w[0].Kind != embedded.WaitJob || w[0].Name != "job" || !w[0].Taken || w[0].JobKey != j.Key {
		t.Errorf("waits %v", w)
	}
	if _, err := b.client.FailJob(b.ctx, &pb.FailJobRequest{JobKey: j.Key, ErrorMessage: "boom", Variables: `{"c":3}`}); err != nil {
		t.Fatal(err)
	}
	incidents := b.engine.Incidents(key)
	if len(incidents) != 1 || incidents[0].Type != "JOB_NO_RETRIES" || incidents[0].Message != "boom" || incidents[0].ElementID != "t" || incidents[0].Resolved {
		t.Fatalf("incidents %v", incidents)
	}
	if _, err := b.client.ResolveIncident(b.ctx, &pb.ResolveIncidentRequest{IncidentKey: incidents[0].Key}); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("resolving without retries: %v", err)
	}
	if _, err := b.client.UpdateJobRetries(b.ctx, &pb.UpdateJobRetriesRequest{JobKey: j.Key, Retries: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.ResolveIncident(b.ctx, &pb.ResolveIncidentRequest{IncidentKey: incidents[0].Key}); err != nil {
		t.Fatal(err)
	}
	if again := b.jobs("job", time.Minute); len(again) != 1 || again[0].Variables != `{"c":3,"a":1.50,"b":12345678901234567890}` {
		t.Fatalf("jobs %v", again)
	}
	b.complete(j.Key)
	if got, _ := b.engine.Result(key); string(got) != `{"a":1.50,"b":12345678901234567890}` {
		t.Errorf("result %s", got)
	}
	if n := len(b.engine.ElementInstances(key)); n != 4 || b.state(key) != embedded.Completed || !b.engine.Incidents(key)[0].Resolved {
		t.Errorf("%d element instances, %v", n, b.engine.Incidents(key))
	}
}

func TestBadRequests(t *testing.T) {
	b := newBench(t, embedded.Options{})
	b.deploy("p.bpmn", taskBody)
	for name, call := range map[string]func() error{
		"broken variables": func() error {
			_, err := b.client.CreateProcessInstance(b.ctx, &pb.CreateProcessInstanceRequest{BpmnProcessId: "p", Version: -1, Variables: `{"a":`})
			return err
		},
		"array": func() error {
			_, err := b.client.SetVariables(b.ctx, &pb.SetVariablesRequest{Variables: `[1]`})
			return err
		},
		"tenant": func() error {
			_, err := b.client.PublishMessage(b.ctx, &pb.PublishMessageRequest{TenantId: "x"})
			return err
		},
		"no body": func() error {
			_, err := b.client.CreateProcessInstanceWithResult(b.ctx, &pb.CreateProcessInstanceWithResultRequest{})
			return err
		},
		"unknown file": func() error {
			_, err := b.client.DeployResource(b.ctx, &pb.DeployResourceRequest{Resources: []*pb.Resource{{Name: "x.txt"}}})
			return err
		},
		"decision": func() error {
			_, err := b.client.DeployResource(b.ctx, &pb.DeployResourceRequest{Resources: []*pb.Resource{{Name: "x.dmn"}}})
			return err
		},
		"unsupported": func() error {
			_, err := b.client.DeployResource(b.ctx, &pb.DeployResourceRequest{Resources: []*pb.Resource{{Name: "x.bpmn", Content: definitions("x", `<bpmn:startEvent id="s"/><bpmn:adHocSubProcess id="a"><bpmn:task id="t"/></bpmn:adHocSubProcess>`)}}})
			return err
		},
	} {
		if err := call(); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err := b.client.ModifyProcessInstance(b.ctx, &pb.ModifyProcessInstanceRequest{})
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v", err)
	}
}

func TestResultOfACancelledInstance(t *testing.T) {
	b := newBench(t, embedded.Options{})
	b.deploy("p.bpmn", taskBody)
	ended := make(chan error, 1)
	go func() {
		_, err := b.client.CreateProcessInstanceWithResult(b.ctx, &pb.CreateProcessInstanceWithResultRequest{Request: &pb.CreateProcessInstanceRequest{BpmnProcessId: "p", Version: -1}})
		ended <- err
	}()
	var list []embedded.ProcessInstance
	for len(list) == 0 && b.ctx.Err() == nil {
		list = b.engine.ProcessInstances("p")
	}
	if _, err := b.client.CancelProcessInstance(b.ctx, &pb.CancelProcessInstanceRequest{ProcessInstanceKey: list[0].Key}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; status.Code(err) != codes.FailedPrecondition {
		t.Errorf("got %v", err)
	}
}
