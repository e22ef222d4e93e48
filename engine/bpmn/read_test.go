package bpmn

import (
	"errors"
	"strings"
	"testing"
)

const open = `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:modeler="http://camunda.org/schema/modeler/1.0" id="defs" modeler:executionPlatform="Camunda Cloud" modeler:executionPlatformVersion="8.8.0">
<bpmn:process id="p" name="P" isExecutable="true">
`

// file wraps flow elements; what follows "----" stands beside the process.
func file(body string) []byte {
	inner, beside, _ := strings.Cut(body, "----\n")
	return []byte(open + inner + "</bpmn:process>\n" + beside + "</bpmn:definitions>")
}

func read(t *testing.T, body string) *Definitions {
	t.Helper()
	d, err := Read(file(body))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestReadModel(t *testing.T) {
	d := read(t, `<bpmn:extensionElements><zeebe:versionTag value="v7"/></bpmn:extensionElements>
<bpmn:startEvent id="s"><bpmn:extensionElements><zeebe:properties><zeebe:property name="inbound.type" value="hook"/></zeebe:properties></bpmn:extensionElements><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent>
<bpmn:serviceTask id="t" name="Call" zeebe:modelerTemplate="x.y" zeebe:modelerTemplateVersion="3"><bpmn:extensionElements>
<zeebe:taskDefinition type="job" retries="5"/><zeebe:taskHeaders><zeebe:header key="a" value="1"/></zeebe:taskHeaders>
<zeebe:ioMapping><zeebe:input source="=1" target="x.y"/><zeebe:output source="=r" target="z"/></zeebe:ioMapping></bpmn:extensionElements>
<bpmn:multiInstanceLoopCharacteristics isSequential="true"><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=l" inputElement="i"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics></bpmn:serviceTask>
<bpmn:exclusiveGateway id="g" default="f3"/>
<bpmn:boundaryEvent id="b" attachedToRef="t" cancelActivity="false"><bpmn:timerEventDefinition><bpmn:timeDuration> PT1S </bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
<bpmn:subProcess id="sp" triggeredByEvent="true"><bpmn:startEvent id="is" isInterrupting="false"><bpmn:errorEventDefinition errorRef="e"/></bpmn:startEvent></bpmn:subProcess>
<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="t"/><bpmn:sequenceFlow id="f2" sourceRef="t" targetRef="g"/>
<bpmn:sequenceFlow id="f3" sourceRef="g" targetRef="t"/>
<bpmn:sequenceFlow id="f4" sourceRef="g" targetRef="t"><bpmn:conditionExpression>=a &gt; 1</bpmn:conditionExpression></bpmn:sequenceFlow>
----
<bpmn:message id="m" name="hello"><bpmn:extensionElements><zeebe:subscription correlationKey="=k"><zeebe:properties><zeebe:property name="q" value="w"/></zeebe:properties></zeebe:subscription></bpmn:extensionElements></bpmn:message>
<bpmn:error id="e" errorCode="E1"/>
`)
	p, task, gate := d.Processes[0], d.Element("t"), d.Element("g")
	check := func(name string, ok bool) {
		t.Helper()
		if !ok {
			t.Errorf("%s is not as written", name)
		}
	}
	check("platform", d.Platform == "Camunda Cloud" && d.PlatformVersion == "8.8.0")
	check("process", p.Executable && p.VersionTag == "v7" && p.Name == "P" && len(p.Elements) == 6)
	check("task", task.Task.Type == "job" && task.Task.Retries == "5" && task.Name == "Call" && task.Template == Template{ID: "x.y", Version: "3"})
	check("mappings", task.Inputs[0].Target == "x.y" && task.Outputs[0].Source == "=r" && task.Headers[0] == Header{"a", "1"})
	check("loop", task.Loop.Sequential && task.Loop.InputCollection == "=l" && task.Loop.InputElement == "i")
	check("boundary", task.Boundaries[0].ID == "b" && !task.Boundaries[0].Interrupting && task.Boundaries[0].Event().Timers[0].Value == "PT1S")
	check("default flow", gate.Default.ID == "f3" && gate.Default.Target == task && gate.Outgoing[1].Condition.Value == "=a > 1")
	check("message", d.Element("s").Event().Message.Name == "hello" && d.Element("s").Properties[0] == Property{"inbound.type", "hook"})
	check("subscription", d.Messages[0].Subscription.CorrelationKey == "=k" && d.Messages[0].Subscription.Properties[0].Name == "q")
	check("event sub-process", d.Element("sp").EventSubProcess() && d.Element("is").Event().Error.Code == "E1" && d.Element("is").Scope == d.Element("sp"))
	check("places", task.Line == 6 && task.Task.Path == "t > extensionElements > taskDefinition")
}

func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want string
	}{
		"empty":     {" \n", "1:1: Premature end of file."},
		"text":      {"hello", "1:1: Content is not allowed in prolog."},
		"open":      {"<a>\n<b>", "must start and end within the same entity"},
		"crossed":   {"<a><b></a></b>", "must start and end within the same entity"},
		"root":      {"<html/>", "cvc-elt.1.a: Cannot find the declaration of element 'html'."},
		"doctype":   {`<!DOCTYPE a [<!ENTITY x "y">]><a/>`, "document type declarations are not allowed"},
		"entity":    {"<a>&boom;</a>", "invalid character entity"},
		"encoding":  {`<?xml version="1.0" encoding="UTF-16"?><a/>`, "save the file as UTF-8"},
		"two roots": {"<a/><b/>", "following the root element"},
		"deep":      {strings.Repeat("<a>", MaxDepth+1), "nested deeper than"},
		"wide":      {"<a>" + strings.Repeat("<b/>", MaxElements) + "</a>", "more than 200000 elements"},
		"big":       {"<a>" + strings.Repeat(" ", MaxBytes), "more than 8388608"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read([]byte(c.data))
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestReadLatin1(t *testing.T) {
	data := strings.Replace(string(file(`<bpmn:startEvent id="s" name="caf`+"\xe9"+`"/>`)), "UTF-8", "ISO-8859-1", 1)
	d, err := Read([]byte(data))
	if err != nil || d.Element("s").Name != "café" {
		t.Errorf("got %v, %v", d, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(`<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="e"/>`))
	f.Add(file(`<bpmn:subProcess id="t" triggeredByEvent="true"><bpmn:boundaryEvent id="b" attachedToRef="t" default="x"/></bpmn:subProcess>`))
	f.Add(file(`<bpmn:task id="t"/><bpmn:sequenceFlow id="f" sourceRef="t" targetRef="t"/>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Read(data)
		if err != nil {
			return
		}
		_ = d.Validate().String()
		for _, p := range d.Processes {
			p.StraightThroughLoop()
		}
	})
}
