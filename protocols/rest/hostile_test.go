package rest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"patchbay/protocols"
	"patchbay/protocols/protocoltest"
)

// crafted starts a server that reads a request's head and then does as it
// likes with the connection, which is closed after.
func crafted(t testing.TB, misbehave func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					misbehave(conn.(*net.TCPConn))
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return "http://" + l.Addr().String()
}

// saying returns a misbehaviour: to send a text and hang up.
func saying(text string) func(*net.TCPConn) {
	return func(c *net.TCPConn) { _, _ = io.WriteString(c, text) }
}

// untilClosed waits for the client to hang up.
func untilClosed(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }

// endless sends a text for as long as the client takes it.
func endless(head, text string) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		_, err := io.WriteString(c, head)
		for block := bytes.Repeat([]byte(text), 100); err == nil; {
			_, err = c.Write(block)
		}
	}
}

// The codes and messages of hostile servers.
const (
	aborted  = "An error occurred while executing the request, or the connection was aborted"
	late     = "The request timed out. Please try increasing the read and connection timeouts."
	violated = "An error with the HTTP protocol occurred"
	unread   = "Error while executing an HTTP request: Failed to read response body: "
	tooLarge = "the response body is larger than the limit of 100000 bytes"
)

func TestHostileServers(t *testing.T) {
	tests := map[string]struct {
		server        func(*net.TCPConn)
		code, message string
		temporary     bool
	}{
		"hangs up":             {func(*net.TCPConn) {}, "408", aborted, true},
		"resets":               {func(c *net.TCPConn) { _ = c.SetLinger(0) }, "408", aborted, true},
		"half-closes":          {func(c *net.TCPConn) { _ = c.CloseWrite(); untilClosed(c) }, "408", aborted, true},
		"is silent":            {untilClosed, "408", late, true},
		"stops in the status":  {func(c *net.TCPConn) { saying("HTTP/1.1 2")(c); untilClosed(c) }, "408", late, true},
		"stops in the headers": {func(c *net.TCPConn) { saying("HTTP/1.1 200 OK\r\nA: ")(c); untilClosed(c) }, "408", late, true},
		"stops in the body":    {func(c *net.TCPConn) { saying("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")(c); untilClosed(c) }, "408", late, true},
		"talks garbage":        {saying("220 mail.example ESMTP\r\n"), "408", aborted, true},
		"no HTTP version":      {saying("HTTP/x 200 OK\r\n\r\n"), "408", aborted, true},
		"no status":            {saying("HTTP/1.1 abc OK\r\n\r\n"), "408", aborted, true},
		"broken header":        {saying("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), "500", violated, false},
		"two lengths":          {saying("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "500", violated, false},
		"bad length":           {saying("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nab"), "500", violated, false},
		"odd encoding":         {saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: rot13\r\n\r\nno"), "500", violated, false},
		"huge header":          {saying("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", 70_000) + "\r\n\r\n"), "500", violated, false},
		"endless headers":      {endless("HTTP/1.1 200 OK\r\n", "A: b\r\n"), "500", violated, false},
		"endless status":       {endless("HTTP/1.1 200 ", "OK "), "500", violated, false},
		"endless hints":        {endless("", "HTTP/1.1 103 Early Hints\r\n\r\n"), "500", violated, false},
		"length too long":      {saying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"), "500", unread + "unexpected EOF", true},
		"broken chunks":        {saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "500", unread + "invalid byte in chunk length", true},
		"unfinished chunks":    {saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), "500", unread + "unexpected EOF", true},
		"resets in the body":   {func(c *net.TCPConn) { saying("HTTP/1.1 200 OK\r\n\r\nhalf")(c); _ = c.SetLinger(0) }, "500", unread, true},
		"endless body":         {endless("HTTP/1.1 200 OK\r\n\r\n", "x"), "RESPONSE_TOO_LARGE", tooLarge, false},
		"endless chunks":       {endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"), "RESPONSE_TOO_LARGE", tooLarge, false},
		"endless error":        {endless("HTTP/1.1 500 No\r\n\r\n", "x"), "RESPONSE_TOO_LARGE", tooLarge, false},
		"claims too much":      {saying("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), "RESPONSE_TOO_LARGE", tooLarge, false},
		"overflowing length":   {saying("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"), "500", violated, false},
	}
	h := host(t)
	h.Limits = protocols.Limits{ResponseBody: 100_000, Headers: 50_000}
	c := open1(t, h)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := `{"url":"BASE","method":"POST","body":{},"readTimeoutInSeconds":1,"followRedirects":true}`
			_, err := c.Execute(t.Context(), protocols.Call{Input: bound(t, crafted(t, tt.server), in)})
			var e *protocols.Error
			if !errors.As(err, &e) || e.Code != tt.code || !strings.HasPrefix(e.Message, tt.message) || e.Temporary != tt.temporary {
				t.Fatalf("got %#v", err)
			}
			if e.Unsent || e.Cause == nil {
				t.Errorf("unsent is %v, the cause %v", e.Unsent, e.Cause)
			}
		})
	}
}

// A token endpoint may be as hostile as any server, and the job's time ends its
// answers as well.
func TestHostileTokenEndpoints(t *testing.T) {
	tests := map[string]struct {
		server        func(*net.TCPConn)
		code, message string
	}{
		"is silent":     {untilClosed, "408", late},
		"hangs up":      {func(*net.TCPConn) {}, "408", aborted},
		"endless":       {endless("HTTP/1.1 200 OK\r\n\r\n", "x"), "RESPONSE_TOO_LARGE", tooLarge},
		"breaks off":    {saying("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), "500", unread + "unexpected EOF"},
		"refuses":       {saying("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"), "403", "No"},
		"redirects":     {saying("HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"), "OAUTH_TOKEN_ERROR", "the token endpoint answered with something else than JSON"},
		"nests deep":    {saying("HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("[", 50_000)), "OAUTH_TOKEN_ERROR", "the token endpoint answered with something else than JSON"},
		"odd token":     {saying("HTTP/1.1 200 OK\r\n\r\n" + `{"access_token":{"a":1}}`), "OAUTH_TOKEN_ERROR", "the token endpoint's answer holds no access_token"},
		"broken header": {saying("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), "500", violated},
	}
	h := host(t)
	h.Limits = protocols.Limits{ResponseBody: 100_000, Headers: 50_000}
	c := open1(t, h)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := `{"url":"BASE","authentication":{"type":"oauth-client-credentials-flow","oauthTokenEndpoint":"BASE/token",
				"clientId":"c","clientSecret":"s","clientAuthentication":"basicAuthHeader"}}`
			_, err := c.Execute(shortly(t, tt.message), protocols.Call{Input: bound(t, crafted(t, tt.server), in)})
			var e *protocols.Error
			if !errors.As(err, &e) || e.Code != tt.code || e.Message != tt.message {
				t.Errorf("got %#v", err)
			}
		})
	}
}

// No text that a server sends makes the output something else than JSON text.
func TestHostileTexts(t *testing.T) {
	for contentType, body := range map[string]string{
		"application/json":                  "{\"a\":\"\xff\xfe\"}",
		"text/plain; charset=utf-16":        "\x00",
		"text/plain; charset=\"\x80\"":      "x",
		"text/plain; charset=nonsense":      "\xc3\x28",
		"text/plain; charset=gb18030; ;;;=": "\xff\xff",
		"application/json; charset=utf-7":   strings.Repeat("[", 20_000),
	} {
		u := protocoltest.Server(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Content-Type"] = []string{contentType}
			_, _ = io.WriteString(w, body)
		})
		out, err := open1(t, host(t)).Execute(t.Context(), protocols.Call{Input: bound(t, u, `{"url":"BASE"}`)})
		if err != nil {
			t.Errorf("%s: %v", contentType, err)
		} else if out.Value.(map[string]any)["body"] == nil {
			t.Errorf("%s: the body got lost", contentType)
		}
	}
}

// A cause names no query, which may hold an API key.
func TestErrorsKeepSecrets(t *testing.T) {
	in := `{"url":"BASE","authentication":{"type":"apiKey","apiKeyLocation":"query","name":"key","value":"hush"}}`
	urls := []string{
		protocoltest.Closed(t), crafted(t, func(*net.TCPConn) {}), crafted(t, saying("junk\r\n")),
		strings.Replace(protocoltest.Answer(t, 200, ""), "http:", "https:", 1), "http://10.0.0.1", "http://me:hush@x", "http://no.such.host.invalid",
	}
	for _, u := range urls {
		_, err := open1(t, host(t)).Execute(t.Context(), protocols.Call{Input: bound(t, u, in)})
		for ; err != nil; err = errors.Unwrap(err) {
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("%s: %v", u, err)
			}
		}
	}
}
