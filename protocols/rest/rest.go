package rest

import (
	"context"
	"net/http"

	"github.com/go-resty/resty/v2"

	"patchbay/protocols"
	"patchbay/protocols/documents"
	"patchbay/protocols/httpx"
)

// Protocol describes the protocol "rest".
func Protocol() protocols.Protocol {
	return protocols.Protocol{
		Name:     "rest",
		Doc:      "Calls an HTTP API. The response is {status, headers, body, reason, document}.",
		JobTypes: []string{"io.camunda:http-json:1"},
		Input:    newInput,
		Response: documents.Members(),
		Codes:    httpx.Codes(),
		Outbound: open,
	}
}

// client makes the calls through resty, over httpx's wire. What goes out is
// exactly what the inputs say, so resty is given a bare GET, and method, headers
// and body are set on its finished request: it would copy them several times
// and add headers of its own.
type client struct {
	http      *httpx.Client
	resty     *resty.Client
	documents *documents.Resolver
}

func open(host protocols.Host) (protocols.Outbound, error) {
	h, err := httpx.New(host)
	if err != nil {
		return nil, err
	}
	r := resty.NewWithClient(h.HTTP()).SetLogger(silent{}).SetPreRequestHook(fill)
	return &client{http: h, resty: r, documents: documents.NewResolver(h)}, nil
}

// Close drops the idle connections.
func (c *client) Close() error { return c.http.Close() }

// Idempotent reports whether the method may be repeated (RFC 9110, 9.2.2), or
// the request carries a key by which the server knows a repetition.
func (c *client) Idempotent(call protocols.Call) bool {
	in := call.Input.(*Input)
	if in.Method != "POST" && in.Method != "PATCH" {
		return true
	}
	for name := range in.Headers {
		if http.CanonicalHeaderKey(name) == "Idempotency-Key" {
			return true
		}
	}
	return false
}

// Prepare computes function calls in the inputs, and makes base64 of documents,
// except of those in the body, whose form depends on the content type.
func (c *client) Prepare(ctx context.Context, variables map[string]any) (map[string]any, error) {
	return c.documents.Prepare(ctx, variables, "body")
}

// Execute makes the call. A status of 400 or more is an error with the status
// as its code.
func (c *client) Execute(ctx context.Context, call protocols.Call) (protocols.Output, error) {
	in := call.Input.(*Input)
	if err := in.answer().Check(c.http.Host()); err != nil {
		return protocols.Output{}, err
	}
	ctx = httpx.WithOptions(ctx, in.options(call))
	r, err := c.request(ctx, in)
	if err != nil {
		return protocols.Output{}, err
	}
	resp, err := c.http.Authenticate(ctx, in.auth(), r.header, func() (*http.Response, error) {
		return c.send(ctx, r)
	})
	if err != nil {
		return protocols.Output{}, httpx.AsError(err, "url")
	}
	if resp.StatusCode >= 400 {
		return protocols.Output{}, c.http.StatusError(resp)
	}
	value, err := in.answer().Value(ctx, c.http.Host(), resp)
	return protocols.Output{Value: value}, err
}

func (in *Input) options(call protocols.Call) *httpx.Options {
	o := &httpx.Options{FollowRedirects: in.FollowRedirects, Observe: call.Observe, Turn: call.Turn}
	o.Connect, o.Read = httpx.Timeouts(in.ConnectSeconds, in.ReadSeconds)
	if !in.ClientTLS.Empty() {
		o.TLS = in.ClientTLS
	}
	return o
}

type requestKey struct{}

// send hands a request to resty; fill finds it in the context.
func (c *client) send(ctx context.Context, r *request) (*http.Response, error) {
	resp, err := c.resty.R().
		SetContext(context.WithValue(ctx, requestKey{}, r)).
		SetDoNotParseResponse(true).
		Get(r.url)
	if err != nil {
		return nil, err
	}
	return resp.RawResponse, nil
}

// fill sets what the call wants on the request that resty made.
func fill(_ *resty.Client, raw *http.Request) error {
	r := raw.Context().Value(requestKey{}).(*request)
	raw.Method, raw.Header = r.method, r.header
	if r.host != "" {
		raw.Host = r.host
	}
	if r.hasBody {
		httpx.SetBody(raw, r.body)
	}
	return nil
}

// silent keeps resty quiet: what it has to say is in its errors.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}

var (
	_ protocols.Outbound   = (*client)(nil)
	_ protocols.Idempotent = (*client)(nil)
	_ protocols.Preparer   = (*client)(nil)
)
