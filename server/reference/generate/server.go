package main

import (
	"cmp"
	"slices"
	"strings"
)

// described says what the paths are that the OpenAPI document does not describe,
// by their beginnings.
var described = []struct{ path, tag, summary string }{
	{"/inbound/", "webhooks", "Webhooks: the path that an element's template says; open to everybody, see the protocol webhook."},
	{"/healthz", "health", "Whether the process is alive; open to everybody."},
	{"/readyz", "health", "Whether it is ready, and why not; open to everybody."},
	{"/metrics", "health", "Metrics for Prometheus; open to everybody."},
	{"/v2/", "engine", "The read side of Camunda's Orchestration Cluster REST API; with the embedded engine only."},
	{"/api/openapi", "description", "The OpenAPI document of this API."},
	{"/ui", "web", "The web interface."},
	{"/ui/reference", "web", "This reference."},
}

func httpPage(f *facts, m *markdown) {
	m.paragraph("Errors are problem details (RFC 9457). The OpenAPI document at `/api/openapi.json` has the schemas of requests and answers.")
	routes := slices.Clone(f.routes)
	for i, r := range routes {
		for _, d := range described {
			if r.Tag == "" && strings.HasPrefix(r.Path, d.path) {
				routes[i].Tag, routes[i].Summary = d.tag, d.summary
			}
		}
		routes[i].Tag = cmp.Or(routes[i].Tag, "more")
	}
	slices.SortStableFunc(routes, func(a, b route) int { return strings.Compare(a.Tag, b.Tag) })
	for len(routes) > 0 {
		tag := routes[0].Tag
		m.heading(2, capital(tag))
		var rows [][]string
		for ; len(routes) > 0 && routes[0].Tag == tag; routes = routes[1:] {
			r := routes[0]
			rows = append(rows, []string{r.Method, code(r.Path), r.Role, strings.TrimSpace(sentence(r.Summary) + " " + sentence(r.Description))})
		}
		m.table([]string{"Method", "Path", "Role", "Meaning"}, rows)
	}
}

func operationsPage(f *facts, m *markdown) {
	m.heading(2, "Health and readiness")
	m.paragraph(f.health)
	m.heading(2, "Metrics")
	m.paragraph("`/metrics` answers these in the format of Prometheus, and those of the Go runtime (`go_...`) and of the process (`process_...`).")
	var rows [][]string
	for _, x := range f.metrics {
		rows = append(rows, []string{code(x.Name), x.Type, codes(x.Labels), sentence(x.Help)})
	}
	m.table([]string{"Metric", "Type", "Labels", "Meaning"}, rows)
	m.heading(2, "Traces")
	m.paragraph("See [Configuration](configuration.md#traces).")
}

func differencesPage(f *facts, m *markdown) {
	m.paragraph("Camunda's templates run unchanged. In these cases something else is done than Camunda's connector runtime or its connectors do.")
	for _, folder := range f.comments.folders() {
		for _, s := range f.comments.sections(folder) {
			if s.differs() {
				m.heading(2, folder)
				m.paragraph(s.String())
			}
		}
	}
}
