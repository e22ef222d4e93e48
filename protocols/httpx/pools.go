package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"patchbay/protocols"
)

// pools holds the connection pools: one for the system's certificates and one
// for every set of certificates in use, the least used ones dropped.
type pools struct {
	host  protocols.Host
	plain *http.Transport
	byTLS *cache[*http.Transport]
}

const (
	// maxPools bounds the pools with certificates of their own.
	maxPools = 64
	// maxIdle bounds the idle connections of a pool.
	maxIdle     = 512
	idleTimeout = 90 * time.Second
	// maxConnect bounds a connection that nobody waits for any more.
	maxConnect = time.Minute
)

func newPools(host protocols.Host) *pools {
	p := &pools{host: host}
	p.plain = p.transport(nil)
	p.byTLS = newCache(maxPools, func(t *http.Transport) { t.CloseIdleConnections() })
	return p
}

// RoundTrip sends a request on the pool that its options ask for.
func (p *pools) RoundTrip(req *http.Request) (*http.Response, error) {
	t := p.plain
	if a := attemptOf(req.Context()); a != nil && a.options.TLS != nil {
		var err error
		if t, err = p.withTLS(a.options.TLS); err != nil {
			return nil, err
		}
	}
	return t.RoundTrip(req)
}

func (p *pools) withTLS(certificates *TLS) (*http.Transport, error) {
	key := certificates.hash()
	if t, ok := p.byTLS.get(key); ok {
		return t, nil
	}
	config, err := certificates.Config()
	if err != nil {
		return nil, err
	}
	return p.byTLS.add(key, p.transport(config)), nil
}

func (p *pools) transport(config *tls.Config) *http.Transport {
	limits := p.host.Limits
	t := &http.Transport{
		DialContext:            p.dial,
		TLSClientConfig:        config,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // content.go decodes, also what Go cannot
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    limits.Connections,
		MaxConnsPerHost:        limits.Connections,
		IdleConnTimeout:        idleTimeout,
		TLSHandshakeTimeout:    maxConnect,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: limits.Headers,
	}
	if p.host.Proxy != nil {
		t.Proxy = p.proxy
		t.OnProxyConnectResponse = refusedByProxy
	}
	return t
}

// proxy chooses the proxy for a request and, as the guard will not see the
// target's address, checks the target by name.
func (p *pools) proxy(req *http.Request) (*url.URL, error) {
	u, err := p.host.Proxy(req)
	if err != nil || u == nil {
		return nil, err
	}
	if p.host.CheckHost != nil {
		if err := p.host.CheckHost(req.Context(), req.URL.Hostname()); err != nil {
			return nil, err
		}
	}
	if a := attemptOf(req.Context()); a != nil {
		a.proxied.Store(true)
	}
	return u, nil
}

// refusedByProxy is the error of a proxy that does not connect to a target,
// for example because it wants another password.
func refusedByProxy(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &protocols.Error{
		Code: strconv.Itoa(resp.StatusCode), Message: Reason(resp), Status: resp.StatusCode, Temporary: temporary[resp.StatusCode], Unsent: true,
		Cause: errors.New("the HTTP proxy refused to connect to the server"),
	}
}

// dial connects under the guard, except to the operator's own proxy.
func (p *pools) dial(ctx context.Context, network, address string) (net.Conn, error) {
	a := attemptOf(ctx)
	most := maxConnect
	if a != nil && a.options.Connect > 0 {
		most = min(most, a.options.Connect)
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	if a != nil && a.proxied.Load() {
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
	return p.host.Dial(ctx, network, address)
}

func (p *pools) closeIdle() {
	p.plain.CloseIdleConnections()
	p.byTLS.clear()
}
