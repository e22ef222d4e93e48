package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

// security is how a connection is encrypted and who it belongs to.
type security struct {
	tls       *tls.Config // nil for none
	mechanism string      // of SASL; empty for none
	login     login
	token     tokenSource
}

// tokenSource is where OAUTHBEARER gets its tokens.
type tokenSource struct {
	endpoint, id, secret, scope string
	// subject, when not empty, makes unsecured tokens, for development.
	subject string
}

// newSecurity reads the properties security.protocol, ssl.* and sasl.*. An
// account without any of them means SASL_SSL with PLAIN, as in Camunda's
// connector.
func newSecurity(given map[string]string, account login) (s security, err error) {
	protocol, mechanism := strings.ToUpper(given["security.protocol"]), strings.ToUpper(given["sasl.mechanism"])
	if protocol == "" {
		protocol = "PLAINTEXT"
		if account.Username != "" {
			protocol = "SASL_SSL"
		}
	}
	if !slices.Contains([]string{"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}, protocol) {
		return s, wrongProperty("security.protocol", "expected PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL but got %q", protocol)
	}
	if strings.HasSuffix(protocol, "SSL") {
		if s.tls, err = newTLS(given); err != nil {
			return s, err
		}
	}
	if !strings.HasPrefix(protocol, "SASL") {
		return s, nil
	}
	if s.mechanism = mechanism; mechanism == "" {
		s.mechanism = "PLAIN"
	}
	return s, s.account(given, account)
}

func wrongProperty(name, format string, args ...any) error {
	return &protocols.InputError{Path: inputAdditional + "." + name, Message: fmt.Sprintf(format, args...)}
}

func newTLS(given map[string]string) (*tls.Config, error) {
	certificates := httpx.TLS{
		TrustedCertificate: given["ssl.truststore.certificates"], ClientCertificate: given["ssl.keystore.certificate.chain"],
		ClientPrivateKey: given["ssl.keystore.key"], PrivateKeyPassword: given["ssl.key.password"],
	}
	config, err := certificates.Config()
	if err != nil {
		return nil, wrongProperty("ssl", "%s", err)
	}
	if algorithm, set := given["ssl.endpoint.identification.algorithm"]; set && algorithm == "" {
		config.InsecureSkipVerify = true // VerifyConnection takes its place
		config.VerifyConnection = func(state tls.ConnectionState) error { return verifyChain(config.RootCAs, state.PeerCertificates) }
	}
	return config, nil
}

// verifyChain checks a server's certificate, but not the name that it is for.
func verifyChain(roots *x509.CertPool, chain []*x509.Certificate) error {
	o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := chain[0].Verify(o)
	return err
}

// account finds who to log in as: in sasl.jaas.config, or else in the inputs.
func (s *security) account(given map[string]string, account login) error {
	options, err := parseJAAS(given["sasl.jaas.config"])
	if err != nil {
		return wrongProperty("sasl.jaas.config", "%s", err)
	}
	s.login = account
	if options["username"] != "" {
		s.login = login{Username: options["username"], Password: options["password"]}
	}
	switch s.mechanism {
	case "OAUTHBEARER":
		return s.oauth(given, options)
	case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
		if s.login.Username == "" {
			return wrongProperty("sasl.jaas.config", "expected a username and a password, here or as authentication.username and authentication.password")
		}
		return nil
	}
	return wrongProperty("sasl.mechanism", "expected PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER but got %q", s.mechanism)
}

func (s *security) oauth(given, options map[string]string) error {
	first := func(texts ...string) string {
		for _, text := range texts {
			if text != "" {
				return text
			}
		}
		return ""
	}
	s.token = tokenSource{
		endpoint: given["sasl.oauthbearer.token.endpoint.url"],
		id:       first(given["sasl.oauthbearer.client.credentials.client.id"], options["clientId"]),
		secret:   first(given["sasl.oauthbearer.client.credentials.client.secret"], options["clientSecret"]),
		scope:    first(given["sasl.oauthbearer.scope"], options["scope"]),
		subject:  options["unsecuredLoginStringClaim_sub"],
	}
	if s.token.subject == "" && (s.token.endpoint == "" || s.token.id == "") {
		return wrongProperty("sasl.oauthbearer.token.endpoint.url", "expected an address here and a clientId and a clientSecret in sasl.jaas.config")
	}
	return nil
}

// options are the client's.
func (s *security) options(h protocols.Host) ([]kgo.Opt, error) {
	list := []kgo.Opt{kgo.Dialer(s.dialer(h, context.Background()))}
	if s.mechanism == "" {
		return list, nil
	}
	mechanism, err := s.sasl(h)
	return append(list, kgo.SASL(mechanism)), err
}

// dialTime bounds one connection, its TLS handshake included.
const dialTime = 10 * time.Second

// dialer dials under the host's guard, the servers that are given as well as
// those that the cluster names, as long as reach lasts.
func (s *security) dialer(h protocols.Host, reach context.Context) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTime)
		defer cancel()
		defer context.AfterFunc(reach, cancel)()
		conn, err := h.Dial(ctx, network, address)
		if err != nil || s.tls == nil {
			return conn, err
		}
		config := s.tls.Clone()
		config.ServerName, _, _ = net.SplitHostPort(address)
		secured := tls.Client(conn, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, fmt.Errorf("TLS with %s: %w", address, err)
		}
		return secured, nil
	}
}

