package embedded

import "time"

// Definition is one version of a deployed process.
type Definition struct {
	Key, DeploymentKey int64
	ProcessID, Name    string
	Version            int32
	VersionTag         string
	Resource           string // file name
	XML                []byte // shared, not to be changed
	Latest             bool
}

// State is the state of a process or element instance, by REST v2's names.
type State string

// The states of instances.
const (
	Active     State = "ACTIVE"
	Completed  State = "COMPLETED"
	Terminated State = "TERMINATED"
)

// ProcessInstance is a process instance, active or finished not long ago.
type ProcessInstance struct {
	Key              int64
	Definition       Definition
	State            State
	Incident         bool
	Start, End       time.Time // End is zero while active
	ParentKey        int64     // process instance that called it, 0 for none
	ParentElementKey int64     // call activity that called it
	ParentElementID  string
}

// ElementInstance is one run of an element.
type ElementInstance struct {
	Key, ScopeKey      int64
	ProcessInstanceKey int64
	Definition         Definition
	ElementID, Name    string
	Type               string // SERVICE_TASK and so on
	State              State
	IncidentKey        int64 // of an open incident, else 0
	Start, End         time.Time
}

// Variable is a variable of one scope.
type Variable struct {
	Key, ScopeKey, ProcessInstanceKey int64
	Name                              string
	Value                             string // JSON
}

// Incident is an incident, open or resolved.
type Incident struct {
	Key, ProcessInstanceKey, ElementInstanceKey, JobKey int64
	Definition                                          Definition
	ElementID                                           string
	Type                                                string // JOB_NO_RETRIES and so on
	Message                                             string
	Created                                             time.Time
	Resolved                                            bool
}

// MessageSubscription is an open subscription of an element instance, or of a message start event when its
// ProcessInstanceKey is 0.
type MessageSubscription struct {
	Key, ProcessInstanceKey, ElementInstanceKey int64
	Definition                                  Definition
	ElementID, MessageName, CorrelationKey      string
	Since                                       time.Time
}

// Wait is something that an active process instance waits for.
type Wait struct {
	ElementID          string
	ElementInstanceKey int64
	Kind               WaitKind
	// Name is the job type, message name or signal name; of a timer its due time.
	Name           string
	CorrelationKey string // of a message
	JobKey         int64
	Taken          bool // a worker has the job
}

// WaitKind says what is waited for.
type WaitKind string

// The kinds of waits.
const (
	WaitJob      WaitKind = "job"
	WaitUserTask WaitKind = "user task"
	WaitMessage  WaitKind = "message"
	WaitSignal   WaitKind = "signal"
	WaitTimer    WaitKind = "timer"
	WaitIncident WaitKind = "incident"
)
