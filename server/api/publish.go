package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"patchbay/schema"
	"patchbay/server/audit"
	"patchbay/templates"
)

const (
	// maxTemplates is the largest request with templates, in bytes.
	maxTemplates = schema.MaxDocument + 1<<20
	// maxPublishing is how many publish at a time; more wait for their turn.
	maxPublishing = 4
	// maxCases is how many cases a template may bring, maxCaseTime how long all
	// of them may take.
	maxCases    = 200
	maxCaseTime = 25 * time.Second
)

func (c catalog) registerPublish(api huma.API) {
	result := schemaOf[templates.Result](api)
	results := &huma.MediaType{Schema: &huma.Schema{OneOf: []*huma.Schema{result, {Type: huma.TypeArray, Items: result}}}}
	huma.Register(api, huma.Operation{OperationID: "publish-templates", Method: http.MethodPost, Path: "/api/v1/templates", Tags: []string{"templates"},
		Summary: "Publish a template, or an array of them",
		Description: "All are published or none. The same text again is no error; the same version with another text is, and so is a version lower than the latest. " +
			"As a form with the parts template and tests, one template comes with the file of cases that lies beside it: it is published if they all pass.",
		MaxBodyBytes: maxTemplates, SkipValidateBody: true, DefaultStatus: http.StatusCreated,
		RequestBody: &huma.RequestBody{Content: map[string]*huma.MediaType{
			jsonType: {Schema: &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeObject}, {Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeObject}}}}},
			formType: formBody(map[string]*huma.Schema{"template": fileSchema("One template."), "tests": fileSchema("Its file of cases.")}, "template"),
		}},
		Responses: map[string]*huma.Response{
			"200": {Description: "The same text was published before", Content: map[string]*huma.MediaType{jsonType: results}},
			"201": {Description: "Published", Content: map[string]*huma.MediaType{jsonType: results}},
		},
		Errors: []int{http.StatusConflict}}, c.publish)
}

type publishOutput struct {
	Status int
	Body   any
}

type publishInput struct {
	FormInput
	History bool `query:"history" doc:"Takes versions below the latest, too: for what another catalog has published."`
}

func (c catalog) publish(ctx context.Context, in *publishInput) (*publishOutput, error) {
	release, err := c.publishing.take(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	text, tests, err := in.publication()
	if err != nil {
		return nil, err
	}
	list, findings := c.inspect(text, c.latest(ctx))
	if templates.HasErrors(findings) {
		return nil, refused(findings)
	}
	if tests != nil {
		if err := c.test(ctx, list, tests); err != nil {
			return nil, err
		}
	}
	store, action := c.PublishTemplates, audit.Publish
	if in.History {
		store, action = c.Import, audit.Import
	}
	results, err := store(ctx, list)
	c.record(ctx, action, list, results, err)
	if err != nil {
		return nil, publishProblem(err)
	}
	return published(results, isArray(text)), nil
}

func published(results []templates.Result, array bool) *publishOutput {
	out := &publishOutput{Status: http.StatusOK, Body: results}
	for _, r := range results {
		if r.New {
			out.Status = http.StatusCreated
		}
	}
	if !array {
		out.Body = results[0]
	}
	return out
}

// publication returns the text of the templates and, where a form brings them,
// that of the tests; the error is a problem.
func (in *FormInput) publication() (text, tests []byte, err error) {
	if !in.isForm() {
		return in.RawBody, nil, nil
	}
	parts, err := in.parts()
	if err != nil {
		return nil, nil, err
	}
	found := map[string][]byte{}
	for _, p := range parts {
		if found[p.name] != nil || p.name != "template" && p.name != "tests" {
			return nil, nil, problem(http.StatusBadRequest, fmt.Sprintf("the form has the part %q: expected one part template, and one part tests or none", p.name))
		}
		found[p.name] = append([]byte{}, p.content...) // not nil, even if empty
	}
	if found["template"] == nil {
		return nil, nil, problem(http.StatusBadRequest, "the form has no part template")
	}
	return found["template"], found["tests"], nil
}

// test runs the cases that come with a template; its error is a problem.
func (c catalog) test(ctx context.Context, list []*templates.Template, text []byte) error {
	if len(list) != 1 {
		return problem(http.StatusBadRequest, "tests come with one template, not with an array")
	}
	suite, err := templates.ParseSuite(text)
	switch {
	case err != nil:
		return brokenTests(err)
	case len(suite.Cases) > maxCases:
		return problem(http.StatusUnprocessableEntity, fmt.Sprintf("the tests have %d cases, more than the %d that are allowed", len(suite.Cases), maxCases))
	}
	ctx, cancel := context.WithTimeout(ctx, maxCaseTime)
	defer cancel()
	failed, p := 0, problem(http.StatusUnprocessableEntity, "")
	for i, result := range suite.Run(ctx, list[0], c.cases) {
		for _, text := range result.Problems {
			p.Errors = append(p.Errors, Finding{Pointer: fmt.Sprintf("/cases/%d", i), Message: fmt.Sprintf("case %q: %s", result.Name, text), Severity: templates.SeverityError})
		}
		failed += min(len(result.Problems), 1)
	}
	if failed == 0 {
		return nil
	}
	p.Detail = fmt.Sprintf("the tests fail: %d of %s; nothing is published", failed, count(len(suite.Cases), "case"))
	return p
}

// record notes what was published, or was not; the same text again is no change.
func (c catalog) record(ctx context.Context, action audit.Action, list []*templates.Template, results []templates.Result, err error) {
	for i, t := range list {
		if err != nil || results[i].New {
			c.recorder.Record(ctx, action, t.Ref(), err)
		}
	}
}

func isArray(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("["))
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
