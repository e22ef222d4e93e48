package httpx

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"patchbay/protocols"
)

const (
	// maxTokens bounds the cached tokens of a process.
	maxTokens = 1000
	// tokenSkew is how long before its end a token counts as expired.
	tokenSkew = 10 * time.Second
	// tokenTimeout bounds connecting to and reading from a token endpoint.
	tokenTimeout = 20 * time.Second

	// endpointInput is the input that a token endpoint's address comes from.
	endpointInput = "authentication.oauthTokenEndpoint"

	codeToken       = "OAUTH_TOKEN_ERROR"
	codeExpired     = "OAUTH_REFRESH_TOKEN_EXPIRED"
	codeInteraction = "OAUTH_INTERACTION_REQUIRED"
)

// tokens caches access tokens by what they were asked for with.
type tokens struct{ entries *cache[*grant] }

// grant is one set of credentials: its access token, and the refresh token that
// the server gave last. Its lock is held while a token is fetched; everyone
// else waits for it and takes what came of it.
type grant struct {
	lock    chan struct{} // holds one element while it is locked
	mu      sync.Mutex
	token   string
	expires time.Time
	refresh string
	// fetches counts the fetches that ended by themselves, and came is what
	// the last one brought, for those who waited for it: it may not be cached.
	fetches int
	came    fetched
}

// fetched is what a token endpoint's answer came to.
type fetched struct {
	token string
	err   error
}

func newTokens(most int) *tokens { return &tokens{newCache[*grant](most, nil)} }

func (t *tokens) grant(a *Auth) *grant {
	key := digestOf(a.Type, a.TokenEndpoint, a.ClientID, a.ClientSecret, a.ClientAuthentication, a.Audience, a.Scopes, a.RefreshToken)
	if g, ok := t.entries.get(key); ok {
		return g
	}
	return t.entries.add(key, &grant{lock: make(chan struct{}, 1), refresh: a.RefreshToken})
}

// forget drops an access token that a server refused, unless it has been
// replaced already.
func (t *tokens) forget(a *Auth, token string) {
	g := t.grant(a)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.token == token {
		g.token = ""
	}
}

// cached returns the token if it is still good, and how many fetches there were.
func (g *grant) cached(now time.Time) (token string, fetches int, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.token, g.fetches, g.token != "" && now.Before(g.expires)
}

// since returns what came of a fetch that ended after so many; ok is false if
// there was none.
func (g *grant) since(fetches int) (came fetched, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.came, g.fetches != fetches
}

// token returns an access token, and whether it is fresh from the server.
func (c *Client) token(ctx context.Context, a *Auth) (token string, fresh bool, err error) {
	g := c.tokens.grant(a)
	token, fetches, ok := g.cached(c.host.Now())
	if ok {
		return token, false, nil
	}
	select {
	case g.lock <- struct{}{}:
		defer func() { <-g.lock }()
	case <-ctx.Done():
		return "", false, (&attempt{Context: ctx}).classify(ctx.Err())
	}
	if came, ok := g.since(fetches); ok {
		return came.token, true, came.err
	}
	answer, err := c.fetchToken(ctx, a, g)
	if err != nil && ctx.Err() != nil {
		return "", false, err // this call's time is over, not that of others
	}
	g.store(answer, err, c.host.Now())
	return answer.access, true, err
}

func (g *grant) store(answer tokenAnswer, err error, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fetches++
	g.came = fetched{answer.access, err}
	g.token, g.expires = "", time.Time{}
	if answer.lifetime > 0 {
		g.token, g.expires = answer.access, now.Add(answer.lifetime-tokenSkew)
	}
	if answer.refresh != "" {
		g.refresh = answer.refresh
	}
}

