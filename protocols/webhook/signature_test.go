package webhook

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"patchbay/protocols"
)

func sign(algorithm algorithm, secret, content string) []byte {
	mac := hmac.New(hashes[algorithm], []byte(secret))
	mac.Write([]byte(content))
	return mac.Sum(nil)
}

func hexSign(secret, content string) string {
	return hex.EncodeToString(sign(hmacSHA256, secret, content))
}

const body = `{"order":1}`

// now is the fixture's time as a sender writes it.
const now = "1700000000"

func TestSchemes(t *testing.T) {
	public, private, _ := ed25519.GenerateKey(nil)
	edSign := func(content string) []byte { return ed25519.Sign(private, []byte(content)) }
	b64 := base64.StdEncoding.EncodeToString
	standard := []string{"webhook-id: msg_1", "webhook-timestamp: " + now}
	tests := map[string]struct {
		scheme, secrets string
		more            map[string]any
		headers         []string
		messageID       string
	}{
		"standard": {"standard-webhooks", "whsec_" + b64([]byte("k")), nil,
			append(standard, "webhook-signature: v1,"+b64(sign(hmacSHA256, "k", "msg_1."+now+"."+body))), "msg_1"},
		"standard, rotation": {"standard-webhooks", "whsec_" + b64([]byte("old")) + ", " + b64([]byte("new")), nil,
			append(standard, "webhook-signature: v1,AAAA v1,"+b64(sign(hmacSHA256, "new", "msg_1."+now+"."+body))+" v9,x"), "msg_1"},
		"standard, ed25519": {"standard-webhooks", "whpk_" + b64(public), nil,
			append(standard, "webhook-signature: v1,AAAA v1a,"+b64(edSign("msg_1."+now+"."+body))), "msg_1"},
		"svix": {"standard-webhooks", "whsec_" + b64([]byte("k")), nil,
			[]string{"svix-id: m", "svix-timestamp: " + now, "svix-signature: v1," + b64(sign(hmacSHA256, "k", "m."+now+"."+body))}, "m"},
		"stripe": {"stripe", "whsec_s", nil,
			[]string{"Stripe-Signature: t=" + now + ",v1=" + hexSign("other", "x") + ",v1=" + hexSign("whsec_s", now+"."+body) + ",v0=00"}, ""},
		"slack": {"slack", "s", nil,
			[]string{"X-Slack-Request-Timestamp: " + now, "X-Slack-Signature: v0=" + hexSign("s", "v0:"+now+":"+body)}, ""},
		"github": {"github", `["a","s"]`, nil,
			[]string{"X-GitHub-Delivery: d-1", "X-Hub-Signature-256: sha256=" + hexSign("s", body)}, "d-1"},
		"shopify": {"shopify", "s", nil,
			[]string{"X-Shopify-Webhook-Id: 5", "X-Shopify-Hmac-Sha256: " + b64(sign(hmacSHA256, "s", body))}, "5"},
		"discord": {"discord", hex.EncodeToString(public), nil,
			[]string{"X-Signature-Timestamp: " + now, "X-Signature-Ed25519: " + hex.EncodeToString(edSign(now+body))}, ""},
		"custom": {"custom", "s", map[string]any{
			"inbound.signature.header": "X-Sig", "inbound.signature.prefix": "h=", "inbound.signature.algorithm": "hmac-sha512",
			"inbound.signature.encoding": "base64", "inbound.signature.content": "{url}|{timestamp}|{id}|{body}",
			"inbound.signature.timestampHeader": "X-Time", "inbound.signature.idHeader": "X-Id",
		}, []string{"X-Time: " + now, "X-Id: i", "X-Sig: h=" + b64(sign(hmacSHA512, "s", "http://example.com/inbound/orders|"+now+"|i|"+body))}, "i"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			properties := map[string]any{"inbound.signature.scheme": tt.scheme, "inbound.signature.secrets": tt.secrets}
			maps.Copy(properties, tt.more)
			f.open(properties)
			expect(t, f.post(body, tt.headers...), 200, "")
			if got := f.events[0].MessageID; got != tt.messageID {
				t.Errorf("message id: got %q, want %q", got, tt.messageID)
			}
			expect(t, f.post(body+" ", tt.headers...), 401, "INVALID_SIGNATURE")
			expect(t, f.post(body), 401, "SIGNATURE_MISSING")
			for i := range tt.headers {
				twice := append(tt.headers, tt.headers[i])
				if status := f.post(body, twice...).Code; status != 401 {
					t.Errorf("with %q twice: got %d", tt.headers[i], status)
				}
			}
			if s := schemes[tt.scheme]; s.timed() {
				expect(t, f.post(body, tt.headers...), 401, "SIGNATURE_REPLAYED")
				f.now = f.now.Add(6 * time.Minute)
				expect(t, f.post(body, tt.headers...), 401, "SIGNATURE_EXPIRED")
				f.now = f.now.Add(-12 * time.Minute)
				expect(t, f.post(body, tt.headers...), 401, "SIGNATURE_EXPIRED")
			}
			if len(f.events) > 2 {
				t.Errorf("got %d events", len(f.events))
			}
		})
	}
}

