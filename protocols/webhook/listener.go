package webhook

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"patchbay/protocols"
)

// listener is what serves one executable's path while it is active.
type listener struct {
	in     *Inbound
	host   protocols.InboundHost
	handle protocols.Handler
	// tenant is the tenant of its elements; empty for the default one.
	tenant string
	order  string
	method string
	hmac   *camundaHMAC
	signed *verifier
	auth   authenticator
	// paused takes no requests: it is there to tell callers so.
	paused bool
	// ended is closed when it is to take no more requests.
	ended <-chan struct{}
	// live is held for reading by each request and, at the end, for writing.
	live sync.RWMutex
}

func newListener(w *webhook, handle protocols.Handler) (*listener, error) {
	l := &listener{in: w.in, host: w.host, handle: handle, tenant: tenantOf(w.host.Elements), order: order(w.host.ID, w.host.Elements)}
	if w.in.Method != "any" {
		l.method = strings.ToUpper(w.in.Method)
	}
	var read lists
	scopes, secrets := read.read("inbound.hmacScopes", w.in.HmacScopes), read.read("inbound.signature.secrets", w.in.Signature.Secrets)
	l.auth = newAuthenticator(w, &read)
	if read.err != nil {
		return nil, read.err
	}
	var err, err2 error
	l.hmac, err = newHMAC(w.in, scopes)
	l.signed, err2 = newVerifier(w.in.Signature, secrets)
	return l, errors.Join(err, err2)
}

// defaultTenant is the tenant of elements without one (Camunda 8).
const defaultTenant = "<default>"

// tenantOf returns the tenant of the elements, empty for the default one.
func tenantOf(elements []protocols.ElementRef) string {
	if len(elements) == 0 || elements[0].TenantID == defaultTenant {
		return ""
	}
	return elements[0].TenantID
}

// ServeHTTP answers a request that comes from another router than a Mux.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.paused {
		resting.write(w, r)
		return
	}
	options := Options{Now: l.host.Now}.withDefaults()
	alone := func() ([]*listener, *answer) { return []*listener{l}, nil }
	serve(w, r, alone, &options, &load{requests: int64(options.InFlight), bytes: options.Memory})
}

// note tells operators.
func (l *listener) note(severity, tag, message string, data map[string]any) {
	if l.host.Activity != nil {
		l.host.Activity.Note(severity, tag, message, data)
	}
}

// refused notes a request that was not handled.
func (l *listener) refused(r *request, a *answer) {
	if a.note == "" {
		return
	}
	severity := "WARNING"
	if a.status >= http.StatusInternalServerError {
		severity = "ERROR"
	}
	l.note(severity, "Request", fmt.Sprintf("answered %d: %s", a.status, a.note),
		map[string]any{"method": r.Method, "path": r.URL.Path, "status": a.status, "remote": r.RemoteAddr})
}

// challenge answers a one-time challenge. It runs before everything else, as in
// Camunda, so it may only answer the caller. An expression that fails is noted
// and answers nothing.
func (l *listener) challenge(ctx context.Context, r *request) *answer {
	if l.in.VerificationExpression == "" {
		return nil
	}
	event, refused := r.event()
	if refused != nil {
		return nil // the body is refused once the caller is known
	}
	value, err := l.host.Evaluate(ctx, l.in.VerificationExpression, event)
	if err == nil && value == nil {
		return nil
	}
	var a *answer
	if err == nil {
		a, err = respond(value)
	}
	if err != nil {
		l.note("WARNING", "Verification", "evaluate inbound.verificationExpression: "+err.Error(), nil)
		return nil
	}
	return a
}

// try handles a request, unless another listener may have to.
func (l *listener) try(ctx context.Context, r *request) *answer {
	if l.method != "" && l.method != r.Method || !known[r.Method] {
		return l.wrongMethod(r.Method)
	}
	if l.hmac != nil {
		if refused := l.hmac.verify(r); refused != nil {
			return refused
		}
	}
	d := delivery{}
	if l.signed != nil {
		var refused *answer
		if d, refused = l.signed.verify(r); refused != nil {
			return refused
		}
	}
	if refused := l.auth.authenticate(ctx, r); refused != nil {
		return refused
	}
	return l.once(ctx, r, d)
}

// known are the methods that "any" stands for.
var known = map[string]bool{"GET": true, "HEAD": true, "POST": true, "PUT": true, "DELETE": true, "PATCH": true}

func (l *listener) wrongMethod(method string) *answer {
	allow := l.method
	if allow == "" {
		allow = "GET, HEAD, POST, PUT, DELETE, PATCH"
	}
	return problem{status: http.StatusMethodNotAllowed, reason: "METHOD_NOT_SUPPORTED", rank: rankMethod,
		detail: fmt.Sprintf("the method %.20q is not supported", method), header: http.Header{"Allow": {allow}}}.answer()
}

// once correlates a request unless it is a replay of one that was accepted. A
// delivery that its sender repeats, with a signature of its own, is a duplicate
// and no attack: it is answered with success and nothing is done.
func (l *listener) once(ctx context.Context, r *request, d delivery) *answer {
	if l.signed == nil {
		return l.correlate(ctx, r, d.id)
	}
	return guarded(l.signed.seen, d.digest, r, l.replayed, func() *answer {
		ids := l.signed.ids
		if d.id == "" {
			ids = nil
		}
		id := sha256.Sum256([]byte(d.id))
		again := func() *answer { return l.repeated(d.id, ids.accepted(id)) }
		return guarded(ids, id, r, again, func() *answer { return l.correlate(ctx, r, d.id) })
	})
}

// guarded handles what was not seen before, and forgets it again if it was not
// accepted. Nothing is known where seen is nil.
func guarded(seen *replays, d [sha256.Size]byte, r *request, again, handle func() *answer) *answer {
	if seen == nil {
		return handle()
	}
	if !seen.add(d, r.now) {
		return again()
	}
	accepted := false
	defer func() {
		if accepted {
			seen.accept(d)
		} else { // also after a panic: the sender may try again
			seen.forget(d)
		}
	}()
	a := handle()
	accepted = a.status < http.StatusBadRequest && a.rank == final
	return a
}

func (l *listener) replayed() *answer {
	return unauthorized("SIGNATURE_REPLAYED", "this delivery was accepted before")
}

// repeated answers a delivery that came before. One that is being handled may
// still fail, so that its sender has to come again.
func (l *listener) repeated(id string, accepted bool) *answer {
	if !accepted {
		return problem{status: http.StatusServiceUnavailable, reason: "BUSY", detail: "this delivery is being handled", retryAfter: 1}.answer()
	}
	l.note("INFO", "Request", "this delivery was accepted before: nothing done", map[string]any{"delivery": id})
	return empty
}

// correlate hands the event to the engine and makes the answer.
func (l *listener) correlate(ctx context.Context, r *request, id string) *answer {
	value, refused := r.event()
	if refused != nil {
		return refused
	}
	if refused := r.checkDocuments(l.host.Documents); refused != nil {
		return refused
	}
	event := protocols.Event{Value: value, MessageID: id}
	if len(r.content.files) > 0 {
		event.Complete = func(ctx context.Context) (any, error) { return r.store(ctx, l.host.Documents) }
	}
	c, err := l.handle(ctx, event)
	switch {
	case err != nil:
		return failure(err)
	case !c.Matched:
		return consumed
	case c.Duplicate: // nothing is known of the instance that the first one met
		return empty
	}
	return l.response(ctx, r, c)
}
