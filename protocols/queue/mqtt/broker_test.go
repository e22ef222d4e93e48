package mqtt

import (
	cryptorand "crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"patchbay/protocols"
	"patchbay/protocols/queue"
	"patchbay/protocols/queue/queuetest"
)

// node is a mosquitto outside this process, which .ci/nats-mqtt has started.
type node struct{ url, tls, folder string }

// newNode returns the broker of the environment; without one the test is skipped.
func newNode(t testing.TB) node {
	t.Helper()
	n := node{os.Getenv("PATCHBAY_MQTT"), os.Getenv("PATCHBAY_MQTTS"), os.Getenv("PATCHBAY_MQTT_FOLDER")}
	if n.url == "" {
		t.Skip("there is no mosquitto: PATCHBAY_MQTT is not set, as .ci/nats-mqtt does")
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

func (n node) access(password string) map[string]any {
	return map[string]any{"servers": n.url, "authentication": map[string]any{"type": "credentials", "username": "patchbay", "password": password}}
}

// restart ends the broker in order, for it has what it confirmed in memory until
// then, and starts it again.
func (n node) restart(t testing.TB) {
	t.Helper()
	for _, verb := range []string{"stop", "start"} {
		if out, err := exec.Command("../../../.ci/nats-mqtt", verb, "mosquitto", n.folder).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", verb, err, out)
		}
	}
}

// suite runs over one version and quality of service, with TLS or without.
func (n node) suite(t *testing.T, version, qos string, secured bool) queuetest.Suite {
	access := with(n.access("p@ss/word"), "version", version, "qos", qos)
	if secured {
		access = with(access, "servers", n.tls, "clientTls", map[string]any{"trustedCertificate": n.file(t, "ca.pem"),
			"clientCertificate": n.file(t, "client.pem"), "clientPrivateKey": n.file(t, "client.key")})
	}
	job := func(access map[string]any, topic string, m queue.Message) map[string]any {
		b := &broker{}
		return b.job(topic, m, access)
	}
	hello := queue.Message{Value: []byte("x")}
	s := queuetest.Suite{
		Protocol: Protocol(), Driver: driver{}, Host: open(), NoHeaders: version == version311, Forgets: qos == "0",
		Target: func(testing.TB) string { return "test/" + cryptorand.Text() },
		Input:  func(target string, m queue.Message) map[string]any { return job(access, target, m) },
		// Not in a group: mosquitto 2.0.11 is started again without shared
		// subscriptions, until the subscriber comes back.
		Properties: func(target string) map[string]any { return with(access, "topic", target, "clientId", target[5:]) },
		Sharing: func(target string, n int) map[string]any {
			return with(access, "topic", target, "clientId", fmt.Sprint(target[5:], n), "group", "readers")
		},
		Body: func(event any) string { return queuetest.Text(event, "message", "body") },
		Wrong: map[string]map[string]any{
			"a wrong password": with(n.access("wrong"), "topic", "a"),
			"no certificate":   with(n.access("p@ss/word"), "servers", n.tls, "topic", "a"),
		},
		WrongInput: map[string]queuetest.WrongInput{
			"a wrong password": {Variables: job(with(n.access("wrong"), "version", version), "a", hello), Code: queue.CodeAuthentication},
		},
	}
	if qos != "0" {
		s.Restart = n.restart
	}
	if version == version5 && qos != "0" {
		s.WrongInput["a message too large"] = queuetest.WrongInput{Variables: job(access, "a", queue.Message{Value: make([]byte, 2<<20)}), Code: queue.CodeTooLarge}
		s.WrongInput["a forbidden topic"] = queuetest.WrongInput{Variables: job(access, "closed/a", hello), Code: queue.CodePermission}
	}
	return s
}

func TestBroker(t *testing.T) {
	n := newNode(t)
	for _, c := range []struct {
		version, qos string
		secured      bool
	}{
		{version5, "0", false}, {version5, "1", true}, {version5, "2", false}, {version311, "0", false}, {version311, "1", false}, {version311, "2", true},
	} {
		t.Run(c.version+" QoS "+c.qos, func(t *testing.T) { n.suite(t, c.version, c.qos, c.secured).Run(t) })
	}
}

// endurance tells messages apart by their content, as an element's
// messageIdExpression does.
func (n node) endurance(t *testing.T, version, qos string) queuetest.Endurance {
	s := n.suite(t, version, qos, false)
	properties := s.Properties
	s.Properties = func(target string) map[string]any {
		return with(properties(target), "consumption", map[string]any{"maxInFlight": 256})
	}
	return queuetest.Endurance{
		Suite: s, Messages: 100_000, Restarts: 20,
		ID: func(e protocols.Event) string { return s.Body(e.Value) },
	}
}

func TestBrokerEndurance(t *testing.T) { newNode(t).endurance(t, version5, "1").Run(t) }

// TestBrokerPoorNetwork counts numbered messages over a connection that is slow,
// or breaks off in the middle of a frame.
func TestBrokerPoorNetwork(t *testing.T) {
	n := newNode(t)
	for _, c := range [][2]string{{version5, "1"}, {version311, "2"}} {
		t.Run(c[0]+" QoS "+c[1], func(t *testing.T) {
			queuetest.NewNetwork(t, strings.TrimPrefix(n.url, "mqtt://")).Over(n.endurance(t, c[0], c[1])).Run(t)
		})
	}
}
