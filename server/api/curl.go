package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"patchbay/templates/fromcurl"
)

// FromCurl makes a template of a curl command, and a file of cases that tests
// it; see server.FromCurl. A *fromcurl.Error is the command's fault.
type FromCurl func(ctx context.Context, command string, o fromcurl.Options) (made *fromcurl.Result, test []byte, err error)

// curl serves what makes templates of commands. Each runs the template once, on
// an engine of its own.
type curl struct {
	do    FromCurl
	slots chan struct{}
}

func (c curl) register(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "template-from-curl", Method: http.MethodPost, Path: "/api/v1/templates/from-curl", Tags: []string{"templates"},
		Summary:      "Make a template of a curl command",
		Description:  "Nothing is called. What is secret in the command is in neither the template nor an error.",
		MaxBodyBytes: 2 * fromcurl.MaxCommand, Errors: []int{400, 413, 422}}, c.make)
}

type curlInput struct {
	Body struct {
		Command string `json:"command" minLength:"1" doc:"The command, as a POSIX shell reads it." example:"curl https://example.com/orders/4711"`
		ID      string `json:"id,omitempty" doc:"The template's id; made from host and path by default."`
		Name    string `json:"name,omitempty" doc:"What modelers show; made from method and path by default."`
	}
}

type curlOutput struct {
	Body struct {
		Template json.RawMessage `json:"template" doc:"The template, ready to be published."`
		Text     string          `json:"text" doc:"The same as people read it, a property a line."`
		Test     json.RawMessage `json:"test" doc:"A file of cases that tests it."`
		Secrets  []string        `json:"secrets" doc:"Names of the secrets that it asks for."`
		Notes    []string        `json:"notes" doc:"What of the command it does not do, or does in another way."`
	}
}

func (c curl) make(ctx context.Context, in *curlInput) (*curlOutput, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, problem(http.StatusServiceUnavailable, "too many commands at a time")
	}
	made, test, err := c.do(ctx, in.Body.Command, fromcurl.Options{ID: in.Body.ID, Name: in.Body.Name})
	var refused *fromcurl.Error
	switch {
	case errors.As(err, &refused):
		p := problem(http.StatusUnprocessableEntity, "no template can be made of the command: "+refused.Error())
		p.Errors = []Finding{{Pointer: "/command", Message: refused.Message, Line: refused.Line, Column: refused.Column, Severity: "error"}}
		return nil, p
	case err != nil:
		return nil, problem(http.StatusUnprocessableEntity, err.Error())
	}
	out := &curlOutput{}
	out.Body.Template, out.Body.Text, out.Body.Test = made.Template, string(made.Template), test
	out.Body.Secrets, out.Body.Notes = append([]string{}, made.Secrets...), append([]string{}, made.Notes...)
	return out, nil
}
