package server_test

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"patchbay/engine/inbound"
	"patchbay/server"
	"patchbay/server/cli/clitest"
)

const (
	signingKey = "an-example-secret"
	event      = `{"id": 1}`
)

func mac(content string) string {
	h := hmac.New(sha256.New, []byte(signingKey))
	h.Write([]byte(content))
	return hex.EncodeToString(h.Sum(nil))
}

// stripe signs an event as Stripe does, at a time.
func stripe(at time.Time) string {
	return fmt.Sprintf("Stripe-Signature: t=%d,v1=%s", at.Unix(), mac(fmt.Sprintf("%d.%s", at.Unix(), event)))
}

// issuer publishes one key.
func issuer(t *testing.T, public ed25519.PublicKey) string {
	t.Helper()
	set := fmt.Sprintf(`{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "alg": "EdDSA", "x": %q}]}`, base64.RawURLEncoding.EncodeToString(public))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, set) }))
	t.Cleanup(s.Close)
	return s.URL
}

// token is an Authorization header with a JSON Web Token.
func token(t *testing.T, method jwt.SigningMethod, key any, name string, expires time.Duration) string {
	t.Helper()
	made := jwt.NewWithClaims(method, jwt.MapClaims{"iss": name, "exp": time.Now().Add(expires).Unix()})
	made.Header["kid"] = "k"
	text, err := made.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return "Authorization: Bearer " + text
}

// badRequest is a request that must be refused.
type badRequest struct {
	name, path string
	body       string
	headers    []string
	status     int
	reason     string
	noted      string // in the activity; empty where there is no listener
}

func (b badRequest) raw() string {
	length := fmt.Sprintf("Content-Length: %d", len(b.body))
	if strings.Contains(strings.Join(b.headers, " "), "Transfer-Encoding") || strings.Contains(strings.Join(b.headers, " "), "Content-Length") {
		length = "X-Length: below"
	}
	return "POST " + b.path + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + strings.Join(append(b.headers, length), "\r\n") + "\r\n\r\n" + b.body
}

// rawPost sends bytes on a connection of their own and reads the answer.
func (n *node) rawPost(text string) reply {
	n.Helper()
	conn, err := net.Dial("tcp", n.Address())
	if err != nil {
		n.Fatal(err)
	}
	defer conn.Close()
	go func() { // the server may answer and hang up before it has read all
		_, _ = io.WriteString(conn, text)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		n.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body) // what there is of it
	return reply{resp.StatusCode, resp.Header, string(body)}
}

