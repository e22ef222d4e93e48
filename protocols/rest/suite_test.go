package rest

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"patchbay/protocols/protocoltest"
)

func TestSuite(t *testing.T) {
	url := func(u string) map[string]any { return map[string]any{"url": u} }
	protocoltest.Suite{
		Protocol: Protocol(),
		Host:     protocoltest.Host(t),
		Echo: func(t testing.TB, payload any) map[string]any {
			u := protocoltest.Server(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
			return map[string]any{"url": u, "method": "POST", "body": map[string]any{"payload": payload}}
		},
		Payload: func(output any) any { return output.(map[string]any)["body"].(map[string]any)["payload"] },
		Hang:    func(t testing.TB) map[string]any { return url(protocoltest.Silent(t)) },
		Large: func(t testing.TB, n int) map[string]any {
			return url(protocoltest.Answer(t, 200, strings.Repeat("x", n)))
		},
		Raw: func(t testing.TB, content []byte) map[string]any {
			return url(protocoltest.Answer(t, 200, string(content)))
		},
		Busy: func(t testing.TB) map[string]any { return url(protocoltest.Answer(t, 503, "busy")) },
		Gone: func(t testing.TB) map[string]any { return url(protocoltest.Closed(t)) },
		Wrong: map[string]map[string]any{
			"url":                               url("http://10.0.0.1/"),
			"method":                            {"url": "http://x", "method": "BREW"},
			"authentication.type":               {"url": "http://x", "authentication": map[string]any{"type": "digest"}},
			"authentication.token":              {"url": "http://x", "authentication": map[string]any{"type": "bearer"}},
			"headers":                           {"url": "http://x", "headers": "X: y"},
			"queryParameters.ids":               {"url": "http://x", "queryParameters": map[string]any{"ids": []any{"1", "2"}}},
			"readTimeoutInSeconds":              {"url": "http://x", "readTimeoutInSeconds": "soon"},
			"connectionTimeoutInSeconds":        {"url": "http://x", "connectionTimeoutInSeconds": -1},
			"clientTls":                         {"url": "https://8.8.8.8", "clientTls": map[string]any{"clientPrivateKey": "x"}},
			"clientTls.trustedCertificate":      {"url": "https://8.8.8.8", "clientTls": map[string]any{"trustedCertificate": "x"}},
			"authentication.oauthTokenEndpoint": {"url": "http://x", "authentication": map[string]any{"type": "oauth-refresh-token", "oauthTokenEndpoint": "http://169.254.169.254/", "clientId": "c", "refreshToken": "r"}},
			"authenticationConfiguration.authentication.username": {"url": "http://x", "authenticationConfiguration": map[string]any{"authentication": map[string]any{"type": "basic"}}},
		},
	}.Run(t)
}
