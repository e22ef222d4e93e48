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
	// Error is the last failure of stream or poll; empty after a success.
	Error string
	// InFlight is the number of jobs that are handled, Limit its bound.
	InFlight, Limit int
}

// pollsWithoutStream is how many polls in a row must bring jobs, with nothing
// from an open stream, until the stream counts as one that does not deliver.
const pollsWithoutStream = 3

// health follows one worker's stream and poll and logs what changes.
type health struct {
	log *slog.Logger

	mu         sync.Mutex
	streamOpen bool
	streamSure bool // the open stream brought a job, or a poll succeeded beside it
	pollOK     bool // the last poll succeeded
	streak     int  // polls with jobs since the stream's last job
	err        error
	state      State
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
		h.log.Warn("worker gets no jobs", "error", h.err)
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
	case h.err != nil:
		return BackingOff
	default:
		return Connecting
	}
}

// streamOpened does not say much: gRPC tells of a refusal only later.
func (h *health) streamOpened() {
	h.update(func() { h.streamOpen, h.streamSure = true, false })
}

func (h *health) streamDelivered() {
	h.mu.Lock()
	known := h.streamSure && h.streak == 0 && h.err == nil
	h.mu.Unlock()
	if !known {
		h.update(func() { h.streamSure, h.streak, h.err = true, 0, nil })
	}
}

// streamEnded takes nil for a stream that the gateway does not offer or has
// ended in order.
func (h *health) streamEnded(err error) {
	h.update(func() {
		h.streamOpen, h.streamSure = false, false
		if err != nil {
			h.err = err
		}
	})
}

func (h *health) polled(jobs int) {
	h.update(func() {
		h.pollOK, h.err, h.streamSure = true, nil, h.streamOpen
		if jobs > 0 {
			h.streak++
		}
	})
}

func (h *health) pollFailed(err error) {
	h.update(func() { h.pollOK, h.err = false, err })
}

// delivers reports whether the stream can be relied on.
func (h *health) delivers() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.streamSure && h.streak < pollsWithoutStream
}

func (h *health) snapshot() (State, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return h.state, h.err.Error()
	}
	return h.state, ""
}
