package tracing

import (
	"io"
	"net/http"
	"net/url"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"patchbay/engine/secret"
)

// Wrap makes a span of every request, with the names of OpenTelemetry's
// semantic conventions for HTTP clients, and puts its trace context (W3C Trace
// Context) in the request's headers; a traceparent that the template wrote
// itself stays. The span ends when the answer's body is closed.
func (t *Tracing) Wrap(next http.RoundTripper) http.RoundTripper { return &transport{t, next} }

type transport struct {
	*Tracing
	next http.RoundTripper
}

var propagator = propagation.TraceContext{}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, span := t.tracer.Start(req.Context(), method(req.Method), trace.WithSpanKind(trace.SpanKindClient))
	if span.IsRecording() {
		span.SetAttributes(t.attributes(req)...)
	}
	sent := req.WithContext(ctx)
	sent.Header = req.Header.Clone()
	if sent.Header.Get("Traceparent") == "" {
		propagator.Inject(ctx, propagation.HeaderCarrier(sent.Header))
	}
	resp, err := t.next.RoundTrip(sent)
	if err != nil {
		end(span, secret.MaskerOf(ctx), err)
		return resp, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", resp.StatusCode))
	if resp.StatusCode >= http.StatusBadRequest {
		span.SetAttributes(attribute.String("error.type", strconv.Itoa(resp.StatusCode)))
		span.SetStatus(codes.Error, "")
	}
	if resp.Body == nil || resp.Body == http.NoBody {
		span.End()
		return resp, nil
	}
	resp.Body = &body{ReadCloser: resp.Body, span: span, masker: secret.MaskerOf(ctx)}
	return resp, nil
}

func end(span trace.Span, masker *secret.Masker, err error) {
	span.SetAttributes(attribute.String("error.type", "request"))
	span.SetStatus(codes.Error, masker.Text(plain(err)))
	span.End()
}

// plain is an error's text without the URL that http.Client adds.
func plain(err error) string {
	for {
		u, ok := err.(*url.Error)
		if !ok {
			return err.Error()
		}
		err = u.Err
	}
}

// methods are those that may name a span; any other text is a template's own.
var methods = map[string]bool{"GET": true, "HEAD": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "OPTIONS": true, "TRACE": true, "CONNECT": true}

func method(name string) string {
	if methods[name] {
		return name
	}
	return "HTTP"
}

// attributes describe a request. Its query and user are left out, for they may
// hold credentials, and secrets in its path are masked.
func (t *transport) attributes(req *http.Request) []attribute.KeyValue {
	shown := url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host, Path: req.URL.Path, RawPath: req.URL.RawPath}
	list := []attribute.KeyValue{
		attribute.String("http.request.method", method(req.Method)),
		attribute.String("server.address", req.URL.Hostname()),
		attribute.String("url.full", secret.MaskerOf(req.Context()).Text(shown.String())),
	}
	if port, err := strconv.Atoi(req.URL.Port()); err == nil {
		list = append(list, attribute.Int("server.port", port))
	}
	return list
}

// body ends a request's span when it is closed.
type body struct {
	io.ReadCloser
	span   trace.Span
	masker *secret.Masker
	err    error
}

// Read keeps the error that ends the body too early.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// Close closes the body and ends the span.
func (b *body) Close() error {
	if b.err != nil {
		end(b.span, b.masker, b.err)
		b.err = nil
	} else {
		b.span.End() // a second time does nothing
	}
	return b.ReadCloser.Close()
}