// fetchToken asks the token endpoint. Redirects and client certificates are
// not for it.
func (c *Client) fetchToken(ctx context.Context, a *Auth, g *grant) (tokenAnswer, error) {
	u, err := EncodeURL(a.TokenEndpoint, false, nil)
	if err != nil {
		return tokenAnswer{}, At(err, endpointInput)
	}
	req := (&http.Request{Method: http.MethodPost, URL: u, Header: http.Header{}, ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	req.Header["Content-Type"] = []string{"application/x-www-form-urlencoded"}
	req.Header["Accept-Encoding"] = []string{AcceptEncoding}
	req.Header["User-Agent"] = []string{userAgent}
	SetBody(req, []byte(a.tokenForm(g.refresh, req.Header).Encode()))
	resp, err := c.exchange(req, &Options{Connect: tokenTimeout, Read: tokenTimeout, Observe: optionsOf(ctx).Observe, StatusOnly: optionsOf(ctx).StatusOnly})
	if err != nil {
		return tokenAnswer{}, At(err, endpointInput)
	}
	if resp.StatusCode >= 400 {
		if e := refreshError(a, resp); e != nil {
			return tokenAnswer{}, e
		}
		return tokenAnswer{}, c.StatusError(resp)
	}
	return readToken(a, resp)
}

// tokenForm is the token request's body (RFC 6749, 4.4.2 and 6). The audience
// is always there, as Camunda's connector sends it.
func (a *Auth) tokenForm(refresh string, header http.Header) url.Values {
	form := url.Values{}
	if a.Scopes != "" {
		form.Set("scope", a.Scopes)
	}
	if a.Type == authRefreshToken {
		form.Set("grant_type", "refresh_token")
		form.Set("client_id", a.ClientID)
		form.Set("refresh_token", refresh)
		if a.ClientSecret != "" {
			form.Set("client_secret", a.ClientSecret)
		}
		return form
	}
	form.Set("grant_type", "client_credentials")
	form.Set("audience", a.Audience)
	if a.ClientAuthentication == "basicAuthHeader" {
		header["Authorization"] = []string{basic(a.ClientID, a.ClientSecret)}
	} else {
		form.Set("client_id", a.ClientID)
		form.Set("client_secret", a.ClientSecret)
	}
	return form
}

type tokenAnswer struct {
	access, refresh string
	// lifetime is 0 if the server named none.
	lifetime time.Duration
}

func readToken(a *Auth, resp *http.Response) (tokenAnswer, error) {
	if len(Content(resp)) > maxErrorJSON {
		return tokenAnswer{}, &protocols.Error{Code: codeToken, Message: "the token endpoint's answer is too large", Status: resp.StatusCode}
	}
	value, err := DecodeJSON(bytes.TrimSpace(Content(resp)))
	if err != nil {
		return tokenAnswer{}, &protocols.Error{Code: codeToken, Message: "the token endpoint answered with something else than JSON", Status: resp.StatusCode, Cause: err}
	}
	holder := tokenHolder(value, 0)
	if holder == nil {
		if e := refreshError(a, resp); e != nil {
			return tokenAnswer{}, e
		}
		return tokenAnswer{}, &protocols.Error{Code: codeToken, Message: "the token endpoint's answer holds no access_token", Status: resp.StatusCode}
	}
	answer := tokenAnswer{access: holder["access_token"].(string)}
	answer.refresh, _ = holder["refresh_token"].(string)
	answer.lifetime = seconds(holder["expires_in"])
	return answer, nil
}

// tokenHolder finds the object that holds the token; some servers wrap it.
func tokenHolder(value any, depth int) map[string]any {
	object, ok := value.(map[string]any)
	if !ok || depth > 8 {
		return nil
	}
	if token, ok := object["access_token"].(string); ok && token != "" {
		return object
	}
	for _, member := range object {
		if found := tokenHolder(member, depth+1); found != nil {
			return found
		}
	}
	return nil
}

func seconds(value any) time.Duration {
	var text string
	switch v := value.(type) {
	case json.Number:
		text = v.String()
	case string: // some servers quote it
		text = strings.TrimSpace(v)
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n <= 0 {
		return 0
	}
	return time.Duration(min(n, 1e8)) * time.Second
}

// refreshError reads the error of a refused refresh token (RFC 6749, 5.2).
func refreshError(a *Auth, resp *http.Response) error {
	if a.Type != authRefreshToken {
		return nil
	}
	value, err := DecodeJSON(Content(resp))
	object, _ := value.(map[string]any)
	name, _ := object["error"].(string)
	if err != nil || name == "" {
		return nil
	}
	e := &protocols.Error{Code: codeToken, Status: resp.StatusCode, Message: "the token endpoint refused the refresh token: " + name}
	switch name {
	case "invalid_grant":
		e.Code = codeExpired
	case "interaction_required":
		e.Code = codeInteraction
	}
	if resp.StatusCode >= 400 && e.Code == codeToken {
		return nil // the status says more
	}
	return e
}
