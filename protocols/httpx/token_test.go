package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/protocols"
)

// endpoint is a token endpoint that notes what it was asked.
type endpoint struct {
	mu      sync.Mutex
	url     string
	forms   []url.Values
	headers []http.Header
}

// newEndpoint answers the n-th request, from 1, with what answer returns.
func newEndpoint(t testing.TB, answer func(n int) (status int, body string)) *endpoint {
	e := &endpoint{}
	e.url = serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		e.mu.Lock()
		e.forms, e.headers = append(e.forms, r.PostForm), append(e.headers, r.Header)
		n := len(e.forms)
		e.mu.Unlock()
		status, body := answer(n)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
	return e
}

func (e *endpoint) asked() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.forms)
}

func issuing(n int) (int, string) {
	return 200, fmt.Sprintf(`{"access_token":"t%d","expires_in":3600}`, n)
}

func (e *endpoint) credentials() *Auth {
	return &Auth{Type: authClientCredentials, TokenEndpoint: e.url + "/token", ClientID: "id", ClientSecret: "s&cr=t", ClientAuthentication: "credentialsBody", Audience: "aud", Scopes: "a b"}
}

func (e *endpoint) refresh() *Auth {
	return &Auth{Type: authRefreshToken, TokenEndpoint: e.url, ClientID: "id", RefreshToken: "r0"}
}

// authorized calls a server that accepts the tokens that accept does.
func authorized(t testing.TB, c *Client, a *Auth, accept func(token string) bool) (int, string, error) {
	t.Helper()
	header, last := http.Header{}, ""
	resp, err := c.Authenticate(WithOptions(t.Context(), &Options{}), a, header, func() (*http.Response, error) {
		last = header.Get("Authorization")
		status := http.StatusUnauthorized
		if accept(strings.TrimPrefix(last, "Bearer ")) {
			status = http.StatusOK
		}
		return &http.Response{StatusCode: status}, nil
	})
	if err != nil {
		return 0, last, err
	}
	return resp.StatusCode, last, nil
}

func anyToken(string) bool { return true }

func TestTokenRequests(t *testing.T) {
	e := newEndpoint(t, issuing)
	c := testClient(t, testHost(t))
	inHeader := e.credentials()
	inHeader.ClientAuthentication, inHeader.Audience, inHeader.Scopes = "basicAuthHeader", "", ""
	withSecret := e.refresh()
	withSecret.ClientSecret, withSecret.Scopes = "s", "x"
	tests := []struct {
		auth                *Auth
		form, authorization string
	}{
		{e.credentials(), "audience=aud&client_id=id&client_secret=s%26cr%3Dt&grant_type=client_credentials&scope=a+b", ""},
		{inHeader, "audience=&grant_type=client_credentials", "Basic aWQ6cyZjcj10"},
		{e.refresh(), "client_id=id&grant_type=refresh_token&refresh_token=r0", ""},
		{withSecret, "client_id=id&client_secret=s&grant_type=refresh_token&refresh_token=r0&scope=x", ""},
	}
	for i, tt := range tests {
		status, header, err := authorized(t, c, tt.auth, anyToken)
		if err != nil || status != 200 || header != fmt.Sprint("Bearer t", i+1) {
			t.Fatalf("got %d, %s, %v", status, header, err)
		}
		if got := e.forms[i].Encode(); got != tt.form {
			t.Errorf("got form %s, want %s", got, tt.form)
		}
		if got := e.headers[i].Get("Authorization"); got != tt.authorization {
			t.Errorf("got Authorization %q, want %q", got, tt.authorization)
		}
	}
}

