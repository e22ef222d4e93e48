package zeebe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	defaultTokenURL     = "https://login.cloud.camunda.io/oauth/token" // Camunda's cloud
	defaultTokenTimeout = 10 * time.Second
)

// tokens hands an access token to every call, fetched when there is none that
// is valid. The token lives in memory only.
type tokens struct {
	config  clientcredentials.Config
	client  *http.Client
	timeout time.Duration
	// token holds the current one; who takes it out may replace it. A
	// channel rather than a mutex, so that waiting for a fetch ends with the
	// caller's context.
	token chan *oauth2.Token
}

func newTokens(o OAuth, gateway string, client *http.Client) (*tokens, error) {
	if o.TokenURL == "" {
		o.TokenURL = defaultTokenURL
	}
	if o.Audience == "" {
		o.Audience, _, _ = net.SplitHostPort(gateway)
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTokenTimeout
	}
	if err := checkTokenURL(o.TokenURL); err != nil {
		return nil, err
	}
	t := &tokens{client: client, timeout: o.Timeout, token: make(chan *oauth2.Token, 1)}
	t.config = clientcredentials.Config{
		ClientID: o.ClientID, ClientSecret: o.ClientSecret, TokenURL: o.TokenURL,
		EndpointParams: url.Values{"audience": {o.Audience}}, AuthStyle: oauth2.AuthStyleInParams,
	}
	if o.Scope != "" {
		t.config.Scopes = []string{o.Scope}
	}
	t.token <- nil
	return t, nil
}

// GetRequestMetadata returns the authorization header. gRPC calls it before
// every call; its error becomes the call's.
func (t *tokens) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := t.get(ctx)
	if err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	return map[string]string{"authorization": token.Type() + " " + token.AccessToken}, nil
}

// RequireTransportSecurity allows a plaintext gateway, as Camunda's client does.
func (t *tokens) RequireTransportSecurity() bool { return false }

func (t *tokens) get(ctx context.Context) (*oauth2.Token, error) {
	select {
	case token := <-t.token:
		if token.Valid() {
			t.token <- token
			return token, nil
		}
		fresh, err := t.fetch(ctx)
		t.token <- fresh // nil after an error
		return fresh, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (t *tokens) fetch(ctx context.Context) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, t.client), t.timeout)
	defer cancel()
	token, err := t.config.Token(ctx)
	if err == nil {
		return token, nil
	}
	return nil, fmt.Errorf("get an access token from %s: %w", t.config.TokenURL, plainTokenError(err))
}

// plainTokenError leaves the response's body out: it may repeat what was sent.
func plainTokenError(err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		var failed *url.Error
		if errors.As(err, &failed) {
			return failed.Err
		}
		return err
	}
	if refused.ErrorCode == "" {
		return fmt.Errorf("the server answered %s", refused.Response.Status)
	}
	return fmt.Errorf("the server answered %s %q (check the client id, secret and audience)", refused.Response.Status, refused.ErrorCode)
}

// reject forgets the token unless it was replaced already.
func (t *tokens) reject(used *oauth2.Token) {
	if token := <-t.token; token != used {
		t.token <- token
		return
	}
	t.token <- nil
}

// drop forgets whatever token there is.
func (t *tokens) drop() {
	<-t.token
	t.token <- nil
}

// renewOnce repeats a call that the gateway refused as UNAUTHENTICATED with a
// new token: the old one may have been revoked before its end.
func (t *tokens) renewOnce(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	used, err := t.get(ctx)
	if err != nil {
		return status.Error(codes.Unavailable, err.Error())
	}
	err = invoke(ctx, method, req, reply, cc, opts...)
	if status.Code(err) != codes.Unauthenticated {
		return err
	}
	t.reject(used)
	return invoke(ctx, method, req, reply, cc, opts...)
}
