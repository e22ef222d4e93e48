package nats

import (
	cryptorand "crypto/rand"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"patchbay/protocols"
	"patchbay/protocols/queue/queuetest"
)

// broker is a NATS server in this process.
type broker struct {
	options server.Options
	server  *server.Server
}

// serve starts a server with JetStream; change, if not nil, changes its options.
func serve(t testing.TB, change func(*server.Options)) *broker {
	t.Helper()
	b := &broker{options: server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true}}
	if change != nil {
		change(&b.options)
	}
	b.start(t)
	b.options.Port = b.server.Addr().(*net.TCPAddr).Port
	t.Cleanup(func() { b.stop() })
	return b
}

func (b *broker) start(t testing.TB) {
	t.Helper()
	options := b.options // the server changes them
	if options.Port != server.RANDOM_PORT {
		_ = queuetest.Listen(t, fmt.Sprint("127.0.0.1:", options.Port)).Close()
	}
	s, err := server.NewServer(&options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	b.server = s
}

func (b *broker) stop() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

// restart ends all connections; the streams are on disk.
func (b *broker) restart(t testing.TB) {
	b.stop()
	b.start(t)
}

func (b *broker) url() string { return b.server.ClientURL() }

// stream makes a stream with a subject of its own and returns the subject. It has a
// consumer that soon delivers again what the end of a connection left without an
// acknowledgement.
func (b *broker) stream(t testing.TB) string {
	t.Helper()
	subject := "test." + cryptorand.Text()
	js, err := jetstream.New(b.admin(t))
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S" + cryptorand.Text(), Subjects: []string{subject}})
	if err == nil {
		_, err = stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{Durable: "connector", AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Second})
	}
	if err != nil {
		t.Fatal(err)
	}
	return subject
}

// admin is a connection of the test's own.
func (b *broker) admin(t testing.TB, options ...natsgo.Option) *natsgo.Conn {
	t.Helper()
	nc, err := natsgo.Connect(b.url(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// open is a host that may dial this machine.
func open() protocols.Host {
	return protocols.Host{Dial: (&net.Dialer{}).DialContext}
}
