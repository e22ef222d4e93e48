package webhook

import (
	"context"
	"errors"
	"math"
	"net/http"

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

// unavailable answers an event that may be accepted later. The engine's own
// credentials are no business of the caller's: what they meet is 503 too.
func unavailable(e *protocols.Error) *answer {
	p := problem{status: http.StatusInternalServerError, reason: e.Code, detail: "the workflow engine did not accept the event"}
	if status, ok := statuses[e.Code]; ok {
		p.status = status
	}
	switch p.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		p.status = http.StatusServiceUnavailable
	}
	if p.status == http.StatusServiceUnavailable || p.status == http.StatusTooManyRequests {
		p.retryAfter = max(1, int(math.Ceil(min(e.RetryAfter.Seconds(), 3600))))
	}
	return p.answer()
}
