package kafka

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

// tokenSource is where OAUTHBEARER gets its tokens.
type tokenSource struct {
	endpoint, id, secret, scope string
	// extensions go to the broker with each token, as some services want it.
	extensions map[string]string
	// subject, when not empty, makes unsecured tokens, for development.
	subject string
}

const inputEndpoint = "sasl.oauthbearer.token.endpoint.url"

// newTokenSource reads the properties sasl.oauthbearer.* and the options of
// sasl.jaas.config, by the names that the login modules of Kafka have for them.
func newTokenSource(given, options map[string]string) (t tokenSource, err error) {
	t = tokenSource{
		endpoint:   given[inputEndpoint],
		id:         cmp.Or(given["sasl.oauthbearer.client.credentials.client.id"], options["clientId"]),
		secret:     cmp.Or(given["sasl.oauthbearer.client.credentials.client.secret"], options["clientSecret"]),
		scope:      cmp.Or(given["sasl.oauthbearer.scope"], options["scope"]),
		subject:    options["unsecuredLoginStringClaim_sub"],
		extensions: map[string]string{},
	}
	for name, text := range options {
		if extension, ok := strings.CutPrefix(name, "extension_"); ok {
			t.extensions[extension] = text
		}
	}
	address := strings.HasPrefix(t.endpoint, "https://") || strings.HasPrefix(t.endpoint, "http://")
	if t.subject == "" && (!address || t.id == "") {
		return t, wrongProperty(inputEndpoint, "expected an address such as https://login/token here, and a clientId and a clientSecret in sasl.jaas.config")
	}
	return t, nil
}

// mechanism is the client's.
func (t *tokenSource) mechanism(h protocols.Host) (sasl.Mechanism, error) {
	if t.subject != "" {
		return bearer{oauth.Oauth(func(context.Context) (oauth.Auth, error) {
			return oauth.Auth{Token: unsecured(t.subject, h.Now()), Extensions: t.extensions}, nil
		})}, nil
	}
	client, err := httpx.New(h)
	if err != nil {
		return nil, err
	}
	return bearer{oauth.Oauth(t.fetch(client))}, nil
}

// bearer is the library's mechanism with an end to the exchange when a broker
// refuses a token.
type bearer struct{ sasl.Mechanism }

// Authenticate implements sasl.Mechanism.
func (b bearer) Authenticate(ctx context.Context, host string) (sasl.Session, []byte, error) {
	_, first, err := b.Mechanism.Authenticate(ctx, host)
	return &bearing{}, first, err
}

// bearing is one exchange.
type bearing struct{ refused bool }

// Challenge implements sasl.Session. A broker that refuses the token says so and
// waits for a byte (RFC 7628, 3.2.3), before it ends the exchange with an error
// that has a code.
func (b *bearing) Challenge(said []byte) (done bool, answer []byte, err error) {
	switch {
	case len(said) == 0:
		return true, nil, nil
	case b.refused:
		return false, nil, fmt.Errorf("the token was refused: %w", kerr.SaslAuthenticationFailed)
	}
	b.refused = true
	return false, []byte{1}, nil
}

// fetch returns tokens of the endpoint; one is kept while it is good.
func (t *tokenSource) fetch(client *httpx.Client) func(context.Context) (oauth.Auth, error) {
	config := clientcredentials.Config{ClientID: t.id, ClientSecret: t.secret, TokenURL: t.endpoint, AuthStyle: oauth2.AuthStyleInHeader}
	if t.scope != "" {
		config.Scopes = strings.Fields(t.scope)
	}
	kept := make(chan *oauth2.Token, 1)
	kept <- nil
	return func(ctx context.Context) (oauth.Auth, error) {
		var token *oauth2.Token
		select {
		case token = <-kept:
		case <-ctx.Done():
			return oauth.Auth{}, ctx.Err()
		}
		defer func() { kept <- token }()
		if !token.Valid() {
			fresh, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, client.HTTP()))
			if err != nil {
				return oauth.Auth{}, fmt.Errorf("get a token for OAUTHBEARER: %w", unissued(err))
			}
			token = fresh
		}
		return oauth.Auth{Token: token.AccessToken, Extensions: t.extensions}, nil
	}
}

// unissued keeps what a token endpoint answered out of texts. One that refuses
// the client will do so again.
func unissued(err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.Response == nil {
		return err
	}
	status := refused.Response.StatusCode
	err = fmt.Errorf("the endpoint answered %d %s", status, http.StatusText(status))
	if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
		return err
	}
	return fmt.Errorf("%w: %w", err, kerr.SaslAuthenticationFailed)
}

// unsecured makes a token as Kafka's login module for development does: a JWT
// without a signature.
func unsecured(subject string, now time.Time) string {
	claims, _ := json.Marshal(map[string]any{"sub": subject, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}) // text and numbers
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(claims) + "."
}
