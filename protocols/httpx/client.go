package httpx

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/value"
)

// Client sends HTTP requests under the host's rules. It is used by many
// goroutines at once and holds the pooled connections and the cached tokens.
type Client struct {
	host    protocols.Host
	limits  protocols.Limits
	pools   *pools
	tokens  *tokens
	chain   http.RoundTripper
	library *http.Client
	gzips   sync.Pool // of *gzip.Reader
}

// clientKey is the client's place in Host.Shared.
type clientKey struct{}

// New returns the client for a host. Protocols whose hosts carry the same
// Shared get the same client, so they share connections and tokens.
func New(host protocols.Host) (*Client, error) {
	made, err := host.Shared.Get(clientKey{}, func() (any, error) { return newClient(host) })
	if err != nil {
		return nil, err
	}
	return made.(*Client), nil
}

func newClient(host protocols.Host) (*Client, error) {
	host = Guarded(host.WithDefaults())
	c := &Client{host: host, limits: host.Limits, pools: newPools(host), tokens: newTokens(maxTokens)}
	c.chain = c.pools
	if host.WrapTransport != nil {
		c.chain = host.WrapTransport(c.chain)
	}
	c.library = &http.Client{
		Transport:     c,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Close drops the idle connections.
func (c *Client) Close() error {
	c.pools.closeIdle()
	return nil
}

// HTTP returns an http.Client whose requests go by the Options in their
// context. Its answers are read whole: Body.Close need not be called, and
// Content returns the bytes without a copy.
func (c *Client) HTTP() *http.Client { return c.library }

// Host returns the host with its defaults filled in.
func (c *Client) Host() protocols.Host { return c.host }

// Options are the rules of one call. They reach the client in the request's
// context.
type Options struct {
	// Connect bounds getting a connection: name, TCP and TLS. 0 is no limit.
	Connect time.Duration
	// Read bounds the time from there to the last byte of the answer. 0 is no
	// limit.
	Read time.Duration
	// FollowRedirects makes the client follow redirects.
	FollowRedirects bool
	// TLS are the certificates to use; nil for the system's.
	TLS *TLS
	// Observe, when not nil, is told of every exchange.
	Observe func(protocols.Exchange)
	// StatusOnly leaves URL, headers and bodies out of the exchanges.
	StatusOnly bool
	// Turn, when not nil, is waited for before a large answer is returned.
	Turn protocols.Turn
}

type optionsKey struct{}

// WithOptions returns a context for the requests of one call. The options must
// not change while it is in use.
func WithOptions(ctx context.Context, o *Options) context.Context {
	return context.WithValue(ctx, optionsKey{}, o)
}

func optionsOf(ctx context.Context) *Options {
	if o, ok := ctx.Value(optionsKey{}).(*Options); ok {
		return o
	}
	return &Options{Connect: defaultSeconds * time.Second, Read: defaultSeconds * time.Second}
}

const (
	defaultSeconds = 20
	// maxSeconds is as good as no limit, and no duration overflows.
	maxSeconds = 1_000_000_000
)

// Timeouts returns the times that two inputs in seconds ask for: 20 seconds by
// default, the read time-out by default the connection's, 0 for none. This is
// how Camunda's HTTP connector reads them.
func Timeouts(connectSeconds, readSeconds *int) (connect, read time.Duration) {
	seconds := defaultSeconds
	if connectSeconds != nil {
		seconds = min(*connectSeconds, maxSeconds)
	}
	connect = time.Duration(seconds) * time.Second
	if readSeconds != nil {
		seconds = min(*readSeconds, maxSeconds)
	}
	return connect, time.Duration(seconds) * time.Second
}

// CheckTimeouts checks the two inputs of Timeouts.
func CheckTimeouts(connectSeconds, readSeconds *int) error {
	for name, seconds := range map[string]*int{"connectionTimeoutInSeconds": connectSeconds, "readTimeoutInSeconds": readSeconds} {
		if seconds != nil && *seconds < 0 {
			return &protocols.InputError{Path: name, Message: fmt.Sprintf("expected 0 or more seconds but got %d", *seconds)}
		}
	}
	return nil
}

// RoundTrip sends a request and follows redirects if the options say so. It
// waits for the call's turn if the answer is large. What goes wrong is an
// *protocols.Error or an *protocols.InputError; a status is never an error here.
// It makes Client an http.RoundTripper; use HTTP.
func (c *Client) RoundTrip(req *http.Request) (*http.Response, error) {
	options := optionsOf(req.Context())
	resp, err := c.follow(req, options)
	if err != nil || options.Turn == nil || len(Content(resp)) <= protocols.LargeAnswer {
		return resp, err
	}
	if err := options.Turn.Wait(req.Context(), value.DecodedSize(Content(resp))); err != nil {
		late := &attempt{Context: req.Context()}
		late.connected.Store(true)
		return nil, late.classify(err)
	}
	return resp, nil
}

func (c *Client) follow(req *http.Request, options *Options) (*http.Response, error) {
	resp, err := c.exchange(req, options)
	if err != nil || !options.FollowRedirects {
		return resp, err
	}
	var hops redirects
	for {
		next, err := hops.next(req, resp)
		if err != nil {
			return nil, err
		}
		if next == nil {
			return resp, nil
		}
		req = next
		if resp, err = c.exchange(req, options); err != nil {
			return nil, err
		}
	}
}
