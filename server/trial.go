package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"patchbay/engine"
	"patchbay/engine/secret"
	"patchbay/engine/zeebe"
	"patchbay/protocols/httpx"
	"patchbay/templates"
)

// Cases runs the cases that lie beside templates; see templates.Suite. No
// request leaves the process.
type Cases struct {
	// Other answers what no stub does; nil refuses it.
	Other http.RoundTripper
}

// caseTimeout bounds one case.
const caseTimeout = 30 * time.Second

// Execute implements templates.Executor: it applies the template to the element
// of a small process and runs the connector once.
func (cases Cases) Execute(ctx context.Context, t *templates.Template, c templates.Case) (templates.Outcome, error) {
	stub := c.Stub
	if len(stub) == 0 {
		stub = json.RawMessage("[]")
	}
	stubs, err := httpx.ParseStubs(stub)
	if err != nil {
		return templates.Outcome{}, err
	}
	if err := triable(t); err != nil {
		return templates.Outcome{}, err
	}
	scratch, err := templates.NewScratch(t, templates.ApplyOptions{Values: c.Values, Preset: c.Preset})
	if err != nil {
		return templates.Outcome{}, err
	}
	refused := &refusals{}
	var other http.RoundTripper = refused
	if cases.Other != nil {
		other = cases.Other
	}
	seen := &recorder{}
	outcome, err := outcomeIn(ctx, scratch, Run{
		Files: []zeebe.Resource{{Name: "scratch.bpmn", Content: scratch.BPMN}}, Process: templates.ScratchProcess,
		Templates: []*templates.Template{t}, Variables: c.Variables, Secrets: secret.Map(c.Secrets),
		Wrap: func(http.RoundTripper) http.RoundTripper { return seen.wrap(stubs.Wrap(other)) },
		Dial: noDial, Log: slog.New(slog.DiscardHandler),
	}, c.Event)
	if err != nil {
		return templates.Outcome{}, err
	}
	outcome.Requests = seen.list()
	if first := refused.first(); first != "" && outcome.Failure != nil {
		*outcome.Failure += "; no stub of the case answers " + first
	}
	return outcome, nil
}

// outcomeIn runs the connector of a case: for a job, or for an event.
func outcomeIn(ctx context.Context, scratch *templates.Scratch, run Run, event json.RawMessage) (templates.Outcome, error) {
	if run.Templates[0].Inbound() != "" {
		trial, err := inboundTrial(ctx, scratch, run, event)
		if err != nil {
			return templates.Outcome{}, err
		}
		return inboundCase(scratch, trial), nil
	}
	record, err := once(ctx, run)
	if err != nil {
		return templates.Outcome{}, err
	}
	return outcomeOf(record.Outcome), nil
}

// triable says why a template's connector cannot be run by itself, or nil.
func triable(t *templates.Template) error {
	kind := t.JobType()
	switch {
	case kind != "" && t.Protocol() == "" && (checker{}).Reads(t) == nil:
		return fmt.Errorf("nobody here serves the job type %q of template %s; name the protocol with a hidden property that is bound to the task header \"protocol\": one of %s",
			kind, t.Ref(), strings.Join(registry().Names(), ", "))
	}
	return nil
}

// once runs until the first attempt at a job has ended.
func once(ctx context.Context, run Run) (*engine.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, caseTimeout)
	defer cancel()
	var record *engine.Record
	run.Called = func(r *engine.Record) {
		if record == nil {
			record = r
		}
		cancel()
	}
	result, err := run.Do(ctx)
	switch {
	case record != nil: // whatever the end of the run cut off
		return record, nil
	case err != nil:
		return nil, err
	case len(result.Incidents) > 0:
		return nil, fmt.Errorf("the connector was not reached: %s", result.Incidents[0].Message)
	}
	return nil, fmt.Errorf("the connector was not called: %s", strings.Join(result.Waits, "; "))
}

func outcomeOf(o engine.Outcome) templates.Outcome {
	switch o := o.(type) {
	case engine.Complete:
		variables := json.RawMessage(o.Variables)
		if len(variables) == 0 {
			variables = json.RawMessage("{}")
		}
		return templates.Outcome{Variables: variables}
	case engine.ThrowError:
		return templates.Outcome{BPMNError: &templates.BPMNError{Code: o.Code, Message: o.Message, Variables: o.Variables}}
	case engine.Fail:
		return templates.Outcome{Failure: &o.Message}
	}
	none := "the call was cut off"
	return templates.Outcome{Failure: &none}
}

// noNetwork refuses what no stub answers.
type noNetwork struct{}

func (noNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("no stub answers %s %s", r.Method, r.URL)
}

// unstubbed says with the network's error that no stub has answered, which may
// be why the network was asked at all.
type unstubbed struct{ next http.RoundTripper }

func (u unstubbed) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := u.next.RoundTrip(r)
	if err != nil {
		err = fmt.Errorf("no stub answers this request: %w", err)
	}
	return answer, err
}

// refusals is noNetwork that keeps the first request.
type refusals struct {
	mu      sync.Mutex
	request string
}

func (f *refusals) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.request == "" {
		f.request = r.Method + " " + r.URL.String()
	}
	return noNetwork{}.RoundTrip(r)
}

func (f *refusals) first() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.request
}

// recorder keeps the requests that pass, as they are sent.
type recorder struct {
	mu       sync.Mutex
	requests []templates.Request
}

func (rec *recorder) list() []templates.Request {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return append([]templates.Request{}, rec.requests...)
}

func (rec *recorder) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		body, err := readBody(r)
		if err != nil {
			return nil, err
		}
		seen := templates.Request{Method: r.Method, URL: r.URL.String(), Headers: map[string]string{}, Body: asJSON(body)}
		for name, values := range r.Header { // a message's names are not in HTTP's spelling
			seen.Headers[name] = strings.Join(values, ", ")
		}
		rec.mu.Lock()
		rec.requests = append(rec.requests, seen)
		rec.mu.Unlock()
		return next.RoundTrip(r)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// readBody reads a request's body and puts it back.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	if err = errors.Join(err, r.Body.Close()); err != nil {
		return nil, fmt.Errorf("read the request's body: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// asJSON is a body as a case writes it: JSON, else a JSON string.
func asJSON(body []byte) json.RawMessage {
	if len(body) == 0 || json.Valid(body) {
		return body
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	_ = e.Encode(string(body)) // a string always is JSON
	return bytes.TrimSpace(text.Bytes())
}

var _ templates.Executor = Cases{}
