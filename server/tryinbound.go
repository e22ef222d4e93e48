package server

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"patchbay/engine"
	"patchbay/engine/inbound"
	"patchbay/protocols"
	"patchbay/protocols/documents"
	"patchbay/protocols/value"
	"patchbay/server/api"
	"patchbay/templates"
)

// TryEvent is an event that came of a sample: the only one, or one of the items
// of a poll.
type TryEvent struct {
	// Event is what the expressions saw.
	Event any `json:"event"`
	// Outcome is correlated, not_met, ignored, rejected or failed.
	Outcome string `json:"outcome" enum:"correlated,not_met,ignored,rejected,failed"`
	// Command is what the workflow engine would have got; null for nothing.
	Command *TryCommand `json:"command"`
}

// TryCommand is a command to the workflow engine.
type TryCommand struct {
	Type           string          `json:"type" enum:"createInstance,publishMessage"`
	MessageName    string          `json:"messageName,omitempty"`
	CorrelationKey string          `json:"correlationKey,omitempty"`
	MessageID      string          `json:"messageId,omitempty"`
	Variables      json.RawMessage `json:"variables"`
}

// TryEvaluation is that of an expression.
type TryEvaluation struct {
	Property   string `json:"property"`
	Expression string `json:"expression"`
	Value      any    `json:"value"`
	Error      string `json:"error,omitempty"`
}

// TryAnswer is what the sender of an event would get.
type TryAnswer struct {
	Status  int                 `json:"status"`
	Headers map[string][]string `json:"headers"`
	Body    string              `json:"body"`
}

// TryNote is a line of the activity that operators would see.
type TryNote struct {
	Severity string `json:"severity" enum:"DEBUG,INFO,WARNING,ERROR"`
	Tag      string `json:"tag"`
	Message  string `json:"message"`
}

// eventMembers is api.Events.
func eventMembers(t *templates.Template) []protocols.Named {
	p, ok := registry().ByInboundType(t.Inbound())
	if !ok && t.Inbound() != "" {
		p, _ = registry().ByName(t.Protocol())
	}
	return p.Sample
}

// inboundTrial has the inbound connector of a scratch process take an event, with
// the stubs, secrets and network of a run.
func inboundTrial(ctx context.Context, scratch *templates.Scratch, run Run, event json.RawMessage) (*inbound.TrialResult, error) {
	ctx, cancel := context.WithTimeout(ctx, caseTimeout)
	defer cancel()
	if run.Offline {
		run = run.cutOff()
	}
	host, err := newHost(ConnectorOptions{Documents: documents.NewMemory(runDocuments, time.Now), Allow: run.Allow, Stubs: run.Stubs, Wrap: run.Wrap, Dial: run.Dial, Log: run.Log})
	if err != nil {
		return nil, err
	}
	host.Messages = nil
	trial := inbound.Trial{BPMN: scratch.BPMN, Process: templates.ScratchProcess, Sample: event}
	if len(event) == 0 {
		trial.Sample = []byte("{}")
	}
	if len(run.Variables) > 0 {
		variables, err := value.Decode(run.Variables)
		if err != nil {
			return nil, fmt.Errorf("read the variables: %w", err)
		}
		trial.Variables, _ = variables.(map[string]any)
	}
	return inbound.Try(ctx, inbound.Options{Registry: registry(), Host: host, Secrets: run.Secrets, Log: run.Log}, trial)
}

