package httpx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"

	"patchbay/protocols"
)

// Guard refuses connections to addresses that a template or process data has
// no business with: loopback, private, link-local, cloud metadata, carrier NAT
// and everything else that IANA's special-purpose registries list. It looks at
// the address that is dialled, after name resolution, so neither a redirect nor
// a name that resolves anew gets round it.
type Guard struct {
	public   *ssrf.Guardian
	explicit []netip.Prefix
	// proxied allows names that only the proxy can resolve.
	proxied bool
	// resolver resolves the names that are dialled, nil for the system's, and
	// lookup those that a proxy will.
	resolver *net.Resolver
	lookup   func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// metadata are the addresses of cloud metadata services that lie within
// prefixes which the word private allows. Others are link-local or carrier NAT.
var metadata = []netip.Addr{netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("fd20:ce::254")}

// words are the allow-list's words for prefixes.
var words = map[string][]netip.Prefix{
	"loopback": {netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	"private": {netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7")},
}

// NewGuard returns a guard that lets through public addresses and those in
// allow, the values of --allow-net: "loopback", "private", an address, a CIDR,
// or "proxied", which lets names through to an HTTP proxy that cannot be
// resolved, and thus not be checked, here.
func NewGuard(allow []string) (*Guard, error) {
	g := &Guard{lookup: net.DefaultResolver.LookupNetIP}
	var v4, v6 []netip.Prefix
	for _, word := range allow {
		prefixes := words[word]
		if word == "proxied" {
			g.proxied = true
		} else if prefixes == nil {
			prefix, err := parsePrefix(word)
			if err != nil {
				return nil, err
			}
			prefixes = []netip.Prefix{prefix}
			g.explicit = append(g.explicit, prefix)
		}
		for _, p := range prefixes {
			if p.Addr().Is4() {
				v4 = append(v4, p)
			} else {
				v6 = append(v6, p)
			}
		}
	}
	g.public = ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
	return g, nil
}

// Guarded returns the host with a Dial: where it has none, one that refuses
// everything but public addresses.
func Guarded(h protocols.Host) protocols.Host {
	if h.Dial == nil {
		g, _ := NewGuard(nil) // only words of an allow-list can be wrong
		h.Dial, h.CheckHost = g.Dial, g.CheckHost
	}
	return h
}

func parsePrefix(word string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(word); err == nil {
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(word)
	if err != nil {
		return prefix, fmt.Errorf("%q: expected loopback, private, proxied, an address or a CIDR such as 10.1.0.0/16", word)
	}
	return prefix.Masked(), nil
}

// Dial connects like net.Dialer.DialContext, or refuses with an
// *protocols.InputError that names the flag to allow the address.
func (g *Guard) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if addr, ok := oddAddress(host); ok {
		address = net.JoinHostPort(addr.String(), port)
	}
	dialer := net.Dialer{Resolver: g.resolver, Control: func(_, address string, _ syscall.RawConn) error {
		peer, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return g.check(host, peer.Addr())
	}}
	conn, err := dialer.DialContext(ctx, network, address)
	var refused *protocols.InputError
	if errors.As(err, &refused) {
		return nil, refused
	}
	return conn, err
}

// CheckHost applies the rule to a host that an HTTP proxy will connect to. All
// its addresses have to pass.
func (g *Guard) CheckHost(ctx context.Context, host string) error {
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		if g.proxied {
			return nil
		}
		return &protocols.InputError{Cause: err, Message: fmt.Sprintf(
			"%q cannot be resolved here, so it is not known whether the proxy would connect to a private address: "+
				"calls to it are refused; allow such names with --allow-net proxied", host)}
	}
	for _, addr := range addrs {
		if err := g.check(host, addr); err != nil {
			return err
		}
	}
	return nil
}

func (g *Guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	if addr, ok := oddAddress(host); ok {
		return []netip.Addr{addr}, nil
	}
	return g.lookup(ctx, "ip", host)
}

func (g *Guard) check(host string, addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	err := g.public.SafeAddr(addr)
	if err == nil && !g.hiddenMetadata(addr) {
		return nil
	}
	kind, flag := describeAddress(addr)
	where := addr.String()
	if host != where {
		where = fmt.Sprintf("%s (%s)", host, addr)
	}
	return &protocols.InputError{Message: fmt.Sprintf(
		"%s is %s address: calls to it are refused; allow it with --allow-net %s", where, kind, flag)}
}

func (g *Guard) hiddenMetadata(addr netip.Addr) bool {
	named := func(p netip.Prefix) bool { return p.Contains(addr) }
	return slices.Contains(metadata, addr) && !slices.ContainsFunc(g.explicit, named)
}

// describeAddress says what kind of address it is and what allows it.
func describeAddress(addr netip.Addr) (kind, flag string) {
	switch {
	case addr.IsLoopback():
		return "a loopback", "loopback"
	case addr.IsPrivate():
		if slices.Contains(metadata, addr) {
			return "a cloud metadata", addr.String()
		}
		return "a private", "private"
	case addr.IsLinkLocalUnicast():
		return "a link-local", addr.String()
	case addr.IsUnspecified():
		return "an unspecified", addr.String()
	}
	return "a special-purpose", addr.String()
}

// oddAddress reads the IPv4 notations of inet_aton(3) that some resolvers take
// for an address: one to four parts, decimal, octal (0...) or hexadecimal
// (0x...), the last one filling the remaining bytes. Plain dotted decimal does
// not count.
func oddAddress(host string) (netip.Addr, bool) {
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return netip.Addr{}, false
	}
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var value uint64
	for i, part := range parts {
		n, ok := oddNumber(part)
		last := i == len(parts)-1
		room := uint64(1) << 8
		if last {
			room = 1 << (8 * (5 - len(parts)))
		}
		if !ok || n >= room {
			return netip.Addr{}, false
		}
		if last {
			value = value*room + n
		} else {
			value = value<<8 + n
		}
	}
	return netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}), true
}

func oddNumber(text string) (uint64, bool) {
	base, digits := uint64(10), text
	switch {
	case strings.HasPrefix(text, "0x"), strings.HasPrefix(text, "0X"):
		base, digits = 16, text[2:]
	case len(text) > 1 && text[0] == '0':
		base, digits = 8, text[1:]
	}
	var n uint64
	for _, c := range []byte(digits) {
		d, ok := digit(c)
		if !ok || d >= base || n > 1<<40 {
			return 0, false
		}
		n = n*base + d
	}
	return n, text != ""
}

func digit(c byte) (uint64, bool) {
	switch {
	case '0' <= c && c <= '9':
		return uint64(c - '0'), true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return uint64(c|0x20-'a') + 10, true
	}
	return 0, false
}
