package httpx

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"

	"patchbay/protocols"
)

// testHost may call servers of this machine.
func testHost(t testing.TB) protocols.Host {
	g, err := NewGuard([]string{"loopback"})
	if err != nil {
		t.Fatal(err)
	}
	return protocols.Host{Dial: g.Dial, CheckHost: g.CheckHost}
}

func testClient(t testing.TB, host protocols.Host) *Client {
	t.Helper()
	c, err := New(host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// do sends one request with options.
func do(t testing.TB, c *Client, o *Options, method, url, body string) (*http.Response, error) {
	t.Helper()
	return doContext(t.Context(), t, c, o, method, url, body)
}

func doContext(ctx context.Context, t testing.TB, c *Client, o *Options, method, url, body string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(WithOptions(ctx, o), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", AcceptEncoding)
	if body != "" {
		SetBody(req, []byte(body))
	}
	return c.HTTP().Do(req)
}

func get(t testing.TB, c *Client, url string) (*http.Response, error) {
	t.Helper()
	return do(t, c, &Options{Connect: time.Minute, Read: time.Minute}, "GET", url, "")
}

// failure returns the protocol's error inside err.
func failure(t testing.TB, err error) *protocols.Error {
	t.Helper()
	var e *protocols.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %#v, want an Error", err)
	}
	return e
}

func compressed(encoding string, content string) []byte {
	var buf bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "br":
		w = brotli.NewWriter(&buf)
	case "deflate":
		w = zlib.NewWriter(&buf)
	case "bare deflate":
		w, _ = flate.NewWriter(&buf, 9)
	default:
		w = gzip.NewWriter(&buf)
	}
	_, _ = io.WriteString(w, content)
	_ = w.Close()
	return buf.Bytes()
}

func TestContentEncodings(t *testing.T) {
	const text = "content, content, content"
	tests := []struct {
		header string
		body   []byte
		want   string
		kept   string
	}{
		{"gzip", compressed("gzip", text), text, ""},
		{"X-GZIP", compressed("gzip", text), text, ""},
		{"br", compressed("br", text), text, ""},
		{"deflate", compressed("deflate", text), text, ""},
		{"deflate", compressed("bare deflate", text), text, ""},
		{"gzip, br", compressed("br", string(compressed("gzip", text))), text, ""},
		{"gzip", nil, "", "gzip"},
		{"identity", []byte(text), text, "identity"},
		{"zstd", []byte(text), text, "zstd"},
		{"gzip,gzip,gzip,gzip", []byte(text), text, "gzip,gzip,gzip,gzip"},
	}
	c := testClient(t, testHost(t))
	for _, tt := range tests {
		u := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", tt.header)
			_, _ = w.Write(tt.body)
		})
		resp, err := get(t, c, u)
		if err != nil {
			t.Errorf("%s: %v", tt.header, err)
			continue
		}
		if got := string(Content(resp)); got != tt.want || resp.Header.Get("Content-Encoding") != tt.kept {
			t.Errorf("%s: got %q, header %q", tt.header, got, resp.Header.Get("Content-Encoding"))
		}
	}
}

func TestBombsAreBounded(t *testing.T) {
	host := testHost(t)
	host.Limits.ResponseBody = 10_000
	c := testClient(t, host)
	for _, encoding := range []string{"gzip", "deflate", "br"} {
		bomb := compressed(encoding, strings.Repeat("a", 500_000))
		u := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", encoding)
			_, _ = w.Write(bomb)
		})
		_, err := get(t, c, u)
		if e := failure(t, err); e.Code != CodeTooLarge || e.Message != "the response body is larger than the limit of 10000 bytes" {
			t.Errorf("%s: got %v", encoding, e)
		}
	}
}

func TestBrokenEncodings(t *testing.T) {
	c := testClient(t, testHost(t))
	for _, encoding := range []string{"gzip", "deflate", "br"} {
		u := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", encoding)
			_, _ = w.Write([]byte("\xff\xff\xff this is not compressed"))
		})
		_, err := get(t, c, u)
		if e := failure(t, err); e.Code != "500" || !strings.HasPrefix(e.Message, "Error while executing an HTTP request: Failed to read response body: ") {
			t.Errorf("%s: got %v", encoding, e)
		}
	}
}

