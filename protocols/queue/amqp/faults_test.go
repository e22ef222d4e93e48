package amqp

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"patchbay/protocols"
	"patchbay/protocols/protocoltest"
	"patchbay/protocols/queue/queuetest"
)

// patience bounds how long these tests wait for what must happen.
const patience = 30 * time.Second

// publisher runs jobs on one pool of connections.
func publisher(t testing.TB, host protocols.Host) func(ctx context.Context, variables map[string]any) (map[string]any, error) {
	t.Helper()
	p := Protocol()
	out, err := p.Outbound(host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.(io.Closer).Close() })
	return func(ctx context.Context, variables map[string]any) (map[string]any, error) {
		in, err := bound(variables)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		result, err := out.Execute(ctx, protocols.Call{Input: in})
		if err != nil {
			return nil, err
		}
		return result.Value.(map[string]any), nil
	}
}

// code is an error's code, "input" for an error of the input.
func code(err error) string {
	var known *protocols.Error
	switch {
	case err == nil:
		return ""
	case protocols.IsInputError(err):
		return "input"
	case errors.As(err, &known):
		return known.Code
	}
	return "no code: " + err.Error()
}

// count is how many messages a queue has.
func (r rabbit) count(t testing.TB, queue string) int {
	t.Helper()
	q, err := r.admin(t).QueueDeclarePassive(queue, true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	return q.Messages
}

// exchange declares a topic exchange for the time of the test.
func (r rabbit) exchange(t testing.TB) string {
	t.Helper()
	name := "patchbay-test-" + cryptorand.Text()
	channel := r.admin(t)
	if err := channel.ExchangeDeclare(name, "topic", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = channel.ExchangeDelete(name, false, false) })
	return name
}

func with(variables map[string]any, group, name string, value any) map[string]any {
	out := maps.Clone(variables)
	members, _ := out[group].(map[string]any)
	members = maps.Clone(members)
	if members == nil {
		members = map[string]any{}
	}
	members[name] = value
	out[group] = members
	return out
}

