package zeebe_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/engine"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/embedded"
)

const orderProcess = `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">
  <process id="order" isExecutable="true">
    <startEvent id="start"><outgoing>a</outgoing></startEvent>
    <sequenceFlow id="a" sourceRef="start" targetRef="call"/>
    <serviceTask id="call">
      <extensionElements>
        <zeebe:taskDefinition type="io.camunda:http-json:1" retries="3"/>
        <zeebe:taskHeaders><zeebe:header key="resultVariable" value="answer"/></zeebe:taskHeaders>
      </extensionElements>
      <incoming>a</incoming><outgoing>b</outgoing>
    </serviceTask>
    <boundaryEvent id="missing" attachedToRef="call"><outgoing>c</outgoing><errorEventDefinition errorRef="gone"/></boundaryEvent>
    <sequenceFlow id="b" sourceRef="call" targetRef="end"/>
    <sequenceFlow id="c" sourceRef="missing" targetRef="end"/>
    <endEvent id="end"><incoming>b</incoming><incoming>c</incoming></endEvent>
  </process>
  <error id="gone" errorCode="GONE"/>
</definitions>`

// TestWorkerOnEmbeddedEngine runs one process through every outcome of a job.
func TestWorkerOnEmbeddedEngine(t *testing.T) {
	tries := 0
	for _, tt := range []struct {
		name   string
		handle zeebe.Handler
		want   string
		took   time.Duration // at least
	}{
		{"complete", func(_ context.Context, job engine.Job) engine.Outcome {
			if job.ElementID != "call" || job.Headers["resultVariable"] != "answer" || job.Retries != 3 {
				t.Errorf("job %+v", job)
			}
			return engine.Complete{Variables: json.RawMessage(`{"answer":1.10}`)}
		}, `{"in":1,"answer":1.10}`, 0},
		{"error", func(context.Context, engine.Job) engine.Outcome {
			return engine.ThrowError{Code: "GONE", Message: "gone"}
		}, `{"in":1}`, 0},
		{"fail, then complete", func(_ context.Context, job engine.Job) engine.Outcome {
			if job.Retries == 3 {
				return engine.Fail{Retries: 2, Message: "again", Backoff: time.Minute}
			}
			return engine.Complete{}
		}, `{"in":1}`, time.Minute},
		{"panic, then complete", func(_ context.Context, job engine.Job) engine.Outcome {
			if job.Retries == 3 {
				panic("boom")
			}
			return engine.Complete{}
		}, `{"in":1}`, 0},
		{"no outcome, then complete", func(context.Context, engine.Job) engine.Outcome {
			if tries++; tries == 1 {
				return nil
			}
			return engine.Complete{}
		}, `{"in":1}`, 5 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := embedded.New(embedded.Options{})
				defer e.Close()
				c, err := zeebe.Dial(t.Context(), zeebe.Options{Plaintext: true, Dialer: e.DialContext, Log: slog.New(slog.DiscardHandler)})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				d, err := c.Deploy(t.Context(), "", zeebe.Resource{Name: "order.bpmn", Content: []byte(orderProcess)})
				if err != nil || len(d.Deployed) != 1 || d.Deployed[0].ID != "order" || d.Deployed[0].Version != 1 {
					t.Fatalf("deployed %+v, %v", d, err)
				}
				ws := zeebe.NewWorkers(c, tt.handle, zeebe.WorkerOptions{})
				defer ws.Drain(t.Context())
				ws.Add(zeebe.JobType{Name: "io.camunda:http-json:1"})
				began := time.Now()
				i, err := c.CreateInstanceWithResult(t.Context(), zeebe.NewInstance{ProcessID: "order", Variables: json.RawMessage(`{"in":1}`)})
				if err != nil {
					t.Fatal(err)
				}
				if !sameJSON(t, i.Variables, tt.want) {
					t.Errorf("got %s, want %s", i.Variables, tt.want)
				}
				if took := time.Since(began); took < tt.took || took > tt.took+10*time.Second {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func sameJSON(t *testing.T, got []byte, want string) bool {
	t.Helper()
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(err)
	}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}
