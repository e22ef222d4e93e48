package protocoltest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

// Host returns a host that may call servers of this machine.
func Host(t testing.TB) protocols.Host {
	t.Helper()
	guard, err := httpx.NewGuard([]string{"loopback"})
	if err != nil {
		t.Fatal(err)
	}
	return protocols.Host{Dial: guard.Dial, CheckHost: guard.CheckHost}
}

// Server starts a server for the time of the test and returns its URL.
func Server(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// Answer starts a server that always answers with these.
func Answer(t testing.TB, status int, body string) string {
	return Server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// Silent starts a server that never answers while its client waits.
func Silent(t testing.TB) string {
	return Server(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not see the client go
		<-r.Context().Done()
	})
}

// Closed returns the URL of a port on which nobody listens.
func Closed(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(nil)
	s.Close()
	return s.URL
}
