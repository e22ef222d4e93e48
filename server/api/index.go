package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"patchbay/templates"
)

// registerIndex adds what modelers read.
func (c catalog) registerIndex(api huma.API) {
	tags := []string{"modelers"}
	huma.Register(api, huma.Operation{OperationID: "template-index", Method: http.MethodGet, Path: "/api/v1/ootb-connectors", Tags: tags,
		Summary: "The index of all versions, in the form of Camunda's marketplace"}, c.index)
	huma.Register(api, huma.Operation{OperationID: "element-templates", Method: http.MethodGet, Path: "/api/v1/element-templates.json", Tags: tags,
		Summary: "The latest version of every template as one array: a file for the Desktop Modeler", Responses: raw(jsonType)}, c.latestArray)
}

// origin finds out under which address the caller sees the server, for the
// references in the index.
type origin struct{ base string }

// Resolve is called by huma before the handler.
func (o *origin) Resolve(ctx huma.Context) []error {
	scheme, host := "http", ctx.Host()
	if ctx.TLS() != nil {
		scheme = "https"
	}
	if forwarded := ctx.Header("X-Forwarded-Proto"); forwarded == "http" || forwarded == "https" {
		scheme = forwarded
	}
	o.base = scheme + "://" + host
	return nil
}

type indexInput struct{ origin }

type indexOutput struct {
	Body map[string][]templates.IndexEntry
}

func (c catalog) index(ctx context.Context, in *indexInput) (*indexOutput, error) {
	index, err := c.Index(ctx, func(id string, version int64) string {
		return in.base + "/api/v1/templates/" + url.PathEscape(id) + "/versions/" + strconv.FormatInt(version, 10)
	})
	if err != nil {
		return nil, readProblem(err)
	}
	return &indexOutput{index}, nil
}

type latestInput struct {
	Engine      string `query:"engine" pattern:"^(v?[0-9]{1,9}([.][0-9]{1,9}){0,2}(-.*)?)?$" patternDescription:"a version such as 8.8 or 8.8.3" doc:"A version of Camunda that the templates must allow." example:"8.8"`
	IfNoneMatch string `header:"If-None-Match"`
}

func (c catalog) latestArray(ctx context.Context, in *latestInput) (*textOutput, error) {
	list, err := c.Latest(ctx, in.Engine)
	if err != nil {
		return nil, readProblem(err)
	}
	return tagged(templates.Digest(list), in.IfNoneMatch, func() ([]byte, error) { return c.Array(ctx, list) })
}

// tagged is a text with a hash as its ETag, or 304 where the caller has it
// already; only then is the text not needed.
func tagged(hash, known string, text func() ([]byte, error)) (*textOutput, error) {
	tag := `"` + hash + `"`
	if matches(known, tag) {
		return &textOutput{Status: http.StatusNotModified, ETag: tag}, nil
	}
	body, err := text()
	if err != nil {
		return nil, readProblem(err)
	}
	return &textOutput{Status: http.StatusOK, ContentType: "application/json", ETag: tag, Body: body}, nil
}

// matches reports whether If-None-Match names a tag: RFC 9110, section 13.1.2.
// A proxy that compresses makes tags weak.
func matches(ifNoneMatch, tag string) bool {
	for known := range strings.SplitSeq(ifNoneMatch, ",") {
		if known = strings.TrimSpace(known); known == "*" || strings.TrimPrefix(known, "W/") == tag {
			return true
		}
	}
	return false
}
