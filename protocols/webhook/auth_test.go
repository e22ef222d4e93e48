package webhook

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

func TestBasic(t *testing.T) {
	f := newFixture(t)
	f.open(map[string]any{"inbound.auth.type": "basic", "inbound.auth.username": "ann", "inbound.auth.password": "p:w"})
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	tests := []struct {
		header string
		status int
	}{
		{"Basic " + encode("ann:p:w"), 200},
		{"bAsIc  " + encode("ann:p:w"), 200},
		{"Basic " + encode("ann:p:"), 401},
		{"Basic " + encode("bob:p:w"), 401},
		{"Basic " + encode("ann"), 401},
		{"Basic *", 401},
		{"Basic", 401},
		{"Bearer " + encode("ann:p:w"), 401},
		{"", 401},
	}
	for _, tt := range tests {
		w := f.post("{}", "Authorization: "+tt.header)
		if w.Code != tt.status {
			t.Errorf("%q: got %d, want %d", tt.header, w.Code, tt.status)
		}
		if tt.status == 401 && !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%q: WWW-Authenticate %q", tt.header, w.Header().Get("WWW-Authenticate"))
		}
	}
	expect(t, f.post("{}", "Authorization: Basic "+encode("ann:p:w"), "Authorization: Basic x"), 401, "INVALID_CREDENTIALS")
	expect(t, f.post("{"), 401, "INVALID_CREDENTIALS") // before anything is said of the body
}

func TestAPIKey(t *testing.T) {
	f := newFixture(t)
	f.open(map[string]any{"inbound.auth.type": "APIKEY", "inbound.auth.apiKey": "k1"})
	f.open(map[string]any{"inbound.context": "located", "inbound.auth.type": "APIKEY", "inbound.auth.apiKey": "k1", "inbound.auth.apiKeyLocator": "=request.body.key"})
	f.open(map[string]any{"inbound.context": "broken", "inbound.auth.type": "APIKEY", "inbound.auth.apiKey": "k1", "inbound.auth.apiKeyLocator": "error"})
	tests := []struct {
		path, body, header string
		status             int
	}{
		{"orders", "{}", "Bearer k1", 200},
		{"orders", "{}", "Bearer k2", 401},
		{"orders", "{}", "k1", 401},
		{"orders", "{}", "", 401},
		{"located", `{"key":"k1"}`, "", 200},
		{"located", `{"key":"k"}`, "", 401},
		{"located", `{"key":1}`, "", 401},
		{"located", `{}`, "Bearer k1", 401},
		{"located", `{`, "", 401},
		{"broken", `{}`, "", 401},
	}
	for _, tt := range tests {
		if w := f.do("POST", "/inbound/"+tt.path, tt.body, "Content-Type: application/json", "Authorization: "+tt.header); w.Code != tt.status {
			t.Errorf("%+v: got %d", tt, w.Code)
		}
	}
}

// issuer makes tokens and serves its keys.
type issuer struct {
	mu   sync.Mutex
	keys []jwkset.JWK
	down bool
	hits int
}

func (i *issuer) add(t testing.TB, id string, key any) {
	t.Helper()
	jwk, err := jwkset.NewJWKFromKey(key, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: id}, Marshal: jwkset.JWKMarshalOptions{Private: true}})
	if err != nil {
		t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, jwk)
}

func (i *issuer) set() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	var list []jwkset.JWKMarshal
	for _, k := range i.keys {
		list = append(list, k.Marshal())
	}
	text, _ := json.Marshal(map[string]any{"keys": append([]any{map[string]any{"kty": "strange"}}, anyOf(list)...)})
	return string(text)
}

func anyOf[T any](list []T) (out []any) {
	for _, v := range list {
		out = append(out, v)
	}
	return out
}

// RoundTrip stands for the network between the webhook and its issuer.
func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	i.hits++
	down := i.down
	i.mu.Unlock()
	if down {
		return nil, errors.New("connection refused")
	}
	if r.URL.String() != "https://issuer.example.com/keys" {
		return nil, errors.New("unexpected " + r.URL.String())
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(strings.NewReader(i.set())), Request: r}, nil
}

