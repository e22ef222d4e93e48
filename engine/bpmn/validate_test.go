package bpmn

import (
	"strings"
	"testing"
)

const service = `<bpmn:serviceTask id="t"><bpmn:extensionElements><zeebe:taskDefinition type="x"/></bpmn:extensionElements></bpmn:serviceTask>`

// The texts are those of Zeebe 8.8.
func TestValidate(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"fine":            {`<bpmn:startEvent id="s"/>` + service, ""},
		"no start":        {service, "- Element: p\n    - ERROR: Must have at least one start event\n"},
		"two none starts": {`<bpmn:startEvent id="s"/><bpmn:startEvent id="r"/>`, "- Element: p\n    - ERROR: Multiple none start events are not allowed\n"},
		"no type": {`<bpmn:startEvent id="s"/><bpmn:serviceTask id="t"/>`,
			"- Element: t\n    - ERROR: Must have exactly one 'zeebe:taskDefinition' extension element\n"},
		"unknown element": {`<bpmn:wonderTask id="w"/>`, `Error: URI=null Line=4: cvc-complex-type.2.4.a: Invalid content was found starting with element '{"http://www.omg.org/spec/BPMN/20100524/MODEL":wonderTask}'.`},
		"duplicate id":    {"<bpmn:startEvent id=\"s\"/>\n<bpmn:task id=\"s\"/>", "Error: URI=null Line=5: cvc-id.2: There are multiple occurrences of ID value 's'."},
		"dangling flow":   {`<bpmn:startEvent id="s"/><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="no"/>`, "cvc-id.1: There is no ID/IDREF binding for IDREF 'no'."},
		"complex gateway": {`<bpmn:startEvent id="s"/><bpmn:complexGateway id="g"/>`, "- Element: g\n    - ERROR: Elements of type 'ComplexGateway' are currently not supported."},
		"flow condition": {`<bpmn:startEvent id="s"/>` + service + `<bpmn:sequenceFlow id="f" sourceRef="s" targetRef="t"><bpmn:conditionExpression>=a</bpmn:conditionExpression></bpmn:sequenceFlow>`,
			"- Element: s\n    - ERROR: Conditional sequence flows are only supported at exclusive or inclusive gateway\n"},
		"static condition": {`<bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="g"/>` + service + `<bpmn:sequenceFlow id="f" sourceRef="g" targetRef="t"><bpmn:conditionExpression>a</bpmn:conditionExpression></bpmn:sequenceFlow>`,
			"- Element: f > conditionExpression\n    - ERROR: Expected expression but found static value 'a'. An expression must start with '=' (e.g. '=a').\n"},
		"no condition": {`<bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="g"/>` + service + `<bpmn:sequenceFlow id="f" sourceRef="g" targetRef="t"/><bpmn:sequenceFlow id="h" sourceRef="g" targetRef="t"/>`,
			"- Element: f\n    - ERROR: Must have a condition or be default flow\n- Element: h\n    - ERROR: Must have a condition or be default flow\n"},
		"mapping target": {`<bpmn:startEvent id="s"/><bpmn:task id="t"><bpmn:extensionElements><zeebe:ioMapping><zeebe:input source="=1" target="1a"/><zeebe:output source="x" target=""/></zeebe:ioMapping></bpmn:extensionElements></bpmn:task>`,
			"- Element: t > extensionElements > ioMapping > input\n    - ERROR: Expected path expression '1a' but doesn't match the pattern '[a-zA-Z_][a-zA-Z0-9_]*(\\.[a-zA-Z_][a-zA-Z0-9_]*)*'.\n" +
				"- Element: t > extensionElements > ioMapping > output\n    - ERROR: Expected expression but found static value 'x'. An expression must start with '=' (e.g. '=x').\n    - ERROR: Expected path expression but not found.\n"},
		"catch without message": {`<bpmn:startEvent id="s"/><bpmn:intermediateCatchEvent id="c"><bpmn:messageEventDefinition/></bpmn:intermediateCatchEvent>`,
			"- Element: c > messageEventDefinition\n    - ERROR: Must reference a message\n"},
		"message": {`<bpmn:startEvent id="s"/><bpmn:receiveTask id="r" messageRef="m"/><bpmn:receiveTask id="r2" messageRef="m2"/><bpmn:receiveTask id="r3" messageRef="m"/>
----
<bpmn:message id="m"/><bpmn:message id="m2" name="x"><bpmn:extensionElements><zeebe:subscription correlationKey="k"/></bpmn:extensionElements></bpmn:message>`,
			"- Element: m\n    - ERROR: Name must be present and not empty\n    - ERROR: Must have exactly one zeebe:subscription extension element\n- Element: m2 > extensionElements > subscription\n    - ERROR: Expected expression but found static value 'k'."},
		"same message twice": {`<bpmn:startEvent id="s"><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent><bpmn:startEvent id="r"><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent>
----
<bpmn:message id="m" name="x"/>`, "- Element: p\n    - ERROR: Multiple message event definitions with the same name 'x' are not allowed.\n"},
		"same error twice": {`<bpmn:startEvent id="s"/>` + service + `<bpmn:boundaryEvent id="b" attachedToRef="t"><bpmn:errorEventDefinition errorRef="e"/></bpmn:boundaryEvent><bpmn:boundaryEvent id="c" attachedToRef="t"><bpmn:errorEventDefinition errorRef="e"/></bpmn:boundaryEvent>
----
<bpmn:error id="e" errorCode="A"/>`, "- Element: t\n    - ERROR: Multiple error catch events with the same error code 'A' are not supported on the same scope.\n"},
		"boundary event": {`<bpmn:startEvent id="s"/>` + service + `<bpmn:boundaryEvent id="b" attachedToRef="t"><bpmn:timerEventDefinition><bpmn:timeCycle>R/PT1S</bpmn:timeCycle></bpmn:timerEventDefinition></bpmn:boundaryEvent><bpmn:boundaryEvent id="c" attachedToRef="t"/>`,
			"- Element: b\n    - ERROR: Interrupting timer event with time cycle is not allowed.\n- Element: c\n    - ERROR: Must have exactly one event definition\n"},
		"same header twice": {`<bpmn:startEvent id="s"/><bpmn:task id="t"><bpmn:extensionElements><zeebe:taskHeaders><zeebe:header key="a" value="1"/><zeebe:header key="a" value="2"/></zeebe:taskHeaders></bpmn:extensionElements></bpmn:task>`,
			"- Element: t > extensionElements > taskHeaders\n    - ERROR: Headers contain duplicate entries for key 'a'\n"},
		"links": {`<bpmn:startEvent id="s"/><bpmn:intermediateThrowEvent id="l"><bpmn:linkEventDefinition id="d" name="L"/></bpmn:intermediateThrowEvent>`,
			"- Element: p\n    - ERROR: Can't find an catch link event for the throw link event with the name 'L'.\n"},
		"event gateway": {`<bpmn:startEvent id="s"/><bpmn:eventBasedGateway id="g"/>`, "- Element: g\n    - ERROR: Event-based gateway must have at least 2 outgoing sequence flows.\n"},
		"sub-process":   {`<bpmn:startEvent id="s"/><bpmn:subProcess id="x"/>`, "- Element: x\n    - ERROR: Must have exactly one start event\n"},
		"loop": {`<bpmn:startEvent id="s"/><bpmn:task id="t"><bpmn:multiInstanceLoopCharacteristics/></bpmn:task>`,
			"- Element: t > multiInstanceLoopCharacteristics\n    - ERROR: Must have exactly one 'zeebe:loopCharacteristics' extension element\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := read(t, c.body).Validate().String()
			if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) && !strings.Contains(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestValidateWantsAnExecutableProcess(t *testing.T) {
	data := strings.Replace(string(file(`<bpmn:task id="t"/>`)), `isExecutable="true"`, "", 1)
	d, err := Read([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Validate().String(); got != "- Element: defs\n    - ERROR: Must contain at least one executable process\n" {
		t.Error(got)
	}
}

func TestStraightThroughLoop(t *testing.T) {
	flow := func(id, from, to string) string {
		return `<bpmn:sequenceFlow id="` + id + `" sourceRef="` + from + `" targetRef="` + to + `"/>`
	}
	for name, c := range map[string]struct{ body, want string }{
		"tasks":       {`<bpmn:startEvent id="s"/><bpmn:task id="a"/><bpmn:manualTask id="b"/>` + flow("1", "s", "a") + flow("2", "a", "b") + flow("3", "b", "a"), "a > b > a"},
		"sub-process": {`<bpmn:startEvent id="s"/><bpmn:task id="a"/><bpmn:subProcess id="sp"><bpmn:startEvent id="is"/></bpmn:subProcess>` + flow("1", "s", "a") + flow("2", "a", "sp") + flow("3", "sp", "a"), "a > sp > is > a"},
		"waits":       {`<bpmn:startEvent id="s"/>` + service + `<bpmn:task id="a"/>` + flow("1", "s", "a") + flow("2", "a", "t") + flow("3", "t", "a"), ""},
		"no loop":     {`<bpmn:startEvent id="s"/><bpmn:task id="a"/><bpmn:task id="b"/>` + flow("1", "s", "a") + flow("2", "s", "b") + flow("3", "a", "b"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(read(t, c.body).Processes[0].StraightThroughLoop(), " > ")
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
