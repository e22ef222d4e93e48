package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

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
		s.token, err = newTokenSource(given, options)
		return err
	case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
		if s.login.Username == "" {
			return wrongProperty("sasl.jaas.config", "expected a username and a password, here or as authentication.username and authentication.password")
		}
		return nil
	}
	return wrongProperty("sasl.mechanism", "expected PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER but got %q", s.mechanism)
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
	return s.token.mechanism(h)
}
