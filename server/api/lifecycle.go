package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"patchbay/server/audit"
	"patchbay/templates"
)

// Uses names the deployed processes that use a version of a template, as far
// as this server knows them. An error means that it cannot tell.
type Uses func(ctx context.Context, id string, version int64) ([]string, error)

// registerLifecycle adds what ends a version: to deprecate and to delete it.
func (c catalog) registerLifecycle(api huma.API) {
	const version = "/api/v1/templates/{id}/versions/{version}"
	tags := []string{"templates"}
	huma.Register(api, huma.Operation{OperationID: "deprecate-template", Method: http.MethodPut, Path: version + "/deprecation", Tags: tags,
		Summary:     "Mark a version as deprecated, or change why it is",
		Description: "Search, index and the modelers' file say so; elements that use it go on as before, and so does the text that was published.",
		Errors:      []int{400, 404, 409, 500}}, c.deprecate)
	huma.Register(api, huma.Operation{OperationID: "undeprecate-template", Method: http.MethodDelete, Path: version + "/deprecation", Tags: tags,
		Summary: "Take the deprecation of a version back", Errors: []int{404, 409, 500}}, c.undeprecate)
	huma.Register(api, huma.Operation{OperationID: "delete-template", Method: http.MethodDelete, Path: version, Tags: tags,
		Summary:     "Delete a version that no deployed process uses",
		Description: "Refused as long as a process definition that this server knows has an element with it, and for built-in templates. The version can be published again with the same text only.",
		Errors:      []int{404, 409, 500, 503}}, c.delete)
}

// VersionPath names a version; exported because the router fills only such.
type VersionPath struct {
	ID      string `path:"id" example:"patchbay.rest"`
	Version int64  `path:"version" minimum:"0" doc:"0 for a template without a version." example:"1"`
}

// ref names the version in the audit log.
func (p VersionPath) ref() string { return fmt.Sprintf("%s@%d", p.ID, p.Version) }

type deprecateInput struct {
	VersionPath
	Body struct {
		Reason      string `json:"reason" minLength:"1" maxLength:"1000" doc:"Why, for the people who see it in their modeler." example:"The service ends in June."`
		Replacement string `json:"replacement,omitempty" maxLength:"300" doc:"What to use instead: an id, or id@version." example:"com.example.rates@3"`
	}
}

type infoOutput struct{ Body templates.Info }

func (c catalog) deprecate(ctx context.Context, in *deprecateInput) (*infoOutput, error) {
	info, err := c.Deprecate(ctx, in.ID, in.Version, templates.Deprecation{Reason: in.Body.Reason, Replacement: in.Body.Replacement})
	c.recorder.Record(ctx, audit.Deprecate, in.ref(), err)
	if err != nil {
		return nil, readProblem(err)
	}
	return &infoOutput{info}, nil
}

func (c catalog) undeprecate(ctx context.Context, in *VersionPath) (*infoOutput, error) {
	info, err := c.Undeprecate(ctx, in.ID, in.Version)
	c.recorder.Record(ctx, audit.Undeprecate, in.ref(), err)
	if err != nil {
		return nil, readProblem(err)
	}
	return &infoOutput{info}, nil
}

func (c catalog) delete(ctx context.Context, in *VersionPath) (*struct{}, error) {
	err := c.deleteUnused(ctx, in.ID, in.Version)
	c.recorder.Record(ctx, audit.Delete, in.ref(), err)
	if err != nil {
		return nil, readProblem(err)
	}
	return nil, nil
}

func (c catalog) deleteUnused(ctx context.Context, id string, version int64) error {
	if _, err := c.Info(ctx, id, version); err != nil {
		return err
	}
	users, err := c.uses(ctx, id, version)
	switch {
	case err != nil:
		return problem(http.StatusServiceUnavailable, fmt.Sprintf("whether a process uses template %s@%d is not known: %v", id, version, err))
	case len(users) > 0:
		return problem(http.StatusConflict, fmt.Sprintf("template %s@%d is used by %s; deprecate it, or delete it when none of them is deployed any more", id, version, strings.Join(users, ", ")))
	}
	return c.Delete(ctx, id, version)
}

// readProblem is what a caller is told about an error of the catalog.
func readProblem(err error) error {
	var p *Problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, templates.ErrNotFound):
		return problem(http.StatusNotFound, err.Error())
	case errors.Is(err, templates.ErrBuiltIn):
		return problem(http.StatusConflict, err.Error())
	}
	return problem(http.StatusInternalServerError, err.Error())
}
