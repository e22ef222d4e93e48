package zeebe

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// DefaultAddress is where a gateway listens unless told otherwise.
	DefaultAddress   = "127.0.0.1:" + defaultPort
	defaultPort      = "26500"
	defaultKeepAlive = 45 * time.Second // as Camunda's Go client
)

// Options say how to reach a gateway. A zero field means the default named at
// it.
type Options struct {
	// Address is host:port; DefaultAddress if empty.
	Address string
	// Plaintext means no TLS.
	Plaintext bool
	// CAFile holds the certificates, in PEM form, that the gateway's may be
	// signed by; the system's if empty.
	CAFile string
	// Authority replaces the host name that is sent and checked against the
	// gateway's certificate.
	Authority string
	// KeepAlive is the time between pings on a quiet connection; 45 s if 0.
	// gRPC raises less than 10 s to that.
	KeepAlive time.Duration
	// OAuth and Basic are the credentials to send; at most one is set.
	OAuth *OAuth
	Basic *Basic
	// UserAgent is sent with every command; "patchbay" if empty.
	UserAgent string
	// Dialer opens connections, for a gateway in the same process; the address
	// is handed to it unresolved. Nil means TCP.
	Dialer func(ctx context.Context, address string) (net.Conn, error)
	// HTTPClient fetches access tokens; http.DefaultClient if nil.
	HTTPClient *http.Client
	// Log takes what the connection and its workers have to say;
	// slog.Default() if nil.
	Log *slog.Logger
}

// OAuth are client credentials (RFC 6749, 4.4), sent in the request's body.
type OAuth struct {
	ClientID, ClientSecret string
	// TokenURL is the token endpoint; Camunda's cloud if empty.
	TokenURL string
	// Audience is sent as a parameter of that name; the gateway's host if empty.
	Audience string
	// Scope is a list separated by blanks; it may be empty.
	Scope string
	// Timeout bounds a token request; 10 s if 0.
	Timeout time.Duration
}

// Basic is a user name and password (RFC 7617).
type Basic struct{ Username, Password string }

// GetRequestMetadata returns the authorization header. gRPC calls it.
func (b Basic) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	text := base64.StdEncoding.EncodeToString([]byte(b.Username + ":" + b.Password))
	return map[string]string{"authorization": "Basic " + text}, nil
}

// RequireTransportSecurity allows a plaintext gateway, as Camunda's client does.
func (Basic) RequireTransportSecurity() bool { return false }

