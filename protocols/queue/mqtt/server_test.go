package mqtt

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"patchbay/protocols"
	"patchbay/protocols/queue/queuetest"
)

// broker is an MQTT broker in this process. Its sessions are in memory.
type broker struct {
	server  *mochi.Server
	address string

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	work     sync.WaitGroup
	turn     sync.Mutex
}

// polite is a connection whose packets the broker handles while no other's are.
// Otherwise it may lock itself out: mochi-mqtt 2.7.9 takes the read lock of a
// client's messages twice, which a writer in between makes wait for ever.
type polite struct {
	net.Conn
	turn *sync.Mutex
	has  bool
}

// Read implements net.Conn. Whoever reads on has handled what came before.
func (p *polite) Read(b []byte) (int, error) {
	p.release()
	n, err := p.Conn.Read(b)
	if err == nil {
		p.turn.Lock()
		p.has = true
	}
	return n, err
}

func (p *polite) release() {
	if p.has {
		p.has = false
		p.turn.Unlock()
	}
}

// serve starts a broker.
func serve(t testing.TB) *broker {
	t.Helper()
	capabilities := mochi.NewDefaultServerCapabilities()
	capabilities.MaximumPacketSize = mostPacket
	b := &broker{address: "127.0.0.1:0", conns: map[net.Conn]bool{},
		server: mochi.New(&mochi.Options{Capabilities: capabilities, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})}
	if err := b.server.AddHook(new(access), nil); err != nil {
		t.Fatal(err)
	}
	if err := b.server.Serve(); err != nil {
		t.Fatal(err)
	}
	b.start(t)
	t.Cleanup(func() {
		b.stop()
		_ = b.server.Close()
	})
	return b
}

// start listens, on the same port as before.
func (b *broker) start(t testing.TB) {
	t.Helper()
	l := queuetest.Listen(t, b.address)
	b.listener, b.address = l, l.Addr().String()
	b.work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b.track(conn)
		}
	})
}

func (b *broker) track(conn net.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.conns[conn] = true
	b.work.Go(func() {
		p := &polite{Conn: conn, turn: &b.turn}
		_ = b.server.EstablishConnection("test", p)
		p.release()
		_ = conn.Close()
	})
}

// stop ends all connections.
func (b *broker) stop() {
	_ = b.listener.Close()
	b.mu.Lock()
	for conn := range b.conns {
		_ = conn.Close()
	}
	clear(b.conns)
	b.mu.Unlock()
	b.work.Wait()
}

func (b *broker) restart(t testing.TB) {
	b.stop()
	b.start(t)
}

func (b *broker) url() string { return "mqtt://" + b.address }

// access lets everybody in but a user with the wrong password, to everything but
// topics below "closed".
type access struct{ mochi.HookBase }

func (*access) ID() string { return "access" }

func (*access) Provides(b byte) bool {
	return bytes.Contains([]byte{mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnPacketEncode}, []byte{b})
}

// OnPacketEncode tells clients the largest packet, which this broker does not.
func (*access) OnPacketEncode(_ *mochi.Client, pk packets.Packet) packets.Packet {
	if pk.FixedHeader.Type == packets.Connack {
		pk.Properties.MaximumPacketSize = mostPacket
	}
	return pk
}

func (*access) OnConnectAuthenticate(_ *mochi.Client, pk packets.Packet) bool {
	return !pk.Connect.UsernameFlag || string(pk.Connect.Password) == "right"
}

func (*access) OnACLCheck(_ *mochi.Client, topic string, _ bool) bool {
	return !bytes.HasPrefix([]byte(topic), []byte("closed/"))
}

// open is a host that may dial this machine.
func open() protocols.Host {
	return protocols.Host{Dial: (&net.Dialer{}).DialContext}
}
