package enginetest

import (
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc/codes"
)

func complete(j *pb.ActivatedJob) *pb.CompleteJobRequest {
	return &pb.CompleteJobRequest{JobKey: j.Key}
}

// jobOf waits for a job of one instance; jobs of others are left alone.
func (p *play) jobOf(kind string, instance int64) *pb.ActivatedJob {
	p.Helper()
	for p.ctx.Err() == nil {
		for _, j := range p.activate(kind, 32, -1) {
			if j.ProcessInstanceKey == instance {
				return j
			}
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-p.ctx.Done():
		}
	}
	p.Fatalf("no job of type %s", kind)
	return nil
}

// gone waits until an instance has ended.
func (p *play) gone(instance int64) {
	p.Helper()
	for p.ctx.Err() == nil {
		_, err := p.client.SetVariables(p.ctx, &pb.SetVariablesRequest{ElementInstanceKey: instance, Variables: "{}"})
		if err != nil {
			p.want(err, codes.NotFound, "no such element was found")
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-p.ctx.Done():
		}
	}
	p.Fatal("the instance does not end")
}

var oneTask = process{elements: []element{start("s"), task("t"), end("e")}, flows: []string{"s > t > e"}}

var jobCases = []testCase{
	{name: "fail and retry", process: oneTask, run: func(p *play) {
		p.start(`{}`)
		p.fail("@.t", 1)
		if j := p.complete("@.t", `{"r":1}`); j.Retries != 1 {
			p.Errorf("%d retries, want 1", j.Retries)
		}
		p.done(`{"r":1}`)
	}},
	{name: "back off", process: oneTask, run: func(p *play) {
		p.start(`{}`)
		j := p.job("@.t")
		_, err := p.client.FailJob(p.ctx, &pb.FailJobRequest{JobKey: j.Key, Retries: 2, RetryBackOff: 100})
		p.want(err, codes.OK, "")
		_, err = p.client.CompleteJob(p.ctx, complete(j))
		p.want(err, codes.FailedPrecondition, "but it is in state 'FAILED'")
		p.complete("@.t", "")
		p.done(`{}`)
	}},
	{name: "no retries", process: oneTask, run: func(p *play) {
		p.start(`{}`)
		j := p.fail("@.t", 0)
		_, err := p.client.CompleteJob(p.ctx, complete(j))
		p.want(err, codes.FailedPrecondition, "but it is in state 'FAILED'")
		_, err = p.client.UpdateJobRetries(p.ctx, &pb.UpdateJobRetriesRequest{JobKey: j.Key, Retries: 0})
		p.want(err, codes.InvalidArgument, "with a positive amount of retries, but the amount given was '0'")
		_, err = p.client.UpdateJobRetries(p.ctx, &pb.UpdateJobRetriesRequest{JobKey: j.Key, Retries: 1})
		p.want(err, codes.OK, "")
	}},
	{name: "uncaught error", process: oneTask, run: func(p *play) {
		p.start(`{}`)
		j := p.job("@.t")
		_, err := p.client.ThrowError(p.ctx, &pb.ThrowErrorRequest{JobKey: j.Key, ErrorCode: "X"})
		p.want(err, codes.OK, "")
		_, err = p.client.CompleteJob(p.ctx, complete(j))
		p.want(err, codes.FailedPrecondition, "but it is in state 'ERROR_THROWN'")
	}},
	{name: "timeout", process: oneTask, run: func(p *play) {
		p.start(`{}`)
		j := p.job("@.t")
		_, err := p.client.UpdateJobTimeout(p.ctx, &pb.UpdateJobTimeoutRequest{JobKey: j.Key, Timeout: 1})
		p.want(err, codes.OK, "")
		if again := p.complete("@.t", ""); again.Key != j.Key {
			p.Errorf("another job, %d instead of %d", again.Key, j.Key)
		}
		p.done(`{}`)
	}},
	{name: "fetch variables", process: oneTask, run: func(p *play) {
		p.create(`{"a":1,"b":2}`)
		p.complete("@.t", "")
		p.create(`{"a":1,"b":2}`)
		var jobs []*pb.ActivatedJob
		for len(jobs) == 0 && p.ctx.Err() == nil {
			s, err := p.client.ActivateJobs(p.ctx, &pb.ActivateJobsRequest{Type: p.name("@.t"), Worker: "w", Timeout: 60_000, MaxJobsToActivate: 1, FetchVariable: []string{"b", "none"}})
			p.want(err, codes.OK, "")
			if m, err := s.Recv(); err == nil {
				jobs = m.Jobs
			}
		}
		p.same("variables", `{"b":2}`, jobs[0].Variables)
	}},
	{name: "activation refused", run: func(p *play) {
		for _, c := range []struct {
			request *pb.ActivateJobsRequest
			text    string
		}{
			{&pb.ActivateJobsRequest{Worker: "w", Timeout: 1, MaxJobsToActivate: 1}, "type to be present, but it was blank"},
			{&pb.ActivateJobsRequest{Type: "t", Worker: "w", MaxJobsToActivate: 1}, "timeout to be greater than zero, but it was '0'"},
			{&pb.ActivateJobsRequest{Type: "t", Worker: "w", Timeout: 1}, "max jobs to activate to be greater than zero, but it was '0'"},
		} {
			s, err := p.client.ActivateJobs(p.ctx, c.request)
			if err == nil {
				_, err = s.Recv()
			}
			p.want(err, codes.InvalidArgument, "Expected to activate job batch with "+c.text)
		}
	}},
	{name: "stream", process: oneTask, full: true, run: func(p *play) {
		s, err := p.client.StreamActivatedJobs(p.ctx, &pb.StreamActivatedJobsRequest{Type: p.name("@.t"), Worker: "w", Timeout: 60_000})
		p.want(err, codes.OK, "")
		if _, err := s.Header(); err != nil {
			p.Fatal(err)
		}
		p.start(`{"x":1}`)
		j, err := s.Recv()
		p.want(err, codes.OK, "")
		p.same("variables", `{"x":1}`, j.Variables)
		p.completeJob(j, `{"r":1}`)
		p.done(`{"x":1,"r":1}`)
	}},
}