func TestTokensAreCached(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	host := testHost(t)
	host.Now = func() time.Time { return now }
	c := testClient(t, host)
	e := newEndpoint(t, issuing)
	steps := []struct {
		after time.Duration
		want  int
	}{{0, 1}, {time.Hour - 11*time.Second, 1}, {2 * time.Second, 2}, {0, 2}}
	for i, step := range steps {
		now = now.Add(step.after)
		if _, _, err := authorized(t, c, e.credentials(), anyToken); err != nil || e.asked() != step.want {
			t.Errorf("step %d: %d requests, %v, want %d", i, e.asked(), err, step.want)
		}
	}
	other := e.credentials()
	other.Scopes = "c"
	if _, _, err := authorized(t, c, other, anyToken); err != nil || e.asked() != 3 {
		t.Errorf("other scopes: %d requests, %v", e.asked(), err)
	}
}

func TestTokenLifetimes(t *testing.T) {
	for lifetime, want := range map[string]int{`3600`: 1, `"3600"`: 1, `1e3`: 1, `5`: 3, `0`: 3, `-1`: 3, `null`: 3, `{}`: 3} {
		e := newEndpoint(t, func(int) (int, string) { return 200, `{"data":{"access_token":"t","expires_in":` + lifetime + `}}` })
		c := testClient(t, testHost(t))
		for range 3 {
			if _, _, err := authorized(t, c, e.credentials(), anyToken); err != nil {
				t.Fatal(err)
			}
		}
		if e.asked() != want {
			t.Errorf("expires_in %s: %d requests, want %d", lifetime, e.asked(), want)
		}
	}
}

func TestTokenSingleFlight(t *testing.T) {
	release := make(chan struct{})
	e := newEndpoint(t, func(n int) (int, string) { <-release; return issuing(n) })
	c := testClient(t, testHost(t))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, header, err := authorized(t, c, e.credentials(), anyToken); err != nil || header != "Bearer t1" {
				t.Errorf("got %s, %v", header, err)
			}
		})
	}
	close(release)
	wg.Wait()
	if e.asked() != 1 {
		t.Errorf("%d requests for one token", e.asked())
	}
}

// Who waits for another call's fetch takes what came of it, also if that cannot
// be cached: waiting for a turn of one's own would take as long as all before.
func TestWaitersShareWhatCame(t *testing.T) {
	refused := &protocols.Error{Code: "503"}
	tests := map[string]struct {
		answer tokenAnswer
		err    error
	}{
		"a token without lifetime": {answer: tokenAnswer{access: "t1"}},
		"an error":                 {err: refused},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := testClient(t, testHost(t))
				a := (&endpoint{url: "http://10.0.0.1"}).credentials() // is refused
				g := c.tokens.grant(a)
				g.lock <- struct{}{}
				var wg sync.WaitGroup
				for range 3 {
					wg.Go(func() {
						token, fresh, err := c.token(t.Context(), a)
						if token != tt.answer.access || !fresh || err != tt.err {
							t.Errorf("got %q, %v, %v", token, fresh, err)
						}
					})
				}
				synctest.Wait()
				g.store(tt.answer, tt.err, c.host.Now())
				<-g.lock
				wg.Wait()
				if _, _, err := c.token(t.Context(), a); !protocols.IsInputError(err) {
					t.Errorf("after it: got %v, want a fetch of its own", err)
				}
			})
		})
	}
}

