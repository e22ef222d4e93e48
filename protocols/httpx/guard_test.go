package httpx

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"

	"patchbay/protocols"
)

func guard(t *testing.T, allow ...string) *Guard {
	t.Helper()
	g, err := NewGuard(allow)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// resolving makes a guard answer names from a table, and no others.
func resolving(g *Guard, names map[string]string) *Guard {
	g.lookup = func(_ context.Context, _, host string) ([]netip.Addr, error) {
		var addrs []netip.Addr
		for _, text := range strings.Fields(names[host]) {
			addrs = append(addrs, netip.MustParseAddr(text))
		}
		if addrs == nil {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		return addrs, nil
	}
	return g
}

func TestGuardRefuses(t *testing.T) {
	tests := []struct{ host, kind, flag string }{
		{"127.0.0.1", "a loopback", "loopback"},
		{"127.8.9.10", "a loopback", "loopback"},
		{"2130706433", "a loopback", "loopback"},
		{"0x7f000001", "a loopback", "loopback"},
		{"0x7F.1", "a loopback", "loopback"},
		{"017700000001", "a loopback", "loopback"},
		{"0177.0.0.01", "a loopback", "loopback"},
		{"127.1", "a loopback", "loopback"},
		{"127.0.1", "a loopback", "loopback"},
		{"::1", "a loopback", "loopback"},
		{"::ffff:127.0.0.1", "a loopback", "loopback"},
		{"::ffff:7f00:1", "a loopback", "loopback"},
		{"10.1.2.3", "a private", "private"},
		{"172.16.0.1", "a private", "private"},
		{"172.31.255.255", "a private", "private"},
		{"192.168.0.1", "a private", "private"},
		{"3232235521", "a private", "private"},
		{"::ffff:10.0.0.1", "a private", "private"},
		{"fd12:3456::1", "a private", "private"},
		{"fd00:ec2::254", "a cloud metadata", "fd00:ec2::254"},
		{"169.254.169.254", "a link-local", "169.254.169.254"},
		{"0xa9fea9fe", "a link-local", "169.254.169.254"},
		{"fe80::1%eth0", "a link-local", "fe80::1"},
		{"0.0.0.0", "an unspecified", "0.0.0.0"},
		{"0", "an unspecified", "0.0.0.0"},
		{"::", "an unspecified", "::"},
		{"0.1.2.3", "a special-purpose", "0.1.2.3"},
		{"100.64.0.1", "a special-purpose", "100.64.0.1"},
		{"100.100.100.200", "a special-purpose", "100.100.100.200"},
		{"192.0.0.192", "a special-purpose", "192.0.0.192"},
		{"198.18.0.1", "a special-purpose", "198.18.0.1"},
		{"203.0.113.1", "a special-purpose", "203.0.113.1"},
		{"224.0.0.1", "a special-purpose", "224.0.0.1"},
		{"255.255.255.255", "a special-purpose", "255.255.255.255"},
		{"64:ff9b::7f00:1", "a special-purpose", "64:ff9b::7f00:1"},
		{"64:ff9b:1::1", "a special-purpose", "64:ff9b:1::1"},
		{"2001::1", "a special-purpose", "2001::1"},
		{"2001:db8::1", "a special-purpose", "2001:db8::1"},
		{"2002:7f00:1::", "a special-purpose", "2002:7f00:1::"},
		{"ff02::1", "a special-purpose", "ff02::1"},
	}
	g := guard(t)
	for _, tt := range tests {
		want := tt.kind + " address: calls to it are refused; allow it with --allow-net " + tt.flag
		for how, err := range map[string]error{"dial": dial(t, g, tt.host), "proxied": g.CheckHost(t.Context(), tt.host)} {
			if !protocols.IsInputError(err) || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%s %s: got %v, want ...%s", how, tt.host, err, want)
			}
		}
	}
}

func dial(t *testing.T, g *Guard, host string) error {
	t.Helper()
	conn, err := g.Dial(t.Context(), "tcp", net.JoinHostPort(host, "9"))
	if conn != nil {
		conn.Close()
	}
	return err
}

func TestGuardAllows(t *testing.T) {
	tests := []struct {
		allow, host string
		ok          bool
	}{
		{"", "8.8.8.8", true},
		{"", "2606:4700::1111", true},
		{"", "134744072", true}, // 8.8.8.8
		{"loopback", "127.0.0.1", true},
		{"loopback", "::1", true},
		{"loopback", "2130706433", true},
		{"loopback", "::ffff:127.0.0.1", true},
		{"loopback", "10.0.0.1", false},
		{"loopback", "0.0.0.0", false},
		{"private", "10.0.0.1", true},
		{"private", "fd12::1", true},
		{"private", "127.0.0.1", false},
		{"private", "169.254.169.254", false},
		{"private", "fd00:ec2::254", false},
		{"fd00:ec2::/32", "fd00:ec2::254", true},
		{"169.254.169.254", "169.254.169.254", true},
		{"169.254.169.254", "169.254.169.253", false},
		{"10.1.0.0/16", "10.1.2.3", true},
		{"10.1.0.0/16", "10.2.2.3", false},
		{"loopback 10.1.2.3/16", "10.1.9.9", true},
		{"::ffff:10.0.0.1", "10.0.0.1", true},
	}
	for _, tt := range tests {
		g := guard(t, strings.Fields(tt.allow)...)
		if err := g.CheckHost(t.Context(), tt.host); (err == nil) != tt.ok {
			t.Errorf("allow %q: %s: got %v", tt.allow, tt.host, err)
		}
	}
}

func TestGuardDials(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "2130706433", "0x7f.1", "::ffff:127.0.0.1"} {
		conn, err := guard(t, "loopback").Dial(t.Context(), "tcp", net.JoinHostPort(host, port))
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		conn.Close()
	}
	if err := dial(t, guard(t), "localhost"); !protocols.IsInputError(err) || !strings.HasPrefix(err.Error(), "localhost (") {
		t.Errorf("localhost: got %v", err)
	}
}

