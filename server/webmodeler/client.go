// Package webmodeler puts templates into a project of Camunda's Web Modeler by
// its API, version 1 (Web Modeler 8.3 to 8.11; its own description is at
// /swagger-ui.html). The API stores files: to publish one, which makes it
// appear in diagrams, somebody presses a button there.
package webmodeler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// Options say where the Web Modeler is and who asks.
type Options struct {
	// BaseURL is the address of the API without its version:
	// "https://modeler.cloud.camunda.io/api", "http://localhost:8070/api".
	BaseURL string
	// Token is a bearer token; if it is empty, the client credentials get one.
	Token                            string
	TokenURL, ClientID, ClientSecret string
	// Audience is sent along with client credentials, if it is not empty.
	Audience string
	// Transport makes the requests; http.DefaultTransport when nil.
	Transport http.RoundTripper
}

// Client talks to a Web Modeler. It is for one goroutine.
type Client struct {
	base string
	http *http.Client
}

// Limits of one request and its answer.
const (
	timeout   = 30 * time.Second
	maxAnswer = 16 << 20
)

// New returns a client. Its tokens are got within ctx, which lives as long as
// the client is used.
func New(ctx context.Context, o Options) (*Client, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("address of the Web Modeler %q: expected a URL such as https://modeler.cloud.camunda.io/api", o.BaseURL)
	}
	plain := &http.Client{Transport: o.Transport, Timeout: timeout, CheckRedirect: stay}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, plain)
	var source oauth2.TokenSource
	switch {
	case o.Token != "":
		source = oauth2.StaticTokenSource(&oauth2.Token{AccessToken: o.Token})
	case o.ClientID != "" && o.ClientSecret != "" && o.TokenURL != "":
		c := clientcredentials.Config{ClientID: o.ClientID, ClientSecret: o.ClientSecret, TokenURL: o.TokenURL, AuthStyle: oauth2.AuthStyleInParams}
		if o.Audience != "" {
			c.EndpointParams = url.Values{"audience": {o.Audience}}
		}
		source = c.TokenSource(ctx)
	default:
		return nil, errors.New("the Web Modeler asks who calls: give a token, or a client's id and secret with the address of its tokens")
	}
	client := oauth2.NewClient(ctx, source)
	client.Timeout, client.CheckRedirect = timeout, stay
	return &Client{base: strings.TrimRight(o.BaseURL, "/") + "/v1", http: client}, nil
}

// stay follows no redirect, which would take the token along.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// refusal is an answer that is not 2xx.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string {
	hint := map[int]string{
		http.StatusUnauthorized: " (the token is not one for this Web Modeler)",
		http.StatusForbidden:    " (the client needs permissions for the Web Modeler API)",
		http.StatusNotFound:     " (is the id of the project right, and may the client see it?)",
		http.StatusConflict:     " (somebody else has just changed the file; try again)",
	}[r.status]
	return fmt.Sprintf("the Web Modeler answered %d %s%s%s", r.status, http.StatusText(r.status), hint, r.text)
}

// call makes one request and reads the answer's JSON into out.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		e := json.NewEncoder(&body)
		e.SetEscapeHTML(false)
		if err := e.Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return explain(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("read the answer of the Web Modeler: %w", err)
	case len(answer) > maxAnswer:
		return fmt.Errorf("the answer of the Web Modeler is larger than %d MiB", maxAnswer>>20)
	case resp.StatusCode/100 != 2:
		return &refusal{resp.StatusCode, excerpt(answer)}
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the answer is no JSON of the Web Modeler's API (does the address end in /api?): %w", err)
	}
	return nil
}

// excerpt is the beginning of an answer that says why.
func excerpt(answer []byte) string {
	const most = 300
	text := strings.TrimSpace(string(answer))
	if text == "" || strings.HasPrefix(text, "<") { // a page of a proxy
		return ""
	}
	return ": " + text[:min(len(text), most)]
}

// explain says which of the two servers could not be asked, without what the
// token endpoint was sent.
func explain(err error) error {
	var token *oauth2.RetrieveError
	if errors.As(err, &token) {
		status := "an answer without a token"
		if token.Response != nil {
			status = token.Response.Status
		}
		return fmt.Errorf("get a token for the Web Modeler: %s%s", status, excerpt(token.Body))
	}
	var u *url.Error
	if errors.As(err, &u) {
		return fmt.Errorf("reach the Web Modeler: %w", u.Err)
	}
	return err
}
