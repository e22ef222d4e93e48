package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"patchbay/engine/bpmn"
	"patchbay/templates"
)

// foreign reads the published templates of Camunda, or skips the test.
func foreign(t testing.TB) []*templates.Template {
	t.Helper()
	folder := os.Getenv("PATCHBAY_CORPUS")
	if folder == "" {
		t.Skip("PATCHBAY_CORPUS names no folder with foreign templates (make corpus and make conformance fetch them)")
	}
	list, err := readForeign(filepath.Join(folder, "templates"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// readForeign keeps what it has read, because it is read by every test.
var readForeign = func() func(string) ([]*templates.Template, error) {
	var once sync.Once
	var list []*templates.Template
	var err error
	return func(folder string) ([]*templates.Template, error) {
		once.Do(func() { list, err = parseAll(folder) })
		return list, err
	}
}()

func parseAll(folder string) (list []*templates.Template, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no templates in %s: %v", folder, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		some, err := templates.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		list = append(list, some...)
	}
	return list, nil
}

// version finds a template; a nil version is a template without one.
func version(t testing.TB, list []*templates.Template, id string, number *int64) *templates.Template {
	t.Helper()
	i := slices.IndexFunc(list, func(t *templates.Template) bool {
		return t.ID == id && (number == nil && !t.HasVersion || number != nil && t.HasVersion && t.Version == *number)
	})
	if i < 0 {
		t.Fatalf("no template %s in that version", id)
	}
	return list[i]
}

// process is a process with one connector and what stands around it.
type process struct {
	ID       string
	Template *templates.Template
	Values   map[string]any
	// Inputs and Headers are added behind those of the template.
	Inputs, Headers map[string]string
	// Catch is an error code that a boundary event catches; "" for any error,
	// nil for no event.
	Catch *string
	// Rewrite changes the source of every input.
	Rewrite func(string) string
}

// write gives the process as a file.
func (p process) write(t testing.TB) []byte {
	t.Helper()
	draft, err := bpmn.Edit([]byte(p.frame()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := templates.Apply(draft, "connector", p.Template, templates.ApplyOptions{Values: p.Values}); err != nil {
		t.Fatalf("apply %s: %v", p.Template.Ref(), err)
	}
	extensions := draft.Element("connector").Child("bpmn:extensionElements")
	for _, name := range sortedKeys(p.Inputs) {
		in := part(extensions, "zeebe:ioMapping").Append("zeebe:input")
		in.SetAttr("source", p.Inputs[name])
		in.SetAttr("target", name)
	}
	for _, key := range sortedKeys(p.Headers) {
		header := part(extensions, "zeebe:taskHeaders").Append("zeebe:header")
		header.SetAttr("key", key)
		header.SetAttr("value", p.Headers[key])
	}
	for _, in := range part(extensions, "zeebe:ioMapping").Children("zeebe:input") {
		if source, ok := in.Attr("source"); ok {
			in.SetAttr("source", p.Rewrite(source))
		}
	}
	return draft.Bytes()
}

// part returns an extension element, which is made if it is not there.
func part(extensions *bpmn.Tag, name string) *bpmn.Tag {
	if tag := extensions.Child(name); tag != nil {
		return tag
	}
	return extensions.Append(name)
}

// frame is the process before its template is applied: start, connector, end,
// and where errors are caught a second end.
func (p process) frame() string {
	catch, code := "", ""
	if p.Catch != nil {
		ref := ""
		if *p.Catch != "" {
			ref, code = ` errorRef="failure"`, fmt.Sprintf(`<bpmn:error id="failure" errorCode=%q/>`, *p.Catch)
		}
		catch = fmt.Sprintf(`
    <bpmn:boundaryEvent id="caught" attachedToRef="connector"><bpmn:errorEventDefinition id="caughtError"%s/></bpmn:boundaryEvent>
    <bpmn:sequenceFlow id="fromCaught" sourceRef="caught" targetRef="mended"/>
    <bpmn:endEvent id="mended"/>`, ref)
	}
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn=%q xmlns:zeebe=%q id="file" targetNamespace="conformance">
  <bpmn:process id=%q isExecutable="true">
    <bpmn:startEvent id="begin"/>
    <bpmn:sequenceFlow id="toConnector" sourceRef="begin" targetRef="connector"/>
    <bpmn:task id="connector"/>
    <bpmn:sequenceFlow id="fromConnector" sourceRef="connector" targetRef="done"/>
    <bpmn:endEvent id="done"/>%s
  </bpmn:process>
  %s
</bpmn:definitions>
`, bpmn.Namespace, bpmn.ZeebeNamespace, p.ID, catch, code)
}
