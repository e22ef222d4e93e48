package gatewaytest

import (
	"io"
	"net/http"
	"time"
)

// targetAnswer is what the target answers to every request.
const targetAnswer = `{"id":17,"state":"accepted","items":[{"name":"a","price":1.50},{"name":"b","price":22}],"links":{"self":"/orders/17"}}`

// Target returns an HTTP server for jobs to call. It reads the request and
// answers a small JSON object, after the duration in the query parameter "wait"
// if there is one.
func Target() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.RawQuery != "" {
			if wait, err := time.ParseDuration(r.URL.Query().Get("wait")); err == nil {
				select {
				case <-time.After(wait):
				case <-r.Context().Done():
					return
				}
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, targetAnswer)
	})
}
