package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
	"patchbay/protocols/queue"
)

// authentication says who connects.
type authentication struct {
	Type        string `bind:"type" enum:"none token credentials nkey jwt" default:"none" doc:"none, token, credentials (user name and password), nkey, or jwt (a credentials file)."`
	Token       string `bind:"token,required,secret" when:"type=token" doc:"Token."`
	Username    string `bind:"username,required" when:"type=credentials" doc:"User name."`
	Password    string `bind:"password,required,secret" when:"type=credentials" doc:"Password."`
	Seed        string `bind:"seed,required,secret" when:"type=nkey" doc:"Seed of the user's NKey; it begins with SU."`
	Credentials string `bind:"credentials,required,secret" when:"type=jwt" doc:"Content of the credentials file: the user's JWT and the seed of its NKey."`
}

// account is a cluster and who connects to it.
type account struct {
	host    protocols.Host
	servers []*url.URL
	auth    authentication
	tls     *httpx.TLS
	digest  string
}

// schemes are those of servers.
var schemes = queue.Schemes{
	Ports:   map[string]string{"nats": "4222", "tls": "4222"},
	Default: "nats", Example: "nats://host:4222 or tls://host:4222",
}

func newAccount(h protocols.Host, servers string, auth authentication, certificates *httpx.TLS) (*account, error) {
	a := &account{host: h, auth: auth, tls: certificates}
	var err error
	if a.servers, err = schemes.Servers(servers); err != nil {
		return nil, err
	}
	all, err := json.Marshal([]any{servers, auth, certificates})
	a.digest = queue.Digest(string(all))
	return a, err
}

// identity are the options of who connects, and how.
func (a *account) identity() ([]natsgo.Option, error) {
	options, err := a.auth.options()
	if err != nil || a.tls.Empty() {
		return options, err
	}
	config, err := a.tls.Config()
	return append(options, natsgo.Secure(config)), err
}

func (auth *authentication) options() ([]natsgo.Option, error) {
	switch auth.Type {
	case "token":
		return []natsgo.Option{natsgo.Token(auth.Token)}, nil
	case "credentials":
		return []natsgo.Option{natsgo.UserInfo(auth.Username, auth.Password)}, nil
	case "nkey":
		pair, err := nkeys.FromSeed([]byte(strings.TrimSpace(auth.Seed)))
		if err != nil {
			return nil, &protocols.InputError{Path: "authentication.seed", Message: "expected the seed of an NKey", Cause: err}
		}
		public, err := pair.PublicKey()
		return []natsgo.Option{natsgo.Nkey(public, pair.Sign)}, err
	case "jwt":
		if _, err := nkeys.ParseDecoratedNKey([]byte(auth.Credentials)); err != nil {
			return nil, &protocols.InputError{Path: "authentication.credentials", Message: "expected the content of a credentials file, with a JWT and the seed of an NKey", Cause: err}
		}
		return []natsgo.Option{natsgo.UserCredentialBytes([]byte(auth.Credentials))}, nil
	}
	return nil, nil
}

// address names a subject of the cluster, by its first server.
func (a *account) address(subject string) *url.URL {
	u := *a.servers[0]
	u.Path = "/" + subject
	return &u
}

const (
	// serverTime bounds the attempt to connect to one of several servers.
	serverTime = 10 * time.Second
	// pingEvery is how often a silent connection is tried; it ends when two
	// answers are missing.
	pingEvery = 20 * time.Second
)

// connection is a connection with what tells of its end.
type connection struct {
	*natsgo.Conn
	closed chan struct{}
}

// connect tries the servers one after the other.
func (a *account) connect(ctx context.Context) (*connection, error) {
	identity, err := a.identity()
	if err != nil {
		return nil, err
	}
	d := &dialer{ctx: ctx, host: a.host}
	c := &connection{closed: make(chan struct{})}
	options := append([]natsgo.Option{
		natsgo.Name("patchbay"), natsgo.NoReconnect(), natsgo.SetCustomDialer(d), natsgo.SkipHostLookup(), natsgo.Timeout(serverTime),
		natsgo.PingInterval(pingEvery), natsgo.MaxPingsOutstanding(2), natsgo.PermissionErrOnSubscribe(true),
		natsgo.ClosedHandler(func(*natsgo.Conn) { close(c.closed) }),
		natsgo.ErrorHandler(func(*natsgo.Conn, *natsgo.Subscription, error) {}), // those that wait see it
	}, identity...)
	names := make([]string, len(a.servers))
	for i, u := range a.servers {
		names[i] = u.String()
	}
	if c.Conn, err = natsgo.Connect(strings.Join(names, ","), options...); err != nil {
		return nil, a.connectError(d, err)
	}
	d.release()
	return c, nil
}

// Close closes the connection and waits until nothing of it runs.
func (c *connection) Close() {
	c.Conn.Close()
	<-c.closed
}

// connectError says why there is no connection.
func (a *account) connectError(d *dialer, err error) error {
	switch {
	case protocols.IsInputError(d.err):
		return d.err
	case d.ctx.Err() != nil:
		return d.ctx.Err()
	case errors.Is(err, natsgo.ErrNoServers) && d.err != nil:
		err = d.err
	}
	out := &protocols.Error{Code: queue.CodeConnection, Message: fmt.Sprintf("connect to %s: %s", a.servers[0].Host, plain(err)), Temporary: true, Unsent: true, Cause: err}
	if errors.Is(err, natsgo.ErrAuthorization) || errors.Is(err, natsgo.ErrAuthExpired) || errors.Is(err, natsgo.ErrAuthRevoked) {
		out.Code, out.Temporary = queue.CodeAuthentication, false
	}
	return out
}

// plain is an error's text without the library's name before it.
func plain(err error) string { return strings.TrimPrefix(err.Error(), "nats: ") }

// dialer dials by the host, until ctx ends.
type dialer struct {
	ctx  context.Context
	host protocols.Host
	err  error // of the last attempt
	// unhook keeps the end of ctx from closing a connection.
	unhook []func() bool
}

// Dial implements natsgo.CustomDialer.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	conn, err := d.host.Dial(d.ctx, network, address)
	if d.err = err; err != nil {
		return nil, err
	}
	d.unhook = append(d.unhook, context.AfterFunc(d.ctx, func() { _ = conn.Close() }))
	return conn, nil
}

// release leaves the connection to whoever has it, once it is made.
func (d *dialer) release() {
	for _, unhook := range d.unhook {
		unhook()
	}
}
