package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// workbench adds what the Web UI needs besides the catalog, the trial and the
// connectors.
func workbench(api huma.API, c catalog, o Options) {
	drafts{c, make(chan struct{}, maxDrafts), o.Events}.register(api)
	evaluations{make(chan struct{}, maxEvaluations)}.register(api)
	calls{o.Calls}.register(api)
}

// enter takes a place among those that work at a time, and returns what leaves
// it again. It fails when the caller does not wait any longer.
func enter(ctx context.Context, slots chan struct{}) (leave func(), err error) {
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, problem(http.StatusServiceUnavailable, "the server has too much to do")
	}
}
