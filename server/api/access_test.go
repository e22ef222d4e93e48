package api

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestGuard(t *testing.T) {
	const token = "0123456789abcdef"
	withToken := Access{Tokens: []Token{{"ci", Read, token}}}
	tests := []struct {
		name   string
		access Access
		method string
		host   string
		header map[string]string
		want   int
	}{
		{"command line", Access{}, "POST", "127.0.0.1:8086", nil, 200},
		{"name", Access{}, "GET", "localhost:8086", nil, 200},
		{"name below localhost", Access{}, "GET", "patchbay.localhost", nil, 200},
		{"IPv6", Access{}, "GET", "[::1]:8086", nil, 200},
		{"own page", Access{}, "POST", "127.0.0.1:8086", map[string]string{"Origin": "http://127.0.0.1:8086"}, 200},
		{"link to it", Access{}, "GET", "127.0.0.1:8086", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200},
		{"foreign page", Access{}, "POST", "127.0.0.1:8086", map[string]string{"Origin": "https://evil.example"}, 403},
		{"foreign page of a new browser", Access{}, "POST", "127.0.0.1:8086", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"rebound name", Access{}, "GET", "evil.example:8086", nil, 403},
		{"rebound name of an own page", Access{}, "POST", "evil.example:8086", map[string]string{"Origin": "http://evil.example:8086"}, 403},
		{"any host", Access{AnyHost: true}, "GET", "patchbay.example", nil, 200},
		{"foreign page under any host", Access{AnyHost: true}, "POST", "patchbay.example", map[string]string{"Origin": "https://evil.example"}, 403},
		{"no token", withToken, "GET", "127.0.0.1:8086", nil, 401},
		{"other token", withToken, "GET", "127.0.0.1:8086", map[string]string{"Authorization": "Bearer 0123456789abcdeX"}, 401},
		{"other scheme", withToken, "GET", "127.0.0.1:8086", map[string]string{"Authorization": "Basic " + token}, 401},
		{"token", withToken, "POST", "patchbay.example", map[string]string{"Authorization": "Bearer " + token, "Origin": "https://other.example"}, 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(test.method, "http://"+test.host+"/api/v1/templates", nil)
			for name, value := range test.header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			test.access.Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
			if w.Code != test.want {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, test.want)
			}
		})
	}
}

// TestPublicTemplates: modelers send no tokens; all else needs one.
func TestPublicTemplates(t *testing.T) {
	access := Access{Tokens: []Token{{"ci", Read, "0123456789abcdef"}}, PublicTemplates: true}
	for _, test := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/api/v1/ootb-connectors", 200},
		{"HEAD", "/api/v1/element-templates.json", 200},
		{"GET", "/api/v1/templates/com.example.rates/versions/3", 200},
		{"GET", "/api/v1/releases", 200},
		{"GET", "/api/v1/releases/abc/bundle.tar.gz", 200},
		{"DELETE", "/api/v1/templates/com.example.rates/versions/3", 401},
		{"GET", "/api/v1/templates", 401},
		{"GET", "/api/v1/templates/com.example.rates/versions/3/deprecation", 401},
		{"GET", "/api/v1/inbound", 401},
	} {
		w := httptest.NewRecorder()
		access.Guard(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if RoleOf(r.Context()) != Read {
				t.Errorf("%s %s: role %s", test.method, test.path, RoleOf(r.Context()))
			}
		})).ServeHTTP(w, httptest.NewRequest(test.method, "http://127.0.0.1:8086"+test.path, nil))
		if w.Code != test.want {
			t.Errorf("%s %s: got %d, want %d", test.method, test.path, w.Code, test.want)
		}
	}
}
