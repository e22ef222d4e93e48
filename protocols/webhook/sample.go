package webhook

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"patchbay/protocols"
)

// sample is a made-up request.
type sample struct {
	Method  string            `json:"method"`
	Headers map[string]string `json:"headers"`
	Params  map[string]any    `json:"params"`
	Body    json.RawMessage   `json:"body"`
	Sign    bool              `json:"sign"`
}

var sampled = []protocols.Named{
	{Name: "method", Doc: "HTTP method; by default the one that is accepted, else POST."},
	{Name: "headers", Doc: "Headers of the request, names and texts."},
	{Name: "params", Doc: "Parameters of the query."},
	{Name: "body", Doc: "Body of the request: a text as it is, any other value as JSON."},
	{Name: "sign", Doc: "true adds what the sender would prove itself with, so far as the secrets tell: an HMAC or a signature that is one, user name and password, or an API key in a header."},
}

// Sample hands on a made-up request, which passes the checks of a real one.
func (w *webhook) Sample(ctx context.Context, text []byte, handle protocols.Handler) (*protocols.Answer, error) {
	var given sample
	if err := protocols.DecodeSample(text, &given); err != nil {
		return nil, err
	}
	l, err := newListener(w, w.passed(handle))
	if err != nil {
		return nil, err
	}
	r, err := given.request(ctx, l)
	if err != nil {
		return nil, &protocols.InputError{Path: "event", Message: err.Error(), Cause: err}
	}
	got := &recorder{answer: protocols.Answer{Header: http.Header{}}}
	l.ServeHTTP(got, r)
	return &got.answer, nil
}

// passed notes what a request has passed when it comes to be handled.
func (w *webhook) passed(handle protocols.Handler) protocols.Handler {
	var checks []string
	for _, check := range []struct{ kind, name, none string }{
		{"HMAC", strings.TrimPrefix(w.in.HmacHeader, "="), ""}, {"signature", w.in.Signature.Scheme, "none"}, {"authentication", w.in.Auth.Type, "NONE"},
	} {
		if check.kind == "HMAC" && w.in.ShouldValidateHmac != "enabled" || check.name == check.none {
			continue
		}
		checks = append(checks, check.kind+" "+check.name)
	}
	text := "nothing is checked: anybody may call this webhook"
	if len(checks) > 0 {
		text = "passed: " + strings.Join(checks, ", ")
	}
	return func(ctx context.Context, e protocols.Event) (protocols.Correlation, error) {
		w.host.Activity.Note("INFO", "Verification", text, nil)
		return handle(ctx, e)
	}
}

// request makes the request as a sender would.
func (s *sample) request(ctx context.Context, l *listener) (*http.Request, error) {
	query := url.Values{}
	for name, value := range s.Params {
		query.Set(name, fmt.Sprint(value))
	}
	target := url.URL{Scheme: "http", Host: "localhost", Path: Prefix + l.in.Context, RawQuery: query.Encode()}
	body := protocols.SampleBody(s.Body)
	r, err := http.NewRequestWithContext(ctx, cmp.Or(strings.ToUpper(s.Method), l.method, http.MethodPost), target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if json.Valid(body) {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range s.Headers {
		r.Header.Set(name, value)
	}
	if s.Sign {
		l.sign(r, body)
	}
	return r, nil
}

// recorder is where an answer is written to.
type recorder struct{ answer protocols.Answer }

func (r *recorder) Header() http.Header    { return r.answer.Header }
func (r *recorder) WriteHeader(status int) { r.answer.Status = status }

func (r *recorder) Write(p []byte) (int, error) {
	r.answer.Body = append(r.answer.Body, p...)
	return len(p), nil
}

var _ protocols.Sampler = (*webhook)(nil)
