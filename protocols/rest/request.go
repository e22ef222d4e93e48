package rest

import (
	"context"
	"fmt"
	"net/http"
	"sort"

	"golang.org/x/net/http/httpguts"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

// request is a call as it goes over the wire.
type request struct {
	url    string
	host   string
	header http.Header
	body   []byte
}

// userAgent is the default of the header.
const userAgent = "patchbay"

// framing are headers that belong to the transport.
var framing = map[string]bool{"Content-Length": true, "Transfer-Encoding": true, "Trailer": true, "Connection": true, "Keep-Alive": true, "Upgrade": true}

func (c *client) request(ctx context.Context, in *Input) (*request, error) {
	params := append(httpx.SortedParams(in.QueryParameters), in.auth().Params()...)
	u, err := httpx.EncodeURL(in.URL, in.SkipEncoding == "true", params)
	if err != nil {
		return nil, err
	}
	r := &request{url: u.String()}
	if err := r.setHeaders(in.Headers); err != nil {
		return nil, err
	}
	if !in.hasBody() {
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

func (r *request) setHeaders(headers map[string]*string) error {
	r.header = make(http.Header, len(headers)+4)
	r.header["User-Agent"] = []string{userAgent}
	r.header["Accept-Encoding"] = []string{httpx.AcceptEncoding}
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	sort.Strings(names) // names that differ only in case: the last one counts
	for _, name := range names {
		if err := r.setHeader(name, headers[name]); err != nil {
			return err
		}
	}
	return nil
}

func (r *request) setHeader(name string, value *string) error {
	key := http.CanonicalHeaderKey(name)
	text := ""
	if value != nil {
		text = *value
	}
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return &protocols.InputError{Path: "headers", Message: fmt.Sprintf("%q is no valid header name", name)}
	case !httpguts.ValidHeaderFieldValue(text):
		return &protocols.InputError{Path: "headers." + name, Message: "the value holds a line break or another control character"}
	case framing[key] || key == "Content-Type" && value == nil:
	case key == "Host":
		r.host = text
	default:
		r.header[key] = []string{text}
	}
	return nil
}
