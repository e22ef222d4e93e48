package httpx

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"patchbay/protocols"
)

var following = &Options{FollowRedirects: true}

func TestRedirectMethods(t *testing.T) {
	// What Camunda's connector 8.10 does.
	tests := []struct {
		method string
		status int
		want   string
	}{
		{"GET", 301, "GET "}, {"GET", 302, "GET "}, {"GET", 303, "GET "}, {"GET", 307, "GET "}, {"GET", 308, "GET "},
		{"POST", 301, "GET "}, {"POST", 302, "GET "}, {"POST", 303, "GET "}, {"POST", 307, "POST body"}, {"POST", 308, "POST body"},
		{"PUT", 301, "PUT body"}, {"PUT", 302, "PUT body"}, {"PUT", 303, "GET "}, {"PUT", 307, "PUT body"}, {"PUT", 308, "PUT body"},
		{"DELETE", 302, "DELETE "}, {"DELETE", 303, "GET "},
	}
	c := testClient(t, testHost(t))
	for _, tt := range tests {
		u := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/from" {
				w.Header().Set("Location", "/to")
				w.WriteHeader(tt.status)
				return
			}
			body, _ := io.ReadAll(r.Body)
			fmt.Fprint(w, r.Method, " ", string(body))
		})
		body := "body"
		if tt.method == "GET" || tt.method == "DELETE" {
			body = ""
		}
		resp, err := do(t, c, following, tt.method, u+"/from", body)
		if err != nil || string(Content(resp)) != tt.want {
			t.Errorf("%s %d: got %v, %v, want %s", tt.method, tt.status, resp, err, tt.want)
		}
	}
}

func TestNoRedirect(t *testing.T) {
	c := testClient(t, testHost(t))
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/with" {
			w.Header().Set("Location", "/to")
		}
		w.WriteHeader(http.StatusFound)
	})
	if resp, err := get(t, c, u+"/with"); err != nil || resp.StatusCode != 302 {
		t.Errorf("not followed: got %v, %v", resp, err)
	}
	if resp, err := do(t, c, following, "GET", u+"/without", ""); err != nil || resp.StatusCode != 302 {
		t.Errorf("without location: got %v, %v", resp, err)
	}
}

func TestRedirectErrors(t *testing.T) {
	tests := map[string]string{
		"/circle":       "the redirects go in a circle",
		"/further/0":    "more than 50 redirects",
		"/to?ftp://x/y": `the redirect leads to "ftp://x", which is no http(s) URL`,
		"/to?file:///x": `the redirect leads to "file://", which is no http(s) URL`,
		"/to?:":         "the Location header holds no valid URL",
	}
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		location := r.URL.RawQuery
		if _, err := fmt.Sscanf(r.URL.Path, "/further/%d", &n); err == nil {
			location = fmt.Sprintf("/further/%d", n+1)
		} else if r.URL.Path == "/circle" {
			location = "/circle"
		}
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusFound)
	})
	for path, want := range tests {
		_, err := do(t, testClient(t, testHost(t)), following, "GET", u+path, "")
		e := failure(t, err)
		if e.Code != "500" || e.Message != protocolMessage || e.Temporary || e.Cause.Error() != want {
			t.Errorf("%s: got %+v, cause %v", path, e, e.Cause)
		}
	}
}

// A redirect to an address that the guard refuses ends there.
func TestRedirectIsGuarded(t *testing.T) {
	for _, target := range []string{"http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://0xa000001/", "http://[::ffff:192.168.0.1]/"} {
		u := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", target)
			w.WriteHeader(http.StatusFound)
		})
		if _, err := do(t, testClient(t, testHost(t)), following, "GET", u, ""); !protocols.IsInputError(err) {
			t.Errorf("%s: got %v", target, err)
		}
	}
}

func TestRedirectHeaders(t *testing.T) {
	var seen http.Header
	var host string
	landing := func(w http.ResponseWriter, r *http.Request) { seen, host = r.Header, r.Host }
	other := serve(t, landing)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/here":
			landing(w, r)
		case "/back":
			http.Redirect(w, r, other+"/", http.StatusFound)
		default:
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "s", Path: "/here"})
			http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusTemporaryRedirect)
		}
	})
	send := func(to string) {
		req, _ := http.NewRequestWithContext(WithOptions(t.Context(), following), "POST", u+"/?key=hush&to="+to, nil)
		SetBody(req, []byte("{}"))
		for name, value := range map[string]string{"Authorization": "a", "Cookie": "mine=1", "X-Api-Key": "k", "Content-Type": "text/x", "Accept": "text/y"} {
			req.Header.Set(name, value)
		}
		req.Host = "named.example"
		if _, err := testClient(t, testHost(t)).HTTP().Do(req); err != nil {
			t.Fatal(err)
		}
	}
	send("/here")
	if seen.Get("Authorization") != "a" || seen.Get("X-Api-Key") != "k" || seen.Get("Cookie") != "mine=1; session=s" || host != "named.example" {
		t.Errorf("same origin: got %v, host %s", seen, host)
	}
	send(other)
	if seen.Get("Content-Type") != "text/x" || seen.Get("Accept") != "text/y" || !strings.HasSuffix(other, host) {
		t.Errorf("other origin: got %v, host %s", seen, host)
	}
	for _, name := range []string{"Authorization", "Cookie", "X-Api-Key", "Referer"} {
		if seen.Get(name) != "" {
			t.Errorf("other origin: it was sent %s: %s", name, seen.Get(name))
		}
	}
}
