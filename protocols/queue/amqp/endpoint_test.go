package amqp

import (
	"strings"
	"testing"
	"time"

	"patchbay/protocols/httpx"
)

func uri(text string) authentication { return authentication{Type: "uri", URI: text} }

func TestEndpoint(t *testing.T) {
	account := authentication{Type: "credentials", UserName: "u", Password: "p"}
	tests := map[string]struct {
		a    authentication
		r    routing
		tls  *httpx.TLS
		want endpoint
	}{
		"all of a URI":        {a: uri("amqp://u:p%40s@h:1/v%2Fw?heartbeat=5&connection_timeout=2000"), want: endpoint{host: "h", port: "1", vhost: "v/w", user: "u", password: "p@s", heartbeat: 5 * time.Second, patience: 2 * time.Second}},
		"a host alone":        {a: uri("amqp://h"), want: endpoint{host: "h", port: "5672", vhost: "/", user: "guest", password: "guest"}},
		"an empty path":       {a: uri("amqp://u:p@h/"), want: endpoint{host: "h", port: "5672", vhost: "/", user: "u", password: "p"}},
		"TLS by scheme":       {a: uri("amqps://u:p@h"), want: endpoint{host: "h", port: "5671", vhost: "/", user: "u", password: "p", tls: true}},
		"an IPv6 address":     {a: uri("amqp://u:p@[::1]:5"), want: endpoint{host: "::1", port: "5", vhost: "/", user: "u", password: "p"}},
		"credentials":         {a: account, r: routing{"v", "h", "7", false}, want: endpoint{host: "h", port: "7", vhost: "v", user: "u", password: "p"}},
		"credentials' least":  {a: account, r: routing{HostName: "h"}, want: endpoint{host: "h", port: "5672", vhost: "/", user: "u", password: "p"}},
		"TLS by its property": {a: account, r: routing{HostName: "h", TLS: true}, want: endpoint{host: "h", port: "5671", vhost: "/", user: "u", password: "p", tls: true}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := newEndpoint(tt.a, tt.r, tt.tls)
			if err != nil {
				t.Fatal(err)
			}
			if tt.want.heartbeat == 0 {
				tt.want.heartbeat, tt.want.patience = heartbeat, mostPatience
			}
			if *got != tt.want {
				t.Errorf("got %+v, want %+v", *got, tt.want)
			}
		})
	}
}

func TestEndpointErrors(t *testing.T) {
	account := authentication{Type: "credentials", UserName: "u", Password: "p"}
	tests := map[string]struct {
		a    authentication
		r    routing
		text string
	}{
		"no host in a URI":    {uri("amqp://:5"), routing{}, "authentication.uri: expected amqp://"},
		"a raw slash":         {uri("amqp://u:hu/sh@h"), routing{}, "reserved characters of a password"},
		"two segments":        {uri("amqp://h/a/b"), routing{}, "a / in its name is written %2F"},
		"a file's name":       {uri("amqps://h?cacertfile=/etc/passwd"), routing{}, `the parameter "cacertfile" is not known`},
		"a strange heartbeat": {uri("amqp://h?heartbeat=0"), routing{}, "the parameter heartbeat: expected a number from 1 to 300"},
		"a long time":         {uri("amqp://h?connection_timeout=30001"), routing{}, "from 1 to 30000"},
		"no host":             {account, routing{}, "routing.hostName: is required"},
		"no port":             {account, routing{HostName: "h", Port: "amqp"}, `routing.port: expected a port number but got "amqp"`},
		"a long virtual host": {account, routing{HostName: "h", VirtualHost: strings.Repeat("v", 256)}, "expected at most 255 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := newEndpoint(tt.a, tt.r, nil)
			if err == nil || !strings.Contains(err.Error(), tt.text) {
				t.Fatalf("got %v, want %q", err, tt.text)
			}
			if strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "hu/sh") {
				t.Errorf("the text shows the password: %v", err)
			}
		})
	}
}

func TestAddress(t *testing.T) {
	e := endpoint{host: "h", port: "5672", vhost: "/"}
	other := endpoint{host: "::1", port: "5671", vhost: "v/w", tls: true}
	for want, got := range map[string]string{
		"amqp://h:5672/orders/new.eu":          e.address("orders", "new.eu").String(),
		"amqp://h:5672/orders/":                e.address("orders", "").String(),
		"amqp://h:5672/a%2Fb":                  e.address("", "a/b").String(),
		"amqps://[::1]:5671/q%20r?vhost=v%2Fw": other.address("", "q r").String(),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestDigest changes what a connection depends on, one thing at a time.
func TestDigest(t *testing.T) {
	seen := map[string]string{}
	for name, change := range map[string]func(*endpoint){
		"nothing": func(*endpoint) {}, "host": func(e *endpoint) { e.host = "x" }, "port": func(e *endpoint) { e.port = "x" }, "vhost": func(e *endpoint) { e.vhost = "x" },
		"user": func(e *endpoint) { e.user = "x" }, "password": func(e *endpoint) { e.password = "x" }, "TLS": func(e *endpoint) { e.tls = true },
		"heartbeat": func(e *endpoint) { e.heartbeat = 1 }, "patience": func(e *endpoint) { e.patience = 1 },
		"certificates": func(e *endpoint) { e.certificates = &httpx.TLS{TrustedCertificate: "x"} },
		"key":          func(e *endpoint) { e.certificates = &httpx.TLS{ClientPrivateKey: "x"} },
	} {
		e := endpoint{host: "h", port: "1", vhost: "/", user: "u", password: "p"}
		change(&e)
		if other, ok := seen[e.digest()]; ok {
			t.Errorf("%s and %s share connections", name, other)
		}
		seen[e.digest()] = name
	}
}