func TestTimeouts(t *testing.T) {
	silent := serve(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	unfinished := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "x")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	hangs := testHost(t)
	hangs.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	tests := map[string]struct {
		host    protocols.Host
		url     string
		options Options
		unsent  bool
	}{
		"no answer":                {testHost(t), silent, Options{Read: 20 * time.Millisecond}, false},
		"an answer without an end": {testHost(t), unfinished, Options{Connect: time.Minute, Read: 20 * time.Millisecond}, false},
		"no connection":            {hangs, "http://a.example", Options{Connect: 20 * time.Millisecond, Read: time.Minute}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := do(t, testClient(t, tt.host), &tt.options, "GET", tt.url, "")
			e := failure(t, err)
			if e.Code != "408" || e.Message != timeoutMessage || !e.Temporary || e.Unsent != tt.unsent {
				t.Errorf("got %+v", e)
			}
		})
	}
}

// turns counts who waited for a turn, and refuses when it is told to.
type turns struct {
	asked  int
	memory int64
	err    error
}

func (t *turns) Wait(_ context.Context, memory int64) error {
	t.asked++
	t.memory = memory
	return t.err
}

func TestLargeAnswersTakeTurns(t *testing.T) {
	size, status := 0, http.StatusOK
	u := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(bytes.Repeat([]byte("["), size))
	})
	c := testClient(t, testHost(t))
	for n, want := range map[int]int{0: 0, protocols.LargeAnswer: 0, protocols.LargeAnswer + 1: 1} {
		turn := &turns{}
		size = n
		if _, err := do(t, c, &Options{Turn: turn}, "GET", u, ""); err != nil || turn.asked != want || turn.memory < int64(n*want) {
			t.Errorf("%d bytes: %d waits for %d bytes, %v", n, turn.asked, turn.memory, err)
		}
	}
	size = protocols.LargeAnswer + 1
	_, err := do(t, c, &Options{Turn: &turns{err: context.DeadlineExceeded}}, "GET", u, "")
	if e := failure(t, err); e.Code != "408" || e.Unsent {
		t.Errorf("no turn in time: got %+v", e)
	}
	refusal := &protocols.Error{Code: CodeTooLarge}
	if _, err := do(t, c, &Options{Turn: &turns{err: refusal}}, "GET", u, ""); failure(t, err) != refusal {
		t.Errorf("no room at all: got %v", err)
	}
	status, size = http.StatusBadGateway, maxErrorJSON+1
	resp, err := do(t, c, &Options{}, "GET", u, "")
	if err != nil {
		t.Fatal(err)
	}
	if body, ok := c.StatusError(resp).Variables["response"].(map[string]any)["body"].(string); !ok || len(body) != size {
		t.Errorf("a large error's body became something else than text")
	}
}

func TestTimeoutsOfInputs(t *testing.T) {
	n := func(n int) *int { return &n }
	tests := []struct {
		connect, read *int
		wantC, wantR  time.Duration
	}{
		{nil, nil, 20 * time.Second, 20 * time.Second},
		{n(5), nil, 5 * time.Second, 5 * time.Second},
		{n(5), n(7), 5 * time.Second, 7 * time.Second},
		{nil, n(7), 20 * time.Second, 7 * time.Second},
		{n(0), n(0), 0, 0},
		{n(1 << 60), nil, maxSeconds * time.Second, maxSeconds * time.Second},
	}
	for _, tt := range tests {
		if c, r := Timeouts(tt.connect, tt.read); c != tt.wantC || r != tt.wantR {
			t.Errorf("got %v and %v, want %v and %v", c, r, tt.wantC, tt.wantR)
		}
	}
}

// After HEAD there is no body, however long the headers say it is.
func TestLengthOfHead(t *testing.T) {
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "99999999999")
		w.Header().Set("Content-Encoding", "gzip")
	})
	resp, err := do(t, testClient(t, testHost(t)), &Options{}, "HEAD", u, "")
	if err != nil || len(Content(resp)) != 0 || resp.Header.Get("Content-Length") != "99999999999" {
		t.Errorf("got %v, %v", resp, err)
	}
}

func TestConnectionsAreReused(t *testing.T) {
	peers := map[string]bool{}
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		peers[r.RemoteAddr] = true
		_, _ = io.WriteString(w, strings.Repeat("x", 100_000))
	})
	c := testClient(t, testHost(t))
	for range 5 {
		if _, err := get(t, c, u); err != nil {
			t.Fatal(err)
		}
	}
	if len(peers) != 1 {
		t.Errorf("5 requests used %d connections", len(peers))
	}
}

func TestHTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	o := &Options{TLS: &TLS{TrustedCertificate: pemOf(s.Certificate())}}
	resp, err := do(t, testClient(t, testHost(t)), o, "GET", s.URL, "")
	if err != nil || string(Content(resp)) != "HTTP/2.0" || Reason(resp) != "OK" {
		t.Errorf("got %v, %v", resp, err)
	}
}

