package server

import (
	"encoding/json"
	"net/http"
	"sync/atomic"

	"patchbay/engine/zeebe"
)

// health answers /healthz and /readyz. A process is healthy as long as it
// answers: a gateway that is away is no reason to restart it. It is ready once
// every worker gets jobs, and stops being ready when it is told to end.
type health struct {
	workers  func() []zeebe.Health
	stopping atomic.Bool
	// more adds reasons of other parts not to be ready; it may be nil.
	more func() []string
}

// readiness is the answer of /readyz.
type readiness struct {
	Ready   bool           `json:"ready"`
	Reasons []string       `json:"reasons,omitempty"`
	Workers []workerHealth `json:"workers"`
}

type workerHealth struct {
	JobType  string `json:"jobType"`
	State    string `json:"state"`
	Error    string `json:"error,omitempty"`
	InFlight int    `json:"inFlight"`
}

func (h *health) live(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "UP"})
}

func (h *health) ready(w http.ResponseWriter, _ *http.Request) {
	state := h.state()
	status := http.StatusOK
	if !state.Ready {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, state)
}

func (h *health) state() readiness {
	r := readiness{Workers: []workerHealth{}}
	for _, w := range h.workers() {
		r.Workers = append(r.Workers, workerHealth{w.JobType, string(w.State), w.Error, w.InFlight})
		if w.State != zeebe.Streaming && w.State != zeebe.Polling {
			r.Reasons = append(r.Reasons, "worker "+w.JobType+" is "+string(w.State))
		}
	}
	if h.more != nil {
		r.Reasons = append(r.Reasons, h.more()...)
	}
	if h.stopping.Load() {
		r.Reasons = append(r.Reasons, "the server is stopping")
	}
	r.Ready = len(r.Reasons) == 0
	return r
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client is gone: nobody to tell
}
