package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"patchbay/engine/zeebe"
)

// Basic returns credentials for HTTP Basic authentication.
func Basic(username, password string) Auth { return basic{username, password} }

type basic struct{ username, password string }

func (b basic) Authorize(_ context.Context, _ *http.Client, r *http.Request) error {
	r.SetBasicAuth(b.username, b.password)
	return nil
}

func (basic) Refused(*http.Request) bool { return false }

// OIDC returns credentials that fetch access tokens with the client credentials
// of an OpenID provider. A token is used until it ends or is refused, and lives
// in memory only.
func OIDC(o zeebe.OAuth) Auth {
	c := clientcredentials.Config{ClientID: o.ClientID, ClientSecret: o.ClientSecret, TokenURL: o.TokenURL, AuthStyle: oauth2.AuthStyleInParams}
	if o.Audience != "" {
		c.EndpointParams = url.Values{"audience": {o.Audience}}
	}
	if o.Scope != "" {
		c.Scopes = []string{o.Scope}
	}
	return &oidc{config: c, token: make(chan *oauth2.Token, 1)}
}

// oidc holds its token in a channel, so that waiting for another's fetch ends
// with the request's context. The channel is empty before the first.
type oidc struct {
	config clientcredentials.Config
	once   sync.Once
	token  chan *oauth2.Token
}

func (o *oidc) Authorize(ctx context.Context, client *http.Client, r *http.Request) error {
	o.once.Do(func() { o.token <- nil })
	var token *oauth2.Token
	select {
	case token = <-o.token:
	case <-ctx.Done():
		return fmt.Errorf("get an access token: %w", ctx.Err())
	}
	var err error
	if !token.Valid() {
		token, err = o.config.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	}
	o.token <- token
	if err != nil {
		return fmt.Errorf("get an access token from %s: %w", o.config.TokenURL, plainTokenError(err))
	}
	token.SetAuthHeader(r)
	return nil
}

// Refused forgets the token, unless another request has renewed it already.
func (o *oidc) Refused(r *http.Request) bool {
	token := <-o.token
	if token != nil && strings.HasSuffix(r.Header.Get("Authorization"), " "+token.AccessToken) {
		token = nil
	}
	o.token <- token
	return true
}

// plainTokenError leaves the answer's body out: it may repeat what was sent.
func plainTokenError(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return fmt.Errorf("the server answered %s %q (check the client id, secret and audience)", refused.Response.Status, refused.ErrorCode)
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// Login returns credentials that log in to Operate for a session cookie.
// operate is Operate's address.
func Login(operate, username, password string) Auth {
	return &login{url: strings.TrimRight(operate, "/") + "/api/login", username: username, password: password}
}

type login struct {
	url, username, password string

	mu      sync.Mutex
	cookies []*http.Cookie
}

func (l *login) Authorize(ctx context.Context, client *http.Client, r *http.Request) error {
	cookies, err := l.session(ctx, client)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return err
}

func (l *login) session(ctx context.Context, client *http.Client) ([]*http.Cookie, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cookies != nil {
		return l.cookies, nil
	}
	query := url.Values{"username": {l.username}, "password": {l.password}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url+"?"+query.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("log in at %s: the address cannot be read", l.url)
	}
	response, err := client.Do(r)
	if err != nil {
		return nil, plainURLError("log in at "+l.url, err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	if response.StatusCode/100 != 2 || len(response.Cookies()) == 0 {
		return nil, fmt.Errorf("log in at %s: the server answered %s without a session (check the user name and password)", l.url, response.Status)
	}
	l.cookies = response.Cookies()
	return l.cookies, nil
}

// Refused ends the session, unless another request has renewed it already.
func (l *login) Refused(r *http.Request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	sent := r.Cookies()
	if len(sent) > 0 && len(l.cookies) > 0 && sent[0].Value == l.cookies[0].Value {
		l.cookies = nil
	}
	return true
}
