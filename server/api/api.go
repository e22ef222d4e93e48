// Package api is the HTTP API of patchbay: the template catalog, deployments
// and what operators look at. Paths and answers are described by the OpenAPI
// document that it serves itself; every error is a problem document (RFC 9457).
package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"patchbay/engine/zeebe"
	"patchbay/templates"
)

// Options are what the API works with.
type Options struct {
	Catalog *templates.Catalog
	// Inspect reads the text of templates; what it calls an error is not
	// published.
	Inspect Inspect
	// Try runs a template once.
	Try Trier
	// Events tells what an inbound connector can be tried with.
	Events  Events
	Gateway Gateway
	Inbound Executables
	// DeadLetters are the messages that no process accepted.
	DeadLetters DeadLetters
	Calls       Calls
	Access      Access
	// FromCurl makes templates of curl commands.
	FromCurl FromCurl
	// Cases runs the tests that come with a template.
	Cases templates.Executor
	// Uses tells which processes use a template.
	Uses Uses
	// Audit notes what is changed.
	Audit AuditLog
	// Version is the program's.
	Version string
}

// Inspect reads the text of templates and says what is wrong with it. published
// returns the highest published version of a template, or nil.
type Inspect func(text []byte, published func(id string) *templates.Template) ([]*templates.Template, []templates.Finding)

// Gateway takes deployments.
type Gateway interface {
	Deploy(ctx context.Context, tenant string, resources ...zeebe.Resource) (zeebe.Deployment, error)
}

// Mount adds the API below /api to a router.
func Mount(r chi.Router, o Options) {
	r.Group(func(r chi.Router) {
		r.Use(o.Access.Guard)
		config := huma.DefaultConfig("patchbay", o.Version)
		config.OpenAPIPath, config.DocsPath, config.SchemasPath = "/api/openapi", "", ""
		config.CreateHooks = nil // no "$schema" in answers
		config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
		config.Components.SecuritySchemes = securitySchemes
		config.OnAddOperation = append(config.OnAddOperation, describe)
		config.Transformers = append(config.Transformers, asProblem)
		api := humachi.New(r, config)
		api.UseMiddleware(permit(o.Audit))
		c := catalog{o.Catalog, o.Inspect, o.Audit, o.Uses, o.Cases, make(turns, maxPublishing)}
		c.register(api)
		try{c, o.Try, make(chan struct{}, maxTries)}.register(api)
		curl{o.FromCurl, make(chan struct{}, maxTries)}.register(api)
		deployments{o.Gateway, o.Audit}.register(api)
		executables{o.Inbound, o.Audit}.register(api)
		deadLetters{o.DeadLetters, o.Audit}.register(api)
		workbench(api, c, o)
		auditLog{o.Audit}.register(api)
	})
}

// Problem is an error as problem details.
type Problem struct {
	Title  string    `json:"title"`
	Status int       `json:"status"`
	Detail string    `json:"detail,omitempty"`
	Errors []Finding `json:"errors,omitempty" doc:"All that is wrong with what was sent."`
	// Changes and Differences are between what is published and what was sent.
	Changes     []templates.Change     `json:"changes,omitempty" doc:"What the text that was sent would change for existing diagrams, compared to the published one."`
	Differences []templates.Difference `json:"differences,omitempty" doc:"Where the text that was sent differs from the published one."`
}

// Finding is one thing that is wrong with a template.
type Finding struct {
	Pointer  string `json:"pointer" doc:"JSON pointer into what was sent." example:"/properties/0/binding/type"`
	Message  string `json:"message"`
	Property string `json:"property,omitempty" doc:"The property's id, else its label."`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity,omitempty" enum:"error,warning"`
	Fix      string `json:"fix,omitempty"`
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is for huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is for huma.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func problem(status int, detail string) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: detail}
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	p.encode(w)
}

func (p *Problem) encode(w io.Writer) {
	_ = json.NewEncoder(w).Encode(p) // the client is gone: nobody to tell
}