func TestBadTimestamps(t *testing.T) {
	f := newFixture(t)
	f.open(map[string]any{"inbound.signature.scheme": "slack", "inbound.signature.secrets": "s"})
	for _, timestamp := range []string{"", "now", "-1", "1e9", "99999999999999999999", now + ".5"} {
		expect(t, f.post(body, "X-Slack-Request-Timestamp: "+timestamp, "X-Slack-Signature: v0="+hexSign("s", "v0:"+timestamp+":"+body)),
			401, "SIGNATURE_MISSING")
	}
}

// What the reference library signs, we accept; what it refuses, we refuse.
func TestStandardLibrary(t *testing.T) {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	library, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t)
	f.open(map[string]any{"inbound.signature.scheme": "standard-webhooks", "inbound.signature.secrets": secret})
	signature, err := library.Sign("msg_2", f.now, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	headers := []string{"webhook-id: msg_2", "webhook-timestamp: " + fmt.Sprint(f.now.Unix()), "webhook-signature: " + signature}
	expect(t, f.post(body, headers...), 200, "")
	expect(t, f.post(body+"x", headers...), 401, "INVALID_SIGNATURE")
}

// A delivery that could not be handled may come again, with the same signature.
func TestReplayAfterFailure(t *testing.T) {
	f := newFixture(t)
	f.open(map[string]any{"inbound.signature.scheme": "slack", "inbound.signature.secrets": "s"})
	headers := []string{"X-Slack-Request-Timestamp: " + now, "X-Slack-Signature: v0=" + hexSign("s", "v0:"+now+":"+body)}
	f.err = &protocols.Error{Code: "UNAVAILABLE", Message: "away"}
	expect(t, f.post(body, headers...), 503, "UNAVAILABLE")
	f.err = nil
	expect(t, f.post(body, headers...), 200, "")
	expect(t, f.post(body, headers...), 401, "SIGNATURE_REPLAYED")
}

// A sender that has not heard our answer sends a delivery again, under the same
// id. That is success, but starts nothing.
func TestRepeatedDelivery(t *testing.T) {
	f := newFixture(t)
	f.open(map[string]any{"inbound.signature.scheme": "github", "inbound.signature.secrets": "s"})
	signed := "X-Hub-Signature-256: sha256=" + hexSign("s", body)
	f.err = &protocols.Error{Code: "UNAVAILABLE", Message: "away"}
	expect(t, f.post(body, signed, "X-GitHub-Delivery: d-1"), 503, "UNAVAILABLE")
	f.err = nil
	for _, id := range []string{"d-1", "d-1", "d-2"} {
		expect(t, f.post(body, signed, "X-GitHub-Delivery: "+id), 200, "")
	}
	if len(f.events) != 3 {
		t.Errorf("got %d events, want that of the failure and one of each delivery", len(f.events))
	}
}

// A repetition with one of two signatures left out is a repetition.
func TestReplayWithFewerSignatures(t *testing.T) {
	f := newFixture(t)
	f.open(map[string]any{"inbound.signature.scheme": "stripe", "inbound.signature.secrets": []any{"a", "b"}})
	one, two := ",v1="+hexSign("a", now+"."+body), ",v1="+hexSign("b", now+"."+body)
	expect(t, f.post(body, "Stripe-Signature: t="+now+one+two), 200, "")
	expect(t, f.post(body, "Stripe-Signature: t="+now+two), 401, "SIGNATURE_REPLAYED")
}

func TestReplaysAreBounded(t *testing.T) {
	r, at := newReplays(time.Minute), time.Unix(0, 0)
	digest := func(n int) [sha256.Size]byte { return sha256.Sum256([]byte(fmt.Sprint(n))) }
	for n := range 3 * maxReplays {
		if !r.add(digest(n), at) {
			t.Fatalf("%d is new", n)
		}
	}
	if n := len(r.now) + len(r.before); n > 2*maxReplays {
		t.Errorf("remembers %d", n)
	}
	if r.add(digest(3*maxReplays-1), at.Add(119*time.Second)) {
		t.Error("forgot a delivery that could still pass")
	}
	if !r.add(digest(3*maxReplays-1), at.Add(5*time.Minute)) {
		t.Error("remembers a delivery that cannot pass any more")
	}
}

