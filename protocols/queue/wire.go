package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"patchbay/protocols"
)

// methodPublish is the method under which traces and stubs know publications.
const methodPublish = "PUBLISH"

// wire sends publications through the host's HTTP chain, where stubs answer and
// tracing adds its headers, as if they were requests
//
//	PUBLISH kafka://broker:9092/orders
//
// Without a chain it sends them straight.
type wire struct {
	direct func(ctx context.Context, p Publication) (map[string]any, error)
	chain  http.RoundTripper // nil for none
}

func newWire(h protocols.Host, direct func(context.Context, Publication) (map[string]any, error)) wire {
	w := wire{direct: direct}
	if h.WrapTransport != nil {
		w.chain = h.WrapTransport(http.RoundTripper(last{direct}))
	}
	return w
}

func (w wire) send(ctx context.Context, p Publication) (any, error) {
	if w.chain == nil {
		return w.direct(ctx, p)
	}
	s := &sending{Publication: p}
	resp, err := w.chain.RoundTrip(s.request(ctx))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if s.receipt != nil {
		return s.receipt, nil
	}
	return stubbed(resp)
}

// sending is a publication on its way through the chain.
type sending struct {
	Publication
	receipt map[string]any
}

type sendingKey struct{}

// request shows the publication as an HTTP request. Header names stay as they
// are.
func (s *sending) request(ctx context.Context) *http.Request {
	header := http.Header{}
	for _, h := range s.Message.Headers {
		header[h.Name] = append(header[h.Name], string(h.Value))
	}
	body := s.Message.Value
	req := &http.Request{
		Method: methodPublish, URL: s.Address, Host: s.Address.Host, Header: header, ContentLength: int64(len(body)),
		Body:    io.NopCloser(bytes.NewReader(body)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}
	return req.WithContext(context.WithValue(ctx, sendingKey{}, s))
}

// last is the end of the chain: it publishes.
type last struct {
	direct func(ctx context.Context, p Publication) (map[string]any, error)
}

// RoundTrip implements http.RoundTripper.
func (l last) RoundTrip(req *http.Request) (*http.Response, error) {
	s, ok := req.Context().Value(sendingKey{}).(*sending)
	if !ok {
		return nil, fmt.Errorf("%s %s: not a publication", req.Method, req.URL)
	}
	p := s.Publication
	p.Message.Headers = withAdded(p.Message.Headers, req.Header)
	receipt, err := l.direct(req.Context(), p)
	if err != nil {
		return nil, err
	}
	s.receipt = receipt
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Header: http.Header{}, Body: http.NoBody, Request: req}, nil
}

// withAdded returns the headers with those that the chain has added, such as
// traceparent, whose names are written in lower case (W3C Trace Context).
func withAdded(own []Header, all http.Header) []Header {
	known := map[string]bool{}
	for _, h := range own {
		known[h.Name] = true
	}
	out := slices.Clip(own)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !known[name] {
			out = append(out, Header{strings.ToLower(name), []byte(all.Get(name))})
		}
	}
	return out
}

// mostStubbed bounds what is read of a stub's answer, in bytes.
const mostStubbed = 10 << 20

// stubbed makes a receipt or an error of a stub's answer.
func stubbed(resp *http.Response) (any, error) {
	content, err := io.ReadAll(io.LimitReader(resp.Body, mostStubbed))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return nil, &protocols.Error{Code: fmt.Sprint(resp.StatusCode), Message: strings.TrimSpace(string(content)), Status: resp.StatusCode}
	}
	if len(content) == 0 {
		return map[string]any{}, nil
	}
	var receipt any
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber()
	if err := d.Decode(&receipt); err != nil {
		return nil, fmt.Errorf("read the stub's answer: expected JSON: %w", err)
	}
	return receipt, nil
}

// exchanged describes a publication for traces.
func exchanged(p Publication, receipt any, err error, started time.Time, took time.Duration) protocols.Exchange {
	e := protocols.Exchange{Method: methodPublish, URL: p.Address.String(), Started: started, Duration: took, RequestBody: p.Message.Value, Err: err, RequestHeaders: http.Header{}}
	for _, h := range p.Message.Headers {
		e.RequestHeaders[h.Name] = append(e.RequestHeaders[h.Name], string(h.Value))
	}
	if err == nil {
		e.ResponseBody, _ = json.Marshal(receipt) // JSON by the contract of Producer
	}
	return e
}
