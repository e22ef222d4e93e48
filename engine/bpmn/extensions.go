package bpmn

// Extensions are the zeebe extensions of an element, empty where it has none.
type Extensions struct {
	Task       *TaskDefinition // the first zeebe:taskDefinition
	TaskCount  int             // how many there are; Zeebe wants exactly one
	Inputs     []Mapping
	Outputs    []Mapping
	Headers    []Header
	HeadersAt  Place // of zeebe:taskHeaders
	Properties []Property
	Called     *CalledElement
	Script     *Script
	Decision   *CalledDecision
	Form       *FormDefinition
	UserTask   bool // zeebe:userTask: managed by the engine, not by job workers
	Assignment *Assignment
	Schedule   *Schedule
	Priority   *Text
	Template   Template
	// Listeners holds the names of execution and task listener extensions, which change how an element runs.
	Listeners []Place
}

// TaskDefinition is a zeebe:taskDefinition.
type TaskDefinition struct {
	Place
	Type    string
	Retries string // "" means the default, 3
}

// Mapping is a zeebe:input or zeebe:output.
type Mapping struct {
	Place
	Source, Target string
}

// Header is a zeebe:header of the task headers.
type Header struct{ Key, Value string }

// Property is a zeebe:property, as inbound connectors use them.
type Property struct{ Name, Value string }

// CalledElement is a zeebe:calledElement.
type CalledElement struct {
	Place
	ProcessID          string
	PropagateAllChild  *bool // nil when the attribute is absent
	PropagateAllParent bool  // default true
	Binding            string
	VersionTag         string
}

// Script is a zeebe:script.
type Script struct {
	Place
	Expression, ResultVariable string
}

// CalledDecision is a zeebe:calledDecision.
type CalledDecision struct {
	Place
	DecisionID, ResultVariable string
}

// FormDefinition is a zeebe:formDefinition.
type FormDefinition struct {
	Place
	Key, ID, ExternalReference string
}

// Assignment is a zeebe:assignmentDefinition.
type Assignment struct {
	Place
	Assignee, CandidateGroups, CandidateUsers string
}

// Schedule is a zeebe:taskSchedule.
type Schedule struct {
	Place
	DueDate, FollowUpDate string
}

// Template says which element template was applied: the zeebe:modelerTemplate attributes.
type Template struct {
	ID, Version, Icon string
}

// extensionReaders is the table of the extension elements that an element may carry.
var extensionReaders = map[string]func(*Extensions, *node){
	"taskDefinition":       readTaskDefinition,
	"ioMapping":            readIOMapping,
	"taskHeaders":          readTaskHeaders,
	"properties":           func(x *Extensions, n *node) { x.Properties = append(x.Properties, readProperties(n)...) },
	"calledElement":        readCalledElement,
	"script":               readScript,
	"calledDecision":       readCalledDecision,
	"formDefinition":       readFormDefinition,
	"userTask":             func(x *Extensions, _ *node) { x.UserTask = true },
	"assignmentDefinition": readAssignment,
	"taskSchedule":         readSchedule,
	"priorityDefinition":   func(x *Extensions, n *node) { x.Priority = &Text{n.place(), n.attr("priority")} },
	"executionListeners":   func(x *Extensions, n *node) { x.Listeners = append(x.Listeners, n.place()) },
	"taskListeners":        func(x *Extensions, n *node) { x.Listeners = append(x.Listeners, n.place()) },
}

// zeebeElements gives the zeebe elements in a node's extensionElements.
func zeebeElements(n *node) []*node {
	ext := n.child("extensionElements")
	if ext == nil {
		return nil
	}
	var out []*node
	for _, c := range ext.children {
		if c.space == ZeebeNamespace {
			out = append(out, c)
		}
	}
	return out
}

func readExtensions(n *node) Extensions {
	var x Extensions
	for _, c := range zeebeElements(n) {
		if read := extensionReaders[c.name]; read != nil {
			read(&x, c)
		}
	}
	x.Template.ID, _ = n.lookup(ZeebeNamespace, "modelerTemplate")
	x.Template.Version, _ = n.lookup(ZeebeNamespace, "modelerTemplateVersion")
	x.Template.Icon, _ = n.lookup(ZeebeNamespace, "modelerTemplateIcon")
	return x
}

func readTaskDefinition(x *Extensions, n *node) {
	x.TaskCount++
	if x.Task == nil {
		x.Task = &TaskDefinition{n.place(), n.attr("type"), n.attr("retries")}
	}
}

func readIOMapping(x *Extensions, n *node) {
	for _, c := range n.children {
		m := Mapping{c.place(), c.attr("source"), c.attr("target")}
		switch c.name {
		case "input":
			x.Inputs = append(x.Inputs, m)
		case "output":
			x.Outputs = append(x.Outputs, m)
		}
	}
}

func readTaskHeaders(x *Extensions, n *node) {
	x.HeadersAt = n.place()
	for _, c := range n.children {
		if c.name == "header" {
			x.Headers = append(x.Headers, Header{c.attr("key"), c.attr("value")})
		}
	}
}

func readProperties(n *node) []Property {
	var out []Property
	for _, c := range n.children {
		if c.name == "property" {
			out = append(out, Property{c.attr("name"), c.attr("value")})
		}
	}
	return out
}

func readCalledElement(x *Extensions, n *node) {
	id := n.attr("processId")
	if expression := n.attr("processIdExpression"); id == "" && expression != "" {
		id = "=" + expression
	}
	x.Called = &CalledElement{
		Place: n.place(), ProcessID: id,
		PropagateAllParent: n.attr("propagateAllParentVariables") != "false",
		Binding:            n.attr("bindingType"), VersionTag: n.attr("versionTag"),
	}
	if v, ok := n.lookup("", "propagateAllChildVariables"); ok {
		all := v == "true"
		x.Called.PropagateAllChild = &all
	}
}

func readScript(x *Extensions, n *node) {
	x.Script = &Script{n.place(), n.attr("expression"), n.attr("resultVariable")}
}

func readCalledDecision(x *Extensions, n *node) {
	x.Decision = &CalledDecision{n.place(), n.attr("decisionId"), n.attr("resultVariable")}
}

func readFormDefinition(x *Extensions, n *node) {
	x.Form = &FormDefinition{n.place(), n.attr("formKey"), n.attr("formId"), n.attr("externalReference")}
}

func readAssignment(x *Extensions, n *node) {
	x.Assignment = &Assignment{n.place(), n.attr("assignee"), n.attr("candidateGroups"), n.attr("candidateUsers")}
}

func readSchedule(x *Extensions, n *node) {
	x.Schedule = &Schedule{n.place(), n.attr("dueDate"), n.attr("followUpDate")}
}
