package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"strings"

	"patchbay/templates"
	"patchbay/templates/fromcurl"
)

// FromCurl makes a template of a curl command, and test, the text of a file of
// cases with one case: the request that the template makes as it is. No request
// leaves the process. It fails with a *fromcurl.Error when no template can be
// made.
func FromCurl(ctx context.Context, commandLine string, o fromcurl.Options) (made *fromcurl.Result, test []byte, err error) {
	if made, err = fromcurl.Convert(commandLine, o); err != nil {
		return nil, nil, err
	}
	list, findings := Inspect(made.Template, nil)
	for _, f := range findings {
		if f.Severity == templates.SeverityError {
			return nil, nil, fmt.Errorf("the template would be refused: %s", f)
		}
	}
	if test, err = caseOf(ctx, list[0], made.Secrets); err != nil {
		return nil, nil, fmt.Errorf("run the template once: %w", err)
	}
	return made, test, nil
}

// The JSON of a file with one case, in the order in which people write it.
type (
	curlSuite struct {
		Description string     `json:"description"`
		Cases       []curlCase `json:"cases"`
	}
	curlCase struct {
		Name    string            `json:"name"`
		Values  map[string]any    `json:"values,omitempty"`
		Secrets map[string]string `json:"secrets,omitempty"`
		Stub    []curlStub        `json:"stub"`
		Expect  curlExpectation   `json:"expect"`
	}
	curlStub struct {
		Request  templates.Request `json:"request"`
		Response json.RawMessage   `json:"response"`
	}
	curlExpectation struct {
		Requests  []templates.Request `json:"requests"`
		Variables json.RawMessage     `json:"variables"`
	}
)

// caseOf runs a template, answers its request, and writes down both.
func caseOf(ctx context.Context, t *templates.Template, secrets []string) ([]byte, error) {
	c := curlCase{Name: "makes the request of the command", Values: map[string]any{}, Secrets: map[string]string{}}
	for _, p := range t.Properties {
		if p.Constraints.NotEmpty && p.Value == nil {
			c.Values[p.ID] = exampleOf(p)
		}
	}
	for _, name := range secrets {
		c.Secrets[name] = "test-" + strings.ToLower(strings.ReplaceAll(name, "_", "-"))
	}
	outcome, err := Cases{Other: okay{}}.Execute(ctx, t, templates.Case{Values: c.Values, Secrets: c.Secrets})
	switch {
	case err != nil:
		return nil, err
	case outcome.Failure != nil:
		return nil, fmt.Errorf("it fails: %s", *outcome.Failure)
	case len(outcome.Requests) != 1:
		return nil, fmt.Errorf("it makes %d requests", len(outcome.Requests))
	}
	sent := withoutTransport(outcome.Requests[0])
	c.Stub = []curlStub{{templates.Request{Method: sent.Method, URL: sent.URL}, json.RawMessage(okayBody)}}
	c.Expect = curlExpectation{[]templates.Request{sent}, outcome.Variables}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err = e.Encode(curlSuite{"The request of the curl command that the template was made of.", []curlCase{c}})
	return out.Bytes(), err
}

// exampleOf is a value for a property that needs one.
func exampleOf(p *templates.Property) any {
	if p.Binding.Type == "zeebe:input" && strings.HasSuffix(p.Binding.Name, ".api") {
		return "https://api.example.com"
	}
	return "example"
}

// withoutTransport leaves out what every call has, and what differs each time.
func withoutTransport(r templates.Request) templates.Request {
	for _, name := range []string{"User-Agent", "Accept-Encoding", "Content-Length", "Traceparent"} {
		delete(r.Headers, textproto.CanonicalMIMEHeaderKey(name))
	}
	if strings.HasPrefix(r.Headers["Content-Type"], "multipart/") { // with a boundary of its own
		delete(r.Headers, "Content-Type")
		r.Body = nil
	}
	return r
}

// okay answers every request.
type okay struct{}

const okayBody = `{"status": 200, "body": {"ok": true}}`

func (okay) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: -1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(`{"ok": true}`))}, nil
}
