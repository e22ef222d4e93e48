package server_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"patchbay/engine"
	"patchbay/engine/zeebe"
	"patchbay/server"
)

// TestRunBreaksCallsOff runs an instance that ends while one of its calls still
// waits for an answer. Nobody hears of that call, and it ends: closing the
// target waits for it.
func TestRunBreaksCallsOff(t *testing.T) {
	target := web(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	file := zeebe.Resource{Name: "slow.bpmn", Content: fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">
<bpmn:process id="slow" isExecutable="true">
<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/><bpmn:endEvent id="late"/>
<bpmn:serviceTask id="t"><bpmn:extensionElements><zeebe:taskDefinition type="io.camunda:http-json:1"/><zeebe:ioMapping>
<zeebe:input source="GET" target="method"/><zeebe:input source="%s" target="url"/></zeebe:ioMapping></bpmn:extensionElements></bpmn:serviceTask>
<bpmn:boundaryEvent id="b" attachedToRef="t"><bpmn:timerEventDefinition id="d1"><bpmn:timeDuration>PT0.3S</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="t"/><bpmn:sequenceFlow id="f2" sourceRef="t" targetRef="e"/><bpmn:sequenceFlow id="f3" sourceRef="b" targetRef="late"/>
</bpmn:process></bpmn:definitions>`, target.URL)}
	called := 0
	result, err := server.Run{Files: []zeebe.Resource{file}, Allow: []string{"loopback"}, Called: func(*engine.Record) { called++ }, Log: quiet}.Do(t.Context())
	if err != nil || result.State != server.RunCompleted || len(result.Calls) != 0 || called != 0 {
		t.Errorf("got %+v after %d calls, %v", result, called, err)
	}
}