func token(t testing.TB, method jwt.SigningMethod, id string, key crypto.PrivateKey, claims jwt.MapClaims) string {
	t.Helper()
	made := jwt.NewWithClaims(method, claims)
	if id != "" {
		made.Header["kid"] = id
	}
	text, err := made.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (f *fixture) withIssuer(i *issuer) {
	f.base.WrapTransport = func(http.RoundTripper) http.RoundTripper { return i }
}

func TestJWT(t *testing.T) {
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	ecKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, edKey, _ := ed25519.GenerateKey(nil)
	_, strange, _ := ed25519.GenerateKey(nil)
	i := &issuer{}
	i.add(t, "r", rsaKey)
	i.add(t, "e", ecKey)
	i.add(t, "d", edKey)
	i.add(t, "oct", []byte("a shared secret that nobody should put here"))
	claims := func(more ...any) jwt.MapClaims {
		c := jwt.MapClaims{"iss": "https://issuer.example.com", "aud": []string{"a", "hooks"}, "exp": 1_700_000_060, "scope": "read write?", "roles": []string{"write", "ÿ>?"}}
		for n := 0; n < len(more); n += 2 {
			c[more[n].(string)] = more[n+1]
		}
		return c
	}
	none := jwt.NewWithClaims(jwt.SigningMethodNone, claims())
	unsigned, _ := none.SignedString(jwt.UnsafeAllowNoneSignatureType)
	publicAsSecret, _ := json.Marshal(rsaKey.PublicKey)
	good := token(t, jwt.SigningMethodRS256, "r", rsaKey, claims())
	tests := map[string]struct {
		token  string
		status int
		detail string
	}{
		"RS256":          {good, 200, ""},
		"PS512":          {token(t, jwt.SigningMethodPS512, "r", rsaKey, claims()), 200, ""},
		"ES256":          {token(t, jwt.SigningMethodES256, "e", ecKey, claims()), 200, ""},
		"EdDSA":          {token(t, jwt.SigningMethodEdDSA, "d", edKey, claims()), 200, ""},
		"no key id":      {token(t, jwt.SigningMethodEdDSA, "", edKey, claims()), 200, ""},
		"expired":        {token(t, jwt.SigningMethodEdDSA, "d", edKey, claims("exp", 1_699_999_999)), 401, "has expired"},
		"not yet":        {token(t, jwt.SigningMethodEdDSA, "d", edKey, claims("nbf", 1_700_000_001)), 401, "not valid yet"},
		"other issuer":   {token(t, jwt.SigningMethodEdDSA, "d", edKey, claims("iss", "https://evil.example.com")), 401, "issuer"},
		"no issuer":      {token(t, jwt.SigningMethodEdDSA, "d", edKey, claims("iss", nil)), 401, "issuer"},
		"other audience": {token(t, jwt.SigningMethodEdDSA, "d", edKey, claims("aud", "other")), 401, "audience"},
		"no permission":  {token(t, jwt.SigningMethodEdDSA, "d", edKey, claims("roles", []string{"read"})), 403, "permissions"},
		"strange roles":  {token(t, jwt.SigningMethodEdDSA, "d", edKey, claims("roles", 7)), 403, "permissions"},
		"other key":      {token(t, jwt.SigningMethodEdDSA, "d", strange, claims()), 401, "signature"},
		"unknown key":    {token(t, jwt.SigningMethodEdDSA, "x", strange, claims()), 401, "signature"},
		"alg none":       {unsigned, 401, "signature"},
		"HS256":          {token(t, jwt.SigningMethodHS256, "oct", []byte("a shared secret that nobody should put here"), claims()), 401, "signature"},
		"confused":       {token(t, jwt.SigningMethodHS256, "r", publicAsSecret, claims()), 401, "signature"},
		"wrong method":   {token(t, jwt.SigningMethodEdDSA, "r", edKey, claims()), 401, "signature"},
		"cut off":        {good[:len(good)-4], 401, "signature"},
		"two parts":      {"a.b", 401, "malformed"},
		"garbage":        {"\x00.\xff.!", 401, "malformed"},
		"empty":          {"", 401, ""},
	}
	f := newFixture(t)
	f.withIssuer(i)
	f.open(map[string]any{
		"inbound.auth.type": "JWT", "inbound.auth.jwt.jwkUrl": "https://issuer.example.com/keys",
		"inbound.auth.jwt.issuer": "https://issuer.example.com, https://second.example.com", "inbound.auth.jwt.audience": "hooks",
		"inbound.auth.jwt.requiredPermissions": []any{"write"}, "inbound.auth.jwt.permissionsExpression": "=roles",
	})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := f.post(body, "Authorization: Bearer "+tt.token)
			reason := map[int]string{401: "INVALID_CREDENTIALS", 403: "FORBIDDEN"}[tt.status]
			details := expect(t, w, tt.status, reason)
			if detail, _ := details["detail"].(string); !strings.Contains(detail, tt.detail) {
				t.Errorf("got %q, want %q", detail, tt.detail)
			}
		})
	}
	expect(t, f.post(body), 401, "INVALID_CREDENTIALS")
	if t.Failed() {
		t.Logf("notes: %q", f.host.Notes())
	}
}

func TestKeySet(t *testing.T) {
	_, first, _ := ed25519.GenerateKey(nil)
	_, second, _ := ed25519.GenerateKey(nil)
	i := &issuer{down: true}
	f := newFixture(t)
	f.withIssuer(i)
	f.open(map[string]any{"inbound.auth.type": "JWT", "inbound.auth.jwt.jwkUrl": "https://issuer.example.com/keys"})
	one := "Authorization: Bearer " + token(t, jwt.SigningMethodEdDSA, "1", first, jwt.MapClaims{})
	two := "Authorization: Bearer " + token(t, jwt.SigningMethodEdDSA, "2", second, jwt.MapClaims{})
	step := func(after time.Duration, header string, status int, reason string, hits int) {
		t.Helper()
		f.now = f.now.Add(after)
		expect(t, f.post(body, header), status, reason)
		if i.hits != hits {
			t.Fatalf("fetched %d times, want %d", i.hits, hits)
		}
	}
	step(0, one, 503, "KEYS_UNAVAILABLE", 1)
	step(time.Second, one, 503, "KEYS_UNAVAILABLE", 1) // not for every request
	i.down = false
	step(time.Minute, one, 503, "KEYS_UNAVAILABLE", 2) // a set without a usable key is none
	i.add(t, "1", first)
	step(time.Minute, one, 200, "", 3)
	step(time.Minute, one, 200, "", 3)
	i.add(t, "2", second)
	step(time.Second, two, 200, "", 4) // a key that is not known is looked for
	i.mu.Lock()
	i.keys = i.keys[1:]
	i.mu.Unlock()
	step(time.Minute, one, 200, "", 4)
	step(11*time.Minute, one, 401, "INVALID_CREDENTIALS", 5) // taken back by the issuer
	i.down = true
	step(20*time.Minute, two, 200, "", 6) // better old keys than none
}
