package rest

import (
	"context"
	"net/http"
	"sync"

	"github.com/go-resty/resty/v2"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/documents"
	"patchbay/protocols/httpx"
)

// Protocol describes the protocol "rest".
func Protocol() protocols.Protocol {
	return protocols.Protocol{
		Name:     "rest",
		Doc:      "Calls an HTTP API. The response is {status, headers, body, reason, document}.",
		JobTypes: []string{"io.camunda:http-json:1"},
		Input:    bind.New[Input],
		Response: documents.Members(),
		Codes:    httpx.Codes(),
		Outbound: open,
	}
}

// client makes the calls through resty, over httpx's wire. What goes out is
// exactly what the inputs say, so resty is given a bare GET, and method, URL,
// headers and body are set on its finished request: it would copy them several
// times and add headers of its own.
type client struct {
	http      *httpx.Client
	documents *documents.Resolver
	bare      sync.Pool // of *resty.Request
}

func open(host protocols.Host) (protocols.Outbound, error) {
	h, err := httpx.New(host)
	if err != nil {
		return nil, err
	}
	r := resty.NewWithClient(h.HTTP()).SetLogger(silent{}).SetPreRequestHook(fill)
	c := &client{http: h, documents: documents.NewResolver(h)}
	c.bare.New = func() any { return bareRequest(r) }
	return c, nil
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
		return c.send(r)
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
	o := &httpx.Options{FollowRedirects: in.FollowRedirects, Observe: call.Observe, StatusOnly: call.StatusOnly, Turn: call.Turn}
	o.Connect, o.Read = httpx.Timeouts(in.ConnectSeconds, in.ReadSeconds)
	if !in.ClientTLS.Empty() {
		o.TLS = in.ClientTLS
	}
	return o
}

// bareURL is what resty is given instead of the URL, which it would parse twice
// and write once.
const bareURL = "http://bare"

// bareRequest is a request of resty's for one call after another, as it is made
// of seven objects. Its header keeps resty from adding one; resty copies it and
// never writes to it.
func bareRequest(r *resty.Client) *resty.Request {
	q := r.R().SetDoNotParseResponse(true)
	q.Header = http.Header{"User-Agent": {"patchbay"}}
	return q
}

// send hands a request to resty, which carries it in its context; see fill.
func (c *client) send(r *request) (*http.Response, error) {
	q := c.bare.Get().(*resty.Request)
	resp, err := q.SetContext(r).Get(bareURL)
	q.RawRequest = nil
	c.bare.Put(q.SetContext(context.Background()))
	if err != nil {
		return nil, err
	}
	return resp.RawResponse, nil
}

// fill sets what the call wants on the request that resty made.
func fill(_ *resty.Client, raw *http.Request) error {
	r := raw.Context().(*request)
	raw.Method, raw.URL, raw.Host, raw.Header = r.method, r.url, r.host, r.header
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
