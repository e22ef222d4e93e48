package enginetest

import (
	"fmt"
	"html"
	"strings"
)

// process is a BPMN process in short. "@" in any text stands for the id of the case in this run.
type process struct {
	name     string // suffix of the process id
	elements []element
	flows    []string // "a > b > c"; "a > b if =x" has a condition, "a > b as f" an id
	beside   []string // messages, errors, signals, escalations
}

// element is a flow node in short.
type element struct {
	tag, id    string
	attributes string
	extensions []string
	inner      string // event definitions, markers
	children   []element
	flows      []string // of a sub-process
}

func node(tag, id string, extensions ...string) element {
	return element{tag: tag, id: id, extensions: extensions}
}

func (e element) with(inner string) element { e.inner += inner; return e }

func (e element) attr(a string) element { e.attributes += " " + a; return e }

func start(id string) element { return node("startEvent", id) }

func end(id string) element { return node("endEvent", id) }

// task is a service task whose job type is the case's id and the element's.
func task(id string, extensions ...string) element {
	return node("serviceTask", id, append([]string{`<zeebe:taskDefinition type="@.` + id + `"/>`}, extensions...)...)
}

func script(id, expression, variable string) element {
	return node("scriptTask", id, fmt.Sprintf(`<zeebe:script expression="%s" resultVariable="%s"/>`, html.EscapeString(expression), variable))
}

func subProcess(id string, children []element, flows []string, extensions ...string) element {
	return element{tag: "subProcess", id: id, children: children, flows: flows, extensions: extensions}
}

func eventSubProcess(id string, children []element, flows []string) element {
	return subProcess(id, children, flows).attr(`triggeredByEvent="true"`)
}

func boundary(id, host, event string) element {
	return node("boundaryEvent", id).attr(`attachedToRef="` + host + `"`).with(event)
}

func nonInterrupting(id, host, event string) element {
	return boundary(id, host, event).attr(`cancelActivity="false"`)
}

func catch(id, event string, extensions ...string) element {
	return node("intermediateCatchEvent", id, extensions...).with(event)
}

func throwing(id, event string) element { return node("intermediateThrowEvent", id).with(event) }

// io is an ioMapping: pairs of source and target, outputs behind "out".
func io(pairs ...string) string {
	var b strings.Builder
	kind := "input"
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == "out" {
			kind = "output"
			i--
			continue
		}
		fmt.Fprintf(&b, `<zeebe:%s source="%s" target="%s"/>`, kind, html.EscapeString(pairs[i]), pairs[i+1])
	}
	return "<zeebe:ioMapping>" + b.String() + "</zeebe:ioMapping>"
}

func event(kind, ref string) string {
	if ref == "" {
		return "<bpmn:" + kind + "EventDefinition/>"
	}
	return "<bpmn:" + kind + "EventDefinition " + kind + `Ref="` + ref + `"/>`
}

func timer(kind, text string) string {
	return "<bpmn:timerEventDefinition><bpmn:" + kind + ">" + text + "</bpmn:" + kind + "></bpmn:timerEventDefinition>"
}

func link(id, name string) string {
	return `<bpmn:linkEventDefinition id="` + id + `" name="` + name + `"/>`
}

func loop(attributes, completion string) string {
	if completion != "" {
		completion = "<bpmn:completionCondition>" + html.EscapeString(completion) + "</bpmn:completionCondition>"
	}
	sequential := ""
	if rest, ok := strings.CutPrefix(attributes, "sequential "); ok {
		sequential, attributes = ` isSequential="true"`, rest
	}
	return "<bpmn:multiInstanceLoopCharacteristics" + sequential + "><bpmn:extensionElements><zeebe:loopCharacteristics " + attributes +
		"/></bpmn:extensionElements>" + completion + "</bpmn:multiInstanceLoopCharacteristics>"
}

func message(id, name, key string) string {
	subscription := ""
	if key != "" {
		subscription = `<bpmn:extensionElements><zeebe:subscription correlationKey="` + key + `"/></bpmn:extensionElements>`
	}
	return fmt.Sprintf(`<bpmn:message id="%s" name="%s">%s</bpmn:message>`, id, name, subscription)
}

func beside(kind, id, attribute, value string) string {
	return fmt.Sprintf(`<bpmn:%s id="%s" %s="%s"/>`, kind, id, attribute, value)
}

const head = `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="definitions" targetNamespace="suite">
`

func (p process) xml(id string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, head+"<bpmn:process id=\"@%s\" isExecutable=\"true\">\n", p.name)
	writeScope(&b, p.elements, p.flows)
	b.WriteString("</bpmn:process>\n" + strings.Join(p.beside, "\n") + "</bpmn:definitions>")
	return []byte(strings.ReplaceAll(b.String(), "@", id))
}

// flow is one sequence flow taken from its short form.
type flow struct{ id, from, to, condition string }

func parseFlows(lines []string) (out []flow) {
	for _, line := range lines {
		line, condition, _ := strings.Cut(line, " if ")
		line, id, _ := strings.Cut(line, " as ")
		nodes := strings.Split(line, " > ")
		for i := 1; i < len(nodes); i++ {
			f := flow{id: id, from: nodes[i-1], to: nodes[i], condition: condition}
			if id == "" {
				f.id = "f_" + f.from + "_" + f.to
			}
			out = append(out, f)
		}
	}
	return out
}

func writeScope(b *strings.Builder, elements []element, lines []string) {
	flows := parseFlows(lines)
	for _, e := range elements {
		e.write(b, flows)
	}
	for _, f := range flows {
		condition := ""
		if f.condition != "" {
			condition = `<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">` + html.EscapeString(f.condition) + "</bpmn:conditionExpression>"
		}
		fmt.Fprintf(b, "<bpmn:sequenceFlow id=\"%s\" sourceRef=\"%s\" targetRef=\"%s\">%s</bpmn:sequenceFlow>\n", f.id, f.from, f.to, condition)
	}
}

func (e element) write(b *strings.Builder, flows []flow) {
	fmt.Fprintf(b, "<bpmn:%s id=\"%s\"%s>", e.tag, e.id, e.attributes)
	if len(e.extensions) > 0 {
		b.WriteString("<bpmn:extensionElements>" + strings.Join(e.extensions, "") + "</bpmn:extensionElements>")
	}
	for _, f := range flows {
		if f.to == e.id {
			b.WriteString("<bpmn:incoming>" + f.id + "</bpmn:incoming>")
		}
	}
	for _, f := range flows {
		if f.from == e.id {
			b.WriteString("<bpmn:outgoing>" + f.id + "</bpmn:outgoing>")
		}
	}
	b.WriteString(e.inner)
	writeScope(b, e.children, e.flows)
	fmt.Fprintf(b, "</bpmn:%s>\n", e.tag)
}
