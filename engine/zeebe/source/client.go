package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"patchbay/engine/bpmn"
)

// HTTP says how to reach an HTTP API of the cluster. It is the operator's own
// setting, so its address is not guarded. A zero field means the default.
type HTTP struct {
	// URL is the API's address, such as http://127.0.0.1:8080.
	URL string
	// Auth are the credentials; nil for none.
	Auth Auth
	// Timeout is the longest that one request may take; 30 s.
	Timeout time.Duration
	// Client sends the requests; one with a connection pool of its own by
	// default.
	Client *http.Client
}

// Auth puts credentials on requests. It is safe for concurrent use.
type Auth interface {
	// Authorize adds the credentials to a request; it may ask for a token.
	Authorize(ctx context.Context, client *http.Client, r *http.Request) error
	// Refused says that the server answered 401 to a request, and reports
	// whether trying once more with fresh credentials makes sense.
	Refused(r *http.Request) bool
}

const (
	maxAnswer = 64 << 20 // of a page
	maxPages  = 10_000
)

// client calls a JSON API.
type client struct {
	base    string
	auth    Auth
	timeout time.Duration
	http    *http.Client
}

// newClient checks the address; suffix, such as "/v2", is added where it is
// missing.
func newClient(o HTTP, suffix string) (*client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("address %q: expected an http or https URL, such as http://127.0.0.1:8080", o.URL)
	}
	base := strings.TrimRight(o.URL, "/")
	if !strings.HasSuffix(base, suffix) {
		base += suffix
	}
	c := &client{base: base, auth: o.Auth, timeout: o.Timeout, http: o.Client}
	if c.timeout <= 0 {
		c.timeout = 30 * time.Second
	}
	if c.http == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 8
		c.http = &http.Client{Transport: transport}
	}
	return c, nil
}

// statusError is an answer that is no success.
type statusError struct {
	request string
	status  int
	detail  string
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("%s: the server answered %d", e.request, e.status)
	if e.detail != "" {
		text += ": " + e.detail
	}
	if e.status == http.StatusUnauthorized {
		text += " (check the credentials)"
	}
	return text
}

// hasStatus reports whether err is an answer with one of these statuses.
func hasStatus(err error, statuses ...int) bool {
	var e *statusError
	if !errors.As(err, &e) {
		return false
	}
	for _, s := range statuses {
		if e.status == s {
			return true
		}
	}
	return false
}

// post sends in as JSON and decodes the answer to out.
func (c *client) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := c.send(ctx, http.MethodPost, path, body, maxAnswer)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("POST %s%s: the answer is not what was expected: %w", c.base, path, err)
	}
	return nil
}

// get decodes the answer to out.
func (c *client) get(ctx context.Context, path string, out any) error {
	answer, err := c.send(ctx, http.MethodGet, path, nil, maxAnswer)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("GET %s%s: the answer is not what was expected: %w", c.base, path, err)
	}
	return nil
}

// definitionXML reads a process definition's file.
func (c *client) definitionXML(ctx context.Context, key int64) ([]byte, error) {
	path := "/process-definitions/" + strconv.FormatInt(key, 10) + "/xml"
	xml, err := c.send(ctx, http.MethodGet, path, nil, bpmn.MaxBytes)
	if err == nil && len(xml) == 0 {
		return nil, fmt.Errorf("GET %s%s: the server has no XML of this definition", c.base, path)
	}
	return xml, err
}

// send makes a request, a second time when the credentials had to be renewed.
func (c *client) send(ctx context.Context, method, path string, body []byte, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answer, renewed, err := c.try(ctx, method, path, body, limit)
	if renewed {
		answer, _, err = c.try(ctx, method, path, body, limit)
	}
	return answer, err
}

// try makes a request once; renewed means that another try makes sense.
func (c *client) try(ctx context.Context, method, path string, body []byte, limit int64) (answer []byte, renewed bool, err error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, false, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept", "application/json, text/xml, application/problem+json")
	if c.auth != nil {
		if err := c.auth.Authorize(ctx, c.http, r); err != nil {
			return nil, false, err
		}
	}
	response, err := c.http.Do(r)
	if err != nil {
		return nil, false, plainURLError(method+" "+c.base+path, err)
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("%s %s%s: read the answer: %w", method, c.base, path, err)
	case response.StatusCode == http.StatusUnauthorized && c.auth != nil && c.auth.Refused(r):
		renewed = true
	case response.StatusCode/100 == 2 && int64(len(answer)) > limit:
		return nil, false, fmt.Errorf("%s %s%s: the answer is larger than %d bytes", method, c.base, path, limit)
	case response.StatusCode/100 == 2:
		return answer, false, nil
	}
	return nil, renewed, &statusError{method + " " + c.base + path, response.StatusCode, detail(answer)}
}

// detail is what a problem document, or Operate's error, says in a line.
func detail(answer []byte) string {
	var problem struct{ Title, Detail, Message string }
	if json.Unmarshal(answer, &problem) != nil {
		return ""
	}
	for _, text := range []string{problem.Detail, problem.Message, problem.Title} {
		if text = strings.Join(strings.Fields(text), " "); text != "" {
			return text[:min(len(text), 300)]
		}
	}
	return ""
}

// plainURLError leaves out what url.Error repeats.
func plainURLError(request string, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("%s: %w", request, err)
}

// key is an int64 that version 2 writes as a string and version 1 as a number.
type key int64

func (k *key) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "null" || text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("expected a key but got %s", b)
	}
	*k = key(n)
	return nil
}
