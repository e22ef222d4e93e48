package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"patchbay/engine"
	"patchbay/templates"
)

const twoTasks = `<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="t">
<bpmn:process id="p" isExecutable="true"><bpmn:serviceTask id="a" zeebe:modelerTemplate="t" zeebe:modelerTemplateVersion="4"><bpmn:extensionElements>
<zeebe:taskDefinition type="x"/><zeebe:ioMapping><zeebe:input source="{{secrets.A}}" target="a"/></zeebe:ioMapping>
<zeebe:taskHeaders><zeebe:header key="b" value="secrets.B"/></zeebe:taskHeaders></bpmn:extensionElements></bpmn:serviceTask>
<bpmn:serviceTask id="b"><bpmn:extensionElements><zeebe:taskDefinition type="x"/></bpmn:extensionElements></bpmn:serviceTask></bpmn:process></bpmn:definitions>`

func TestModels(t *testing.T) {
	now := time.Unix(0, 0)
	asked, known := 0, false
	m := newModels(func(context.Context, int64) ([]byte, error) {
		if asked++; !known {
			return nil, errUnknownDefinition
		}
		return []byte(twoTasks), nil
	})
	m.now = func() time.Time { return now }
	job := &engine.Job{ProcessDefinitionKey: 1, ElementID: "a"}
	for range 3 {
		if _, ok := m.secretNames(job); ok || asked != 1 {
			t.Fatalf("known %t, asked %d times", ok, asked)
		}
	}
	known, now = true, now.Add(missingFor)
	for range 3 {
		names, ok := m.secretNames(job)
		if !ok || !names["A"] || !names["B"] || len(names) != 2 || asked != 2 {
			t.Fatalf("names %v, known %t, asked %d times", names, ok, asked)
		}
	}
	if e, _ := m.element(job); e.template != (templateRef{"t", 4}) {
		t.Errorf("template %v", e.template)
	}
	if names, ok := m.secretNames(&engine.Job{ProcessDefinitionKey: 1, ElementID: "b"}); !ok || len(names) != 0 {
		t.Errorf("no secret written: %v %t", names, ok)
	}
	for key := range int64(3 * maxModels) {
		m.element(&engine.Job{ProcessDefinitionKey: key})
	}
	if n := len(m.known) + len(m.missing); n > maxModels {
		t.Errorf("%d definitions are remembered", n)
	}
}

func TestFirstXML(t *testing.T) {
	away := func(context.Context, int64) ([]byte, error) { return nil, errors.New("away") }
	knows := func(_ context.Context, key int64) ([]byte, error) { return fmt.Append(nil, key), nil }
	if got, err := firstXML(away, knows)(t.Context(), 5); string(got) != "5" || err != nil {
		t.Errorf("%s %v", got, err)
	}
	if _, err := firstXML(away, away)(t.Context(), 5); err == nil {
		t.Error("nobody knows it, but there is no error")
	}
}

func TestElements(t *testing.T) {
	list, err := templates.Parse([]byte(`{"name": "N", "id": "t", "version": 4, "appliesTo": ["bpmn:Task"], "properties": []}`))
	if err != nil {
		t.Fatal(err)
	}
	asked, now := 0, time.Unix(0, 0)
	answer := templates.ErrNotFound
	m := newModels(func(context.Context, int64) ([]byte, error) { return []byte(twoTasks), nil })
	m.now = func() time.Time { return now }
	e := newElements(m,
		func(_ context.Context, id string, version int64) (*templates.Template, error) {
			if asked++; answer != nil {
				return nil, answer
			}
			return list[0], nil
		}, slog.New(slog.DiscardHandler))
	job := &engine.Job{ElementID: "a"}
	expect := func(step, id string, times int) {
		t.Helper()
		if got, _ := e.template(t.Context(), job); got != id || asked != times {
			t.Errorf("%s: template %q, asked %d times", step, got, asked)
		}
	}
	expect("not published", "", 1)
	expect("remembered", "", 1)
	e.forgetMissing()
	answer = errors.New("the database is away")
	expect("failure", "", 2)
	expect("jobs do not wait for the catalog one by one", "", 2)
	now = now.Add(missingFor)
	expect("asked again", "", 3)
	answer, now = nil, now.Add(missingFor)
	expect("published", "t", 4)
	e.forgetMissing()
	expect("what is there stays", "t", 4)
	e.forget()
	expect("after a change", "t", 5)
	job = &engine.Job{ElementID: "b"}
	expect("no template", "", 5)
	job = &engine.Job{ElementID: "b", Headers: map[string]string{headerTemplateID: "u"}}
	expect("header", "u", 6)
	for i := range 3 * maxTemplates {
		e.look(t.Context(), templateRef{"many", int64(i)})
	}
	if len(e.known) > maxTemplates {
		t.Errorf("%d templates are remembered", len(e.known))
	}
}
