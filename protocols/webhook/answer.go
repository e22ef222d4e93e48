package webhook

import (
	"net/http"
	"strconv"

	"patchbay/protocols/httpx"
)

// answer is what the caller gets. It is never changed once made.
type answer struct {
	status int
	header http.Header
	body   []byte
	// rank says how far the request got, so that of several refusals the one
	// that got furthest is sent.
	rank int
	// note is what an operator should read; empty if nothing, or if the engine
	// has told him already.
	note string
}

// The ranks of refusals, from what was refused first. An answer with another
// rank is final.
const (
	final = iota
	rankMethod
	rankCredentials
	rankPermissions
	rankUnmatched
	rankConsumed
)

// problem describes a refusal or error, see RFC 9457.
type problem struct {
	status int
	// reason is a word for programs.
	reason string
	// detail is a sentence for the caller; it holds nothing that he did not
	// send or may not know.
	detail string
	// members are further members of the problem details.
	members map[string]any
	// retryAfter is in seconds; 0 for none.
	retryAfter int
	header     http.Header
	rank       int
}

// answer makes the problem an answer.
func (p problem) answer() *answer {
	details := map[string]any{"type": "about:blank", "title": title(p.status), "status": p.status}
	if p.reason != "" {
		details["reason"] = p.reason
	}
	if p.detail != "" {
		details["detail"] = p.detail
	}
	for name, value := range p.members {
		details[name] = value
	}
	content, err := httpx.EncodeJSON(details)
	if err != nil {
		content = nil // every member is made here and can be encoded
	}
	header := p.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/problem+json")
	if p.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	return &answer{status: p.status, header: header, body: content, rank: p.rank, note: p.detail}
}

func title(status int) string {
	if status == statusClientClosed {
		return "Client Closed Request"
	}
	return http.StatusText(status)
}

// statusClientClosed is what Camunda answers for a cancelled command; it has no
// name in the standard.
const statusClientClosed = 499

// write sends the answer and returns its status.
func (a *answer) write(w http.ResponseWriter, r *http.Request) int {
	header := w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	if a.status == http.StatusNoContent || a.status == http.StatusNotModified {
		w.WriteHeader(a.status)
		return a.status
	}
	header.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // a caller that has gone cannot be told
	}
	return a.status
}

// The answers that need no request.
var (
	empty    = &answer{status: http.StatusOK}
	consumed = &answer{status: http.StatusOK, rank: rankConsumed}
	notFound = problem{status: http.StatusNotFound, detail: "no webhook has this path"}.answer()
	resting  = problem{status: http.StatusServiceUnavailable, reason: "PAUSED", detail: "the webhook is paused", retryAfter: 60}.answer()
	starting = problem{status: http.StatusServiceUnavailable, detail: "the webhook is being started", retryAfter: 1}.answer()
	busy     = problem{status: http.StatusServiceUnavailable, reason: "BUSY", detail: "too many requests are in flight", retryAfter: 1}.answer()
)