func TestHMAC(t *testing.T) {
	const url = "http://example.com/inbound/orders"
	hmacOf := func(a algorithm, content string) string { return hex.EncodeToString(sign(a, "key", content)) }
	tests := map[string]struct {
		algorithm, scopes     string
		method, query, body   string
		contentType, header   string
		forwardedHost, reason string
	}{
		"body":             {"sha_256", "", "POST", "", body, "", hmacOf(hmacSHA256, body), "", ""},
		"body, upper case": {"SHA_256", "", "POST", "", body, "", strings.ToUpper(hmacOf(hmacSHA256, body)), "", ""},
		"body, prefix":     {"sha_1", "BODY", "POST", "", body, "", "sha1=" + hmacOf(hmacSHA1, body), "", ""},
		"body, base64":     {"sha_512", "body", "POST", "", body, "", base64.StdEncoding.EncodeToString(sign(hmacSHA512, "key", body)), "", ""},
		"form":             {"sha_256", `["url","body"]`, "POST", "?x=1", "b=2&a=1", "application/x-www-form-urlencoded", hmacOf(hmacSHA256, url+"a1b2"), "", ""},
		"url and raw body": {"sha_256", "body,url", "POST", "", body, "", hmacOf(hmacSHA256, url+body), "", ""},
		"url, parameters":  {"sha_256", `["URL","PARAMETERS"]`, "GET", "?b=2&a=1", "", "", hmacOf(hmacSHA256, url+"?b=2&a=1"), "", ""},
		"sorted":           {"sha_256", "url parameters", "GET", "?b=2&a=x%20y", "", "", hmacOf(hmacSHA256, url+"?a=x+y&b=2"), "", ""},
		"all, GET":         {"sha_256", "url parameters body", "GET", "?a=1", "", "", hmacOf(hmacSHA256, url+"?a=1"), "", ""},
		"all, POST":        {"sha_256", "url parameters body", "POST", "?a=1", body, "", hmacOf(hmacSHA256, url+body), "", ""},
		"behind a proxy":   {"sha_256", "url body", "POST", "", body, "", hmacOf(hmacSHA256, "https://hooks.example.org/inbound/orders"+body), "hooks.example.org, inner", ""},
		"wrong":            {"sha_256", "", "POST", "", body, "", hmacOf(hmacSHA1, body), "", "INVALID_SIGNATURE"},
		"cut short":        {"sha_256", "", "POST", "", body, "", hmacOf(hmacSHA256, body)[:32], "", "INVALID_SIGNATURE"},
		"garbage":          {"sha_256", "", "POST", "", body, "", "!", "", "INVALID_SIGNATURE"},
		"empty":            {"sha_256", "", "POST", "", body, "", "", "", "SIGNATURE_MISSING"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.open(map[string]any{
				"inbound.shouldValidateHmac": "Enabled", "inbound.hmacSecret": "key", "inbound.hmacHeader": "x-sig",
				"inbound.hmacAlgorithm": tt.algorithm, "inbound.hmacScopes": tt.scopes,
			})
			headers := []string{"X-Sig: " + tt.header, "Content-Type: " + tt.contentType}
			if tt.forwardedHost != "" {
				headers = append(headers, "X-Forwarded-Host: "+tt.forwardedHost, "X-Forwarded-Proto: https")
			}
			status := http.StatusOK
			if tt.reason != "" {
				status = http.StatusUnauthorized
			}
			expect(t, f.do(tt.method, "/inbound/orders"+tt.query, tt.body, headers...), status, tt.reason)
		})
	}
}

func FuzzSignature(f *testing.F) {
	f.Add("t=1,v1=00,v1", "1", "id", "sha256=00")
	f.Add("v1,AA== v1a,AA==", "99", ".", "v0=")
	f.Fuzz(func(t *testing.T, header, timestamp, id, other string) {
		r := &request{Request: &http.Request{Header: http.Header{}}, raw: []byte(header), now: time.Unix(1, 0)}
		for name, s := range schemes {
			if name == "custom" {
				s.signature = []string{"X-Sig"}
			}
			parts, err := contentParts(s.content)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set(s.signature[0], header)
			for _, h := range s.timestamp {
				r.Header.Set(h, timestamp)
			}
			for _, h := range s.id {
				r.Header.Set(h, id)
			}
			v := &verifier{scheme: s, parts: parts, tolerance: time.Minute, keys: []key{{hmac: []byte("k")}, {public: make([]byte, ed25519.PublicKeySize)}}}
			if _, refused := v.verify(r); refused == nil && s.versions["v1a"] == "" && s.versions[""] != ed25519Sig {
				t.Fatalf("%s: accepted %q", name, header)
			}
		}
		readMAC(other)
		_, _ = contentParts(other)
		_, _ = standardSecret(other, nil)
	})
}