// asTry writes down an inbound trial.
func asTry(scratch *templates.Scratch, trial *inbound.TrialResult) TryResult {
	r := TryResult{Template: append([]templates.Warning{}, scratch.Warnings...), Input: trial.Input, Exchanges: []api.CallExchange{}, Warnings: []engine.Warning{}}
	for _, e := range trial.Exchanges {
		r.Exchanges = append(r.Exchanges, exchangeOf(e))
	}
	for _, e := range trial.Evaluations {
		r.Evaluations = append(r.Evaluations, tryEvaluation(e))
		for _, text := range e.Warnings {
			r.Warnings = append(r.Warnings, engine.Warning{Slot: e.Slot, Text: text})
		}
	}
	for _, e := range trial.Events {
		r.Events = append(r.Events, TryEvent{e.Value, string(e.Outcome), tryCommand(e.Command)})
	}
	for _, n := range trial.Activity {
		r.Activity = append(r.Activity, TryNote{n.Severity, n.Tag, n.Message})
	}
	if a := trial.Answer; a != nil {
		r.Answer = &TryAnswer{a.Status, a.Header, string(a.Body)}
	}
	if len(r.Events) > 0 {
		r.Response = r.Events[0].Event
		if c := r.Events[0].Command; c != nil {
			r.Variables = c.Variables
		}
	}
	r.Outcome, r.Reason = inboundOutcome(trial), trial.Reason
	r.Outcome.Variables = r.Variables
	return r
}

func tryEvaluation(e inbound.Evaluation) TryEvaluation {
	out := TryEvaluation{Property: e.Slot, Expression: e.Expression, Value: e.Value}
	if e.Err != nil {
		out.Error = e.Err.Error()
	}
	return out
}

func tryCommand(c *inbound.Command) *TryCommand {
	if c == nil {
		return nil
	}
	out := &TryCommand{Type: "createInstance", MessageName: c.MessageName, CorrelationKey: c.CorrelationKey, MessageID: c.MessageID, Variables: json.RawMessage("{}")}
	if c.MessageName != "" {
		out.Type = "publishMessage"
	}
	if text, err := value.Append(nil, c.Variables); err == nil && c.Variables != nil {
		out.Variables = text
	}
	return out
}

// inboundOutcomes are the types of outcomes by what became of the last event.
var inboundOutcomes = map[inbound.Outcome]string{
	inbound.Correlated: "accepted", inbound.Duplicate: "accepted", inbound.Ignored: "ignored",
	inbound.NotMet: "refused", inbound.Rejected: "refused", inbound.Failed: "failed",
}

func inboundOutcome(trial *inbound.TrialResult) TryOutcome {
	message := ""
	if trial.Err != nil {
		message = trial.Err.Error()
	}
	if n := len(trial.Events); n > 0 {
		last := trial.Events[n-1].Outcome
		if last == inbound.Ignored {
			message = cmp.Or(message, "no activation condition is met, so the event is dropped")
		}
		return TryOutcome{Type: inboundOutcomes[last], Message: message}
	}
	switch a := trial.Answer; {
	case a != nil && a.Status >= 400:
		return TryOutcome{Type: "refused", Message: message}
	case trial.Err != nil:
		return TryOutcome{Type: "failed", Message: message}
	case a != nil:
		return TryOutcome{Type: "answered", Message: "the caller got an answer, and no event came of the request"}
	}
	return TryOutcome{Type: "nothing", Message: "no event came of it"}
}

// inboundCase is what a case compares.
func inboundCase(scratch *templates.Scratch, trial *inbound.TrialResult) templates.Outcome {
	r := asTry(scratch, trial)
	out := templates.Outcome{}
	if r.Answer != nil {
		out.Answer = &templates.Answer{Status: r.Answer.Status, Headers: map[string]string{}, Body: asJSON([]byte(r.Answer.Body))}
		for name := range r.Answer.Headers {
			out.Answer.Headers[name] = trial.Answer.Header.Get(name)
		}
	}
	if r.Outcome.Type != "accepted" {
		out.Failure = &r.Outcome.Message
		return out
	}
	out.Variables = r.Variables
	if c := r.Events[0].Command; c != nil && c.MessageName != "" {
		out.Message = &templates.Message{Name: c.MessageName, CorrelationKey: c.CorrelationKey, ID: c.MessageID}
	}
	return out
}
