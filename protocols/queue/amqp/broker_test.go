package amqp

import (
	cryptorand "crypto/rand"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/protocoltest"
	"patchbay/protocols/queue"
	"patchbay/protocols/queue/queuetest"
)

// rabbit is a RabbitMQ node that .ci/rabbitmq has started.
type rabbit struct {
	uri, folder string
}

// node returns the node of the environment; without one the test is skipped.
func node(t testing.TB) rabbit {
	t.Helper()
	r := rabbit{os.Getenv("PATCHBAY_RABBITMQ"), os.Getenv("PATCHBAY_RABBITMQ_NODE")}
	if r.uri == "" {
		t.Skip("there is no RabbitMQ: PATCHBAY_RABBITMQ is not set, as .ci/rabbitmq does")
	}
	return r
}

// control runs one of the script's verbs on the node.
func (r rabbit) control(t testing.TB, verb string, args ...string) {
	t.Helper()
	if r.folder == "" {
		t.Skip("the node cannot be controlled: PATCHBAY_RABBITMQ_NODE is not set, as .ci/rabbitmq does")
	}
	script, err := filepath.Abs("../../../.ci/rabbitmq")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(script, append([]string{verb, r.folder}, args...)...)
	command.Env = append(os.Environ(), "RABBITMQ_TEST_PORT="+r.parsed(t).Port())
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%s: %v: %s", verb, err, out)
	}
}

func (r rabbit) parsed(t testing.TB) *url.URL {
	t.Helper()
	u, err := url.Parse(r.uri)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (r rabbit) restart(t testing.TB, how string) {
	t.Helper()
	r.control(t, how)
	r.control(t, "start")
}

// admin is a channel for what tests declare, on a connection of its own.
func (r rabbit) admin(t testing.TB) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(r.uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	channel, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

// queue declares a queue for the time of the test.
func (r rabbit) queue(t testing.TB, arguments amqp.Table) string {
	t.Helper()
	name := "patchbay-test-" + cryptorand.Text()
	if _, err := r.admin(t).QueueDeclare(name, true, false, false, false, arguments); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if conn, err := amqp.Dial(r.uri); err == nil {
			defer conn.Close()
			if channel, err := conn.Channel(); err == nil {
				_, _ = channel.QueueDelete(name, false, false, false)
			}
		}
	})
	return name
}

// suite is what all drivers pass, on a broker.
func suite(t *testing.T, uri string, target func(testing.TB) string) queuetest.Suite {
	authentication := map[string]any{"uri": uri}
	return queuetest.Suite{
		Protocol: Protocol(),
		Driver:   driver{},
		Host:     protocoltest.Host(t),
		Target:   target,
		Input: func(target string, m queue.Message) map[string]any {
			headers := map[string]any{}
			for _, h := range m.Headers {
				headers[h.Name] = string(h.Value)
			}
			return map[string]any{"authentication": authentication, "routing": map[string]any{"routingKey": target},
				"message": map[string]any{"body": string(m.Value), "properties": map[string]any{"headers": headers}}}
		},
		Properties: func(target string) map[string]any {
			return map[string]any{"authentication": authentication, "queueName": target}
		},
		Body: func(event any) string { return queuetest.Text(event, "message", "body") },
		Wrong: map[string]map[string]any{
			"an unknown queue":         {"authentication": authentication, "queueName": "patchbay-no-such-queue"},
			"an unknown virtual host":  {"authentication": map[string]any{"uri": uri + "/nowhere"}, "queueName": "a"},
			"a wrong password":         {"authentication": map[string]any{"uri": withUser(t, uri, "patchbay", "wrong")}, "queueName": "a"},
			"a port that is not open":  {"authentication": map[string]any{"uri": "amqp://127.0.0.1:1"}, "queueName": "a"},
			"a host that is not known": {"authentication": map[string]any{"uri": "amqp://broker.invalid"}, "queueName": "a"},
		},
		WrongInput: map[string]queuetest.WrongInput{
			"no body":                 {Variables: job(uri, "", "a", nil)},
			"an unknown exchange":     {Variables: job(uri, "patchbay-no-such-exchange", "a", "x"), Code: "NOT_FOUND"},
			"an unknown queue":        {Variables: job(uri, "", "patchbay-no-such-queue", "x"), Code: CodeUnroutable},
			"a wrong password":        {Variables: job(withUser(t, uri, "patchbay", "wrong"), "", "a", "x"), Code: "ACCESS_REFUSED"},
			"a port that is not open": {Variables: job("amqp://127.0.0.1:1", "", "a", "x"), Code: CodeRefused},
			"an unknown virtual host": {Variables: job(uri+"/nowhere", "", "a", "x"), Code: "NOT_ALLOWED"},
		},
	}
}

func job(uri, exchange, key string, body any) map[string]any {
	return map[string]any{"authentication": map[string]any{"uri": uri},
		"routing": map[string]any{"exchange": exchange, "routingKey": key}, "message": map[string]any{"body": body}}
}

func withUser(t testing.TB, uri, user, password string) string {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(user, password)
	return u.String()
}

func TestBrokerSuite(t *testing.T) {
	r := node(t)
	s := suite(t, r.uri, func(t testing.TB) string { return r.queue(t, nil) })
	restarts := []string{"stop", "kill"}
	s.Restart = func(t testing.TB) {
		r.restart(t, restarts[0])
		restarts[0], restarts[1] = restarts[1], restarts[0]
	}
	s.Run(t)
}

func TestBrokerQuorumSuite(t *testing.T) {
	r := node(t)
	suite(t, r.uri, func(t testing.TB) string { return r.queue(t, amqp.Table{amqp.QueueTypeArg: amqp.QueueTypeQuorum}) }).Run(t)
}

// endurance counts messages on a broker.
func endurance(t *testing.T, uri string, target func(testing.TB) string) queuetest.Endurance {
	e := queuetest.Endurance{Suite: suite(t, uri, target)}
	e.Numbered = func(target string, n int) map[string]any {
		variables := e.Input(target, queue.Message{Value: []byte(strconv.Itoa(n))})
		return with(variables, "message", "properties", map[string]any{"messageId": "number-" + strconv.Itoa(n)})
	}
	properties := e.Properties
	e.Properties = func(target string) map[string]any { return with(properties(target), "consumption", "maxInFlight", 256) }
	return e
}

// TestBrokerEndurance ends the node in order and without a word by turns.
func TestBrokerEndurance(t *testing.T) {
	r := node(t)
	e := endurance(t, r.uri, func(t testing.TB) string { return r.queue(t, nil) })
	e.Messages, e.Restarts = 100_000, 20
	e.Again = func(t testing.TB, n int) { r.restart(t, []string{"stop", "kill"}[n%2]) }
	e.Run(t)
}

// bound binds a job's variables.
func bound(variables map[string]any) (any, error) {
	in := Protocol().Input()
	return in, bind.Bind(variables, in)
}

func inbound(t testing.TB, h protocols.InboundHost, properties map[string]any) protocols.Inbound {
	t.Helper()
	p := Protocol().Properties()
	if err := bind.Bind(properties, p); err != nil {
		t.Fatal(err)
	}
	in, err := Protocol().Inbound(h, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.(io.Closer).Close() })
	return in
}
