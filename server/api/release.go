package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"patchbay/templates"
)

// The name of the one release. Its number says nothing; c8ctl wants one that is
// a semantic version, and an archive whose name begins and ends like this
// (@camunda8/cli 4.1, element-template sync).
const (
	releaseTag     = "1.0.0"
	releaseArchive = "connectors-bundle-templates-" + releaseTag + ".tar.gz"
)

// registerReleases adds what c8ctl reads, with C8CTL_CONNECTORS_RELEASES_URL.
func (c catalog) registerReleases(api huma.API) {
	tags := []string{"modelers"}
	huma.Register(api, huma.Operation{OperationID: "list-releases", Method: http.MethodGet, Path: "/api/v1/releases", Tags: tags,
		Summary:     "The templates as a list of releases, for c8ctl",
		Description: "Let C8CTL_CONNECTORS_RELEASES_URL be this address. The one release has all versions of all templates; its archive's address changes whenever they do."}, c.releases)
	huma.Register(api, huma.Operation{OperationID: "get-release", Method: http.MethodGet, Path: "/api/v1/releases/{hash}/" + releaseArchive, Tags: tags,
		Summary:   "The archive of all templates: a gzipped tar with a file for each version",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/gzip": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}}, c.archive)
}

// release is one of a list of releases, as GitHub's REST API has it.
type release struct {
	TagName     string         `json:"tag_name" doc:"A semantic version."`
	Name        string         `json:"name"`
	Draft       bool           `json:"draft"`
	Prerelease  bool           `json:"prerelease"`
	PublishedAt *time.Time     `json:"published_at,omitempty"`
	Assets      []releaseAsset `json:"assets"`
}

type releaseAsset struct {
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	DownloadURL string `json:"browser_download_url"`
}

type releasesOutput struct{ Body []release }

func (c catalog) releases(ctx context.Context, in *indexInput) (*releasesOutput, error) {
	list, err := c.Release(ctx)
	if err != nil {
		return nil, readProblem(err)
	}
	r := release{TagName: releaseTag, Name: "patchbay's templates", PublishedAt: lastPublished(list),
		Assets: []releaseAsset{{releaseArchive, "application/gzip", in.base + "/api/v1/releases/" + list.Hash() + "/" + releaseArchive}}}
	return &releasesOutput{[]release{r}}, nil
}

func lastPublished(list templates.Release) *time.Time {
	var last *time.Time
	for _, info := range list {
		if at := info.PublishedAt; at != nil && (last == nil || at.After(*last)) {
			last = at
		}
	}
	return last
}

type archiveInput struct {
	Hash string `path:"hash" doc:"As the list of releases has it. The archive is always that of now."`
}

// archive streams. What goes wrong on the way cuts the archive off, which its
// reader notices.
func (c catalog) archive(ctx context.Context, _ *archiveInput) (*huma.StreamResponse, error) {
	list, err := c.Release(ctx)
	if err != nil {
		return nil, readProblem(err)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/gzip")
		hc.SetHeader("ETag", `"`+list.Hash()+`"`)
		hc.SetStatus(http.StatusOK)
		if c.WriteArchive(ctx, hc.BodyWriter(), list) != nil {
			panic(http.ErrAbortHandler) // the one way to tell the client
		}
	}}, nil
}
