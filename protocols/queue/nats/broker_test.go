package nats

import (
	cryptorand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"patchbay/protocols/queue"
	"patchbay/protocols/queue/queuetest"
)

// node is a nats-server outside this process, which .ci/nats-mqtt has started.
type node struct{ url, folder string }

// newNode returns the server of the environment; without one the test is skipped.
func newNode(t testing.TB) node {
	t.Helper()
	n := node{os.Getenv("PATCHBAY_NATS"), os.Getenv("PATCHBAY_NATS_FOLDER")}
	if n.url == "" {
		t.Skip("there is no nats-server: PATCHBAY_NATS is not set, as .ci/nats-mqtt does")
	}
	return n
}

func (n node) file(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(n.folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// access is how a user gets in.
func (n node) access(t testing.TB, user, password string) map[string]any {
	return map[string]any{
		"servers":        n.url,
		"authentication": map[string]any{"type": "credentials", "username": user, "password": password},
		"clientTls": map[string]any{"trustedCertificate": n.file(t, "ca.pem"), "clientCertificate": n.file(t, "client.pem"),
			"clientPrivateKey": n.file(t, "client.key")},
	}
}

func with(base map[string]any, pairs ...any) map[string]any {
	out := maps.Clone(base)
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

// restart ends the server by one of the script's verbs, and starts it again.
func (n node) restart(t testing.TB, verb string) {
	t.Helper()
	for _, verb := range []string{verb, "start"} {
		if out, err := exec.Command("../../../.ci/nats-mqtt", verb, "nats", n.folder).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", verb, err, out)
		}
	}
}

// stream makes a stream with a subject and a consumer that soon delivers again.
func (n node) stream(t testing.TB) string {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(n.file(t, "ca.pem")))
	pair, err := tls.LoadX509KeyPair(filepath.Join(n.folder, "client.pem"), filepath.Join(n.folder, "client.key"))
	if err != nil {
		t.Fatal(err)
	}
	nc, err := natsgo.Connect(n.url, natsgo.UserInfo("patchbay", "p@ss/word"), natsgo.Secure(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	subject := "test." + cryptorand.Text()
	s, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S" + cryptorand.Text(), Subjects: []string{subject}})
	if err == nil {
		_, err = s.CreateConsumer(t.Context(), jetstream.ConsumerConfig{Durable: "connector", AckPolicy: jetstream.AckExplicitPolicy, AckWait: 2 * time.Second})
	}
	if err != nil {
		t.Fatal(err)
	}
	return subject
}

func (n node) suite(t *testing.T) queuetest.Suite {
	access, hello := n.access(t, "patchbay", "p@ss/word"), map[string]any{"value": "x"}
	return queuetest.Suite{
		Protocol: Protocol(), Driver: driver{}, Host: open(), Target: n.stream,
		Input: func(target string, m queue.Message) map[string]any {
			return with(input("", modeJetStream, target, m), "servers", n.url, "authentication", access["authentication"], "clientTls", access["clientTls"])
		},
		Properties: func(target string) map[string]any { return with(access, "subject", target, "consumer", "connector") },
		Body:       func(event any) string { return queuetest.Text(event, "message", "body") },
		Restart:    func(t testing.TB) { n.restart(t, "kill") },
		Wrong: map[string]map[string]any{
			"a wrong password":   with(n.access(t, "patchbay", "wrong"), "subject", "a"),
			"no certificate":     {"servers": n.url, "authentication": access["authentication"], "subject": "a"},
			"an unknown stream":  with(access, "subject", "a", "stream", "NONE"),
			"a forbidden stream": with(n.access(t, "reader", "reader"), "subject", "a", "stream", "NONE"),
		},
		WrongInput: map[string]queuetest.WrongInput{
			"a wrong password":    {Variables: with(n.access(t, "patchbay", "wrong"), "subject", "a", "message", hello), Code: queue.CodeAuthentication},
			"a forbidden subject": {Variables: with(n.access(t, "reader", "reader"), "subject", "a", "mode", modeCore, "message", hello), Code: queue.CodePermission},
		},
	}
}

func TestBroker(t *testing.T) { newNode(t).suite(t).Run(t) }

// endurance repeats what was not confirmed with the same message id.
func (n node) endurance(t *testing.T) queuetest.Endurance {
	s := n.suite(t)
	s.Properties = func(target string) map[string]any {
		return with(n.access(t, "patchbay", "p@ss/word"), "subject", target, "consumer", "connector", "consumption", map[string]any{"maxInFlight": 256})
	}
	return queuetest.Endurance{
		Suite: s, Messages: 100_000, Restarts: 20,
		Again: func(t testing.TB, i int) { n.restart(t, []string{"kill", "stop"}[i%2]) },
		Numbered: func(target string, i int) map[string]any {
			in := s.Input(target, queue.Message{Value: fmt.Append(nil, i)})
			in["message"].(map[string]any)["id"] = fmt.Sprint(i)
			return in
		},
	}
}

func TestBrokerEndurance(t *testing.T) { newNode(t).endurance(t).Run(t) }

// TestBrokerPoorNetwork counts numbered messages over a connection that is slow,
// or breaks off in the middle of a frame.
func TestBrokerPoorNetwork(t *testing.T) {
	n := newNode(t)
	queuetest.NewNetwork(t, strings.TrimPrefix(n.url, "tls://")).Over(n.endurance(t)).Run(t)
}
