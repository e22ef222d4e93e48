package inbound

import (
	"errors"
	"fmt"
	"time"

	"patchbay/protocols"
)

// State is what an executable does at the moment.
type State string

// The states.
const (
	Starting   State = "starting"
	Active     State = "active"
	BackingOff State = "backing_off" // failed, to be tried again
	Standby    State = "standby"     // another replica does it
	Paused     State = "paused"
	Invalid    State = "invalid" // a new version has to mend it
	Stopped    State = "stopped"
)

// HealthStatus is what Camunda's runtime calls it.
type HealthStatus string

// The health states.
const (
	Up      HealthStatus = "UP"
	Down    HealthStatus = "DOWN"
	Unknown HealthStatus = "UNKNOWN"
)

// Health is how an executable is.
type Health struct {
	Status HealthStatus `json:"status"`
	// Error is one line, without secrets; empty when all is well.
	Error string `json:"error,omitempty"`
	// Since is when it became so; zero before anything is known.
	Since time.Time `json:"since,omitzero"`
}

// Status describes an executable for the API.
type Status struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	TenantID string          `json:"tenantId,omitempty"`
	State    State           `json:"state"`
	Elements []ElementStatus `json:"elements"`
	// Path is where callers reach a webhook, below the server's address; empty
	// for others and while it is not served.
	Path   string `json:"path,omitempty"`
	Health Health `json:"health"`
	// ActivatedAt is when it became active; nil while it is not.
	ActivatedAt *time.Time `json:"activatedAt,omitempty"`
	// Activity is oldest first.
	Activity []Entry `json:"activity"`
}

// ElementStatus describes an element that an executable serves. Properties are
// not shown, because people type passwords into them.
type ElementStatus struct {
	protocols.ElementRef
	ProcessName     string `json:"processName,omitempty"`
	MessageName     string `json:"messageName,omitempty"`
	TemplateID      string `json:"templateId,omitempty"`
	TemplateVersion string `json:"templateVersion,omitempty"`
}

func (e *element) status() ElementStatus {
	return ElementStatus{e.ElementRef, e.processName, e.messageName, e.template.ID, e.template.Version}
}

// outcomeOf classifies what a handler is about to return.
func outcomeOf(out protocols.Correlation, err error) Outcome {
	var r *protocols.Rejected
	switch {
	case errors.As(err, &r) && r.Code == protocols.CodeConditionNotMet:
		return NotMet
	case errors.As(err, &r):
		return Rejected
	case err != nil:
		return Failed
	case !out.Matched:
		return Ignored
	case out.Duplicate:
		return Duplicate
	}
	return Correlated
}

// noteOutcome puts an event into the activity.
func (x *executable) noteOutcome(o Outcome, out protocols.Correlation, err error) {
	switch o {
	case Correlated:
		x.noteSuccess(out)
	case Duplicate:
		x.log.Note(severityInfo, "Correlation", "the event was accepted before", map[string]any{"elementId": out.Element.ElementID})
	case Ignored:
		x.log.Note(severityInfo, "Correlation", "no activation condition is met: event ignored", nil)
	case NotMet:
		x.log.Note(severityWarning, "Correlation", err.Error(), nil)
	default:
		x.log.Note(severityError, "Correlation", string(o)+": "+err.Error(), nil)
	}
}

func (x *executable) noteSuccess(out protocols.Correlation) {
	data := map[string]any{"elementId": out.Element.ElementID}
	text := "message published"
	if out.ProcessInstanceKey != 0 {
		data["processInstanceKey"] = fmt.Sprint(out.ProcessInstanceKey)
		text = "process instance created"
	}
	if out.MessageKey != 0 {
		data["messageKey"] = fmt.Sprint(out.MessageKey)
	}
	x.log.Note(severityInfo, "Correlation", text, data)
}
