package httpx

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

const stubList = `[
	{"request": {"method": "get", "url": "https://a.example/x?q=a%20b"}, "response": {"status": 404, "headers": {"X-A": "1", "X-B": ["2", 3]}, "body": {"z": 12345678901234567890}}},
	{"request": {"url": "https://a.example/x?q=a%20b"}, "response": {"body": "<plain>"}},
	{"request": {"url": "https://a.example/list"}, "response": {"headers": {"content-type": "application/problem+json"}, "body": ["<", 1.50]}},
	{"request": {"url": "https://root.example?a"}, "response": {"body": "root"}},
	{"request": {"url": "https://a.example/none"}, "response": {"status": 204}}
]`

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

func TestStubs(t *testing.T) {
	stubs, err := ParseStubs([]byte(stubList))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		method, url string
		status      int
		contentType string
		body        string
	}{
		{"GET", "https://a.example/x?q=a%20b", 404, "application/json", `{"z":12345678901234567890}`},
		{"POST", "https://a.example/x?q=a%20b", 200, "", "<plain>"},
		{"GET", "https://a.example/list", 200, "application/problem+json", `["<",1.50]`},
		{"HEAD", "https://a.example/list", 200, "application/problem+json", ""},
		{"GET", "https://root.example/?a", 200, "", "root"},
		{"GET", "https://root.example?a", 200, "", "root"},
		{"GET", "https://a.example/none", 204, "", ""},
		{"GET", "https://a.example/none", 204, "", ""},
		{"GET", "https://a.example/x", 0, "", ""},
		{"GET", "https://a.example/x?q=a+b", 0, "", ""},
	}
	for _, tt := range tests {
		req, _ := http.NewRequestWithContext(t.Context(), tt.method, tt.url, strings.NewReader("body"))
		resp, err := stubs.Wrap(failing{}).RoundTrip(req)
		if tt.status == 0 {
			if err != io.ErrUnexpectedEOF {
				t.Errorf("%s did not reach the network: %v", tt.url, err)
			}
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != tt.status || resp.Header.Get("Content-Type") != tt.contentType || string(body) != tt.body {
			t.Errorf("%s %s: got %d %v %s", tt.method, tt.url, resp.StatusCode, resp.Header, body)
		}
	}
}

func TestParseStubsErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{`{`, "read stubs: invalid JSON at byte 1: expected a name in quotes"},
		{`{}`, `at "": expected a list`},
		{`[1]`, `at "/0": expected an object`},
		{`[{"requests":{}}]`, `at "/0/requests": unknown; expected one of: request response`},
		{`[{"request":{"url":"/x"}}]`, `at "/0/request/url": expected an absolute URL`},
		{`[{"request":{"url":"http://u","path":"x"}}]`, `at "/0/request/path": unknown; expected one of: method url`},
		{`[{}]`, `at "/0/request/url": is required`},
		{`[{"request":[]}]`, `at "/0/request": expected an object`},
		{`[{"request":{"url":"http://u"}},{"request":{"url":1}}]`, `at "/1/request/url": expected a string`},
		{`[{"request":{"url":"http://u"},"response":{"status":"200"}}]`, `at "/0/response/status": expected a number`},
		{`[{"request":{"url":"http://u"},"response":{"status":42}}]`, `at "/0/response/status": expected a number from 100 to 999`},
		{`[{"request":{"url":"http://u"},"response":{"headers":{"A":{}}}}]`, `at "/0/response/headers/A": expected a string or a list of strings`},
		{`[{"request":{"url":"http://u"},"response":{"code":1}}]`, `at "/0/response/code": unknown; expected one of: status headers body`},
	}
	for _, tt := range tests {
		if _, err := ParseStubs([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.text, err, tt.want)
		}
	}
}
