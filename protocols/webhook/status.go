package webhook

import (
	"context"
	"errors"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"patchbay/protocols"
)

// statuses are the HTTP statuses of gRPC codes, as Camunda's webhook answers
// them; any other code is 422.
var statuses = map[string]int{
	"CANCELLED":           statusClientClosed,
	"UNKNOWN":             http.StatusInternalServerError,
	"INTERNAL":            http.StatusInternalServerError,
	"DATA_LOSS":           http.StatusInternalServerError,
	"INVALID_ARGUMENT":    http.StatusBadRequest,
	"DEADLINE_EXCEEDED":   http.StatusGatewayTimeout,
	"NOT_FOUND":           http.StatusNotFound,
	"ALREADY_EXISTS":      http.StatusConflict,
	"ABORTED":             http.StatusConflict,
	"PERMISSION_DENIED":   http.StatusForbidden,
	"RESOURCE_EXHAUSTED":  http.StatusTooManyRequests,
	"FAILED_PRECONDITION": http.StatusPreconditionFailed,
	"OUT_OF_RANGE":        http.StatusRequestedRangeNotSatisfiable,
	"UNIMPLEMENTED":       http.StatusNotImplemented,
	"UNAVAILABLE":         http.StatusServiceUnavailable,
	"UNAUTHENTICATED":     http.StatusUnauthorized,
}

// answers are the statuses that callers may get besides what a response
// expression makes.
func answers() []protocols.Named {
	list := []protocols.Named{
		{Name: "200", Doc: "The event was accepted, or ignored because no activation condition is met and unmatched events are consumed, or it came before."},
		{Name: "400", Doc: "The query or the body cannot be read."},
		{Name: "401", Doc: "A signature, password, API key or token is missing or wrong."},
		{Name: "403", Doc: "The caller is known but lacks permissions."},
		{Name: "404", Doc: "No webhook has this path."},
		{Name: "405", Doc: "The webhook takes other methods; the header Allow names them."},
		{Name: "413", Doc: "The body is too large."},
		{Name: "415", Doc: "The body has an encoding that is not known, or documents where there is no document store."},
		{Name: "422", Doc: "The event will never be accepted: the member reason is " + protocols.CodeConditionNotMet + " where no activation condition is met, " +
			protocols.CodeInvalidInput + " where the event does not give what the element needs."},
		{Name: "500", Doc: "The event could not be handled."},
		{Name: "503", Doc: "Busy, paused, being started, or the workflow engine or the token issuer's keys cannot be reached: the header Retry-After says when to send the event again."},
		{Name: "504", Doc: "There was no result in time."},
	}
	for _, code := range slices.Sorted(maps.Keys(statuses)) {
		list = append(list, protocols.Named{Name: strconv.Itoa(outward(statuses[code])), Doc: "The workflow engine answered " + code + ", which is the member reason."})
	}
	slices.SortStableFunc(list, func(a, b protocols.Named) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// failure turns a handler's error, which the engine has noted, into an answer.
func failure(err error) *answer {
	a := failed(err)
	a.note = ""
	return a
}

func failed(err error) *answer {
	var rejected *protocols.Rejected
	if errors.As(err, &rejected) {
		return rejection(rejected)
	}
	var known *protocols.Error
	if errors.As(err, &known) && known.Code != "" {
		return unavailable(known)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return problem{status: http.StatusGatewayTimeout, reason: "DEADLINE_EXCEEDED", detail: "there was no result in time"}.answer()
	}
	return problem{status: http.StatusInternalServerError, detail: "the event could not be handled"}.answer()
}

// rejection answers an event that will never be accepted.
func rejection(r *protocols.Rejected) *answer {
	p := problem{status: http.StatusUnprocessableEntity, reason: r.Code, detail: r.Message}
	switch r.Code {
	case protocols.CodeConditionNotMet:
		p.rank, p.members = rankUnmatched, map[string]any{"consumeUnmatched": false}
	case protocols.CodeInvalidInput:
	default:
		if status, ok := statuses[r.Code]; ok {
			p.status = status
		}
	}
	return p.answer()
}

// outward is the status for the caller: the engine's own credentials are no
// business of his, so what they meet is 503.
func outward(status int) int {
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return http.StatusServiceUnavailable
	}
	return status
}

// unavailable answers an event that may be accepted later.
func unavailable(e *protocols.Error) *answer {
	p := problem{status: http.StatusInternalServerError, reason: e.Code, detail: "the workflow engine did not accept the event"}
	if status, ok := statuses[e.Code]; ok {
		p.status = outward(status)
	}
	if p.status == http.StatusServiceUnavailable || p.status == http.StatusTooManyRequests {
		p.retryAfter = max(1, int(math.Ceil(min(e.RetryAfter.Seconds(), 3600))))
	}
	return p.answer()
}
