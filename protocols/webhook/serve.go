package webhook

import (
	"context"
	"errors"
	"net/http"
)

// lookup returns the listeners of a request's path, or the answer if there are
// none.
type lookup func() ([]*listener, *answer)

// serve answers a request by the listeners of its path and returns the status.
func serve(w http.ResponseWriter, r *http.Request, find lookup, options *Options, load *load) int {
	if !load.enter() {
		return busy.write(w, r)
	}
	defer load.leave()
	body, err := load.readBody(w, r, options.Body)
	defer body.release()
	if err != nil {
		return refuse(w, r, find, unreadable(err))
	}
	req, a := newRequest(r, body.content, options)
	if a != nil {
		return refuse(w, r, find, a)
	}
	return dispatch(r.Context(), req, find).write(w, r)
}

// refuse answers what cannot be read as a request. It is noted at the listener
// that would have been the first to see it.
func refuse(w http.ResponseWriter, r *http.Request, find lookup, a *answer) int {
	if listeners, _ := find(); len(listeners) > 0 {
		listeners[0].refused(&request{Request: r}, a)
	}
	return a.write(w, r)
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

// maxLookups bounds how often a request whose listener has just ended looks for
// the one that came in its place.
const maxLookups = 10

// dispatch gives a request to the listeners of its path, and looks for them
// again if one of them ended meanwhile.
func dispatch(ctx context.Context, r *request, find lookup) *answer {
	// A caller who goes away does not undo what he has sent.
	ctx = context.WithoutCancel(ctx)
	for range maxLookups {
		listeners, a := find()
		if a != nil {
			return a
		}
		if a := ask(ctx, r, listeners); a != nil {
			return a
		}
	}
	return starting
}

// ask asks one listener after another until one takes the request. Challenges
// come first. It returns nil if a listener has ended, unless another took the
// request.
func ask(ctx context.Context, r *request, listeners []*listener) *answer {
	for _, l := range listeners {
		if a := l.challenge(ctx, r); a != nil {
			return a
		}
	}
	var best *answer
	from, ended := listeners[0], false
	for _, l := range listeners {
		a := l.tryInTime(ctx, r)
		switch {
		case a == nil:
			ended = true
		case a.rank == final:
			if a.status >= http.StatusBadRequest {
				l.refused(r, a)
			}
			return a
		case best == nil || a.rank > best.rank:
			best, from = a, l
		}
	}
	if ended {
		return nil
	}
	if best.rank != rankConsumed {
		from.refused(r, best)
	}
	return best
}

// tryInTime returns nil if the listener has ended.
func (l *listener) tryInTime(ctx context.Context, r *request) *answer {
	if !l.live.TryRLock() {
		return nil
	}
	defer l.live.RUnlock()
	select {
	case <-l.ended: // and is about to leave its path
		return nil
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, l.in.ResponseTimeout)
	defer cancel()
	return l.try(ctx, r)
}
