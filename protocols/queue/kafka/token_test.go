package kafka

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/twmb/franz-go/pkg/kerr"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
	"patchbay/protocols/queue"
)

// issuer is a token endpoint for the client "id" with the secret "hush".
type issuer struct {
	*httptest.Server
	key   *rsa.PrivateKey
	asked atomic.Int32
	// lifetime is how long its tokens are good.
	lifetime time.Duration
}

func newIssuer(t testing.TB, lifetime time.Duration) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key, lifetime: lifetime}
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	return i
}

// ServeHTTP implements http.Handler: the grant of client credentials (RFC 6749,
// 4.4).
func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.asked.Add(1)
	if id, secret, _ := r.BasicAuth(); id != "id" || secret != "hush" || r.FormValue("grant_type") != "client_credentials" {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":"hush"}`))
		return
	}
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"sub": "id", "scope": r.FormValue("scope"), "iat": now.Unix(), "exp": now.Add(i.lifetime).Unix()})
	token.Header["kid"] = "k"
	signed, err := token.SignedString(i.key)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": signed, "token_type": "bearer", "expires_in": int(i.lifetime.Seconds())})
}

// keys are what a broker verifies its tokens with (RFC 7517).
func (i *issuer) keys(t testing.TB) []byte {
	t.Helper()
	key, err := jwkset.NewJWKFromKey(i.key.Public(), jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: "k", ALG: jwkset.AlgRS256}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(jwkset.JWKSMarshal{Keys: []jwkset.JWKMarshal{key.Marshal()}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// Tokens for OAUTHBEARER are fetched once while they are good.
func TestTokens(t *testing.T) {
	endpoint := newIssuer(t, time.Hour)
	client, err := httpx.New(testHost())
	if err != nil {
		t.Fatal(err)
	}
	good := tokenSource{endpoint: endpoint.URL, id: "id", secret: "hush", scope: "kafka"}
	fetch := good.fetch(client)
	for range 3 {
		got, err := fetch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		claims := jwt.MapClaims{}
		if _, _, err := jwt.NewParser().ParseUnverified(got.Token, claims); err != nil || claims["scope"] != "kafka" {
			t.Fatalf("got the claims %v, %v", claims, err)
		}
	}
	if asked := endpoint.asked.Load(); asked != 1 {
		t.Errorf("the endpoint was asked %d times, want once", asked)
	}
	bad := tokenSource{endpoint: endpoint.URL, id: "id", secret: "wrong"}
	if _, err := bad.fetch(client)(t.Context()); err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "Unauthorized") {
		t.Errorf("got %v, want an error that shows the status alone", err)
	}
	if token := unsecured("me", time.Unix(1, 0)); !strings.HasSuffix(token, ".") || strings.Count(token, ".") != 2 {
		t.Errorf("got %q", token)
	}
}

// A broker that refuses a token gets the byte that it waits for, once.
func TestRefusedToken(t *testing.T) {
	source, err := newTokenSource(nil, map[string]string{"unsecuredLoginStringClaim_sub": "me", "extension_logicalCluster": "lkc-1"})
	if err != nil {
		t.Fatal(err)
	}
	mechanism, err := source.mechanism(protocols.Host{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	session, first, err := mechanism.Authenticate(t.Context(), "")
	if err != nil || !strings.Contains(string(first), "\x01logicalCluster=lkc-1\x01") {
		t.Errorf("got %q, %v", first, err)
	}
	if done, _, err := session.Challenge(nil); !done || err != nil {
		t.Errorf("an accepted token: got %v, %v", done, err)
	}
	if done, answer, err := session.Challenge([]byte(`{"status":"invalid_token"}`)); done || string(answer) != "\x01" || err != nil {
		t.Errorf("a refused token: got %v, %q, %v", done, answer, err)
	}
	if _, _, err := session.Challenge([]byte("more")); !errors.Is(err, kerr.SaslAuthenticationFailed) {
		t.Errorf("a broker that goes on: got %v", err)
	}
}

// withTokens are the properties that fetch tokens of an endpoint.
func withTokens(endpoint, options string) map[string]any {
	return map[string]any{"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER", "sasl.oauthbearer.token.endpoint.url": endpoint,
		"sasl.login.callback.handler.class": "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler",
		"sasl.jaas.config":                  "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required " + options + ";"}
}

// TestBrokerTokens logs in with tokens that the broker verifies, and goes on when
// they have expired.
func TestBrokerTokens(t *testing.T) {
	b := realBroker(t)
	topic := b.topic(t, 1)
	good, stranger := newIssuer(t, 11*time.Second), newIssuer(t, time.Hour) // of which the client leaves ten seconds unused
	if err := os.WriteFile(filepath.Join(b.folder, "keys.json"), good.keys(t), 0o600); err != nil {
		t.Fatal(err)
	}
	b.restart(t)
	b.awaitTopic(t, topic)
	const client, wrongClient = `clientId="id" clientSecret="hush" scope="kafka" extension_logicalCluster="lkc-1"`, `clientId="id" clientSecret="wrong"`
	job := func(listener string, additional map[string]any) map[string]any {
		return with(input(b.read(t, listener), topic, queue.Message{Value: []byte("x")}), map[string]any{"additionalProperties": additional})
	}
	publish := publisher(t, testHost())
	c := openConsumer(t, testHost(), with(properties(b.read(t, "tokens"), topic), map[string]any{"additionalProperties": withTokens(good.URL, client)}))
	for good.asked.Load() < 10 { // both log in anew every three seconds
		if _, err := publish(job("tokens", withTokens(good.URL, client))); err != nil {
			t.Fatal(err)
		}
		c.ack(t, c.next(t))
	}
	unsecured := withTokens("", `unsecuredLoginStringClaim_sub="me"`)
	if _, err := publish(job("sasl", unsecured)); err != nil {
		t.Errorf("an unsecured token: %v", err)
	}
	for name, wrong := range map[string]map[string]any{
		"a stranger's token": withTokens(stranger.URL, client), "an unsecured token": unsecured, "a wrong secret": withTokens(good.URL, wrongClient),
	} {
		_, err := publish(job("tokens", wrong))
		var e *protocols.Error
		if !errors.As(err, &e) || e.Code != CodeFail || e.Temporary || e.Variables["kafkaError"] != "SASL_AUTHENTICATION_FAILED" || strings.Contains(e.Message, "hush") {
			t.Errorf("%s: got %+v", name, err)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}
