package zeebe

import (
	"log/slog"
	"sync"
)

// State is how a worker gets its jobs at the moment.
type State string

const (
	// Connecting: neither a stream nor a poll has succeeded yet.
	Connecting State = "connecting"
	// Streaming: the gateway pushes jobs; a slow poll fetches the backlog.
	Streaming State = "streaming"
	// Polling: the gateway has no streams, or none that deliver.
	Polling State = "polling"
	// BackingOff: stream and poll fail; Health.Error tells why.
	BackingOff State = "backing off"
)

// Health is what one worker does at the moment.
type Health struct {
	JobType string
	State   State
	// Error is the failure of poll or stream that lasts; empty if there is none.
	Error string
	// InFlight is the number of jobs that are handled, Limit its bound.
	InFlight, Limit int
}

// pollsWithoutStream is how many polls in a row must bring jobs, with nothing
// from an open stream, until the stream counts as one that does not deliver.
const pollsWithoutStream = 3

// health follows one worker's stream and poll and logs what changes.
type health struct {
	log    *slog.Logger
	outage *outage // of the gateway, which all workers share

	mu         sync.Mutex
	streamOpen bool
	streamSure bool  // the open stream brought a job, or a poll succeeded beside it
	proven     bool  // the open stream brought a job
	streamErr  error // of the last stream, until one is sure
	pollOK     bool  // the last poll succeeded
	pollErr    error // of the last poll
	streak     int   // polls with jobs since the stream's last job
	state      State
	away       bool // it backs off because the gateway is away
}

// update changes what is known and derives the state from it.
func (h *health) update(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
	next := h.next()
	if next == h.state {
		return
	}
	switch {
	case next == BackingOff:
		if h.away = h.outage.begins(h.err()); !h.away {
			h.log.Warn("worker gets no jobs", "error", h.err())
		}
	case h.state == BackingOff && h.away:
		h.outage.ends()
	case h.state == BackingOff:
		h.log.Info("worker gets jobs again", "state", string(next))
	default:
		h.log.Debug("worker", "state", string(next))
	}
	h.state = next
}

func (h *health) next() State {
	switch {
	case h.streamOpen && h.streamSure && h.streak < pollsWithoutStream:
		return Streaming
	case h.pollOK:
		return Polling
	case h.err() != nil:
		return BackingOff
	default:
		return Connecting
	}
}

func (h *health) err() error {
	if h.pollErr != nil {
		return h.pollErr
	}
	return h.streamErr
}

// streamOpened does not say much: gRPC tells of a refusal only later.
func (h *health) streamOpened() {
	h.update(func() { h.streamOpen, h.streamSure, h.proven = true, false, false })
}

func (h *health) streamDelivered() {
	h.mu.Lock()
	known := h.proven && h.streak == 0
	h.mu.Unlock()
	if !known {
		h.update(func() { h.streamSure, h.proven, h.streak, h.streamErr = true, true, 0, nil })
	}
}

// streamEnded takes nil for a stream that the gateway does not offer or has
// ended in order.
func (h *health) streamEnded(err error) {
	h.update(func() {
		h.streamOpen, h.streamSure, h.proven = false, false, false
		h.streamErr = err
	})
}

func (h *health) polled(jobs int) {
	h.update(func() {
		h.pollOK, h.pollErr = true, nil
		if h.streamOpen {
			h.streamSure, h.streamErr = true, nil
		}
		if jobs > 0 {
			h.streak++
		}
	})
}

func (h *health) pollFailed(err error) {
	h.update(func() { h.pollOK, h.pollErr = false, err })
}

// delivers reports whether the stream has shown that it can be relied on.
func (h *health) delivers() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.proven && h.streak < pollsWithoutStream
}

func (h *health) snapshot() (State, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.err(); err != nil {
		return h.state, err.Error()
	}
	return h.state, ""
}
