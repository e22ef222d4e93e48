package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
	"patchbay/protocols/queue"
)

func allowLoopback(t testing.TB) protocols.Host {
	t.Helper()
	guard, err := httpx.NewGuard([]string{"loopback"})
	if err != nil {
		t.Fatal(err)
	}
	return protocols.Host{Dial: guard.Dial, CheckHost: guard.CheckHost, Shared: &protocols.Shared{}}
}

// certificate makes one that signs itself.
func certificate(t testing.TB) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, content []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", pkcs8)
}

func TestLogin(t *testing.T) {
	t.Parallel()
	f := newFake(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "p", "pw"), kfake.Superuser("SCRAM-SHA-256", "s", "sw"), kfake.Superuser("SCRAM-SHA-512", "s", "sw"))
	topic := f.topic(t, 1)
	variables := func(mechanism, jaas string) map[string]any {
		return with(input(f.servers(), topic, queue.Message{Value: []byte("x")}), map[string]any{"additionalProperties": map[string]any{
			"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": mechanism, "sasl.jaas.config": jaas}})
	}
	publish := publisher(t, testHost())
	for _, good := range []map[string]any{
		variables("PLAIN", `o.a.k.PlainLoginModule required username="p" password="pw";`),
		variables("SCRAM-SHA-256", `o.a.k.ScramLoginModule required username="s" password="sw";`),
		variables("SCRAM-SHA-512", `o.a.k.ScramLoginModule required username="s" password="sw";`),
		with(variables("PLAIN", ""), map[string]any{"authentication": map[string]any{"username": "p", "password": "pw"}}),
	} {
		if _, err := publish(good); err != nil {
			t.Errorf("%v: %v", good["additionalProperties"], err)
		}
	}
	for name, wrong := range map[string]map[string]any{ // this broker hangs up
		"PLAIN": variables("PLAIN", `o.a.k.PlainLoginModule required username="p" password="hush";`),
		"SCRAM": variables("SCRAM-SHA-256", `o.a.k.ScramLoginModule required username="s" password="hush";`),
	} {
		begun := time.Now()
		_, err := publish(wrong)
		var e *protocols.Error
		if !errors.As(err, &e) || e.Code != CodeFail || e.Variables["kafkaError"] != "NETWORK_EXCEPTION" || strings.Contains(e.Message, "hush") {
			t.Errorf("%s: got %+v after %s", name, err, time.Since(begun))
		}
	}
	_, err := publish(input(f.servers(), topic, queue.Message{Value: []byte("x")}))
	var e *protocols.Error
	if !errors.As(err, &e) || e.Code != CodeFail {
		t.Errorf("without an account: got %v", err)
	}
	listener := properties(f.servers(), topic)
	listener["additionalProperties"] = map[string]any{"security.protocol": "SASL_PLAINTEXT", "sasl.jaas.config": `m required username="p" password="hush";`}
	if err := openError(t, listener); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("a connector: got %v", err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM([]byte(cert))
	f := newFake(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert}))
	topic := f.topic(t, 1)
	variables := func(more map[string]any) map[string]any {
		return with(input(f.servers(), topic, queue.Message{Value: []byte("x")}), map[string]any{"additionalProperties": with(map[string]any{"security.protocol": "SSL"}, more)})
	}
	publish := publisher(t, testHost())
	mine := map[string]any{"ssl.keystore.key": key, "ssl.keystore.certificate.chain": cert, "ssl.keystore.type": "PEM"}
	trusting := with(mine, map[string]any{"ssl.truststore.certificates": strings.ReplaceAll(cert, "\n", `\n`), "ssl.truststore.type": "PEM"})
	if _, err := publish(variables(trusting)); err != nil {
		t.Error(err)
	}
	if _, err := publish(variables(with(trusting, map[string]any{"ssl.endpoint.identification.algorithm": ""}))); err != nil {
		t.Errorf("without a check of the name: %v", err)
	}
	for name, more := range map[string]map[string]any{
		"an unknown authority": mine, "an unknown authority, no name": with(mine, map[string]any{"ssl.endpoint.identification.algorithm": ""}),
		"no client certificate": {"ssl.truststore.certificates": cert}, "no TLS": {"security.protocol": "PLAINTEXT"},
	} {
		_, err := publish(variables(more))
		var e *protocols.Error
		if !errors.As(err, &e) || e.Code != CodeFail {
			t.Errorf("%s: got %v", name, err)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}
