package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/go-chi/chi/v5"
)

// Fallbacks make a router answer with problem documents where nothing else
// does: for a path that there is not, a method that a path does not take, and
// a handler that panics, which is logged.
func Fallbacks(r chi.Router, log *slog.Logger) {
	r.Use(func(next http.Handler) http.Handler { return recovered(next, log) })
	r.NotFound(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, problem(http.StatusNotFound, fmt.Sprintf("there is nothing at %q; /api/openapi.json lists what there is", r.URL.Path)))
	})
	r.MethodNotAllowed(notAllowed)
}

func notAllowed(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	routes, path := chi.RouteContext(r.Context()).Routes, r.URL.EscapedPath()
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if routes.Match(chi.NewRouteContext(), method, path) || method == http.MethodHead && len(allowed) == 1 { // HEAD goes where GET does
			allowed = append(allowed, method)
		}
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	writeProblem(w, problem(http.StatusMethodNotAllowed, fmt.Sprintf("%q does not take %s, only %s", r.URL.Path, r.Method, strings.Join(allowed, ", "))))
}

// recovered turns a panic into a log entry and an answer, so that one request
// does not end the others.
func recovered(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { // it means to break the connection off
				panic(cause)
			}
			log.ErrorContext(r.Context(), "a request ended in a panic", "method", r.Method, "path", r.URL.Path, "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
			writeProblem(w, problem(http.StatusInternalServerError, "the request ended in an error of the program; its log says more"))
		}()
		next.ServeHTTP(w, r)
	})
}