func TestGuardProxiedNames(t *testing.T) {
	names := map[string]string{"good.example": "8.8.8.8", "mixed.example": "8.8.8.8 10.0.0.1", "inside.example": "192.168.7.7"}
	tests := []struct {
		host, allow, want string
	}{
		{"good.example", "", ""},
		{"mixed.example", "", "mixed.example (10.0.0.1) is a private address"},
		{"inside.example", "", "inside.example (192.168.7.7) is a private address"},
		{"inside.example", "private", ""},
		{"only.proxy", "", "allow such names with --allow-net proxied"},
		{"only.proxy", "proxied", ""},
		{"inside.example", "proxied", "is a private address"},
	}
	for _, tt := range tests {
		err := resolving(guard(t, strings.Fields(tt.allow)...), names).CheckHost(t.Context(), tt.host)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s, allow %q: got %v, want %q", tt.host, tt.allow, err, tt.want)
		}
	}
}

func TestNewGuardErrors(t *testing.T) {
	for _, word := range []string{"", "lan", "10.0.0.0/99", "10.0.0"} {
		_, err := NewGuard([]string{word})
		if err == nil || !strings.Contains(err.Error(), "expected loopback, private, proxied, an address or a CIDR") {
			t.Errorf("%q: got %v", word, err)
		}
	}
}

func TestGuardDialErrors(t *testing.T) {
	g := guard(t, "loopback")
	if _, err := g.Dial(t.Context(), "tcp", "nonsense"); err == nil {
		t.Error("an address without a port was dialled")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Dial(ctx, "tcp", "127.0.0.1:1"); err == nil {
		t.Error("a cancelled dial connected")
	}
}

func FuzzOddAddress(f *testing.F) {
	for _, s := range []string{"127.1", "0x7f.1", "017700000001", "1.2.3.4.5", "0x", "a.b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if addr, ok := oddAddress(host); ok && !addr.Is4() {
			t.Errorf("%q: %v", host, addr)
		}
	})
}
