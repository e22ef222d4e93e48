package rest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

// request is a call as it goes over the wire. It is the context of its own
// sending, so that fill finds it.
type request struct {
	context.Context
	method string
	url    *url.URL
	// host is the Host header.
	host    string
	header  http.Header
	hasBody bool
	body    []byte
}

func (c *client) request(ctx context.Context, in *Input) (*request, error) {
	params := append(httpx.SortedParams(in.QueryParameters), in.auth().Params()...)
	u, err := httpx.EncodeURL(in.URL, in.SkipEncoding == "true", params)
	if err != nil {
		return nil, err
	}
	r := &request{Context: ctx, method: in.Method, url: u, hasBody: in.hasBody()}
	if r.header, r.host, err = httpx.RequestHeader(in.Headers, "headers"); err != nil {
		return nil, err
	}
	if r.host == "" {
		r.host = u.Host
	}
	if !r.hasBody {
		return r, nil
	}
	if r.body, err = c.encode(ctx, in, r.header); err != nil {
		return nil, err
	}
	if limit := c.http.Host().Limits.RequestBody; int64(len(r.body)) > limit {
		return nil, &protocols.InputError{Path: "body", Message: fmt.Sprintf(
			"the request body has %d bytes, more than the limit of %d", len(r.body), limit)}
	}
	return r, nil
}
