package embedded

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
)

func TestParsePeriod(t *testing.T) {
	from := time.Date(2024, 1, 31, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"PT1S": "2024-01-31T00:00:01Z", "PT0.25S": "2024-01-31T00:00:00.25Z", "P1D": "2024-02-01T00:00:00Z", "P1W": "2024-02-07T00:00:00Z",
		"P1Y2M3DT4H5M6S": "2025-04-03T04:05:06Z", "-PT1M": "2024-01-30T23:59:00Z", "P0D": "2024-01-31T00:00:00Z",
		"PT-1S": "2024-01-30T23:59:59Z", "-PT-1.5S": "2024-01-31T00:00:01.5Z", "": "", "P": "", "PT": "", "P1DT": "", "1S": "", "PT1": "", "soon": "", "P1.5D": "", "PT1S ": "",
	} {
		p, ok := parsePeriod(text)
		got := ""
		if ok {
			got = p.after(from).Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

func TestParseDate(t *testing.T) {
	for text, want := range map[string]string{
		"2020-01-02T03:04:05Z": "2020-01-02T03:04:05Z", "2020-01-02T03:04Z": "2020-01-02T03:04:00Z", "2020-07-02T03:04:05.5+02:00": "2020-07-02T01:04:05.5Z",
		"2020-07-02T03:04:05+02:00[Europe/Berlin]": "2020-07-02T01:04:05Z", "2020-07-02T03:04:05[Europe/Berlin]": "2020-07-02T01:04:05Z",
		"2020-01-02": "", "2020-01-02T03:04:05": "", "2020-01-02T03:04:05[No/Where]": "", "x": "",
	} {
		at, ok := parseDate(text)
		got := ""
		if ok {
			got = at.UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

func TestParseCycle(t *testing.T) {
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for text, c := range map[string]struct {
		due  string
		more int
		err  string
	}{
		"R3/PT10S":                      {due: "2024-01-01T00:00:10Z", more: 2},
		"R/PT10S":                       {due: "2024-01-01T00:00:10Z", more: -1},
		"R-1/P1D":                       {due: "2024-01-02T00:00:00Z", more: -1},
		"R2/2030-01-01T00:00:00Z/PT10S": {due: "2030-01-01T00:00:00Z", more: 1},
		"0 0 9 * * MON-FRI":             {due: "2024-01-01T09:00:00Z", more: -1},
		"Rx/PT10S":                      {err: "Cannot parse repetitions count"},
		"R3/PT":                         {err: "Text cannot be parsed to a Duration"},
		"R3/x":                          {err: "Text cannot be parsed to a Period"},
		"R3":                            {err: "No interval given"},
		"bogus":                         {err: "Cron expression contains 1 parts but we expect one of [6]"},
	} {
		s, err := parseCycle(text, now)
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%q gives %v, want %q", text, err, c.err)
			}
			continue
		}
		if got := time.UnixMilli(s.due).UTC().Format(time.RFC3339); err != nil || got != c.due || s.more != c.more {
			t.Errorf("%q gives %s, %d, %v", text, got, s.more, err)
		}
	}
}

func TestParseDocument(t *testing.T) {
	for text, want := range map[string]string{
		"": "{}", "null": "{}", " { } ": "{}", `{"a":1.50,"b":{"c":[1, 2]}}`: `{"a":1.50,"b":{"c":[1,2]}}`, `{"a":1,"a":2}`: `{"a":2}`,
		`{"x\"y":"}{,:\"","\u00e9":null}`: `{"x\"y":"}{,:\"","é":null}`,
	} {
		v, err := parseDocument(text)
		if got := string(appendVisible(nil, &instance{vars: v}, nil)); err != nil || got != want {
			t.Errorf("%q gives %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"[1]", "1", `"x"`, "{", "{a:1}", "true", "{} {}"} {
		if _, err := parseDocument(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestSplitArray(t *testing.T) {
	got := splitArray([]byte(`[1,{"a":[2,3]},"],",[],null]`))
	if want := `1|{"a":[2,3]}|"],"|[]|null`; string(bytes.Join(got, []byte("|"))) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(splitArray([]byte(`[]`))) != 0 {
		t.Error("an empty array has no items")
	}
}

func FuzzParseDocument(f *testing.F) {
	f.Add(`{"a":{"b":[1,"}"]},"c\\":"\"","d":-1.5e3}`)
	f.Add(`{"a":1,"b":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseDocument(text)
		if err != nil {
			return
		}
		out := appendVisible(nil, &instance{vars: v}, nil)
		var want, got map[string]any
		if json.Unmarshal([]byte(text), &want) == nil && want != nil {
			if err := json.Unmarshal(out, &got); err != nil || len(got) != len(want) {
				t.Errorf("%q became %s: %v", text, out, err)
			}
		}
	})
}

func TestVariablesIndex(t *testing.T) {
	var v variables
	for i := range 100 {
		v.set(string(jsonInt(i)), jsonInt(i))
	}
	v.set("50", []byte(`"new"`))
	if len(v.list) != 100 || string(v.find("50").json) != `"new"` || string(v.find("99").json) != "99" || v.find("100") != nil {
		t.Error("the index and the list disagree")
	}
}

// TestPropagate shows the one odd rule: a scope that has the very same value is passed by.
func TestPropagate(t *testing.T) {
	root := &instance{}
	inner := &instance{scope: root}
	inner.vars.set("same", []byte("1"))
	inner.vars.set("other", []byte("1"))
	doc, _ := parseDocument(`{"same":1,"other":2,"new":3}`)
	propagate(inner, &doc)
	if got := string(root.vars.find("same").json); got != "1" {
		t.Errorf("same is %s in the root", got)
	}
	if root.vars.find("other") != nil || string(inner.vars.find("other").json) != "2" || inner.vars.find("new") != nil {
		t.Error("other must stay inside, new must go to the root")
	}
}

func TestStepQueue(t *testing.T) {
	var q stepQueue
	for i := range 5000 {
		q.push(step{op: op(i % 5)})
		if i%2 == 0 {
			if s, _ := q.pop(); s.op != op(i/2%5) {
				t.Fatalf("step %d came out of order", i)
			}
		}
	}
	if q.len() != 2500 {
		t.Errorf("%d steps are left, want 2500", q.len())
	}
}

// FuzzProcess deploys what it gets and, when that is accepted, runs it: whatever a file holds, the engine must not panic.
func FuzzProcess(f *testing.F) {
	const head = `<d:definitions xmlns:d="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:z="http://camunda.org/schema/zeebe/1.0" id="x"><d:process id="p" isExecutable="true"><d:startEvent id="s"/>`
	const tail = `</d:process><d:message id="m" name="n"><d:extensionElements><z:subscription correlationKey="=1"/></d:extensionElements></d:message></d:definitions>`
	for _, body := range []string{
		`<d:task id="t"><d:multiInstanceLoopCharacteristics><d:extensionElements><z:loopCharacteristics inputCollection="=[1,2]" outputCollection="o" outputElement="=loopCounter"/></d:extensionElements></d:multiInstanceLoopCharacteristics></d:task><d:sequenceFlow id="f" sourceRef="s" targetRef="t"/>`,
		`<d:subProcess id="t"><d:startEvent id="i"/><d:endEvent id="e"><d:errorEventDefinition errorRef="q"/></d:endEvent><d:sequenceFlow id="g" sourceRef="i" targetRef="e"/></d:subProcess><d:boundaryEvent id="b" attachedToRef="t"><d:errorEventDefinition/></d:boundaryEvent><d:sequenceFlow id="f" sourceRef="s" targetRef="t"/>`,
		`<d:inclusiveGateway id="g"/><d:inclusiveGateway id="j"/><d:sequenceFlow id="f" sourceRef="s" targetRef="g"/><d:sequenceFlow id="f1" sourceRef="g" targetRef="j"><d:conditionExpression>=true</d:conditionExpression></d:sequenceFlow><d:sequenceFlow id="f2" sourceRef="g" targetRef="j"><d:conditionExpression>=1 = 1</d:conditionExpression></d:sequenceFlow>`,
		`<d:receiveTask id="t" messageRef="m"/><d:boundaryEvent id="b" attachedToRef="t" cancelActivity="false"><d:timerEventDefinition><d:timeCycle>R2/PT0S</d:timeCycle></d:timerEventDefinition></d:boundaryEvent><d:sequenceFlow id="f" sourceRef="s" targetRef="t"/>`,
	} {
		f.Add([]byte(head + body + tail))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		now := time.Unix(1_900_000_000, 0)
		e := New(Options{Now: func() time.Time { return now }})
		defer e.Close()
		d, err := e.deploy([]*pb.Resource{{Name: "f.bpmn", Content: data}})
		if err != nil {
			return
		}
		id := d.Deployments[0].GetProcess().GetBpmnProcessId()
		e.do(func() {
			_, _ = e.createInstance(&pb.CreateProcessInstanceRequest{BpmnProcessId: id, Version: -1}, variables{}, "CREATE")
			_, _ = e.publish(messageKey{"n", "1"}, "", 1000, variables{})
		})
		e.turn()
		for _, p := range e.ProcessInstances("") {
			e.do(func() { _ = e.cancelInstance(p.Key) })
			e.Waiting(p.Key)
		}
	})
}

// BenchmarkState is the engine's own share of an instance with one job: no gRPC, no worker.
func BenchmarkState(b *testing.B) {
	e := New(Options{})
	defer e.Close()
	content := []byte(`<d:definitions xmlns:d="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:z="http://camunda.org/schema/zeebe/1.0" id="x"><d:process id="p" isExecutable="true"><d:startEvent id="s"/>` +
		`<d:serviceTask id="t"><d:extensionElements><z:taskDefinition type="j"/></d:extensionElements></d:serviceTask><d:sequenceFlow id="f" sourceRef="s" targetRef="t"/></d:process></d:definitions>`)
	if _, err := e.deploy([]*pb.Resource{{Name: "p.bpmn", Content: content}}); err != nil {
		b.Fatal(err)
	}
	request := &pb.CreateProcessInstanceRequest{BpmnProcessId: "p", Version: -1}
	b.ReportAllocs()
	for b.Loop() {
		vars, _ := parseDocument(`{"order":{"id":17,"total":12.50}}`)
		var jobs []activation
		e.do(func() { _, _ = e.createInstance(request, vars, "CREATE") })
		e.do(func() { jobs = e.takeJobs("j", worker{"w", 1000, nil}, 1) })
		e.do(func() { _ = e.completeJob(jobs[0].job.key, variables{}) })
	}
}
