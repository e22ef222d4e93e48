package httpx

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"patchbay/protocols"
)

func pemOf(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

// issue makes a certificate with its key, signed by itself.
func issue(t testing.TB, change func(*x509.Certificate)) (tls.Certificate, string, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	keyPEM := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	certPEM := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	pair, err := tls.X509KeyPair([]byte(certPEM), []byte(keyPEM))
	if err != nil {
		t.Fatal(err)
	}
	return pair, certPEM, keyPEM
}

func unchanged(*x509.Certificate) {}

// serveTLS starts a server with a certificate; clients, if not nil, are those
// that it lets in.
func serveTLS(t testing.TB, pair tls.Certificate, clients *x509.CertPool) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "secure")
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	if clients != nil {
		s.TLS.ClientAuth, s.TLS.ClientCAs = tls.RequireAndVerifyClientCert, clients
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func TestServerCertificates(t *testing.T) {
	good, goodPEM, _ := issue(t, unchanged)
	expired, expiredPEM, _ := issue(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	other, otherPEM, _ := issue(t, func(c *x509.Certificate) { c.IPAddresses = nil; c.DNSNames = []string{"other.example"} })
	plain := strings.Replace(serve(t, func(http.ResponseWriter, *http.Request) {}), "http:", "https:", 1)
	tests := map[string]struct {
		url, trusted, want string
	}{
		"trusted":    {serveTLS(t, good, nil), goodPEM, ""},
		"one line":   {serveTLS(t, good, nil), strings.ReplaceAll(strings.TrimSpace(goodPEM), "\n", `\n`), ""},
		"unknown":    {serveTLS(t, good, nil), "", "unknown authority"},
		"expired":    {serveTLS(t, expired, nil), expiredPEM, "expired"},
		"other name": {serveTLS(t, other, nil), otherPEM, "127.0.0.1"},
		"no TLS":     {plain, "", "does not look like a TLS handshake"},
	}
	c := testClient(t, testHost(t))
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := &Options{Connect: time.Minute, Read: time.Minute}
			if tt.trusted != "" {
				o.TLS = &TLS{TrustedCertificate: tt.trusted}
			}
			resp, err := do(t, c, o, "GET", tt.url, "")
			if tt.want == "" {
				if err != nil || string(Content(resp)) != "secure" {
					t.Errorf("got %v, %v", resp, err)
				}
				return
			}
			e := failure(t, err)
			if e.Code != CodeTLS || !strings.Contains(e.Message, tt.want) || !strings.HasPrefix(e.Message, "TLS handshake failed: ") || e.Temporary || !e.Unsent {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestClientCertificates(t *testing.T) {
	server, serverPEM, _ := issue(t, unchanged)
	_, certPEM, keyPEM := issue(t, unchanged)
	_, _, otherKey := issue(t, unchanged)
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM([]byte(certPEM))
	u := serveTLS(t, server, clients)
	c := testClient(t, testHost(t))
	send := func(certificates TLS) (*http.Response, error) {
		certificates.TrustedCertificate = serverPEM
		return do(t, c, &Options{TLS: &certificates}, "GET", u, "")
	}
	if resp, err := send(TLS{ClientCertificate: certPEM, ClientPrivateKey: keyPEM}); err != nil || string(Content(resp)) != "secure" {
		t.Errorf("got %v, %v", resp, err)
	}
	if resp, err := send(TLS{ClientCertificate: certPEM, ClientPrivateKey: encrypt(t, keyPEM, "open sesame"), PrivateKeyPassword: "open sesame"}); err != nil {
		t.Errorf("encrypted key: got %v, %v", resp, err)
	}
	_, err := send(TLS{})
	if e := failure(t, err); e.Code != CodeTLS {
		t.Errorf("no certificate: got %+v", e)
	}
	wrong := map[string]TLS{
		"clientTls: mTLS client authentication requires both":           {ClientCertificate: certPEM},
		"clientTls.clientPrivateKey: expected a private key in PEM":     {ClientCertificate: certPEM, ClientPrivateKey: "key"},
		"clientTls.clientCertificate: it does not work with":            {ClientCertificate: certPEM, ClientPrivateKey: otherKey},
		"clientTls.clientPrivateKey: the private key is encrypted, but": {ClientCertificate: certPEM, ClientPrivateKey: encrypt(t, keyPEM, "x")},
	}
	for want, certificates := range wrong {
		if _, err := send(certificates); !protocols.IsInputError(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestPoolsByCertificatesAreBounded(t *testing.T) {
	c := testClient(t, testHost(t))
	_, certPEM, _ := issue(t, unchanged)
	for i := range maxPools + 20 {
		if _, err := c.pools.withTLS(&TLS{TrustedCertificate: certPEM + strings.Repeat("\n", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.pools.byTLS.order.Len(); n != maxPools {
		t.Errorf("there are %d pools", n)
	}
}

func TestDecryptPKCS8Errors(t *testing.T) {
	_, _, keyPEM := issue(t, unchanged)
	block, _ := pem.Decode([]byte(encrypt(t, keyPEM, "right")))
	// A wrong password may leave a valid padding by chance, but no key.
	if plain, err := decryptPKCS8(block.Bytes, "wrong"); err == nil {
		if _, err := x509.ParsePKCS8PrivateKey(plain); err == nil {
			t.Error("a wrong password opened the key")
		}
	}
	for i := range block.Bytes {
		broken := bytes.Clone(block.Bytes)
		broken[i] ^= 0x55
		_, _ = decryptPKCS8(broken[:len(broken)-i%3], "right")
	}
	if _, err := decryptPKCS8([]byte("x"), "right"); err == nil {
		t.Error("text was taken for a key")
	}
}