func TestBrokerReceipt(t *testing.T) {
	r := node(t)
	publish := publisher(t, protocoltest.Host(t))
	exchange, target := r.exchange(t), r.queue(t, nil)
	if err := r.admin(t).QueueBind(target, "new.#", exchange, false, nil); err != nil {
		t.Fatal(err)
	}
	got, err := publish(t.Context(), with(job(r.uri, exchange, "new.eu", "x"), "message", "properties", map[string]any{"messageId": "m-1"}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"statusResult": "success", "confirmed": true, "exchange": exchange, "routingKey": "new.eu", "messageId": "m-1"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, err := publish(t.Context(), job(r.uri, exchange, "old", "x")); code(err) != CodeUnroutable {
		t.Errorf("got %v, want %s", err, CodeUnroutable)
	}
	if _, err := publish(t.Context(), with(job(r.uri, exchange, "old", "x"), "routing", "mandatory", false)); err != nil {
		t.Errorf("without mandatory: %v", err)
	}
}

func TestBrokerRefusals(t *testing.T) {
	r := node(t)
	publish := publisher(t, protocoltest.Host(t))
	full := r.queue(t, amqp.Table{"x-max-length": 1, "x-overflow": "reject-publish"})
	if _, err := publish(t.Context(), job(r.uri, "", full, "first")); err != nil {
		t.Fatal(err)
	}
	withProperty := func(name, value string) map[string]any {
		return with(job(r.uri, "", full, "x"), "message", "properties", map[string]any{name: value})
	}
	tests := map[string]struct {
		variables map[string]any
		code      string
	}{
		"a full queue":         {job(r.uri, "", full, "second"), CodeNacked},
		"a message too large":  {job(r.uri, "", full, strings.Repeat("x", 1<<20+1)), "PRECONDITION_FAILED"},
		"another's user id":    {withProperty("userId", "somebody"), "PRECONDITION_FAILED"},
		"an account's rights":  {job(withUser(t, r.uri, "reader", "reader"), "", full, "x"), "ACCESS_REFUSED"},
		"no port for the host": {job("amqp://broker.invalid", "", full, "x"), CodeUnknownHost},
		"no TLS there":         {with(job(r.uri, "", full, "x"), "routing", "tls", true), "SSL_HANDSHAKE_FAILED"},
	}
	for name, tt := range tests {
		if _, err := publish(t.Context(), tt.variables); code(err) != tt.code {
			t.Errorf("%s: got %q: %v, want %q", name, code(err), err, tt.code)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}

// neighbours publishes good messages beside such as make the broker close the
// channel: each gets what it deserves. The mistakes are variables by the code of
// their error.
func neighbours(t *testing.T, uri, target string, mistakes map[string]map[string]any) (good int) {
	publish := publisher(t, protocoltest.Host(t))
	codes := slices.Sorted(maps.Keys(mistakes))
	const workers, each = 16, 60
	var all sync.WaitGroup
	var confirmed atomic.Int64
	for w := range workers {
		all.Go(func() {
			for n := range each {
				variables, want := job(uri, "", target, "x"), ""
				if w < len(codes) && n%10 == 5 {
					want = codes[w]
					variables = mistakes[want]
				}
				if _, err := publish(t.Context(), variables); code(err) != want {
					t.Errorf("worker %d, message %d: got %q: %v, want %q", w, n, code(err), err, want)
				} else if want == "" {
					confirmed.Add(1)
				}
			}
		})
	}
	all.Wait()
	return int(confirmed.Load())
}

func TestBrokerNeighbours(t *testing.T) {
	r := node(t)
	target := r.queue(t, nil)
	good := neighbours(t, r.uri, target, map[string]map[string]any{
		"PRECONDITION_FAILED": job(r.uri, "", target, strings.Repeat("x", 1<<20+1)),
		"NOT_FOUND":           job(r.uri, "patchbay-no-such-exchange", target, "x"),
		CodeUnroutable:        job(r.uri, "", "patchbay-no-such-queue", "x"),
	})
	if got := r.count(t, target); got < good {
		t.Errorf("%d messages were confirmed, but the queue has %d", good, got)
	} else {
		t.Logf("%d confirmed, %d in the queue", good, got)
	}
}

// TestBrokerBlocked publishes while the broker is out of memory.
func TestBrokerBlocked(t *testing.T) {
	r := node(t)
	publish := publisher(t, protocoltest.Host(t))
	target := r.queue(t, nil)
	if _, err := publish(t.Context(), job(r.uri, "", target, "before")); err != nil {
		t.Fatal(err)
	}
	r.control(t, "ctl", "set_vm_memory_high_watermark", "absolute", "1MB")
	defer r.control(t, "ctl", "set_vm_memory_high_watermark", "0.4")
	fresh := publisher(t, protocoltest.Host(t))
	for n, publish := range []func(context.Context, map[string]any) (map[string]any, error){publish, publish, fresh, fresh, fresh} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		started := time.Now()
		_, err := publish(ctx, job(r.uri, "", target, "meanwhile"))
		cancel()
		if code(err) != "TIMEOUT" || time.Since(started) > patience/3 {
			t.Errorf("publication %d: got %v after %s, want a time-out", n, err, time.Since(started))
		}
		t.Logf("publication %d: %v", n, err)
	}
	r.control(t, "ctl", "set_vm_memory_high_watermark", "0.4")
	if _, err := publish(t.Context(), job(r.uri, "", target, "after")); err != nil {
		t.Errorf("after it: %v", err)
	}
}

func TestBrokerTLS(t *testing.T) {
	r := node(t)
	if r.folder == "" {
		t.Skip("there are no certificates: PATCHBAY_RABBITMQ_NODE is not set")
	}
	pem := func(name string) string {
		text, err := os.ReadFile(filepath.Join(r.folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	target := r.queue(t, nil)
	u := r.parsed(t)
	port, _ := strconv.Atoi(u.Port())
	u.Scheme, u.Host = "amqps", "localhost:"+strconv.Itoa(port+1)
	plain := job(u.String(), "", target, "x")
	trusting := with(plain, "clientTls", "trustedCertificate", pem("ca.pem"))
	known := with(with(trusting, "clientTls", "clientCertificate", pem("client.pem")), "clientTls", "clientPrivateKey", pem("client.key"))
	password, _ := u.User.Password()
	credentials := maps.Clone(known)
	credentials["authentication"] = map[string]any{"authType": "credentials", "userName": u.User.Username(), "password": password}
	credentials["routing"] = map[string]any{"hostName": "localhost", "port": strconv.Itoa(port + 1), "virtualHost": "/", "tls": true, "routingKey": target}
	tests := map[string]struct {
		variables map[string]any
		code      string
	}{
		"an authority that is not trusted": {plain, "SSL_HANDSHAKE_FAILED"},
		"both certificates":                {known, ""},
		"both certificates, no URI":        {credentials, ""},
		"half a client certificate":        {with(trusting, "clientTls", "clientCertificate", pem("client.pem")), "input"},
	}
	publish := publisher(t, protocoltest.Host(t))
	for name, tt := range tests {
		if _, err := publish(t.Context(), tt.variables); code(err) != tt.code {
			t.Errorf("%s: got %v, want %q", name, err, tt.code)
		}
	}
	// TLS 1.3 tells a client only after the handshake that it is not welcome.
	if _, err := publish(t.Context(), trusting); err == nil {
		t.Error("it publishes without a client certificate")
	} else {
		t.Logf("without a client certificate: %v", err)
	}
}

// TestBrokerVirtualHost has a slash in a host's name.
func TestBrokerVirtualHost(t *testing.T) {
	r := node(t)
	publish := publisher(t, protocoltest.Host(t))
	if _, err := publish(t.Context(), job(r.uri+"/other%2Fhost", "amq.fanout", "", "x")); code(err) != CodeUnroutable {
		t.Errorf("got %v, want %s", err, CodeUnroutable)
	}
}

// health takes the queue away from a consumer and brings it back.
func health(t *testing.T, uri, target string, remove, restore func()) {
	in := inbound(t, protocoltest.NewInboundHost(t).Host(protocoltest.Host(t)), map[string]any{"authentication": map[string]any{"uri": uri}, "queueName": target})
	receive := func(ready func()) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return in.Receive(ctx, ready, func(context.Context, protocols.Event) (protocols.Correlation, error) {
			return protocols.Correlation{Matched: true}, nil
		})
	}
	if err := receive(remove); err == nil || !strings.Contains(err.Error(), "the broker cancelled the consumer") {
		t.Errorf("a deleted queue: got %v", err)
	}
	if err := receive(func() {}); err == nil || !strings.Contains(err.Error(), "NOT_FOUND - no queue") {
		t.Errorf("a missing queue: got %v", err)
	}
	restore()
	ctx, cancel := context.WithCancel(t.Context())
	if err := in.Receive(ctx, cancel, nil); err != nil || ctx.Err() == nil {
		t.Errorf("with the queue again: got %v", err)
	}
}

func TestBrokerHealth(t *testing.T) {
	r := node(t)
	target := r.queue(t, nil)
	health(t, r.uri, target, func() {
		if _, err := r.admin(t).QueueDelete(target, false, false, false); err != nil {
			t.Error(err)
		}
	}, func() {
		if _, err := r.admin(t).QueueDeclare(target, true, false, false, false, nil); err != nil {
			t.Error(err)
		}
	})
}

// TestBrokerReject lets the queue's own dead-letter exchange take what is never
// accepted.
func TestBrokerReject(t *testing.T) {
	r := node(t)
	dead := r.queue(t, nil)
	source := r.queue(t, amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead})
	if _, err := publisher(t, protocoltest.Host(t))(t.Context(), job(r.uri, "", source, "poison")); err != nil {
		t.Fatal(err)
	}
	in := inbound(t, protocoltest.NewInboundHost(t).Host(protocoltest.Host(t)), map[string]any{"authentication": map[string]any{"uri": r.uri}, "queueName": source, "reject": "true"})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := in.Receive(ctx, func() {}, func(context.Context, protocols.Event) (protocols.Correlation, error) {
		cancel()
		return protocols.Correlation{}, &protocols.Rejected{Code: protocols.CodeInvalidInput, Message: "no correlation key"}
	})
	if err != nil {
		t.Fatal(err)
	}
	limit := time.Now().Add(patience)
	for r.count(t, dead) == 0 && time.Now().Before(limit) {
		time.Sleep(10 * time.Millisecond)
	}
	if got := r.count(t, source); got != 0 || r.count(t, dead) != 1 {
		t.Errorf("%d messages are left, %d are dead letters", got, r.count(t, dead))
	}
}

// proxied puts a network before the node that tests make worse, and returns it
// with the URI of a client that notices silence.
func (r rabbit) proxied(t testing.TB) (n *queuetest.Network, uri string) {
	t.Helper()
	return queuetest.NewNetwork(t, r.parsed(t).Host), r.uri + "?heartbeat=1"
}

// TestBrokerSilence lets everything that is sent vanish.
func TestBrokerSilence(t *testing.T) {
	r := node(t)
	network, uri := r.proxied(t)
	target := r.queue(t, nil)
	host := protocoltest.Host(t)
	host.Dial = network.Dial
	publish := publisher(t, host)
	if _, err := publish(t.Context(), job(uri, "", target, "x")); err != nil {
		t.Fatal(err)
	}
	in := inbound(t, protocoltest.NewInboundHost(t).Host(host), map[string]any{"authentication": map[string]any{"uri": uri}, "queueName": target})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := in.Receive(ctx, func() {}, func(context.Context, protocols.Event) (protocols.Correlation, error) {
		network.Hang(t)
		return protocols.Correlation{Matched: true}, nil
	})
	if err == nil || ctx.Err() != nil {
		t.Errorf("the consumer does not notice: %v", err)
	}
	short, done := context.WithTimeout(t.Context(), patience/10)
	defer done()
	if _, err := publish(short, job(uri, "", target, "x")); code(err) != CodeDisconnected && code(err) != "TIMEOUT" {
		t.Errorf("the producer does not notice: %v", err)
	}
}

// TestBrokerPoorNetwork counts numbered messages over a connection that is slow,
// or breaks off in the middle of a frame.
func TestBrokerPoorNetwork(t *testing.T) {
	r := node(t)
	network, uri := r.proxied(t)
	network.Over(endurance(t, uri, func(t testing.TB) string { return r.queue(t, nil) })).Run(t)
}
