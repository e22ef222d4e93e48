package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"patchbay/server/audit"
	"patchbay/templates"
)

// catalog serves the templates.
type catalog struct {
	*templates.Catalog
	inspect  Inspect
	recorder audit.Recorder
	uses     Uses
}

// maxTemplates is the largest text that is published at once, in bytes.
const maxTemplates = 16 << 20

func (c catalog) register(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "publish-templates", Method: http.MethodPost, Path: "/api/v1/templates", Tags: []string{"templates"},
		Summary:      "Publish a template, or an array of them",
		Description:  "All are published or none. The same text again is no error; the same version with another text is.",
		MaxBodyBytes: maxTemplates, SkipValidateBody: true, DefaultStatus: http.StatusCreated,
		Errors: []int{400, 409, 422, 500}}, c.publish)
	huma.Register(api, huma.Operation{OperationID: "search-templates", Method: http.MethodGet, Path: "/api/v1/templates", Tags: []string{"templates"},
		Summary: "Search the latest version of each template"}, c.search)
	huma.Register(api, huma.Operation{OperationID: "get-template", Method: http.MethodGet, Path: "/api/v1/templates/{id}", Tags: []string{"templates"},
		Summary: "List a template's versions", Errors: []int{404}}, c.versions)
	huma.Register(api, huma.Operation{OperationID: "get-template-version", Method: http.MethodGet, Path: "/api/v1/templates/{id}/versions/{version}", Tags: []string{"templates"},
		Summary: "Get the text that was published, byte for byte", Errors: []int{404}}, c.text)
	c.registerLifecycle(api)
	c.registerIndex(api)
}

type publishInput struct {
	RawBody []byte `contentType:"application/json"`
}

type publishOutput struct {
	Status int
	Body   any
}

func (c catalog) publish(ctx context.Context, in *publishInput) (*publishOutput, error) {
	list, findings := c.inspect(in.RawBody, c.latest(ctx))
	if templates.HasErrors(findings) {
		return nil, refused(findings)
	}
	results, err := c.PublishTemplates(ctx, list)
	c.record(ctx, list, results, err)
	if err != nil {
		return nil, publishProblem(err)
	}
	out := &publishOutput{Status: http.StatusOK, Body: results}
	for _, r := range results {
		if r.New {
			out.Status = http.StatusCreated
		}
	}
	if !isArray(in.RawBody) {
		out.Body = results[0]
	}
	return out, nil
}

// record notes what was published, or was not; the same text again is no change.
func (c catalog) record(ctx context.Context, list []*templates.Template, results []templates.Result, err error) {
	for i, t := range list {
		if err != nil || results[i].New {
			c.recorder.Record(ctx, audit.Publish, t.Ref(), err)
		}
	}
}

func isArray(text []byte) bool {
	for _, c := range text {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c == '['
		}
	}
	return false
}

// latest finds the highest published version of a template, each only once.
func (c catalog) latest(ctx context.Context) func(string) *templates.Template {
	known := map[string]*templates.Template{}
	return func(id string) *templates.Template {
		t, asked := known[id]
		if !asked {
			version, err := c.Highest(ctx, id)
			if err == nil {
				t, _ = c.Template(ctx, id, version) // publishing tells what is wrong with the database
			}
			known[id] = t
		}
		return t
	}
}

// refused lists the errors of a text; warnings refuse nothing.
func refused(findings []templates.Finding) error {
	p := problem(http.StatusUnprocessableEntity, "")
	for _, f := range findings {
		if f.Severity == templates.SeverityError {
			p.Errors = append(p.Errors, Finding{f.Pointer, f.Message, f.Property, f.Line, f.Column, f.Severity, f.Fix})
		}
	}
	p.Detail = "the template breaks " + count(len(p.Errors), "rule")
	return p
}

// publishProblem is what a publisher is told about a text without errors.
func publishProblem(err error) error {
	var conflict *templates.ConflictError
	var late *templates.OrderError
	switch {
	case errors.As(err, &conflict):
		p := problem(http.StatusConflict, err.Error())
		p.Changes, p.Differences = compare(conflict.Existing, conflict.New)
		return p
	case errors.As(err, &late):
		return problem(http.StatusConflict, err.Error())
	}
	return problem(http.StatusInternalServerError, err.Error())
}

// compare says what differs between two texts of one version.
func compare(existing, text []byte) ([]templates.Change, []templates.Difference) {
	before, errBefore := templates.Parse(existing)
	after, errAfter := templates.Parse(text)
	if errBefore != nil || errAfter != nil || len(before) != 1 || len(after) != 1 {
		return nil, nil
	}
	return templates.Compare(before[0], after[0]), templates.Differences(existing, text)
}

func count(n int, noun string) string {
	if n == 1 {
		return "one " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

type searchInput struct {
	Text        string `query:"text" doc:"Words that must all appear in id, name, description, keywords, job type or protocol."`
	Protocol    string `query:"protocol"`
	ElementType string `query:"elementType" example:"bpmn:ServiceTask"`
	Tag         string `query:"tag" doc:"One of the keywords."`
	JobType     string `query:"jobType"`
	Engine      string `query:"engine" doc:"A version of Camunda that the template must allow." example:"8.8"`
	Source      string `query:"source" enum:"published,built-in"`
	Limit       int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Offset      int    `query:"offset" minimum:"0"`
}

type listOutput struct {
	Body struct {
		Items []templates.Info `json:"items"`
	}
}

func (c catalog) search(ctx context.Context, in *searchInput) (*listOutput, error) {
	list, err := c.Search(ctx, templates.Query{Text: in.Text, Protocol: in.Protocol, ElementType: in.ElementType, Tag: in.Tag,
		JobType: in.JobType, Engine: in.Engine, Source: in.Source, Limit: in.Limit, Offset: in.Offset})
	return listed(list, err)
}

func listed(list []templates.Info, err error) (*listOutput, error) {
	if err != nil {
		return nil, readProblem(err)
	}
	out := &listOutput{}
	out.Body.Items = append([]templates.Info{}, list...)
	return out, nil
}

type idInput struct {
	ID string `path:"id"`
}

func (c catalog) versions(ctx context.Context, in *idInput) (*listOutput, error) {
	return listed(c.Versions(ctx, in.ID))
}

type versionInput struct {
	ID          string `path:"id"`
	Version     int64  `path:"version" doc:"0 for a template without a version."`
	IfNoneMatch string `header:"If-None-Match"`
}

type textOutput struct {
	Status      int
	ContentType string `header:"Content-Type"`
	ETag        string `header:"ETag"`
	Body        []byte
}

func (c catalog) text(ctx context.Context, in *versionInput) (*textOutput, error) {
	text, err := c.Text(ctx, in.ID, in.Version)
	if err != nil {
		return nil, readProblem(err)
	}
	return tagged(text, in.IfNoneMatch), nil
}
