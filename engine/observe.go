package engine

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"patchbay/engine/secret"
	"patchbay/protocols"
)

// Observer is told of attempts as they run. Its functions are called from the
// goroutine that handles the job and must not block.
type Observer struct {
	// Started is called when an attempt begins; the context that it returns
	// is the one that the call gets, so that a span can travel in it. What the
	// context is given to may mask secrets by it (see secret.MaskerOf). It may
	// be nil.
	Started func(ctx context.Context, job *Job) context.Context
	// Done is called when an attempt has ended, with the context of Started.
	// Secrets are hidden in the record. It may be nil.
	Done func(ctx context.Context, r *Record)
	// Detail fills in Record.Details.
	Detail bool
}

// Record is one attempt at a job.
type Record struct {
	// Job is the job; it must not be changed.
	Job *Job
	// Protocol is the protocol's name; empty when none was found.
	Protocol string
	// Started and Duration tell when the attempt began and how long it took.
	Started  time.Time
	Duration time.Duration
	// Attempts is how often the call was made.
	Attempts int
	// Status is the last HTTP status that came; 0 if none did.
	Status int
	// Error is what went wrong; nil if nothing did. It is set as well when the
	// error expression made something else of it.
	Error *RecordError
	// Decision is what the error expression decided: bpmnError, jobError,
	// ignoreError, or empty.
	Decision string
	// Outcome is the command that follows; nil if none does.
	Outcome Outcome
	// Warnings are those of expressions and secrets.
	Warnings []Warning
	// Details are nil unless asked for.
	Details *Details
}

// RecordError is an error in a record.
type RecordError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	// Type is error.type as error expressions see it.
	Type string `json:"type,omitempty"`
	// Reason is what lies below, where the message does not say it: why no
	// connection came, for example.
	Reason string `json:"reason,omitempty"`
}

// Warning is a remark on a slot: the name of an expression, or "secrets".
type Warning struct {
	Slot string `json:"slot"`
	Text string `json:"text"`
}

// Details are the steps of an attempt.
type Details struct {
	// Input is what the protocol's input was bound from, with references to
	// secrets unresolved.
	Input map[string]any
	// Exchanges are the requests and answers; bodies are cut to 64 KiB.
	Exchanges []protocols.Exchange
	// Response is what the mappings saw.
	Response any
	// Variables is the JSON object of output variables; nil after a failure.
	Variables json.RawMessage
	// Error is the error as the error expression saw it, or nil.
	Error map[string]any
}

func (a *attempt) begin(ctx context.Context) context.Context {
	if a.Observer == nil {
		return ctx
	}
	a.record = &Record{Job: a.job, Started: a.Host.Now()}
	if a.Observer.Detail {
		a.record.Details = &Details{}
	}
	if a.Observer.Started == nil {
		return ctx
	}
	return a.Observer.Started(secret.WithMasker(ctx, &a.masker), a.job)
}

func (a *attempt) end(ctx context.Context, out Outcome) {
	if a.record == nil || a.Observer.Done == nil {
		return
	}
	a.record.Outcome = out
	a.record.Duration = a.Host.Now().Sub(a.record.Started)
	if d := a.record.Details; d != nil {
		d.Response, d.Variables = a.masker.Value(a.response), a.encoded
		HideExchanges(&a.masker, d.Exchanges)
	}
	a.Observer.Done(ctx, a.record)
}

func (a *attempt) details() *Details {
	if a.record == nil {
		return nil
	}
	return a.record.Details
}

func (a *attempt) warn(slot, text string) {
	if a.record != nil {
		a.record.Warnings = append(a.record.Warnings, Warning{Slot: slot, Text: a.masker.Text(text)})
	}
}

func (a *attempt) note(f *failure) {
	if a.record == nil {
		return
	}
	a.record.Error = &RecordError{Code: f.code, Message: f.message, Type: f.class, Reason: f.reason}
	if d := a.record.Details; d != nil {
		d.Error = f.object()
	}
}

func (a *attempt) noteDecision(d *decision) {
	if a.record != nil {
		a.record.Decision = d.kind
	}
}

// exchanged is what protocols call for each exchange; nil if nobody observes.
func (a *attempt) exchanged() func(protocols.Exchange) {
	if a.record == nil {
		return nil
	}
	return func(e protocols.Exchange) {
		if e.Status != 0 {
			a.record.Status = e.Status
		}
		if d := a.record.Details; d != nil {
			d.Exchanges = append(d.Exchanges, CopyExchange(e))
		}
	}
}

const maxBody = 64 << 10

func keep(body []byte) []byte { return slices.Clone(body[:min(len(body), maxBody)]) }

// CopyExchange returns an exchange that may be kept: with copies of headers and
// bodies, which are cut to 64 KiB.
func CopyExchange(e protocols.Exchange) protocols.Exchange {
	e.RequestBody, e.ResponseBody = keep(e.RequestBody), keep(e.ResponseBody)
	e.RequestHeaders, e.ResponseHeaders = e.RequestHeaders.Clone(), e.ResponseHeaders.Clone()
	return e
}

// HideExchanges masks secrets in exchanges, and headers that hold credentials
// wherever these came from.
func HideExchanges(m *secret.Masker, list []protocols.Exchange) {
	for i := range list {
		e := &list[i]
		e.URL = m.Text(e.URL)
		e.RequestBody = []byte(m.Text(string(e.RequestBody)))
		e.ResponseBody = []byte(m.Text(string(e.ResponseBody)))
		HideHeaders(m, e.RequestHeaders)
		HideHeaders(m, e.ResponseHeaders)
	}
}

var credentials = []string{"authorization", "cookie", "api-key", "apikey", "token", "secret", "password"}

// HideHeaders masks secrets in headers, and those that hold credentials.
func HideHeaders(m *secret.Masker, h http.Header) {
	for name, values := range h {
		hidden := slices.ContainsFunc(credentials, func(word string) bool { return strings.Contains(strings.ToLower(name), word) })
		for i := range values {
			if hidden {
				values[i] = secret.Mask
			} else {
				values[i] = m.Text(values[i])
			}
		}
	}
}
