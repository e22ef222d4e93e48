package embedded_test

import (
	"testing"

	"patchbay/engine/zeebe/embedded"
)

func TestCorrelateStartsOrContinues(t *testing.T) {
	b := newBench(t, embedded.Options{})
	const message = `<bpmn:message id="x" name="hello"><bpmn:extensionElements><zeebe:subscription correlationKey="=k"/></bpmn:extensionElements></bpmn:message>`
	correlate := func(key string) int64 {
		t.Helper()
		_, instance, found, err := b.engine.Correlate("hello", key, `{"n": 1}`)
		if err != nil || found != (instance != 0) {
			t.Fatalf("instance %d, found %t, %v", instance, found, err)
		}
		return instance
	}
	if correlate("1") != 0 {
		t.Error("found somebody where nobody waits")
	}
	b.deploy("m.bpmn", `<bpmn:startEvent id="s"/><bpmn:receiveTask id="r" messageRef="x"/><bpmn:sequenceFlow id="a" sourceRef="s" targetRef="r"/>----`+message)
	waiting := b.create("m", `{"k":"1"}`)
	if b.state(waiting) != embedded.Active {
		t.Error("the message was kept although nobody waited for it")
	}
	if got := correlate("1"); got != waiting || b.state(waiting) != embedded.Completed {
		t.Errorf("correlated with %d, expected %d", got, waiting)
	}
	b.deploy("n.bpmn", `<bpmn:startEvent id="s"><bpmn:messageEventDefinition messageRef="x"/></bpmn:startEvent><bpmn:receiveTask id="r" messageRef="x"/><bpmn:sequenceFlow id="a" sourceRef="s" targetRef="r"/>----`+message)
	started := correlate("1")
	if started == 0 || b.state(started) != embedded.Active {
		t.Errorf("started %d", started)
	}
	if correlate("1") != 0 {
		t.Error("a second instance with the same correlation key")
	}
	if _, _, _, err := b.engine.Correlate("hello", "1", `[]`); err == nil {
		t.Error("took a list for variables")
	}
}
