package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/httpx"
)

// Protocol describes the webhook.
func Protocol() protocols.Protocol {
	return protocols.Protocol{
		Name:         "webhook",
		Doc:          "Starts or continues process instances for HTTP requests that others send.",
		InboundTypes: []string{"io.camunda:webhook:1"},
		Properties:   bind.New[Properties],
		Event: []protocols.Named{
			{Name: "request", Doc: "What was sent: body, by its content type; headers, with names in lower case; params, those of the query; repeated, all values of headers and params that came more than once."},
			{Name: "connectorData", Doc: "An empty object, for Camunda's templates."},
			{Name: "documents", Doc: "The documents that were sent: the files of a form, or a binary body. They are stored once an activation condition is met."},
			{Name: "correlation", Doc: "In responseExpression only, what the event did: activatedElement, processInstanceKey, messageKey, tenantId, and variables after a synchronous start."},
		},
		Answers: answers(),
		Sample:  sampled,
		Scope: []string{
			"inbound.context", "inbound.method", "inbound.shouldValidateHmac", "inbound.hmacSecret", "inbound.hmacHeader",
			"inbound.hmacAlgorithm", "inbound.hmacScopes", "inbound.signature", "inbound.auth", "inbound.verificationExpression",
			"inbound.responseTimeout",
		},
		// Both are taken as they are written, as in Camunda.
		Deferred: []string{"inbound.hmacSecret", "inbound.hmacHeader"},
		Inbound:  open,
		Paused:   paused,
	}
}

// webhook is the inbound connector of one executable.
type webhook struct {
	host protocols.InboundHost
	in   *Inbound
	http *http.Client
}

func open(host protocols.InboundHost, properties any) (protocols.Inbound, error) {
	p, ok := properties.(*Properties)
	if !ok {
		return nil, fmt.Errorf("open a webhook: expected *webhook.Properties but got %T", properties)
	}
	if host.Paths == nil {
		return nil, errors.New("open a webhook: this process serves no webhooks")
	}
	client, err := httpx.New(host.Host)
	if err != nil {
		return nil, fmt.Errorf("open a webhook: %w", err)
	}
	host.Host = host.Host.WithDefaults()
	return &webhook{host: host, in: &p.Inbound, http: client.HTTP()}, nil
}

// paused answers the path's callers until ctx ends, unless another webhook has
// the same path.
func paused(ctx context.Context, host protocols.InboundHost, properties any) error {
	p, ok := properties.(*Properties)
	if !ok || host.Paths == nil {
		return fmt.Errorf("answer for a paused webhook: no place to (%T)", properties)
	}
	l := &listener{in: &p.Inbound, host: host, tenant: tenantOf(host.Elements), paused: true}
	remove, err := host.Paths.Handle(p.Inbound.Context, l)
	if err != nil {
		return fmt.Errorf("answer for a paused webhook at %q: %w", p.Inbound.Context, err)
	}
	defer remove()
	<-ctx.Done()
	return nil
}

// plainPath is what Camunda recommends for paths.
var plainPath = regexp.MustCompile(`^[a-zA-Z0-9]+([-_][a-zA-Z0-9]+)*$`)

// Receive serves the path until ctx ends and then waits for the requests that
// are being answered.
func (w *webhook) Receive(ctx context.Context, ready func(), handle protocols.Handler) error {
	l, err := newListener(w, handle)
	if err != nil {
		return err
	}
	l.ended = ctx.Done()
	if !plainPath.MatchString(w.in.Context) {
		l.note("WARNING", "Warning", fmt.Sprintf("the path %q has characters beyond letters, digits and single - or _", w.in.Context), nil)
	}
	remove, err := w.host.Paths.Handle(w.in.Context, l)
	if err != nil {
		return fmt.Errorf("serve webhook path %q: %w", w.in.Context, err)
	}
	ready()
	<-ctx.Done()
	remove()
	l.live.Lock() // for good: waits for the requests in flight and lets no other in
	return nil
}

var _ protocols.Inbound = (*webhook)(nil)
