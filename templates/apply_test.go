package templates

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"patchbay/engine/bpmn"
)

const blankProcess = `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="x">
  <bpmn:process id="p" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:task id="task" name="A &#38; B">
      <bpmn:incoming>f</bpmn:incoming>
    </bpmn:task>
    <bpmn:intermediateCatchEvent id="catch" />
    <bpmn:boundaryEvent id="boundary" attachedToRef="task" />
  </bpmn:process>
</bpmn:definitions>
`

func parseOne(t testing.TB, text string) *Template {
	t.Helper()
	list, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return list[len(list)-1]
}

func draftOf(t testing.TB, text string) *bpmn.Draft {
	t.Helper()
	d, err := bpmn.Edit([]byte(text), bpmn.WithRandom(bytes.NewReader(make([]byte, 1<<10))))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const small = `{
  "id": "x", "name": "X", "version": 3, "appliesTo": ["bpmn:Task"], "elementType": {"value": "bpmn:ServiceTask"},
  "properties": [
    {"type": "Hidden", "value": "job", "binding": {"type": "zeebe:taskDefinition", "property": "type"}},
    {"id": "kind", "type": "Dropdown", "value": "a", "choices": [{"name": "A", "value": "a"}, {"name": "B", "value": "b"}], "binding": {"type": "zeebe:input", "name": "kind"}},
    {"id": "onlyB", "label": "Only B", "type": "String", "feel": "optional", "constraints": {"notEmpty": true}, "condition": {"property": "kind", "equals": "b"}, "binding": {"type": "zeebe:input", "name": "detail.b"}},
    {"id": "count", "type": "Number", "value": 5, "binding": {"type": "zeebe:input", "name": "count"}},
    {"id": "result", "type": "String", "optional": false, "binding": {"type": "zeebe:taskHeader", "key": "resultVariable"}}
  ]
}`

func TestApply(t *testing.T) {
	d := draftOf(t, blankProcess)
	warnings, err := Apply(d, "task", parseOne(t, small), ApplyOptions{Values: map[string]any{"kind": "b", "header:resultVariable": "r"}})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(blankProcess, `<bpmn:task id="task" name="A &#38; B">
      <bpmn:incoming>f</bpmn:incoming>
    </bpmn:task>`, `<bpmn:serviceTask id="task" name="A &#38; B" zeebe:modelerTemplate="x" zeebe:modelerTemplateVersion="3">
      <bpmn:extensionElements>
        <zeebe:taskDefinition type="job" />
        <zeebe:ioMapping>
          <zeebe:input source="b" target="kind" />
          <zeebe:input target="detail.b" />
          <zeebe:input source="=5" target="count" />
        </zeebe:ioMapping>
        <zeebe:taskHeaders>
          <zeebe:header key="resultVariable" value="r" />
        </zeebe:taskHeaders>
      </bpmn:extensionElements>
      <bpmn:incoming>f</bpmn:incoming>
    </bpmn:serviceTask>`, 1)
	want = strings.Replace(want, `targetNamespace="x"`, `targetNamespace="x" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"`, 1)
	if got := string(d.Bytes()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(warnings) != 1 || warnings[0].String() != "onlyB: a value is required" {
		t.Errorf("warnings %v", warnings)
	}
}

// BenchmarkApplyMany applies templates with many properties: without
// conditions, all with one on the same property, and each with one on the
// property before it.
func BenchmarkApplyMany(b *testing.B) {
	for name, condition := range map[string]func(i int) string{
		"plain":   func(int) string { return "" },
		"star":    func(i int) string { return conditionOn(min(i, 1)) },
		"chained": func(i int) string { return conditionOn(i) },
	} {
		for _, n := range []int{500, maxProperties} {
			list, err := Parse([]byte(manyProperties(n, condition)))
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					if _, err := Apply(draftOf(b, blankProcess), "task", list[0], ApplyOptions{}); err != nil && name != "chained" {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func conditionOn(i int) string {
	if i == 0 {
		return ""
	}
	return fmt.Sprintf(`"condition": {"property": "p%d", "equals": "v"},`, i-1)
}

// manyProperties is the text of a template with so many inputs; condition
// writes the condition of the i-th.
func manyProperties(n int, condition func(i int) string) string {
	properties := make([]string, n)
	for i := range properties {
		properties[i] = fmt.Sprintf(`{"id": "p%d", "type": "String", "value": "v", %s "binding": {"type": "zeebe:input", "name": "n%d"}}`, i, condition(i), i)
	}
	return `{"id": "many", "version": 1, "name": "Many", "appliesTo": ["bpmn:Task"], "properties": [` + strings.Join(properties, ",") + "]}"
}

func TestApplyKeepsAValueThatAHiddenPropertyWouldEmpty(t *testing.T) {
	const twins = `{"name": "T", "id": "t", "appliesTo": ["bpmn:Task"], "properties": [
		{"type": "String", "binding": {"type": "zeebe:property", "name": "inbound.context"}},
		{"type": "Hidden", "binding": {"type": "zeebe:property", "name": "inbound.context"}}]}`
	d := draftOf(t, blankProcess)
	if _, err := Apply(d, "task", parseOne(t, twins), ApplyOptions{Values: map[string]any{"inbound.context": "mine"}}); err != nil {
		t.Fatal(err)
	}
	if text := string(d.Bytes()); !strings.Contains(text, `<zeebe:property name="inbound.context" value="mine"`) {
		t.Error(text)
	}
}
