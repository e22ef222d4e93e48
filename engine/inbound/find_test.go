package inbound

import (
	"strings"
	"testing"
	"time"

	"patchbay/engine/expr"
	"patchbay/engine/zeebe/source"
)

const listens = "inbound.type"

func TestFindsInEveryKindOfSubProcess(t *testing.T) {
	inner := func(id string) string {
		return catch(id, listens, "test:listen", "correlationKeyExpression", "=id")
	}
	list := found(t, bpmnOf(
		start("start", listens, "test:listen")+
			messageStart("messageStart", listens, "test:listen")+
			`<bpmn:subProcess id="sub">`+inner("inSub")+
			`<bpmn:transaction id="tx">`+inner("inTransaction")+
			`<bpmn:adHocSubProcess id="adhoc">`+inner("inAdHoc")+`</bpmn:adHocSubProcess></bpmn:transaction></bpmn:subProcess>`+
			`<bpmn:subProcess id="event" triggeredByEvent="true">`+messageStart("inEventSub", listens, "test:listen", "correlationKeyExpression", "=id")+`</bpmn:subProcess>`+
			`<bpmn:receiveTask id="receive" messageRef="m">`+props(listens, "test:listen", "correlationKeyExpression", "=id")+`</bpmn:receiveTask>`+
			`<bpmn:boundaryEvent id="boundary" attachedToRef="receive">`+props(listens, "test:listen", "correlationKeyExpression", "=id")+`<bpmn:messageEventDefinition messageRef="m"/></bpmn:boundaryEvent>`+
			`<bpmn:eventBasedGateway id="gw"/><bpmn:sequenceFlow id="f" sourceRef="gw" targetRef="afterGateway"/>`+inner("afterGateway")+
			`<bpmn:serviceTask id="task">`+props(listens, "test:listen")+`</bpmn:serviceTask>`+
			`<bpmn:endEvent id="plain"/>`, aMessage))
	want := map[string]struct {
		point    point
		instance bool
		waitsAt  string
	}{
		"start":         {startInstance, false, ""},
		"messageStart":  {startByMessage, false, ""},
		"inSub":         {continueByMessage, true, ""},
		"inTransaction": {continueByMessage, true, ""},
		"inAdHoc":       {continueByMessage, true, ""},
		"inEventSub":    {continueByMessage, true, ""},
		"receive":       {continueByMessage, true, ""},
		"boundary":      {continueByMessage, true, "receive"},
		"afterGateway":  {continueByMessage, true, "gw"},
	}
	for _, e := range list {
		w, ok := want[e.ElementID]
		if !ok || e.err != nil || e.point != w.point || e.instance != w.instance || e.WaitsAt != w.waitsAt {
			t.Errorf("%s: point %d, instance %v, waits at %q, error %v", e.ElementID, e.point, e.instance, e.WaitsAt, e.err)
		}
		if e.point != startInstance && e.messageName != "paid" || e.processName != "The process" {
			t.Errorf("%s: message %q, process %q", e.ElementID, e.messageName, e.processName)
		}
		delete(want, e.ElementID)
	}
	for id := range want {
		t.Errorf("%s was not found", id)
	}
}

// What is wrong stays visible, with its reason.
func TestFindsWhatIsWrong(t *testing.T) {
	key := []string{listens, "test:listen", "correlationKeyExpression", "=id"}
	with := func(pairs ...string) []string { return append(append([]string{}, key...), pairs...) }
	tests := map[string]struct{ node, root, want string }{
		"no key":               {catch("e", listens, "test:listen"), aMessage, "correlationKeyExpression is missing"},
		"no message event":     {`<bpmn:intermediateCatchEvent id="e">` + props(key...) + `</bpmn:intermediateCatchEvent>`, "", "waits for no message"},
		"no message":           {catch("e", key...), "", "names no message"},
		"no name":              {catch("e", key...), `<bpmn:message id="m"/>`, "has no name"},
		"name with variables":  {catch("e", key...), `<bpmn:message id="m" name="=&quot;x&quot; + region"/>`, "without variables"},
		"name that is broken":  {catch("e", key...), `<bpmn:message id="m" name="=1 +"/>`, "message name:1:"},
		"attached to nothing":  {`<bpmn:boundaryEvent id="e">` + props(key...) + `<bpmn:messageEventDefinition messageRef="m"/></bpmn:boundaryEvent>`, aMessage, "attached to nothing"},
		"TTL":                  {catch("e", with("messageTtl", "1 hour")...), aMessage, `messageTtl: expected an ISO 8601 duration, such as PT1H, but got "1 hour"`},
		"negative TTL":         {catch("e", with("messageTtl", "-PT1S")...), aMessage, "messageTtl"},
		"condition":            {start("e", listens, "x", "activationCondition", "=a ="), "", "activationCondition:1:"},
		"jq that is FEEL":      {start("e", listens, "x", "resultExpression", "{a: b c}"), "", "resultExpression:1:"},
		"names that clash":     {start("e", listens, "x", "a", "1", "a.b", "2"), "", `malformed connector properties: "a" is a value and cannot hold "a.b" as well`},
		"empty part of a name": {start("e", listens, "x", "a..b", "1"), "", `the name "a..b" has an empty part`},
		"mode":                 {start("e", listens, "x", "deduplicationMode", "MAYBE"), "", `deduplicationMode: expected AUTO or MANUAL but got "MAYBE"`},
		"manual without id":    {start("e", listens, "x", "deduplicationMode", "MANUAL"), "", "deduplicationId is missing"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			list := found(t, bpmnOf(tt.node, tt.root))
			if len(list) != 1 || list[0].err == nil || !strings.Contains(list[0].err.Error(), tt.want) {
				t.Errorf("got %+v, want %q", list, tt.want)
			}
		})
	}
}

func TestFindsPropertiesAsTheyAre(t *testing.T) {
	e := found(t, bpmnOf(catch("e", listens, " test:listen ", "correlationKeyExpression", "=id", "messageTtl", "PT30S", "twice", "first", "twice", "second",
		"consumeUnmatchedEvents", "=true", "synchronousResponse", "TRUE", "inbound.activationCondition", "=true"), `<bpmn:message id="m" name="=&quot;pa&quot; + &quot;id&quot;"/>`))[0]
	if e.err != nil || e.inboundType != "test:listen" || e.ttl != 30*time.Second || e.properties["twice"] != "first" || !e.consume || !e.synchronous ||
		e.condition == nil || e.messageName != "paid" {
		t.Errorf("%+v", e)
	}
}

func TestFindRefusesFiles(t *testing.T) {
	f := &finder{expr.NewCache(0, expr.Limits{})}
	for xml, want := range map[string]string{"<half": "1:", string(bpmnOf("")): `the file has no process "q"`} {
		_, err := f.find(source.Process{ID: "q"}, source.Definition{}, []byte(xml))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add(bpmnOf(catch("e", listens, "test:listen", "correlationKeyExpression", "=id", "a.b", "1", "messageTtl", "PT1S"), aMessage))
	f.Add(bpmnOf(start("e", listens, "x", "deduplicationMode", "AUTO", "..", "")))
	finder := &finder{expr.NewCache(0, expr.Limits{})}
	f.Fuzz(func(t *testing.T, xml []byte) {
		list, err := finder.find(source.Process{ID: "p"}, source.Definition{Key: 1, Version: 1, Latest: true}, xml)
		if err == nil {
			groupElements(list, func(*element) []string { return nil })
		}
	})
}