var commandCases = []testCase{
	{name: "unknown keys", run: func(p *play) {
		for text, call := range map[string]func() error{
			"Expected to complete job with key '5', but no such job was found":           func() error { _, err := p.client.CompleteJob(p.ctx, &pb.CompleteJobRequest{JobKey: 5}); return err },
			"Expected to fail job with key '5', but no such job was found":               func() error { _, err := p.client.FailJob(p.ctx, &pb.FailJobRequest{JobKey: 5}); return err },
			"Expected to throw an error for job with key '5', but no such job was found": func() error { _, err := p.client.ThrowError(p.ctx, &pb.ThrowErrorRequest{JobKey: 5}); return err },
			"Expected to update job with key '5', but no such job was found": func() error {
				_, err := p.client.UpdateJobTimeout(p.ctx, &pb.UpdateJobTimeoutRequest{JobKey: 5, Timeout: 1})
				return err
			},
			"Expected to resolve incident with key '5', but no such incident was found": func() error {
				_, err := p.client.ResolveIncident(p.ctx, &pb.ResolveIncidentRequest{IncidentKey: 5})
				return err
			},
			"Expected to update variables for element with key '5', but no such element was found": func() error {
				_, err := p.client.SetVariables(p.ctx, &pb.SetVariablesRequest{ElementInstanceKey: 5})
				return err
			},
			"Expected to cancel a process instance with key '5', but no such process was found": func() error {
				_, err := p.client.CancelProcessInstance(p.ctx, &pb.CancelProcessInstanceRequest{ProcessInstanceKey: 5})
				return err
			},
			"Expected to delete resource but no resource found with key `5`": func() error {
				_, err := p.client.DeleteResource(p.ctx, &pb.DeleteResourceRequest{ResourceKey: 5})
				return err
			},
			"Expected to find process definition with process ID '@', but none found": func() error {
				_, err := p.client.CreateProcessInstance(p.ctx, &pb.CreateProcessInstanceRequest{BpmnProcessId: p.id, Version: -1})
				return err
			},
			"Expected to find process definition with process ID '@' and version '3', but none found": func() error {
				_, err := p.client.CreateProcessInstance(p.ctx, &pb.CreateProcessInstanceRequest{BpmnProcessId: p.id, Version: 3})
				return err
			},
			"Expected to find process definition with key '5', but none found": func() error {
				_, err := p.client.CreateProcessInstance(p.ctx, &pb.CreateProcessInstanceRequest{ProcessDefinitionKey: 5})
				return err
			},
		} {
			p.want(call(), codes.NotFound, text)
		}
	}},
	{name: "cancel", process: oneTask, run: func(p *play) {
		key := p.create(`{}`)
		j := p.job("@.t")
		_, err := p.client.CancelProcessInstance(p.ctx, &pb.CancelProcessInstanceRequest{ProcessInstanceKey: key})
		p.want(err, codes.OK, "")
		p.gone(key)
		_, err = p.client.CompleteJob(p.ctx, complete(j))
		p.want(err, codes.NotFound, "no such job was found")
	}},
	{name: "set variables", process: process{
		elements: []element{start("s"), subProcess("sp", []element{start("is"), task("t"), end("ie")}, []string{"is > t > ie"}, io("=1", "local")), end("e")}, flows: []string{"s > sp > e"},
	}, run: func(p *play) {
		p.start(`{"x":1}`)
		j := p.job("@.t")
		_, err := p.client.SetVariables(p.ctx, &pb.SetVariablesRequest{ElementInstanceKey: j.ElementInstanceKey, Variables: `{"local":2,"x":2,"new":2}`})
		p.want(err, codes.OK, "")
		_, err = p.client.SetVariables(p.ctx, &pb.SetVariablesRequest{ElementInstanceKey: j.ElementInstanceKey, Variables: `{"x":3}`, Local: true})
		p.want(err, codes.OK, "")
		p.completeJob(j, `{}`)
		p.done(`{"x":2,"new":2}`)
	}},
	{name: "start instructions", process: process{elements: []element{start("s"), task("a"), task("b"), end("e")}, flows: []string{"s > a > b > e"}}, run: func(p *play) {
		_, err := p.client.CreateProcessInstance(p.ctx, &pb.CreateProcessInstanceRequest{BpmnProcessId: p.id, Version: -1,
			StartInstructions: []*pb.ProcessInstanceCreationStartInstruction{{ElementId: "b"}}})
		p.want(err, codes.OK, "")
		p.complete("@.b", "")
		_, err = p.client.CreateProcessInstance(p.ctx, &pb.CreateProcessInstanceRequest{BpmnProcessId: p.id, Version: -1,
			StartInstructions: []*pb.ProcessInstanceCreationStartInstruction{{ElementId: "no"}}})
		p.want(err, codes.InvalidArgument, "no element found with id 'no'")
	}},
	{name: "topology", run: func(p *play) {
		r, err := p.client.Topology(p.ctx, &pb.TopologyRequest{})
		p.want(err, codes.OK, "")
		if r.ClusterSize < 1 || r.PartitionsCount < 1 || len(r.Brokers) < 1 {
			p.Errorf("no cluster in %v", r)
		}
	}},
}

