package conformance

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"patchbay/engine/bpmn"
	"patchbay/templates"
)

// corpus is a folder with the published templates of Camunda (templates/*.json).
type corpus struct {
	folder string
	parsed map[string][]*templates.Template // by file
}

// openCorpus skips the test where there is no corpus.
func openCorpus(t testing.TB) *corpus {
	t.Helper()
	folder := os.Getenv("PATCHBAY_CORPUS")
	if folder == "" {
		t.Skip("PATCHBAY_CORPUS names no folder with foreign templates (make corpus and make conformance fetch them)")
	}
	return &corpus{filepath.Join(folder, "templates"), map[string][]*templates.Template{}}
}

// files are the files with templates.
func (c *corpus) files(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(c.folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no templates in %s: %v", c.folder, err)
	}
	return files
}

// read returns the templates of a file, oldest first, if the file names what is
// looked for.
func (c *corpus) read(t testing.TB, file, word string) []*templates.Template {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(strconv.Quote(word))) {
		return nil
	}
	if list, known := c.parsed[file]; known {
		return list
	}
	list, err := templates.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	slices.SortFunc(list, func(a, b *templates.Template) int { return cmp.Compare(a.Version, b.Version) })
	c.parsed[file] = list
	return list
}

// versions returns all versions of a template, oldest first.
func (c *corpus) versions(t testing.TB, id string) (list []*templates.Template) {
	t.Helper()
	for _, file := range c.files(t) {
		for _, version := range c.read(t, file, id) {
			if version.ID == id {
				list = append(list, version)
			}
		}
	}
	if len(list) == 0 {
		t.Fatalf("no template %s in %s", id, c.folder)
	}
	return list
}

// version finds a template; a nil version is a template without one.
func (c *corpus) version(t testing.TB, id string, number *int64) *templates.Template {
	t.Helper()
	for _, v := range c.versions(t, id) {
		if number == nil && !v.HasVersion || number != nil && v.HasVersion && v.Version == *number {
			return v
		}
	}
	t.Fatalf("no template %s in that version", id)
	return nil
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
	kind, after := p.place()
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn=%q xmlns:zeebe=%q id="file" targetNamespace="conformance">
  <bpmn:process id=%q isExecutable="true">
    <bpmn:startEvent id="begin"/>
    <bpmn:sequenceFlow id="toConnector" sourceRef="begin" targetRef="connector"/>
    <bpmn:%s id="connector"/>%s%s
  </bpmn:process>
  %s
</bpmn:definitions>
`, bpmn.Namespace, bpmn.ZeebeNamespace, p.ID, kind, after, catch, code)
}

// place is the element that the template is for, and what comes behind it.
func (p process) place() (kind, after string) {
	if slices.Contains(p.Template.AppliesTo, "bpmn:EndEvent") {
		return "endEvent", ""
	}
	kind = "task"
	if slices.Contains(p.Template.AppliesTo, "bpmn:IntermediateThrowEvent") {
		kind = "intermediateThrowEvent"
	}
	return kind, `
    <bpmn:sequenceFlow id="fromConnector" sourceRef="connector" targetRef="done"/>
    <bpmn:endEvent id="done"/>`
}
