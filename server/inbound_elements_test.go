package server_test

import (
	"fmt"
	"testing"

	"patchbay/server"
)

// language is the same mapping in jq and in FEEL.
type language struct{ name, condition, key, event, result, response string }

var languages = []language{
	{"jq", `.request.body.ok`, `.request.body.id`, `.request.body.event`, `{got: .request.body.value}`, `{body: {at: .correlation.activatedElement.elementId}}`},
	{"feel", `=request.body.ok`, `=request.body.id`, `=request.body.event`, `={got: request.body.value}`, `={body: {at: correlation.activatedElement.elementId}}`},
}

func (l language) start(path string) string {
	return hook(path, "activationCondition", l.condition, "resultExpression", l.result, "inbound.responseExpression", l.response)
}

func (l language) wait(path string) string {
	return hook(path, "activationCondition", l.condition, "correlationKeyExpression", l.key, "messageIdExpression", l.event,
		"resultExpression", l.result, "inbound.responseExpression", l.response)
}

// places are all places where an inbound connector can stand. Each process has
// the element "hook"; those that continue something need an instance first.
var places = []struct {
	name      string
	continues bool
	process   func(id string, l language) string
}{
	{"start", false, func(id string, l language) string {
		return process(id, []string{startEvent("hook", l.start(id))})
	}},
	{"message start", false, func(id string, l language) string {
		return process(id, []string{startEvent("hook", l.wait(id)+onMessage(id))})
	}},
	{"catch", true, func(id string, l language) string {
		return process(id, []string{plainStart, catchEvent("hook", id, l.wait(id))})
	}},
	{"receive", true, func(id string, l language) string {
		return process(id, []string{plainStart, receiveTask("hook", id, l.wait(id))})
	}},
	{"boundary", true, func(id string, l language) string {
		return process(id, []string{plainStart, receiveTask("never", "never", "")},
			sequence("b", fmt.Sprintf(`<bpmn:boundaryEvent id="hook" attachedToRef="never">%s</bpmn:boundaryEvent>`, l.wait(id)+onMessage(id))))
	}},
	{"event sub-process", true, func(id string, l language) string {
		return process(id, []string{plainStart, receiveTask("never", "never", "")},
			`<bpmn:subProcess id="sub" triggeredByEvent="true">`+sequence("s", startEvent("hook", l.wait(id)+onMessage(id)))+`</bpmn:subProcess>`)
	}},
	{"sub-process", true, func(id string, l language) string {
		return process(id, []string{plainStart,
			`<bpmn:subProcess id="sub">` + sequence("s", startEvent("inner", ""), catchEvent("hook", id, l.wait(id))) + `</bpmn:subProcess>`})
	}},
	{"event-based gateway", true, func(id string, l language) string {
		return process(id, []string{plainStart, `<bpmn:eventBasedGateway id="gateway"/>`, catchEvent("hook", id, l.wait(id))},
			sequence("o", catchEvent("other", "never", "")), `<bpmn:sequenceFlow id="o" sourceRef="gateway" targetRef="other"/>`)
	}},
}

// A webhook works in every place, in both languages: a deployment activates it,
// events whose condition is not met are refused, one that is met starts or
// continues an instance with its variables, and one with the same id is a
// duplicate.
func TestInboundPlaces(t *testing.T) {
	n := startNode(t, server.Config{})
	for i, place := range places {
		for _, l := range languages {
			t.Run(place.name+" "+l.name, func(t *testing.T) {
				id := fmt.Sprintf("%s-%d", l.name, i)
				deploy(t, n.EngineAddress(), place.process(id, l))
				if place.continues {
					create(t, n.EngineAddress(), id, `{"id": 7}`)
				}
				n := &node{T: t, Server: n.Server, url: n.url}
				n.await(id, "hook@1 active")
				if r := n.post(id, `{"ok": false, "id": 7}`); r.status != 422 {
					t.Errorf("a condition that is not met: %d %s", r.status, r.body)
				}
				if r := n.accepted(id, `{"ok": true, "id": 7, "event": "e1", "value": 5}`); r.body != `{"at":"hook"}` {
					t.Errorf("answer %s", r.body)
				}
				awaitInstances(t, n.url, id, "COMPLETED 5")
				if place.name != "start" {
					n.accepted(id, `{"ok": true, "id": 7, "event": "e1", "value": 6}`)
					n.noted(id, "the event was accepted before")
					awaitInstances(t, n.url, id, "COMPLETED 5")
				}
			})
		}
	}
}
