package bpmn

// Place is where something stands in the file.
type Place struct {
	Path         string // the element's id, or a path such as "task > extensionElements > taskDefinition"
	Line, Column int    // of the end of the element's start tag, from 1
}

// Definitions is one BPMN file. Nothing in it may be changed: several goroutines read it at once.
type Definitions struct {
	Place
	ID              string
	Platform        string // modeler:executionPlatform, "Camunda Cloud" for Zeebe
	PlatformVersion string
	Processes       []*Process
	Messages        []*Message
	Errors          []*Error
	Signals         []*Signal
	Escalations     []*Escalation

	byID   map[string]*Element
	schema []Problem // what the BPMN schema forbids
}

// Element finds an element of any process by its id, nil when there is none.
func (d *Definitions) Element(id string) *Element { return d.byID[id] }

// Process is a process with everything in it. Its Element is the scope of the top level.
type Process struct {
	*Element
	Executable bool
	VersionTag string
	Elements   []*Element // all elements below it in document order, the nested ones too
}

// Type is an element's XML name.
type Type string

// The element types that the model knows.
const (
	TypeProcess                Type = "process"
	TypeSubProcess             Type = "subProcess"
	TypeAdHocSubProcess        Type = "adHocSubProcess"
	TypeTransaction            Type = "transaction"
	TypeStartEvent             Type = "startEvent"
	TypeEndEvent               Type = "endEvent"
	TypeIntermediateCatchEvent Type = "intermediateCatchEvent"
	TypeIntermediateThrowEvent Type = "intermediateThrowEvent"
	TypeBoundaryEvent          Type = "boundaryEvent"
	TypeTask                   Type = "task"
	TypeManualTask             Type = "manualTask"
	TypeServiceTask            Type = "serviceTask"
	TypeSendTask               Type = "sendTask"
	TypeReceiveTask            Type = "receiveTask"
	TypeUserTask               Type = "userTask"
	TypeScriptTask             Type = "scriptTask"
	TypeBusinessRuleTask       Type = "businessRuleTask"
	TypeCallActivity           Type = "callActivity"
	TypeExclusiveGateway       Type = "exclusiveGateway"
	TypeParallelGateway        Type = "parallelGateway"
	TypeInclusiveGateway       Type = "inclusiveGateway"
	TypeEventBasedGateway      Type = "eventBasedGateway"
	TypeComplexGateway         Type = "complexGateway"
)

// Element is a process or a flow node in it.
type Element struct {
	Place
	ID, Name string
	Type     Type
	Scope    *Element   // the sub-process or process around it; nil for a process
	Process  *Process   // the process that it belongs to
	Children []*Element // flow nodes directly in it, in document order (scopes only)
	Incoming []*Flow    // in document order of the sequence flows
	Outgoing []*Flow
	Flows    []*Flow // sequence flows directly in it (scopes only)
	Default  *Flow   // of a gateway, may be nil

	AttachedTo       *Element   // of a boundary event
	Boundaries       []*Element // boundary events attached to it
	Interrupting     bool       // of a boundary event or the start event of an event sub-process
	TriggeredByEvent bool       // an event sub-process
	ForCompensation  bool
	Events           []*Event // its event definitions; Zeebe allows one
	Loop             *Loop    // multi-instance, nil without
	Message          *Message // of a receive task

	Extensions
}

// Event gives the element's event definition, nil for a none event.
func (e *Element) Event() *Event {
	if len(e.Events) == 0 {
		return nil
	}
	return e.Events[0]
}

// Is tells whether the element's event definition is of that kind.
func (e *Element) Is(kind EventKind) bool { return len(e.Events) > 0 && e.Events[0].Kind == kind }

// EventSubProcess tells whether the element is one.
func (e *Element) EventSubProcess() bool { return e.Type == TypeSubProcess && e.TriggeredByEvent }

// Flow is a sequence flow.
type Flow struct {
	Place
	ID, Name       string
	Source, Target *Element // nil when the reference leads nowhere
	Condition      *Text    // nil without a condition
}

// Text is an expression or static text with its place.
type Text struct {
	Place
	Value string
}

// EventKind is the kind of an event definition: its XML name without "EventDefinition".
type EventKind string

// The kinds of event definitions.
const (
	EventMessage    EventKind = "message"
	EventTimer      EventKind = "timer"
	EventError      EventKind = "error"
	EventSignal     EventKind = "signal"
	EventEscalation EventKind = "escalation"
	EventLink       EventKind = "link"
	EventTerminate  EventKind = "terminate"
	EventCompensate EventKind = "compensate"
)

// Event is an event definition; the fields of the other kinds are empty.
type Event struct {
	Place
	Kind       EventKind
	Message    *Message
	Error      *Error // nil catches every error
	Signal     *Signal
	Escalation *Escalation // nil catches every escalation
	Link       string
	Timers     []Timer // Zeebe allows one
}

// TimerKind says how a timer's text is read.
type TimerKind string

// The kinds of timers, by their XML names.
const (
	TimeDate     TimerKind = "timeDate"
	TimeDuration TimerKind = "timeDuration"
	TimeCycle    TimerKind = "timeCycle"
)

// Timer is a timer definition.
type Timer struct {
	Text
	Kind TimerKind
}

// Message is a bpmn:message.
type Message struct {
	Place
	ID, Name     string
	Subscription *Subscription // nil without zeebe:subscription
	Properties   []Property
}

// Subscription is a zeebe:subscription.
type Subscription struct {
	Place
	CorrelationKey string
	Properties     []Property
}

// Error is a bpmn:error.
type Error struct {
	Place
	ID, Name, Code string
}

// Signal is a bpmn:signal.
type Signal struct {
	Place
	ID, Name string
}

// Escalation is a bpmn:escalation.
type Escalation struct {
	Place
	ID, Name, Code string
}

// Loop is a multi-instance marker.
type Loop struct {
	Place
	Sequential       bool
	Completion       *Text // completionCondition, may be nil
	Zeebe            bool  // zeebe:loopCharacteristics is there
	ZeebePlace       Place
	InputCollection  string
	InputElement     string
	OutputCollection string
	OutputElement    string
}