// What comes from strangers is refused with a documented status and problem
// details, is in the activity of the webhook, and starts nothing.
func TestBadRequests(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	const trusted = "https://issuer.example.com"
	n := startNode(t, server.Config{AllowLoopback: true, SecretFile: secrets(t, "KEY="+signingKey)})
	for path, pairs := range map[string][]string{
		"plain":  nil,
		"github": {"inbound.signature.scheme", "github", "inbound.signature.secrets", "{{secrets.KEY}}"},
		"stripe": {"inbound.signature.scheme", "stripe", "inbound.signature.secrets", "{{secrets.KEY}}"},
		"hmac":   {"inbound.shouldValidateHmac", "enabled", "inbound.hmacSecret", "{{secrets.KEY}}", "inbound.hmacHeader", "X-Mac"},
		"basic":  {"inbound.auth.type", "BASIC", "inbound.auth.username", "ada", "inbound.auth.password", "{{secrets.KEY}}"},
		"apikey": {"inbound.auth.type", "APIKEY", "inbound.auth.apiKey", "{{secrets.KEY}}"},
		"jwt":    {"inbound.auth.type", "JWT", "inbound.auth.jwt.jwkUrl", issuer(t, public), "inbound.auth.jwt.issuer", trusted},
		"get":    {"inbound.method", "get"},
	} {
		deploy(t, n.EngineAddress(), started(path, path, pairs...))
		n.await(path, "hook@1 active")
	}

	// The good ones, so that it is known why the bad ones are refused.
	now := time.Now()
	github, signed := "X-Hub-Signature-256: sha256="+mac(event), stripe(now)
	n.accepted("plain", event)
	n.accepted("github", event, github)
	n.accepted("stripe", event, signed)
	n.accepted("hmac", event, "X-Mac: "+mac(event))
	n.accepted("basic", event, "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte("ada:"+signingKey)))
	n.accepted("apikey", event, "Authorization: Bearer "+signingKey)
	n.accepted("jwt", event, token(t, jwt.SigningMethodEdDSA, private, trusted, time.Hour))

	for _, b := range []badRequest{
		{"signature missing", "/inbound/github", event, nil, 401, "SIGNATURE_MISSING", "the signature is missing"},
		{"signature wrong", "/inbound/github", event + " ", []string{github}, 401, "INVALID_SIGNATURE", "the signature does not match"},
		{"signature garbled", "/inbound/github", event, []string{"X-Hub-Signature-256: sha256=\xff%%"}, 401, "", "the signature"},
		{"signature twice", "/inbound/github", event, []string{github, github}, 401, "", "more than once"},
		{"signature expired", "/inbound/stripe", event, []string{stripe(now.Add(-time.Hour))}, 401, "SIGNATURE_EXPIRED", "too old"},
		{"signature from the future", "/inbound/stripe", event, []string{stripe(now.Add(time.Hour))}, 401, "SIGNATURE_EXPIRED", "in the future"},
		{"signature replayed", "/inbound/stripe", event, []string{signed}, 401, "SIGNATURE_REPLAYED", "accepted before"},
		{"HMAC missing", "/inbound/hmac", event, nil, 401, "SIGNATURE_MISSING", "X-Mac is missing"},
		{"HMAC wrong", "/inbound/hmac", event, []string{"X-Mac: " + mac("other")}, 401, "INVALID_SIGNATURE", "the HMAC does not match"},
		{"password wrong", "/inbound/basic", event, []string{"Authorization: Basic YWRhOng="}, 401, "INVALID_CREDENTIALS", "answered 401"},
		{"password garbled", "/inbound/basic", event, []string{"Authorization: Basic ?"}, 401, "INVALID_CREDENTIALS", "answered 401"},
		{"credentials twice", "/inbound/basic", event, []string{"Authorization: Basic YWRhOng=", "Authorization: Basic YWRhOng="}, 401, "INVALID_CREDENTIALS", "more than once"},
		{"key wrong", "/inbound/apikey", event, []string{"Authorization: Bearer x"}, 401, "INVALID_CREDENTIALS", "answered 401"},
		{"token missing", "/inbound/jwt", event, nil, 401, "INVALID_CREDENTIALS", "answered 401"},
		{"token of another issuer", "/inbound/jwt", event, []string{token(t, jwt.SigningMethodEdDSA, private, "https://evil.example.com", time.Hour)}, 401, "INVALID_CREDENTIALS", "issuer"},
		{"token expired", "/inbound/jwt", event, []string{token(t, jwt.SigningMethodEdDSA, private, trusted, -time.Hour)}, 401, "INVALID_CREDENTIALS", "expired"},
		{"token with alg none", "/inbound/jwt", event, []string{token(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, trusted, time.Hour)}, 401, "INVALID_CREDENTIALS", "signature"},
		{"token signed with the public key", "/inbound/jwt", event, []string{token(t, jwt.SigningMethodHS256, []byte(public), trusted, time.Hour)}, 401, "INVALID_CREDENTIALS", "signature"},
		{"method", "/inbound/get", event, nil, 405, "METHOD_NOT_SUPPORTED", "is not supported"},
		{"body too large", "/inbound/plain", strings.Repeat(" ", 10<<20+1), nil, 413, "BODY_TOO_LARGE", "too large"},
		{"length too large", "/inbound/plain", event, []string{"Content-Length: 1099511627776"}, 413, "BODY_TOO_LARGE", "too large"},
		{"chunks too large", "/inbound/plain", fmt.Sprintf("%x\r\n%s", 11<<20, strings.Repeat(" ", 11<<20)), []string{"Transfer-Encoding: chunked"}, 413, "BODY_TOO_LARGE", "too large"},
		{"body cut off", "/inbound/plain", event, []string{"Content-Length: 100"}, 400, "INVALID_BODY", "read the body"},
		{"chunks cut off", "/inbound/plain", "ff\r\n{", []string{"Transfer-Encoding: chunked"}, 400, "INVALID_BODY", "read the body"},
		{"no JSON", "/inbound/plain", `{"id": 1`, nil, 400, "INVALID_BODY", "the body is no JSON"},
		{"JSON not UTF-8", "/inbound/plain", "{\"id\": \"\xff\"}", nil, 400, "INVALID_BODY", "UTF-8"},
		{"JSON too deep", "/inbound/plain", strings.Repeat("[", 600) + strings.Repeat("]", 600), nil, 400, "INVALID_BODY", "deeper than"},
		{"query not UTF-8", "/inbound/plain?a=%ff", event, nil, 400, "INVALID_QUERY", "the query is invalid"},
		{"query with a broken escape", "/inbound/plain?a=%zz", event, nil, 400, "INVALID_QUERY", "the query is invalid"},
		{"compressed", "/inbound/plain", event, []string{"Content-Encoding: br"}, 415, "UNSUPPORTED_ENCODING", "br"},
		{"compressed in a language of its own", "/inbound/plain", event, []string{"Content-Encoding: <b>"}, 415, "UNSUPPORTED_ENCODING", "<b>"},
		{"unknown path", "/inbound/nobody", event, nil, 404, "", ""},
		{"path traversal", "/inbound/x/../plain", event, nil, 404, "", ""},
		{"path traversal, escaped", "/inbound/%2e%2e/inbound/plain", event, nil, 404, "", ""},
		{"path traversal, escaped slash", "/inbound/x%2f..%2fplain", event, nil, 404, "", ""},
		{"path not UTF-8", "/inbound/%ff", event, nil, 404, "", ""},
	} {
		t.Run(b.name, func(t *testing.T) { b.test(&node{T: t, Server: n.Server, url: n.url}) })
	}

	if list := clitest.Instances(t, n.url, "plain"); len(list) != 1 {
		t.Errorf("%d instances, want that of the good request", len(list))
	}
	n.accepted("plain", event)
}

func (b badRequest) test(n *node) {
	process, _, _ := strings.Cut(strings.TrimPrefix(b.path, "/inbound/"), "?")
	before := len(n.activity(process))
	r := n.rawPost(b.raw())
	if r.status != b.status || r.header.Get("Content-Type") != "application/problem+json" {
		n.Fatalf("answered %d %s %s, want %d", r.status, r.header, r.body, b.status)
	}
	var details struct {
		Title, Reason, Detail string
		Status                int
	}
	decoder := json.NewDecoder(strings.NewReader(r.body))
	if err := decoder.Decode(&details); err != nil || details.Status != b.status || details.Title == "" || details.Detail == "" {
		n.Errorf("problem details %s: %v", r.body, err)
	}
	if b.reason != "" && details.Reason != b.reason {
		n.Errorf("reason %q, want %q", details.Reason, b.reason)
	}
	for _, leak := range []string{signingKey, "goroutine", ".go:", `\u003c`} {
		if bytes.Contains([]byte(r.body), []byte(leak)) {
			n.Errorf("the answer tells %q: %s", leak, r.body)
		}
	}
	activity := n.activity(process)
	if b.noted == "" && len(activity) == before {
		return
	}
	if len(activity) != before+1 {
		n.Fatalf("%d entries, want one more than %d", len(activity), before)
	}
	if text := activity[before].Message; !strings.Contains(text, fmt.Sprintf("answered %d", b.status)) || !strings.Contains(text, b.noted) {
		n.Errorf("noted %q, want %q", text, b.noted)
	}
}

// activity is that of the only listener of a process, if there is one.
func (n *node) activity(process string) []inbound.Entry {
	n.Helper()
	if list := n.listeners(process); len(list) > 0 {
		return list[0].Activity
	}
	return nil
}
