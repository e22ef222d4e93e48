package server

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"

	"patchbay/engine"
	"patchbay/engine/secret"
	"patchbay/engine/zeebe"
	"patchbay/protocols/httpx"
	"patchbay/server/api"
	"patchbay/templates"
)

// Try runs the connector of a template once, as a job of a process would, and
// tells every step.
type Try struct {
	Template *templates.Template
	// Values and Preset are as in templates.ApplyOptions.
	Values map[string]any
	Preset string
	// Variables is the JSON object of process variables, or nil.
	Variables json.RawMessage
	// Stubs answers requests before they touch the network; nil for none.
	Stubs *httpx.Stubs
	// Offline lets no connection out: HTTP requests are answered by stubs only.
	Offline bool
	// Event is what comes in at an inbound connector, the JSON object of
	// protocols.Sampler; nil for an empty one.
	Event json.RawMessage
	// Secrets are the only ones that there are.
	Secrets secret.Provider
	// Allow lists what may be reached besides public addresses.
	Allow []string
}

// TryResult is every step of a Try. Secrets are masked in it.
type TryResult struct {
	// Template holds what a modeler would complain about.
	Template []templates.Warning `json:"template"`
	// Input is what the protocol's input was bound from, or an inbound
	// connector's properties.
	Input     map[string]any     `json:"input"`
	Exchanges []api.CallExchange `json:"exchanges"`
	// Response is what the mappings saw, of inbound connectors the first event;
	// null after a failure.
	Response any `json:"response"`
	// Variables are what the result mappings made, of inbound connectors for the
	// first event; null after a failure.
	Variables json.RawMessage `json:"variables"`
	// Error is what the error expression saw, or null.
	Error map[string]any `json:"error"`
	// Reason is what lies below an error whose message does not say it: why no
	// connection came, for example.
	Reason   string           `json:"reason,omitempty"`
	Warnings []engine.Warning `json:"warnings"`
	Outcome  TryOutcome       `json:"outcome"`

	// The others are of inbound connectors: what came of the event that was
	// given, the expressions in the order of their evaluation, the answer to its
	// sender, and what operators would see.
	Events      []TryEvent      `json:"events,omitempty"`
	Evaluations []TryEvaluation `json:"evaluations,omitempty"`
	Answer      *TryAnswer      `json:"answer,omitempty"`
	Activity    []TryNote       `json:"activity,omitempty"`
}

// TryOutcome is what became of the job, or of the last event.
type TryOutcome struct {
	// Type is completed, bpmnError or failed for a job. An event is accepted,
	// ignored, refused or failed; answered means that its sender got an answer
	// without one, and nothing that none came of a poll.
	Type      string          `json:"type" enum:"completed,bpmnError,failed,accepted,ignored,refused,answered,nothing"`
	Code      string          `json:"code,omitempty"`
	Message   string          `json:"message,omitempty"`
	Variables json.RawMessage `json:"variables,omitempty"`
	// Retries are what a failed job has left.
	Retries int32 `json:"retries,omitempty"`
}

// Do runs the connector. An error means that it was not reached; a job that
// fails or an event that is refused is a result.
func (t Try) Do(ctx context.Context) (TryResult, error) {
	if err := triable(t.Template); err != nil {
		return TryResult{}, err
	}
	scratch, err := templates.NewScratch(t.Template, templates.ApplyOptions{Values: t.Values, Preset: t.Preset})
	if err != nil {
		return TryResult{}, err
	}
	run := Run{
		Files: []zeebe.Resource{{Name: "scratch.bpmn", Content: scratch.BPMN}}, Process: templates.ScratchProcess,
		Templates: []*templates.Template{t.Template}, Variables: t.Variables, Secrets: t.Secrets,
		Stubs: t.Stubs, Offline: t.Offline, Allow: t.Allow, Log: slog.New(slog.DiscardHandler),
	}
	if t.Template.Inbound() != "" {
		trial, err := inboundTrial(ctx, scratch, run, t.Event)
		if err != nil {
			return TryResult{}, err
		}
		return asTry(scratch, trial), nil
	}
	record, err := once(ctx, run)
	if err != nil {
		return TryResult{}, err
	}
	r := TryResult{Template: append([]templates.Warning{}, scratch.Warnings...), Exchanges: []api.CallExchange{},
		Warnings: append([]engine.Warning{}, record.Warnings...), Outcome: tryOutcome(record.Outcome)}
	if record.Error != nil {
		r.Reason = record.Error.Reason
	}
	if d := record.Details; d != nil {
		r.Input, r.Response, r.Variables, r.Error = d.Input, d.Response, d.Variables, d.Error
		for _, e := range d.Exchanges {
			r.Exchanges = append(r.Exchanges, exchangeOf(e))
		}
	}
	return r, nil
}

func noDial(_ context.Context, _, address string) (net.Conn, error) {
	return nil, fmt.Errorf("no connection to %s is made offline", address)
}

func tryOutcome(o engine.Outcome) TryOutcome {
	switch o := o.(type) {
	case engine.Complete:
		return TryOutcome{Type: "completed", Variables: o.Variables}
	case engine.ThrowError:
		return TryOutcome{Type: "bpmnError", Code: o.Code, Message: o.Message, Variables: o.Variables}
	case engine.Fail:
		return TryOutcome{Type: "failed", Message: o.Message, Variables: o.Variables, Retries: o.Retries}
	}
	return TryOutcome{Type: "failed", Message: "the call was cut off"}
}

// try serves POST /api/v1/try: the network is the one that connectors may
// reach, the secrets are the request's own.
func (s *Server) try(ctx context.Context, t *templates.Template, r api.TryRequest, stubs *httpx.Stubs) (any, error) {
	return Try{Template: t, Values: r.Values, Preset: r.Preset, Variables: r.Variables, Stubs: stubs, Offline: r.Offline, Event: r.Event,
		Secrets: lent{r.Secrets}, Allow: s.config.Allow()}.Do(ctx)
}

// lent are the secrets of a request.
type lent struct{ secret.Map }

// Hint names the member of the request.
func (lent) Hint(name string) string {
	return fmt.Sprintf("give %s in secrets; those of the server are not lent to trials", name)
}
