package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

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
	cases    templates.Executor
	// publishing bounds what is published at a time.
	publishing turns
}

func (c catalog) register(api huma.API) {
	c.registerPublish(api)
	huma.Register(api, huma.Operation{OperationID: "search-templates", Method: http.MethodGet, Path: "/api/v1/templates", Tags: []string{"templates"},
		Summary: "Search the latest version of each template"}, c.search)
	huma.Register(api, huma.Operation{OperationID: "get-template", Method: http.MethodGet, Path: "/api/v1/templates/{id}", Tags: []string{"templates"},
		Summary: "List a template's versions", Errors: []int{404, 405}}, c.versions)
	huma.Register(api, huma.Operation{OperationID: "get-template-version", Method: http.MethodGet, Path: "/api/v1/templates/{id}/versions/{version}", Tags: []string{"templates"},
		Summary: "Get the text that was published, byte for byte", Responses: raw(jsonType), Errors: []int{404}}, c.text)
	c.registerLifecycle(api)
	c.registerIndex(api)
	c.registerReleases(api)
}

type searchInput struct {
	Text        string `query:"text" doc:"Words that must all appear in id, name, description, keywords, job type or protocol."`
	Protocol    string `query:"protocol"`
	ElementType string `query:"elementType" example:"bpmn:ServiceTask"`
	Tag         string `query:"tag" doc:"One of the keywords."`
	JobType     string `query:"jobType"`
	Engine      string `query:"engine" pattern:"^(v?[0-9]{1,9}([.][0-9]{1,9}){0,2}(-.*)?)?$" patternDescription:"a version such as 8.8 or 8.8.3" doc:"A version of Camunda that the template must allow." example:"8.8"`
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
	list, err := c.Versions(ctx, in.ID)
	if errors.Is(err, templates.ErrNotFound) && slices.Contains(takePost, in.ID) {
		p := problem(http.StatusMethodNotAllowed, fmt.Sprintf("%q does not take GET, only POST", "/api/v1/templates/"+in.ID))
		return nil, huma.ErrorWithHeaders(p, http.Header{"Allow": {http.MethodPost}})
	}
	return listed(list, err)
}

// takePost are operations that stand in the place of a template's id. A template
// that is called like one has its versions there.
var takePost = []string{"form", "from-curl", "lint"}

type versionInput struct {
	VersionPath
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
	return tagged(templates.Hash(text), in.IfNoneMatch, func() ([]byte, error) { return text, nil })
}
