package httpx

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"patchbay/protocols"
)

var (
	errConnectTimeout = errors.New("no connection within the connection time-out")
	errReadTimeout    = errors.New("no complete answer within the read time-out")
)

// attempt is one request on its way: its clock, and what the transport has to
// know about it. The transport finds it in the context.
type attempt struct {
	context.Context
	options *Options
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	// connected is set once there is a connection, from when on the request
	// may reach the server.
	connected atomic.Bool
	// proxied is set once a proxy was chosen: the address that is dialled then
	// is the operator's own.
	proxied atomic.Bool
	trace   httptrace.ClientTrace
}

type attemptKey struct{}

// Value makes the attempt its own context value.
func (a *attempt) Value(key any) any {
	if key == (attemptKey{}) {
		return a
	}
	return a.Context.Value(key)
}

func attemptOf(ctx context.Context) *attempt {
	a, _ := ctx.Value(attemptKey{}).(*attempt)
	return a
}

// begin starts the clock. The caller calls end.
func begin(ctx context.Context, o *Options) *attempt {
	ctx, cancel := context.WithCancelCause(ctx)
	a := &attempt{Context: ctx, options: o, cancel: cancel}
	if o.Connect > 0 {
		a.timer = time.AfterFunc(o.Connect, a.expire)
	} else if o.Read > 0 {
		a.timer = time.AfterFunc(o.Read, a.expire)
		a.timer.Stop()
	}
	a.trace.GotConn = a.gotConn
	return a
}

func (a *attempt) gotConn(httptrace.GotConnInfo) {
	a.connected.Store(true)
	switch {
	case a.timer == nil:
	case a.options.Read > 0:
		a.timer.Reset(a.options.Read)
	default:
		a.timer.Stop()
	}
}

func (a *attempt) expire() {
	if a.connected.Load() {
		a.cancel(errReadTimeout)
	} else {
		a.cancel(errConnectTimeout)
	}
}

func (a *attempt) end() {
	if a.timer != nil {
		a.timer.Stop()
	}
	a.cancel(nil)
}

// exchange sends one request and reads its answer whole.
func (c *Client) exchange(req *http.Request, options *Options) (*http.Response, error) {
	a := begin(req.Context(), options)
	defer a.end()
	started := c.host.Now()
	resp, err := c.chain.RoundTrip(req.WithContext(httptrace.WithClientTrace(a, &a.trace)))
	var content []byte
	if err == nil {
		content, err = c.readAll(resp)
	}
	if err != nil {
		err = a.classify(err)
		resp = nil
	} else {
		resp.Request = req
		resp.Body = &contentBody{data: content}
	}
	if options.Observe != nil {
		options.Observe(c.exchanged(req, options, resp, started, err))
	}
	return resp, err
}

func (c *Client) exchanged(req *http.Request, options *Options, resp *http.Response, started time.Time, err error) protocols.Exchange {
	e := protocols.Exchange{Method: req.Method, Started: started, Duration: c.host.Now().Sub(started), Err: err}
	if resp != nil {
		e.Status = resp.StatusCode
	}
	if options.StatusOnly {
		return e
	}
	e.URL, e.RequestHeaders, e.RequestBody = req.URL.String(), req.Header, requestBody(req)
	if resp != nil {
		e.ResponseHeaders, e.ResponseBody = resp.Header, Content(resp)
	}
	return e
}

func requestBody(req *http.Request) []byte {
	if req.GetBody == nil || req.ContentLength <= 0 {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil
	}
	defer body.Close()
	content := make([]byte, req.ContentLength)
	n, _ := io.ReadFull(body, content)
	return content[:n]
}

// SetBody gives a request its body so that it can be sent again.
func SetBody(req *http.Request, content []byte) {
	req.ContentLength = int64(len(content))
	req.GetBody = func() (io.ReadCloser, error) {
		if len(content) == 0 {
			return http.NoBody, nil
		}
		// A reader that net/http knows goes out in one write with the headers.
		return io.NopCloser(bytes.NewReader(content)), nil
	}
	req.Body, _ = req.GetBody()
}

// contentBody is an answer's body, read already.
type contentBody struct {
	data []byte
	at   int
}

func (b *contentBody) Read(p []byte) (int, error) {
	if b.at == len(b.data) {
		return 0, io.EOF
	}
	n := copy(p, b.data[b.at:])
	b.at += n
	return n, nil
}

func (b *contentBody) Close() error { return nil }

// Content returns the whole body of an answer that came from a Client.
func Content(resp *http.Response) []byte {
	if b, ok := resp.Body.(*contentBody); ok {
		return b.data
	}
	return nil
}
