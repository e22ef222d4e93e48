package server

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"patchbay/engine/zeebe/embedded/rest"
	"patchbay/protocols/webhook"
	"patchbay/server/api"
	"patchbay/server/reference"
	"patchbay/server/ui"
)

// routes are all paths that the HTTP server answers.
func (s *Server) routes() http.Handler {
	tokens, _ := s.config.tokens() // Validate has looked at them
	access := api.Access{Tokens: tokens, AnyHost: s.config.NoAuth, PublicTemplates: s.config.PublicTemplates}
	r := chi.NewRouter()
	api.Fallbacks(r, s.log)
	r.Use(middleware.GetHead)
	r.Get("/healthz", s.health.live)
	r.Get("/readyz", s.health.ready)
	r.Handle("/metrics", s.metrics.handler())
	api.Mount(r, api.Options{Catalog: s.catalog, Inspect: Inspect, Try: s.try, Events: eventMembers, FromCurl: FromCurl, Gateway: s, Inbound: s.inbound.manager, DeadLetters: s.inbound.manager, Calls: s.calls, Cases: Cases{}, Uses: s.uses, Access: access, Audit: s.audit, Version: Version()})
	r.Handle(webhook.Prefix+"*", s.inbound.mux)
	if s.engine != nil {
		r.With(access.Guard).Handle("/v2/*", rest.Handler(s.engine, "8.8.0"))
	}
	ui.Mount(r)
	r.Get(reference.Prefix+"*", reference.Handler().ServeHTTP)
	r.Get(strings.TrimSuffix(reference.Prefix, "/"), http.RedirectHandler(reference.Prefix, http.StatusFound).ServeHTTP)
	return r
}
