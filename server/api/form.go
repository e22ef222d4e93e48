package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"patchbay/protocols"
	"patchbay/templates"
)

// drafts serves what an author looks at before a template is published.
type drafts struct {
	catalog
	// slots bounds what is looked at a time; more wait for their turn.
	slots  chan struct{}
	events Events
}

// maxDrafts is how many templates are looked at a time.
const maxDrafts = 4

func (d drafts) register(api huma.API) {
	tags := []string{"templates"}
	huma.Register(api, huma.Operation{OperationID: "lint-templates", Method: http.MethodPost, Path: "/api/v1/templates/lint", Tags: tags,
		Summary:      "Say what is wrong with a template, without publishing it",
		MaxBodyBytes: maxTemplates, SkipValidateBody: true}, d.lint)
	huma.Register(api, huma.Operation{OperationID: "template-form", Method: http.MethodPost, Path: "/api/v1/templates/form", Tags: tags,
		Summary:      "Evaluate a template's form for values",
		Description:  "The groups and fields that a modeler's property panel shows, their values, and the constraints that they break.",
		MaxBodyBytes: maxTemplates, SkipValidateBody: true, Metadata: body[FormRequest](), Errors: []int{404}}, d.form)
}

type lintOutput struct {
	Body struct {
		Findings []templates.Finding `json:"findings"`
	}
}

func (d drafts) lint(ctx context.Context, in *rawInput) (*lintOutput, error) {
	leave, err := enter(ctx, d.slots)
	if err != nil {
		return nil, err
	}
	defer leave()
	_, findings := d.inspect(in.RawBody, d.latest(ctx))
	out := &lintOutput{}
	out.Body.Findings = append([]templates.Finding{}, findings...)
	return out, nil
}

// FormRequest is what POST /api/v1/templates/form evaluates.
type FormRequest struct {
	Template        json.RawMessage `json:"template,omitempty" doc:"The template itself, as it would be published."`
	TemplateID      string          `json:"templateId,omitempty" doc:"Instead: the id of a published or built-in template."`
	TemplateVersion int64           `json:"templateVersion,omitempty" doc:"Its version; 0 for a template without one."`
	Values          map[string]any  `json:"values,omitempty" doc:"Values by the keys of fields."`
	Preset          string          `json:"preset,omitempty"`
}

// Form is a template with its form.
type Form struct {
	ID               string   `json:"id"`
	Version          *int64   `json:"version,omitempty"`
	Name             string   `json:"name"`
	Description      string   `json:"description,omitempty"`
	DocumentationRef string   `json:"documentationRef,omitempty"`
	Icon             string   `json:"icon,omitempty" doc:"URL of the icon, often a data URL."`
	AppliesTo        []string `json:"appliesTo"`
	ElementType      string   `json:"elementType,omitempty"`
	Engine           string   `json:"engine,omitempty"`
	JobType          string   `json:"jobType,omitempty"`
	Inbound          string   `json:"inbound,omitempty"`
	Deprecated       bool     `json:"deprecated,omitempty"`
	// The template's own text says why; see Catalog.Deprecate for another's.
	DeprecationMessage string        `json:"deprecationMessage,omitempty"`
	DeprecationRef     string        `json:"deprecationRef,omitempty"`
	Event              []EventMember `json:"event,omitempty" doc:"The members of an event that an inbound connector can be tried with."`
	templates.Form
}

// EventMember is a member of a made-up event.
type EventMember struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
}

// Events names the members of an event that an inbound template can be tried
// with; none for others.
type Events func(*templates.Template) []protocols.Named

type formOutput struct{ Body Form }

func (d drafts) form(ctx context.Context, in *rawInput) (*formOutput, error) {
	var request FormRequest
	if err := in.decode(&request); err != nil {
		return nil, err
	}
	leave, err := enter(ctx, d.slots)
	if err != nil {
		return nil, err
	}
	defer leave()
	t, err := d.template(ctx, request.Template, request.TemplateID, request.TemplateVersion)
	if err != nil {
		return nil, err
	}
	form, err := t.Form(templates.ApplyOptions{Values: request.Values, Preset: request.Preset})
	if err != nil {
		return nil, problem(http.StatusUnprocessableEntity, err.Error())
	}
	out := &formOutput{Form{ID: t.ID, Name: t.Name, Description: t.Description, DocumentationRef: t.DocumentationRef, Icon: t.Icon,
		AppliesTo: append([]string{}, t.AppliesTo...), ElementType: t.ElementType, Engine: t.Engines["camunda"], JobType: t.JobType(), Inbound: t.Inbound(),
		Deprecated: t.Deprecated, DeprecationMessage: t.DeprecationMessage, DeprecationRef: t.DeprecationRef, Form: *form}}
	if t.HasVersion {
		out.Body.Version = &t.Version
	}
	for _, m := range d.events(t) {
		out.Body.Event = append(out.Body.Event, EventMember(m))
	}
	return out, nil
}