var deploymentCases = []testCase{
	{name: "versions", run: func(p *play) {
		one, two := oneTask, process{elements: []element{start("s"), task("u"), end("e")}, flows: []string{"s > u > e"}}
		for i, x := range []struct {
			process process
			version int32
		}{{one, 1}, {one, 1}, {two, 2}, {one, 3}} {
			if got := p.deploy(x.process).Deployments[0].GetProcess().GetVersion(); got != x.version {
				p.Errorf("deployment %d gives version %d, want %d", i, got, x.version)
			}
		}
		_, err := p.client.CreateProcessInstance(p.ctx, &pb.CreateProcessInstanceRequest{BpmnProcessId: p.id, Version: 2})
		p.want(err, codes.OK, "")
		p.complete("@.u", "")
	}},
	{name: "delete", full: true, run: func(p *play) {
		key := p.deploy(oneTask).Deployments[0].GetProcess().GetProcessDefinitionKey()
		instance := p.create(`{}`)
		_, err := p.client.DeleteResource(p.ctx, &pb.DeleteResourceRequest{ResourceKey: key})
		p.want(err, codes.FailedPrecondition, "but there are still running instances")
		p.complete("@.t", "")
		p.gone(instance)
		_, err = p.client.DeleteResource(p.ctx, &pb.DeleteResourceRequest{ResourceKey: key})
		p.want(err, codes.OK, "")
		_, err = p.client.CreateProcessInstance(p.ctx, &pb.CreateProcessInstanceRequest{BpmnProcessId: p.id, Version: -1})
		p.want(err, codes.NotFound, "but none found")
	}},
	{name: "refused", run: func(p *play) {
		_, err := p.client.DeployResource(p.ctx, &pb.DeployResourceRequest{})
		p.want(err, codes.InvalidArgument, "Expected to deploy at least one resource, but none given")
		for text, x := range map[string]process{
			"- Element: t\n    - ERROR: Must have exactly one 'zeebe:taskDefinition' extension element":           {elements: []element{start("s"), node("serviceTask", "t")}},
			"- Element: @\n    - ERROR: Must have at least one start event":                                       {elements: []element{task("t")}},
			"- Element: t > extensionElements > ioMapping > input\n    - ERROR: failed to parse expression '1 +'": {elements: []element{start("s"), task("t", io("=1 +", "a"))}},
			"ERROR: Invalid timer duration expression (Invalid duration format 'soon' for expression 'soon'.)":    {elements: []element{start("s"), catch("c", timer("timeDuration", "soon"))}},
			"a straight-through processing loop: a > b > a":                                                       {elements: []element{start("s"), node("task", "a"), node("task", "b")}, flows: []string{"s > a > b > a"}},
			"ERROR: Expected constant expression of type String for message name '=x', but was NULL": {
				elements: []element{start("s").with(event("message", "m")), end("e")}, flows: []string{"s > e"}, beside: []string{message("m", "=x", "")}},
			"ERROR: Expected constant expression of type String for signal name '=1', but was NUMBER": {
				elements: []element{start("s").with(event("signal", "g")), end("e")}, flows: []string{"s > e"}, beside: []string{beside("signal", "g", "name", "=1")}},
			"- Element: r\n    - ERROR: Cannot reference the same message name as a boundary event": {
				elements: []element{start("s"), node("receiveTask", "r").attr(`messageRef="m"`), boundary("b", "r", event("message", "n")), end("e")}, flows: []string{"s > r > e", "b > e"},
				beside: []string{message("m", "same", "=k"), message("n", "same", "=l")}},
			"ERROR: Expected path expression 'then' but is one of the reserved words (": {elements: []element{start("s"), task("t", io("=1", "then")), end("e")}, flows: []string{"s > t > e"}},
			"ERROR: Expected static value to be a valid DateTime String, e.g. '2023-03-02T15:35+02:00', but found 'tomorrow'.": {
				elements: []element{start("s"), node("userTask", "u", `<zeebe:taskSchedule dueDate="tomorrow"/>`), end("e")}, flows: []string{"s > u > e"}},
			"There is no ID/IDREF binding for IDREF 'no'.": {elements: []element{start("s")}, flows: []string{"s > no"}},
		} {
			_, err := p.tryDeploy(x)
			p.want(err, codes.InvalidArgument, text)
		}
	}},
	{name: "all or nothing", run: func(p *play) {
		_, err := p.tryDeploy(oneTask, process{name: "_bad", elements: []element{task("t")}})
		p.want(err, codes.InvalidArgument, "Must have at least one start event")
		_, err = p.client.CreateProcessInstance(p.ctx, &pb.CreateProcessInstanceRequest{BpmnProcessId: p.id, Version: -1})
		p.want(err, codes.NotFound, "but none found")
	}},
}