func TestObserve(t *testing.T) {
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/next", http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("X-Answer", "yes")
		w.WriteHeader(404)
		_, _ = io.WriteString(w, "gone")
	})
	var got []protocols.Exchange
	o := &Options{FollowRedirects: true, Observe: func(e protocols.Exchange) { got = append(got, e) }}
	if _, err := do(t, testClient(t, testHost(t)), o, "PUT", u+"/?a=b", "sent"); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 {
		t.Fatalf("got %d exchanges", len(got))
	}
	first, second := got[0], got[1]
	if first.Method != "PUT" || first.URL != u+"/?a=b" || first.Status != 307 || string(first.RequestBody) != "sent" || first.Duration <= 0 {
		t.Errorf("first: %+v", first)
	}
	if second.URL != u+"/next" || second.Status != 404 || string(second.RequestBody) != "sent" || string(second.ResponseBody) != "gone" || second.ResponseHeaders.Get("X-Answer") != "yes" {
		t.Errorf("second: %+v", second)
	}
}

func TestProxy(t *testing.T) {
	var asked []string
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.RequestURI)
		_, _ = io.WriteString(w, "by proxy")
	})
	proxyURL, _ := url.Parse(proxy)
	g := resolving(guard(t), map[string]string{"good.example": "8.8.8.8", "inside.example": "10.1.1.1"})
	c := testClient(t, protocols.Host{Dial: g.Dial, CheckHost: g.CheckHost, Proxy: http.ProxyURL(proxyURL)})

	// The proxy is on loopback, which the guard refuses for targets only.
	resp, err := get(t, c, "http://good.example/x?y=z")
	if err != nil || string(Content(resp)) != "by proxy" {
		t.Fatalf("got %v, %v", resp, err)
	}
	for _, target := range []string{"http://inside.example/", "http://127.0.0.1/", "http://2130706433/", "http://[::ffff:10.0.0.1]/", "https://169.254.169.254/", "http://unknown.example/"} {
		if _, err := get(t, c, target); !protocols.IsInputError(err) {
			t.Errorf("%s: got %v", target, err)
		}
	}
	if len(asked) != 1 || asked[0] != "http://good.example/x?y=z" {
		t.Errorf("the proxy was asked for %v", asked)
	}
}

func TestProxyForTLS(t *testing.T) {
	server, serverPEM, _ := issue(t, unchanged)
	target := strings.TrimPrefix(serveTLS(t, server, nil), "https://")
	status := http.StatusOK
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if status != http.StatusOK || r.Header.Get("Proxy-Authorization") != "Basic bWU6cGFzcw==" {
			w.WriteHeader(status)
			return
		}
		tunnel(w, target)
	})
	proxyURL, _ := url.Parse(strings.Replace(proxy, "//", "//me:pass@", 1))
	g := resolving(guard(t, "loopback"), map[string]string{"secure.example": "8.8.8.8"})
	c := testClient(t, protocols.Host{Dial: g.Dial, CheckHost: g.CheckHost, Proxy: http.ProxyURL(proxyURL)})
	o := &Options{TLS: &TLS{TrustedCertificate: serverPEM}}
	// The proxy connects to the server, whatever name it was asked for.
	if resp, err := do(t, c, o, "GET", "https://127.0.0.1:1/", ""); err != nil || string(Content(resp)) != "secure" {
		t.Errorf("got %v, %v", resp, err)
	}
	status = http.StatusProxyAuthRequired
	_, err := do(t, c, o, "GET", "https://secure.example/", "")
	if e := failure(t, err); e.Code != "407" || e.Message != "Proxy Authentication Required" || !e.Unsent || e.Temporary {
		t.Errorf("refused: got %+v", e)
	}
}

// tunnel connects a client of a proxy with a server.
func tunnel(w http.ResponseWriter, target string) {
	server, err := net.Dial("tcp", target)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer server.Close()
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer client.Close()
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		_, _ = io.Copy(server, buffered)
		_ = server.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(client, server)
}

func TestSharedClient(t *testing.T) {
	host := testHost(t)
	if one, other := testClient(t, host), testClient(t, host); one == other {
		t.Error("hosts without Shared share a client")
	}
	host.Shared = &protocols.Shared{}
	if one, other := testClient(t, host), testClient(t, host); one != other {
		t.Error("hosts with the same Shared do not share a client")
	}
}

func TestDefaultHostRefusesLoopback(t *testing.T) {
	u := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was reached") })
	if _, err := get(t, testClient(t, protocols.Host{}), u); !protocols.IsInputError(err) {
		t.Errorf("got %v", err)
	}
}