func (s *security) sasl(h protocols.Host) (sasl.Mechanism, error) {
	switch s.mechanism {
	case "PLAIN":
		return plain.Auth{User: s.login.Username, Pass: s.login.Password}.AsMechanism(), nil
	case "SCRAM-SHA-256":
		return scram.Auth{User: s.login.Username, Pass: s.login.Password}.AsSha256Mechanism(), nil
	case "SCRAM-SHA-512":
		return scram.Auth{User: s.login.Username, Pass: s.login.Password}.AsSha512Mechanism(), nil
	}
	if s.token.subject != "" {
		return oauth.Oauth(func(context.Context) (oauth.Auth, error) {
			return oauth.Auth{Token: unsecured(s.token.subject, h.Now())}, nil
		}), nil
	}
	client, err := httpx.New(h)
	if err != nil {
		return nil, err
	}
	return oauth.Oauth(s.token.fetch(client)), nil
}

// fetch returns tokens of the endpoint; one is kept while it is good.
func (t *tokenSource) fetch(client *httpx.Client) func(context.Context) (oauth.Auth, error) {
	config := clientcredentials.Config{ClientID: t.id, ClientSecret: t.secret, TokenURL: t.endpoint, AuthStyle: oauth2.AuthStyleInHeader}
	if t.scope != "" {
		config.Scopes = strings.Fields(t.scope)
	}
	kept := make(chan *oauth2.Token, 1)
	kept <- nil
	return func(ctx context.Context) (oauth.Auth, error) {
		var token *oauth2.Token
		select {
		case token = <-kept:
		case <-ctx.Done():
			return oauth.Auth{}, ctx.Err()
		}
		defer func() { kept <- token }()
		if token.Valid() {
			return oauth.Auth{Token: token.AccessToken}, nil
		}
		fresh, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, client.HTTP()))
		if err != nil {
			return oauth.Auth{}, fmt.Errorf("get a token for OAUTHBEARER: %w", hideBody(err))
		}
		token = fresh
		return oauth.Auth{Token: token.AccessToken}, nil
	}
}

// hideBody keeps what a token endpoint answered out of texts.
func hideBody(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response != nil {
		return fmt.Errorf("the endpoint answered %s", http.StatusText(refused.Response.StatusCode))
	}
	return err
}

// unsecured makes a token as Kafka's login module for development does: a JWT
// without a signature.
func unsecured(subject string, now time.Time) string {
	claims, _ := json.Marshal(map[string]any{"sub": subject, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}) // text and numbers
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(claims) + "."
}
