package api

import "github.com/danielgtaylor/huma/v2"

// workbench adds what the Web UI needs besides the catalog, the trial and the
// connectors.
func workbench(api huma.API, c catalog, recent Calls) {
	drafts{c}.register(api)
	evaluations{make(chan struct{}, maxEvaluations)}.register(api)
	calls{recent}.register(api)
}
