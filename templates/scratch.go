package templates

import (
	"fmt"
	"strings"

	"patchbay/engine/bpmn"
)

// Scratch is a process with one element that a template was applied to, to try
// it out.
type Scratch struct {
	// BPMN is the file; its process has the id "scratch".
	BPMN []byte
	// Element is the element's id.
	Element  string
	Warnings []Warning
}

// ScratchProcess is the id of the process in a Scratch.
const ScratchProcess = "scratch"

// NewScratch applies a template to the element of a small process that is made
// for it: start, element, end, so far as the element needs them.
func NewScratch(t *Template, o ApplyOptions) (*Scratch, error) {
	d, err := bpmn.Edit([]byte(scratchFile(tagName(t.Target()))))
	if err != nil {
		return nil, fmt.Errorf("try template %s: it makes a %s, which cannot stand in a process alone", t.Ref(), t.Target())
	}
	warnings, err := Apply(d, "element", t, o)
	if err != nil {
		return nil, err
	}
	return &Scratch{BPMN: d.Bytes(), Element: "element", Warnings: warnings}, nil
}

func scratchFile(tag string) string {
	start := `<bpmn:startEvent id="start" />`
	element := fmt.Sprintf(`<%s id="element" />`, tag)
	end := `<bpmn:endEvent id="end" />`
	flows := flow("start", "element") + flow("element", "end")
	switch {
	case strings.HasSuffix(tag, "startEvent"):
		start, flows = "", flow("element", "end")
	case strings.HasSuffix(tag, "endEvent"):
		end, flows = "", flow("start", "element")
	case strings.HasSuffix(tag, "boundaryEvent"):
		element = `<bpmn:receiveTask id="host" /><bpmn:boundaryEvent id="element" attachedToRef="host" />`
		flows = flow("start", "host") + flow("element", "end")
	}
	return `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="` + bpmn.Namespace + `" xmlns:zeebe="` + bpmn.ZeebeNamespace + `" id="definitions" targetNamespace="` + ScratchProcess + `">
  <bpmn:process id="` + ScratchProcess + `" isExecutable="true">
    ` + start + element + end + flows + `
  </bpmn:process>
</bpmn:definitions>
`
}

func flow(from, to string) string {
	return fmt.Sprintf(`<bpmn:sequenceFlow id="%s_%s" sourceRef="%s" targetRef="%s" />`, from, to, from, to)
}
