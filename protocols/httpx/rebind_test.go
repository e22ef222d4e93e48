package httpx

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"patchbay/protocols"
)

// nameServer answers every question for an IPv4 address with the addresses in
// turn, as a server does that means to get round a check.
func nameServer(t *testing.T, addrs ...[4]byte) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	var asked atomic.Int32
	go func() {
		buf := make([]byte, 512)
		for {
			n, peer, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response = true
			m.Additionals = nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				turn := int(asked.Add(1)-1) % len(addrs)
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class},
					Body:   &dnsmessage.AResource{A: addrs[turn]},
				}}
			}
			if answer, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(answer, peer)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// A name that resolves to a public address when it is looked at and to a
// private one when it is dialled is refused: what counts is what is dialled.
func TestRebinding(t *testing.T) {
	g := guard(t)
	g.resolver = nameServer(t, [4]byte{93, 184, 215, 14}, [4]byte{169, 254, 169, 254}, [4]byte{10, 0, 0, 1}, [4]byte{127, 0, 0, 1})
	if addrs, err := g.resolver.LookupHost(t.Context(), "rebind.example."); err != nil || addrs[0] != "93.184.215.14" {
		t.Fatalf("got %v, %v", addrs, err)
	}
	for _, want := range []string{"a link-local", "a private", "a loopback"} {
		_, err := g.Dial(t.Context(), "tcp", "rebind.example.:80")
		if !protocols.IsInputError(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it refused as %s address", err, want)
		}
	}
}
