package queue

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"patchbay/protocols"
)

// Schemes are those of a kind of broker's addresses, by which drivers read them.
type Schemes struct {
	// Ports are the ports of addresses that have none, by scheme.
	Ports map[string]string
	// Default is the scheme of addresses that have none.
	Default string
	// Example shows people what is expected.
	Example string
}

// Servers reads the property servers, a list of addresses with commas between
// them, as scheme://host:port each. User names, passwords and tokens have a
// place of their own, where nobody shows them, so an address that has one is an
// input error; it does not show it either.
func (s Schemes) Servers(list string) ([]*url.URL, error) {
	var servers []*url.URL
	for text := range strings.SplitSeq(list, ",") {
		u, err := s.server(strings.TrimSpace(text))
		if err != nil {
			return nil, &protocols.InputError{Path: "servers", Message: err.Error()}
		}
		servers = append(servers, u)
	}
	return servers, nil
}

func (s Schemes) server(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = s.Default + "://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || s.Ports[u.Scheme] == "":
		return nil, fmt.Errorf("expected an address such as %s", s.Example)
	case u.User != nil:
		return nil, fmt.Errorf("the address of %s has a user name or token; it belongs into authentication", u.Host)
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), s.Ports[u.Scheme])
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}