func (o Options) withDefaults() Options {
	if o.Address == "" {
		o.Address = DefaultAddress
	}
	if o.KeepAlive == 0 {
		o.KeepAlive = defaultKeepAlive
	}
	if o.UserAgent == "" {
		o.UserAgent = "patchbay"
	}
	if o.HTTPClient == nil {
		o.HTTPClient = http.DefaultClient
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// Lookup finds a variable, as os.LookupEnv does.
type Lookup func(name string) (string, bool)

// first returns the first of these variables that is set and not empty, and
// its name.
func (l Lookup) first(names ...string) (value, name string) {
	for _, n := range names {
		if v, ok := l(n); ok && v != "" {
			return v, n
		}
	}
	return "", names[0]
}

// OptionsFromEnv reads the variables that Camunda's clients know. address, when
// not empty, goes before those that name the gateway; both may carry a scheme
// (http or grpc, https or grpcs). A ZEEBE_ variable goes before the CAMUNDA_ one.
//
//	ZEEBE_ADDRESS, or ZEEBE_HOST and ZEEBE_PORT   CAMUNDA_CLIENT_GRPCADDRESS
//	ZEEBE_INSECURE_CONNECTION  true: no TLS, false: TLS
//	ZEEBE_CA_CERTIFICATE_PATH
//	ZEEBE_OVERRIDE_AUTHORITY
//	ZEEBE_KEEP_ALIVE           milliseconds
//	ZEEBE_CLIENT_ID, ZEEBE_CLIENT_SECRET          CAMUNDA_CLIENT_ID, CAMUNDA_CLIENT_SECRET (also _AUTH_CLIENTID, ...)
//	ZEEBE_AUTHORIZATION_SERVER_URL                CAMUNDA_OAUTH_URL, CAMUNDA_CLIENT_AUTH_TOKENURL
//	ZEEBE_TOKEN_AUDIENCE                          CAMUNDA_TOKEN_AUDIENCE, CAMUNDA_CLIENT_AUTH_AUDIENCE
//	ZEEBE_TOKEN_SCOPE                             CAMUNDA_OAUTH_SCOPE, CAMUNDA_CLIENT_AUTH_SCOPE
//	ZEEBE_AUTH_REQUEST_TIMEOUT milliseconds
//	CAMUNDA_BASIC_AUTH_USERNAME, CAMUNDA_BASIC_AUTH_PASSWORD
//
// Where neither scheme nor variable decides, an address on this machine is
// spoken to in plaintext unless credentials or a CA are given, and any other
// with TLS. (Camunda's Go client takes TLS for this machine too.)
func OptionsFromEnv(lookup Lookup, address string) (Options, error) {
	o := Options{}
	if address == "" {
		address = gatewayFromEnv(lookup)
	}
	scheme, err := o.setAddress(address)
	if err != nil {
		return Options{}, err
	}
	o.CAFile, _ = lookup.first("ZEEBE_CA_CERTIFICATE_PATH", "CAMUNDA_CLIENT_CACERTIFICATEPATH")
	o.Authority, _ = lookup.first("ZEEBE_OVERRIDE_AUTHORITY", "CAMUNDA_CLIENT_OVERRIDEAUTHORITY")
	if o.KeepAlive, err = lookup.milliseconds("ZEEBE_KEEP_ALIVE"); err != nil {
		return Options{}, err
	}
	if err := o.setCredentials(lookup); err != nil {
		return Options{}, err
	}
	o.Plaintext, err = o.plaintext(lookup, scheme)
	return o, err
}

// gatewayFromEnv follows Camunda's client: host or port win over the address.
func gatewayFromEnv(lookup Lookup) string {
	host, _ := lookup.first("ZEEBE_HOST")
	port, _ := lookup.first("ZEEBE_PORT")
	if host == "" && port == "" {
		address, _ := lookup.first("ZEEBE_ADDRESS", "ZEEBE_GRPC_ADDRESS", "CAMUNDA_CLIENT_GRPCADDRESS")
		return address
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if port == "" {
		port = defaultPort
	}
	return net.JoinHostPort(host, port)
}

// schemes tells whether a scheme means plaintext, and the port it implies.
var schemes = map[string]struct {
	plaintext bool
	port      string
}{
	"http":  {true, "80"},
	"https": {false, "443"},
	"grpc":  {true, defaultPort},
	"grpcs": {false, "443"},
}

// setAddress splits the scheme off and fills in the port.
func (o *Options) setAddress(text string) (scheme string, err error) {
	if text == "" {
		o.Address = DefaultAddress
		return "", nil
	}
	host, port := text, defaultPort
	if s, rest, ok := strings.Cut(text, "://"); ok {
		known, ok := schemes[s]
		if !ok {
			return "", fmt.Errorf("gateway address %q: unknown scheme %q (http, https, grpc or grpcs)", text, s)
		}
		scheme, host, port = s, strings.TrimSuffix(rest, "/"), known.port
	}
	if h, p, err := net.SplitHostPort(host); err == nil {
		host, port = h, p
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || host == "" || strings.ContainsAny(host, "/ ") {
		return "", fmt.Errorf("gateway address %q: expected host:port, such as %s", text, DefaultAddress)
	}
	o.Address = net.JoinHostPort(host, port)
	return scheme, nil
}

func (o *Options) plaintext(lookup Lookup, scheme string) (bool, error) {
	if value, name := lookup.first("ZEEBE_INSECURE_CONNECTION"); value != "" {
		plain, err := strconv.ParseBool(value)
		if err != nil {
			return false, fmt.Errorf("%s: expected true or false, got %q", name, value)
		}
		return plain, nil
	}
	if scheme != "" {
		return schemes[scheme].plaintext, nil
	}
	return o.CAFile == "" && o.OAuth == nil && o.Basic == nil && isLoopback(o.Address), nil
}

func isLoopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

func (o *Options) setCredentials(lookup Lookup) error {
	id, idName := lookup.first("ZEEBE_CLIENT_ID", "CAMUNDA_CLIENT_ID", "CAMUNDA_CLIENT_AUTH_CLIENTID")
	secret, secretName := lookup.first("ZEEBE_CLIENT_SECRET", "CAMUNDA_CLIENT_SECRET", "CAMUNDA_CLIENT_AUTH_CLIENTSECRET")
	if id == "" && secret == "" {
		if user, _ := lookup.first("CAMUNDA_BASIC_AUTH_USERNAME", "CAMUNDA_CLIENT_AUTH_USERNAME"); user != "" {
			password, _ := lookup.first("CAMUNDA_BASIC_AUTH_PASSWORD", "CAMUNDA_CLIENT_AUTH_PASSWORD")
			o.Basic = &Basic{user, password}
		}
		return nil
	}
	if id == "" {
		return fmt.Errorf("%s is set but %s is not: OAuth needs both", secretName, idName)
	}
	if secret == "" {
		return fmt.Errorf("%s is set but %s is not: OAuth needs both", idName, secretName)
	}
	a := &OAuth{ClientID: id, ClientSecret: secret}
	var name string
	a.TokenURL, name = lookup.first("ZEEBE_AUTHORIZATION_SERVER_URL", "CAMUNDA_OAUTH_URL", "CAMUNDA_CLIENT_AUTH_TOKENURL")
	if err := checkTokenURL(a.TokenURL); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	a.Audience, _ = lookup.first("ZEEBE_TOKEN_AUDIENCE", "CAMUNDA_TOKEN_AUDIENCE", "CAMUNDA_CLIENT_AUTH_AUDIENCE")
	a.Scope, _ = lookup.first("ZEEBE_TOKEN_SCOPE", "CAMUNDA_OAUTH_SCOPE", "CAMUNDA_CLIENT_AUTH_SCOPE")
	var err error
	a.Timeout, err = lookup.milliseconds("ZEEBE_AUTH_REQUEST_TIMEOUT")
	o.OAuth = a
	return err
}

// checkTokenURL accepts an absolute HTTP address, or nothing.
func checkTokenURL(text string) error {
	u, err := url.Parse(text)
	if text != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("expected the token endpoint's http or https URL")
	}
	return nil
}

func (l Lookup) milliseconds(name string) (time.Duration, error) {
	value, name := l.first(name)
	if value == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%s: expected milliseconds, got %q", name, value)
	}
	return time.Duration(n) * time.Millisecond, nil
}
