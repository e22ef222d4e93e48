// Package rest serves the read side of Camunda's Orchestration Cluster REST API v2 from an embedded engine: what a
// connector runtime, a modeler or a test asks about definitions, instances, variables, incidents and subscriptions. Of
// the writing side it has the correlation of messages, which the gateway protocol lacks.
// Unlike a cluster, where an exporter lags behind, an answer shows what the engine holds at that moment.
//
// Conventions of the API: keys are strings of digits, dates are ISO 8601 with milliseconds, errors are problem+json,
// a request body with an unknown field is refused.
package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"patchbay/engine/zeebe/embedded"
)

// maxBody bounds a request body.
const maxBody = 1 << 20

// Handler answers requests whose path begins with /v2. Mount it at the root of a server.
func Handler(e *embedded.Engine, version string) http.Handler {
	h := &handler{engine: e, version: version}
	mux := http.NewServeMux()
	for name, r := range resources {
		mux.HandleFunc("POST /v2/"+name+"/search", h.search(r))
		mux.HandleFunc("GET /v2/"+name+"/{key}", h.get(r))
	}
	mux.HandleFunc("GET /v2/process-definitions/{key}/xml", h.xml)
	mux.HandleFunc("POST /v2/messages/correlation", h.correlate)
	mux.HandleFunc("GET /v2/topology", h.topology)
	mux.HandleFunc("GET /v2/status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/v2/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, r, http.StatusNotFound, "no endpoint for %s %s; the embedded engine serves the read side of REST v2 and messages/correlation only", r.Method, r.URL.Path)
	})
	return mux
}

type handler struct {
	engine  *embedded.Engine
	version string
}

// record is one item of a search, as it is written.
type record map[string]any

func (h *handler) search(res resource) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, err := readQuery(w, r, res)
		if err != nil {
			fail(w, r, http.StatusBadRequest, "%v", err)
			return
		}
		items := q.match(res.list(h.engine, q))
		q.sort(items)
		items, page := q.page(items, res.key)
		if res.key == "variableKey" && r.URL.Query().Get("truncateValues") != "false" {
			truncate(items)
		}
		write(w, http.StatusOK, "application/json", map[string]any{"items": items, "page": page})
	}
}

// maxValue is from where on a search shortens the values of variables.
const maxValue = 8191

func truncate(items []record) {
	for _, it := range items {
		if v := it["value"].(string); len(v) > maxValue {
			it["value"], it["isTruncated"] = v[:maxValue], true
		}
	}
}

func (h *handler) get(res resource) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, it := range res.list(h.engine, query{}) {
			if it[res.key] == r.PathValue("key") {
				write(w, http.StatusOK, "application/json", it)
				return
			}
		}
		fail(w, r, http.StatusNotFound, "%s with key '%s' not found", res.title, r.PathValue("key"))
	}
}

func (h *handler) xml(w http.ResponseWriter, r *http.Request) {
	for _, d := range h.engine.Definitions() {
		if key(d.Key) == r.PathValue("key") {
			w.Header().Set("Content-Type", "text/xml")
			_, _ = w.Write(d.XML) // the client has gone when this fails
			return
		}
	}
	fail(w, r, http.StatusNotFound, "Process Definition with key '%s' not found", r.PathValue("key"))
}

func (h *handler) topology(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, "application/json", map[string]any{
		"brokers": []any{map[string]any{
			"nodeId": 0, "host": "127.0.0.1", "port": 26501, "version": h.version,
			"partitions": []any{map[string]any{"partitionId": 1, "role": "leader", "health": "healthy"}},
		}},
		"clusterSize": 1, "partitionsCount": 1, "replicationFactor": 1, "gatewayVersion": h.version, "lastCompletedChangeId": "-1",
	})
}

func key(n int64) string { return strconv.FormatInt(n, 10) }

func write(w http.ResponseWriter, status int, contentType string, v any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client has gone when this fails
}

func fail(w http.ResponseWriter, r *http.Request, status int, format string, args ...any) {
	write(w, status, "application/problem+json", map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status,
		"detail": fmt.Sprintf(format, args...), "instance": r.URL.Path,
	})
}
