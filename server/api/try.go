package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"patchbay/protocols/httpx"
	"patchbay/templates"
)

// TryRequest is what POST /api/v1/try runs.
type TryRequest struct {
	Template        json.RawMessage   `json:"template,omitempty" doc:"The template itself, as it would be published."`
	TemplateID      string            `json:"templateId,omitempty" doc:"Instead: the id of a published or built-in template."`
	TemplateVersion int64             `json:"templateVersion,omitempty" doc:"Its version; 0 for a template without one."`
	Values          map[string]any    `json:"values,omitempty" doc:"Values of properties, by id or else by binding name."`
	Preset          string            `json:"preset,omitempty"`
	Variables       json.RawMessage   `json:"variables,omitempty" doc:"Process variables, an object."`
	Secrets         map[string]string `json:"secrets,omitempty" doc:"The secrets that the connector may use; the server's own are not lent."`
	Stub            json.RawMessage   `json:"stub,omitempty" doc:"Canned answers, as for patchbay run --stub; what none answers goes to the network."`
	Event           json.RawMessage   `json:"event,omitempty" doc:"What comes in at an inbound connector, an object. Of a webhook: method, headers, params, body and sign, true to add what the sender proves itself with. Of a message: body, headers, key, target, id, properties. Of a poll: cursor; stub or the network answers the request."`
	Offline         bool              `json:"offline,omitempty" doc:"No connection leaves the server: requests that no canned answer is for fail."`
}

// Trier runs a template once and returns every step as a JSON value.
type Trier func(ctx context.Context, t *templates.Template, r TryRequest, stubs *httpx.Stubs) (any, error)

// try serves the trial of templates.
type try struct {
	catalog
	do Trier
	// slots bounds the trials at a time: each has an engine of its own.
	slots chan struct{}
}

// maxTries is how many trials run at a time; more wait for their turn.
const maxTries = 4

func (t try) register(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "try-template", Method: http.MethodPost, Path: "/api/v1/try", Tags: []string{"templates"},
		Summary: "Run a template's connector once and return every step",
		Description: "The connector runs as a job of a process would: bound input, requests as sent, response, mapped variables, error decision, outcome. " +
			"An inbound connector takes the event as if it came in: checks, expressions, the command for the workflow engine, the answer. Nothing is started or published. Secrets are masked.",
		MaxBodyBytes: maxTemplates, SkipValidateBody: true, Metadata: body[TryRequest](), Errors: []int{404, 503}}, t.try)
}

type tryOutput struct{ Body any }

func (t try) try(ctx context.Context, in *rawInput) (*tryOutput, error) {
	var request TryRequest
	if err := in.decode(&request); err != nil {
		return nil, err
	}
	template, err := t.template(ctx, request.Template, request.TemplateID, request.TemplateVersion)
	if err != nil {
		return nil, err
	}
	var stubs *httpx.Stubs
	if len(request.Stub) > 0 {
		if stubs, err = httpx.ParseStubs(request.Stub); err != nil {
			return nil, problem(http.StatusBadRequest, "stub: "+err.Error())
		}
	}
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
	case <-ctx.Done():
		return nil, problem(http.StatusServiceUnavailable, "too many trials at a time")
	}
	result, err := t.do(ctx, template, request, stubs)
	if err != nil {
		return nil, problem(http.StatusUnprocessableEntity, err.Error())
	}
	return &tryOutput{result}, nil
}

// template reads the template that a request brings or names.
func (c catalog) template(ctx context.Context, text json.RawMessage, id string, version int64) (*templates.Template, error) {
	if len(text) == 0 {
		return c.named(ctx, id, version)
	}
	list, findings := c.inspect(text, nil)
	switch {
	case templates.HasErrors(findings):
		return nil, refused(findings)
	case len(list) != 1:
		return nil, problem(http.StatusBadRequest, "template: expected one template")
	}
	return list[0], nil
}

// named is the template that a request names; where there is none, the problem
// says what there is.
func (c catalog) named(ctx context.Context, id string, version int64) (*templates.Template, error) {
	if id == "" {
		return nil, problem(http.StatusBadRequest, "expected template, or templateId and templateVersion")
	}
	found, err := c.Template(ctx, id, version)
	if err == nil {
		return found, nil
	}
	if !errors.Is(err, templates.ErrNotFound) {
		return nil, readProblem(err)
	}
	highest, err := c.Highest(ctx, id)
	if err != nil {
		return nil, problem(http.StatusNotFound, fmt.Sprintf("no such template: %q; GET /api/v1/templates lists what there is", id))
	}
	return nil, problem(http.StatusNotFound, fmt.Sprintf("no such template: %s has no version %d; templateVersion %d is its latest", id, version, highest))
}
