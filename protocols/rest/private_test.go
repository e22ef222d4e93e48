package rest

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
	"patchbay/protocols/protocoltest"
)

// private are addresses that a template has no business with, each as a URL may
// write it.
var private = map[string]string{
	"127.0.0.1":                 "a loopback",
	"127.0.0.1.":                "a loopback",
	"127.1":                     "a loopback",
	"2130706433":                "a loopback",
	"017700000001":              "a loopback",
	"0177.0.0.1":                "a loopback",
	"0x7f000001":                "a loopback",
	"0X7F.0.0.0x1":              "a loopback",
	"localhost":                 "a loopback",
	"[::1]":                     "a loopback",
	"[0:0:0:0:0:0:0:1]":         "a loopback",
	"[::ffff:127.0.0.1]":        "a loopback",
	"[::ffff:7f00:1]":           "a loopback",
	"[0:0:0:0:0:ffff:a00:1]":    "a private",
	"10.0.0.1":                  "a private",
	"167772161":                 "a private",
	"0xac100001":                "a private",
	"0300.0250.1":               "a private",
	"[fd00::1]":                 "a private",
	"169.254.169.254":           "a link-local",
	"2852039166":                "a link-local",
	"[::ffff:a9fe:a9fe]":        "a link-local",
	"[fe80::1]":                 "a link-local",
	"[fd00:ec2::254]":           "a cloud metadata",
	"100.100.100.200":           "a special-purpose",
	"0.0.0.0":                   "an unspecified",
	"0":                         "an unspecified",
	"[::]":                      "an unspecified",
	"[::127.0.0.1]":             "a special-purpose",
	"[::ffff:0:127.0.0.1]":      "a special-purpose",
	"[64:ff9b::127.0.0.1]":      "a special-purpose",
	"[64:ff9b::a9fe:a9fe]":      "a special-purpose",
	"[64:ff9b:1::10.0.0.1]":     "a special-purpose",
	"[2002:7f00:1::]":           "a special-purpose",
	"[2001:0:7f00:1::80ff:fe]":  "a special-purpose",
	"[ff02::1]":                 "a special-purpose",
	"255.255.255.255":           "a special-purpose",
	"[::ffff:255.255.255.255]":  "a special-purpose",
	"[0:0:0:0:0:ffff:6440:101]": "a special-purpose",
}

// ways are how a call may come to an address, with the input that is to blame.
// In the input, HERE is a server that redirects to the address.
var ways = map[string]struct{ in, blame string }{
	"straight":      {`{"url":"ADDRESS"}`, "url"},
	"by a redirect": {`{"url":"HERE","followRedirects":true}`, "url"},
	"for a token": {`{"url":"HERE","authentication":{"type":"oauth-client-credentials-flow","oauthTokenEndpoint":"ADDRESS",
		"clientId":"c","clientSecret":"s","clientAuthentication":"credentialsBody"}}`, "authentication.oauthTokenEndpoint"},
	"for a document": {`{"url":"HERE","method":"POST","body":{"file":{"camunda.document.type":"external","url":"ADDRESS"}}}`, "body"},
}

func TestPrivateAddresses(t *testing.T) {
	var target string
	here := protocoltest.Server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusFound)
	})
	start, err := url.Parse(here)
	if err != nil {
		t.Fatal(err)
	}
	straight := reaching(t, start.Host)
	proxied := reaching(t, start.Host)
	proxied.Proxy = http.ProxyURL(start)
	for name, c := range map[string]*client{"": open1(t, straight), " by a proxy": open1(t, proxied)} {
		for address, kind := range private {
			target = "http://" + address + ":9/"
			for way, w := range ways {
				if name != "" && way != "straight" {
					continue // the proxy would answer for the server
				}
				in := strings.NewReplacer("ADDRESS", target, "HERE", here).Replace(w.in)
				_, err := c.Execute(t.Context(), protocols.Call{Input: bound(t, here, in)})
				if !protocols.IsInputError(err) || !strings.HasPrefix(err.Error(), w.blame+": ") ||
					!strings.Contains(err.Error(), " is "+kind+" address: calls to it are refused; allow it with --allow-net ") {
					t.Errorf("%s, %s%s: got %v", address, way, name, err)
				}
			}
		}
	}
}

// reaching is a host that may only call public addresses, and the one given.
func reaching(t *testing.T, here string) protocols.Host {
	guard, err := httpx.NewGuard(nil)
	if err != nil {
		t.Fatal(err)
	}
	open := host(t)
	return protocols.Host{CheckHost: guard.CheckHost, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == here {
			return open.Dial(ctx, network, address)
		}
		return guard.Dial(ctx, network, address)
	}}
}
