package webhook

import (
	"context"
	"errors"
	"net/http"
)

// serve answers a request by the listeners of its path.
func serve(w http.ResponseWriter, r *http.Request, listeners []*listener, options *Options, load *load) {
	if !load.enter() {
		busy.write(w, r)
		return
	}
	defer load.leave()
	body, err := load.readBody(w, r, options.Body)
	defer body.release()
	if err != nil {
		a := unreadable(err)
		listeners[0].refused(&request{Request: r}, a)
		a.write(w, r)
		return
	}
	req, refused := newRequest(r, body.content, options)
	if refused == nil {
		refused = dispatch(r.Context(), req, listeners)
	}
	refused.write(w, r)
}

// unreadable answers a request whose body cannot be read.
func unreadable(err error) *answer {
	switch {
	case errors.Is(err, errTooLarge):
		return problem{status: http.StatusRequestEntityTooLarge, reason: "BODY_TOO_LARGE", detail: errTooLarge.Error()}.answer()
	case errors.Is(err, errBusy):
		return busy
	}
	a := badRequest("INVALID_BODY", "the body ended early")
	a.note = "read the body: " + err.Error()
	return a
}

// dispatch finds the listener that takes a request. Challenges come first; then
// each listener is asked in turn until one takes the request.
func dispatch(ctx context.Context, r *request, listeners []*listener) *answer {
	// A caller who goes away does not undo what he has sent.
	ctx = context.WithoutCancel(ctx)
	for _, l := range listeners {
		if a := l.challenge(ctx, r); a != nil {
			return a
		}
	}
	best, from := starting, listeners[0]
	for _, l := range listeners {
		if !l.live.TryRLock() {
			continue // it has just ended
		}
		a := l.tryInTime(ctx, r)
		l.live.RUnlock()
		if a.rank == final {
			if a.status >= http.StatusBadRequest {
				l.refused(r, a)
			}
			return a
		}
		if a.rank > best.rank {
			best, from = a, l
		}
	}
	if best.rank != rankConsumed {
		from.refused(r, best)
	}
	return best
}

func (l *listener) tryInTime(ctx context.Context, r *request) *answer {
	ctx, cancel := context.WithTimeout(ctx, l.timeout())
	defer cancel()
	return l.try(ctx, r)
}
