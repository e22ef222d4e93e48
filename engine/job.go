package engine

import (
	"encoding/json"
	"time"
)

// Job is one activated job of the workflow engine.
type Job struct {
	Key                  int64
	Type                 string
	ElementID            string
	ElementInstanceKey   int64
	BpmnProcessID        string
	ProcessVersion       int32
	ProcessDefinitionKey int64
	ProcessInstanceKey   int64
	TenantID             string
	// Retries is how many are left, this attempt included.
	Retries int32
	// Deadline is when the job's lock ends and another worker may get it.
	Deadline time.Time
	// Headers are the task headers; Zeebe never evaluates them.
	Headers map[string]string
	// Variables is the JSON object of all variables visible to the element.
	Variables json.RawMessage
}

// Outcome is what becomes of a job: exactly one of Complete, Fail and
// ThrowError. A nil Outcome means no command: the job runs into its time-out.
type Outcome interface{ outcome() }

// Complete ends the job.
type Complete struct {
	// Variables is a JSON object, at most MaxVariables bytes.
	Variables json.RawMessage
}

// Fail reports a failed attempt.
type Fail struct {
	// Retries left; 0 makes an incident.
	Retries int32
	// Message is shown in the incident.
	Message string
	// Backoff is how long the job waits until it is handed out again.
	Backoff time.Duration
	// Variables is a JSON object that becomes local to the task.
	Variables json.RawMessage
}

// ThrowError throws a BPMN error, to be caught by a boundary event.
type ThrowError struct {
	Code, Message string
	// Variables is a JSON object.
	Variables json.RawMessage
}

func (Complete) outcome()   {}
func (Fail) outcome()       {}
func (ThrowError) outcome() {}

// MaxVariables is the largest JSON document of variables that a command
// carries, in bytes: Camunda's limit of 1.5 MiB.
const MaxVariables = 3 << 19