// Who waits for a token of another call gives up at its own deadline, and when
// the call that fetches it is cancelled, the next one fetches.
func TestTokenWaitIsCancelled(t *testing.T) {
	var hang atomic.Bool
	hang.Store(true)
	asked := make(chan struct{}, 10)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked <- struct{}{}
		if hang.Load() {
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"t"}`)
	})
	c := testClient(t, testHost(t))
	a := (&endpoint{url: u}).credentials()
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, _, err := c.token(ctx, a)
		first <- err
	}()
	<-asked
	impatient, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	_, _, err := c.token(impatient, a)
	if e := failure(t, err); e.Code != "408" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting: got %+v", e)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("fetching: got %v", err)
	}
	hang.Store(false)
	if token, _, err := c.token(t.Context(), a); err != nil || token != "t" {
		t.Errorf("after it: got %q, %v", token, err)
	}
}

func TestRefusedTokenIsFetchedOnce(t *testing.T) {
	e := newEndpoint(t, issuing)
	c := testClient(t, testHost(t))
	if status, _, err := authorized(t, c, e.credentials(), anyToken); err != nil || status != 200 {
		t.Fatalf("got %d, %v", status, err)
	}
	status, header, err := authorized(t, c, e.credentials(), func(token string) bool { return token == "t2" })
	if err != nil || status != 200 || header != "Bearer t2" || e.asked() != 2 {
		t.Errorf("revoked: got %d, %s, %v after %d requests", status, header, err, e.asked())
	}
	nobody := func(string) bool { return false }
	if status, _, err = authorized(t, c, e.credentials(), nobody); err != nil || status != 401 || e.asked() != 3 {
		t.Errorf("refused: got %d, %v after %d requests", status, err, e.asked())
	}
	if status, _, err = authorized(t, c, e.credentials(), nobody); err != nil || status != 401 || e.asked() != 4 {
		t.Errorf("refused while fresh: got %d, %v after %d requests", status, err, e.asked())
	}
}

func TestRotatedRefreshTokens(t *testing.T) {
	e := newEndpoint(t, func(n int) (int, string) {
		return 200, fmt.Sprintf(`{"access_token":"t%d","refresh_token":"r%d"}`, n, n)
	})
	c := testClient(t, testHost(t))
	for i := range 3 {
		if _, _, err := authorized(t, c, e.refresh(), anyToken); err != nil {
			t.Fatal(err)
		}
		if got := e.forms[i].Get("refresh_token"); got != fmt.Sprint("r", i) {
			t.Errorf("request %d used %s", i, got)
		}
	}
}

func TestTokenErrors(t *testing.T) {
	tests := map[string]struct {
		refresh   bool
		status    int
		body      string
		code      string
		temporary bool
	}{
		"refused":            {false, 401, `{"error":"invalid_client"}`, "401", false},
		"down":               {false, 503, `busy`, "503", true},
		"no JSON":            {false, 200, `<html>`, codeToken, false},
		"no token":           {false, 200, `{"error":"x"}`, codeToken, false},
		"token is no text":   {false, 200, `{"access_token":{}}`, codeToken, false},
		"empty":              {false, 200, ``, codeToken, false},
		"too large":          {false, 200, `{"access_token":"t"` + strings.Repeat(" ", maxErrorJSON) + `}`, codeToken, false},
		"too deep":           {false, 200, strings.Repeat(`{"a":`, 20) + `{"access_token":"t"}` + strings.Repeat(`}`, 20), codeToken, false},
		"refresh expired":    {true, 400, `{"error":"invalid_grant"}`, codeExpired, false},
		"refresh expired 2":  {true, 200, `{"error":"invalid_grant"}`, codeExpired, false},
		"needs a person":     {true, 200, `{"error":"interaction_required"}`, codeInteraction, false},
		"other error":        {true, 200, `{"error":"other"}`, codeToken, false},
		"other error status": {true, 400, `{"error":"other"}`, "400", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t, func(int) (int, string) { return tt.status, tt.body })
			a := e.credentials()
			if tt.refresh {
				a = e.refresh()
			}
			_, _, err := authorized(t, testClient(t, testHost(t)), a, anyToken)
			if got := failure(t, err); got.Code != tt.code || got.Temporary != tt.temporary {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTokenEndpointIsGuarded(t *testing.T) {
	a := (&endpoint{url: "http://169.254.169.254"}).credentials()
	_, _, err := authorized(t, testClient(t, testHost(t)), a, anyToken)
	if !protocols.IsInputError(err) || !strings.HasPrefix(err.Error(), "authentication.oauthTokenEndpoint: ") {
		t.Errorf("got %v", err)
	}
}

func TestTokensAreBounded(t *testing.T) {
	tokens := newTokens(3)
	for i := range 10 {
		tokens.grant(&Auth{ClientID: fmt.Sprint(i)})
	}
	if n := tokens.entries.order.Len(); n != 3 {
		t.Errorf("%d entries are kept", n)
	}
}
