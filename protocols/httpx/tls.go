package httpx

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"

	"patchbay/protocols"
)

// TLS is the input "clientTls" of protocols: certificates in PEM.
type TLS struct {
	ClientCertificate  string `bind:"clientCertificate" doc:"Client certificate in PEM, with its chain."`
	ClientPrivateKey   string `bind:"clientPrivateKey,secret" doc:"Private key of the client certificate in PEM: PKCS#1, PKCS#8 or EC."`
	PrivateKeyPassword string `bind:"privateKeyPassword,secret" doc:"Password of the private key; empty if it has none."`
	TrustedCertificate string `bind:"trustedCertificate" doc:"Certificates in PEM to trust instead of the system's."`
}

// Empty reports whether nothing is set.
func (t *TLS) Empty() bool {
	return t == nil || t.ClientCertificate == "" && t.ClientPrivateKey == "" && t.TrustedCertificate == ""
}

func (t *TLS) hash() digest {
	return digestOf(t.ClientCertificate, t.ClientPrivateKey, t.PrivateKeyPassword, t.TrustedCertificate)
}

// Config returns what it configures, for TLS 1.2 and later. What is wrong with it
// is an *protocols.InputError below "clientTls".
func (t *TLS) Config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.TrustedCertificate != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pemText(t.TrustedCertificate)) {
			return nil, badTLS("trustedCertificate", "expected one or more certificates in PEM", nil)
		}
	}
	if (t.ClientCertificate == "") != (t.ClientPrivateKey == "") {
		return nil, badTLS("", "mTLS client authentication requires both a client certificate and a private key; only one was provided", nil)
	}
	if t.ClientCertificate != "" {
		pair, err := t.pair()
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func (t *TLS) pair() (tls.Certificate, error) {
	key, err := t.key()
	if err != nil {
		return tls.Certificate{}, badTLS("clientPrivateKey", err.Error(), err)
	}
	pair, err := tls.X509KeyPair(pemText(t.ClientCertificate), key)
	if err != nil {
		return pair, badTLS("clientCertificate", "it does not work with the private key: "+err.Error(), err)
	}
	return pair, nil
}

// key returns the private key in PEM without a password.
func (t *TLS) key() ([]byte, error) {
	text := pemText(t.ClientPrivateKey)
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("expected a private key in PEM")
	}
	if block.Type != "ENCRYPTED PRIVATE KEY" {
		return text, nil
	}
	plain, err := decryptPKCS8(block.Bytes, t.PrivateKeyPassword)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: plain}), nil
}

// pemText mends what forms and secrets stores do to PEM: line ends written as
// backslash and n.
func pemText(text string) []byte {
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	return []byte(text)
}

func badTLS(field, message string, cause error) error {
	path := "clientTls"
	if field != "" {
		path += "." + field
	}
	return &protocols.InputError{Path: path, Message: message, Cause: cause}
}
