package webhook

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// raw sends bytes to a server and returns the status line of the answer, or why
// there was none. It closes its side once it has sent them.
func raw(t *testing.T, address, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(line)
}

// What the recorder of the other tests cannot show: a real connection.
func TestConnections(t *testing.T) {
	f := newFixture(t)
	f.open(map[string]any{"inbound.responseExpression": `{body: {a: .request.body}}`})
	server := httptest.NewServer(f.mux)
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	post := "POST /inbound/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	tests := map[string]struct{ request, want string }{
		"good":                  {post + "Content-Length: 2\r\n\r\n{}", "HTTP/1.1 200 OK"},
		"chunked":               {post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "HTTP/1.1 200 OK"},
		"cut off":               {post + "Content-Length: 20\r\n\r\n{", "HTTP/1.1 400 Bad Request"},
		"cut off, chunked":      {post + "Transfer-Encoding: chunked\r\n\r\n5\r\n{", "HTTP/1.1 400 Bad Request"},
		"two lengths":           {post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "HTTP/1.1 400 Bad Request"},
		"claims too much":       {post + fmt.Sprintf("Content-Length: %d\r\n\r\n{}", 1<<40), "HTTP/1.1 413 Request Entity Too Large"},
		"traversal":             {"GET /inbound/../inbound/orders HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 Not Found"},
		"traversal, other root": {"GET /inbound/orders/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 Not Found"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := raw(t, address, tt.request); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	// A connection is used again after its read deadline was set and lifted.
	for range 3 {
		resp, err := http.Post(server.URL+"/inbound/orders", "application/json", strings.NewReader(`{"a":"é"}`))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(text) != `{"a":{"a":"é"}}` {
			t.Errorf("got %s", text)
		}
	}
}
