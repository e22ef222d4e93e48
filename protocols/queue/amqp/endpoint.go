package amqp

import (
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"patchbay/protocols/httpx"
	"patchbay/protocols/queue"
)

// endpoint is a broker and an account on it: all that a connection depends on.
type endpoint struct {
	host, port, vhost   string
	user, password      string
	tls                 bool
	certificates        *httpx.TLS
	heartbeat, patience time.Duration
}

const (
	// heartbeat is how often either side shows that it is alive; a connection
	// that is silent for three times half of it has ended.
	heartbeat = 10 * time.Second
	// mostHeartbeat and mostPatience bound what a URI may ask for.
	mostHeartbeat = 5 * time.Minute
	mostPatience  = 30 * time.Second
)

func newEndpoint(a authentication, r routing, certificates *httpx.TLS) (*endpoint, error) {
	e := &endpoint{certificates: certificates, heartbeat: heartbeat, patience: mostPatience, tls: r.TLS || !certificates.Empty()}
	var err error
	if a.Type == "credentials" {
		err = e.setCredentials(a, r)
	} else {
		err = e.setURI(a.URI)
	}
	if err != nil {
		return nil, err
	}
	if e.port == "" {
		e.port = "5672"
		if e.tls {
			e.port = "5671"
		}
	}
	return e, e.check()
}

func (e *endpoint) setCredentials(a authentication, r routing) error {
	e.user, e.password = a.UserName, a.Password
	e.host, e.port, e.vhost = r.HostName, r.Port, r.VirtualHost
	if e.host == "" {
		return wrong("routing.hostName", "is required, but is missing")
	}
	if e.vhost == "" {
		e.vhost = "/"
	}
	if n, err := strconv.Atoi(e.port); e.port != "" && (err != nil || n < 1 || n > 65535) {
		return wrong("routing.port", "expected a port number but got %q", e.port)
	}
	return nil
}

// setURI reads a URI as https://www.rabbitmq.com/docs/uri-spec describes it. No
// text of its errors shows it: it has a password.
func (e *endpoint) setURI(text string) error {
	const path = "authentication.uri"
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "amqp" && u.Scheme != "amqps" || u.Hostname() == "" {
		return wrong(path, "expected amqp://user:password@host:port/vhost; reserved characters of a password or virtual host are written with %%, such as %%2F for /")
	}
	e.tls = e.tls || u.Scheme == "amqps"
	e.host, e.port = u.Hostname(), u.Port()
	e.user, e.password, e.vhost = "guest", "guest", "/"
	if u.User != nil {
		e.user = u.User.Username()
		e.password, _ = u.User.Password()
	}
	if vhost := strings.TrimPrefix(u.EscapedPath(), "/"); strings.Contains(vhost, "/") {
		return wrong(path, "expected one path segment, the virtual host; a / in its name is written %%2F")
	} else if vhost != "" {
		e.vhost = strings.TrimPrefix(u.Path, "/")
	}
	return e.setParameters(u.Query())
}

func (e *endpoint) setParameters(query url.Values) (err error) {
	for name := range query {
		switch text := query.Get(name); name {
		case "heartbeat":
			err = setTime(&e.heartbeat, name, text, time.Second, mostHeartbeat)
		case "connection_timeout":
			err = setTime(&e.patience, name, text, time.Millisecond, mostPatience)
		default:
			err = wrong("authentication.uri", "the parameter %q is not known; known are heartbeat and connection_timeout, certificates belong into clientTls", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func setTime(to *time.Duration, name, text string, unit, most time.Duration) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || time.Duration(n) > most/unit {
		return wrong("authentication.uri", "the parameter %s: expected a number from 1 to %d", name, most/unit)
	}
	*to = time.Duration(n) * unit
	return nil
}

// check refuses what AMQP has no room for.
func (e *endpoint) check() error {
	if len(e.vhost) > mostShort {
		return wrong("routing.virtualHost", "expected at most %d bytes", mostShort)
	}
	return nil
}

// address names an exchange's key, or a queue, in texts, traces and stubs:
// amqp://host:port/exchange/key or amqp://host:port/queue, with ?vhost=name for
// a virtual host other than /.
func (e *endpoint) address(exchange, key string) *url.URL {
	u := &url.URL{Scheme: "amqp", Host: net.JoinHostPort(e.host, e.port)}
	if e.tls {
		u.Scheme = "amqps"
	}
	u.Path, u.RawPath = "/"+key, "/"+url.PathEscape(key)
	if exchange != "" {
		u.Path, u.RawPath = "/"+exchange+u.Path, "/"+url.PathEscape(exchange)+u.RawPath
	}
	if e.vhost != "/" {
		u.RawQuery = url.Values{"vhost": {e.vhost}}.Encode()
	}
	return u
}

// digest is equal for endpoints that may share connections.
func (e *endpoint) digest() string {
	var t httpx.TLS
	if e.certificates != nil {
		t = *e.certificates
	}
	return queue.Digest("rabbitmq", e.host, e.port, e.vhost, e.user, e.password, strconv.FormatBool(e.tls), e.heartbeat.String(), e.patience.String(),
		t.TrustedCertificate, t.ClientCertificate, t.ClientPrivateKey, t.PrivateKeyPassword)
}
