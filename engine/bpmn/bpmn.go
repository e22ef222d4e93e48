// Package bpmn reads BPMN 2.0 XML with the extensions of Zeebe (Camunda 8) into a model that nobody changes any more,
// and checks it as a deployment to Zeebe does.
//
// Read is lenient: whatever is well-formed XML with BPMN definitions at its root gives a model, so that a catalog or an
// inbound scan can look into files that an engine would refuse. Definitions.Validate lists what a deployment refuses.
// Expressions stay text here; they are compiled by whoever evaluates them.
//
// Sources of the facts: the BPMN 2.0 schema, the zeebe-bpmn-moddle descriptor, and the answers of Zeebe 8.8.
package bpmn

import "fmt"

// Namespaces of the XML that this package reads.
const (
	Namespace        = "http://www.omg.org/spec/BPMN/20100524/MODEL"
	ZeebeNamespace   = "http://camunda.org/schema/zeebe/1.0"
	ModelerNamespace = "http://camunda.org/schema/modeler/1.0"
)

// Limits of one file. A file beyond them is refused by Read with a *SyntaxError.
const (
	MaxBytes    = 8 << 20
	MaxDepth    = 200
	MaxElements = 200_000
)

// SyntaxError says why bytes are no BPMN file at all.
type SyntaxError struct {
	Line, Column int
	Msg          string
	// Foreign is set when the XML is well-formed but its root is not bpmn:definitions.
	Foreign bool
}

// Error gives "line:column: message".
func (e *SyntaxError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Msg) }

// Read parses one BPMN file. The error is a *SyntaxError.
func Read(data []byte) (*Definitions, error) {
	root, err := parseXML(data)
	if err != nil {
		return nil, err
	}
	if !root.is("definitions") {
		return nil, &SyntaxError{
			Line: root.line, Column: root.column, Foreign: true,
			Msg: fmt.Sprintf("cvc-elt.1.a: Cannot find the declaration of element '%s'.", root.name),
		}
	}
	return newBuilder(root).build(), nil
}
