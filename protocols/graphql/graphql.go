package graphql

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hasura/go-graphql-client"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/documents"
	"patchbay/protocols/httpx"
)

// CodeErrors is the code of an answer with errors.
const CodeErrors = "GRAPHQL_ERROR"

// Protocol describes the protocol "graphql".
func Protocol() protocols.Protocol {
	return protocols.Protocol{
		Name:     "graphql",
		Doc:      "Calls a GraphQL API. The response is {status, headers, body, reason, document} with the answer as its body.",
		JobTypes: []string{"io.camunda:connector-graphql:1"},
		Input:    bind.New[Input],
		Response: documents.Members(),
		Codes:    append([]protocols.Named{{Name: CodeErrors, Doc: "The answer holds errors. error.message has all their messages, error.variables.response the headers and the body."}}, httpx.Codes()...),
		Outbound: open,
	}
}

// client makes the calls. The GraphQL library composes a request and reads the
// answer; transport sends it.
type client struct {
	http      *httpx.Client
	documents *documents.Resolver
}

func open(host protocols.Host) (protocols.Outbound, error) {
	h, err := httpx.New(host)
	if err != nil {
		return nil, err
	}
	return &client{http: h, documents: documents.NewResolver(h)}, nil
}

// Close drops the idle connections.
func (c *client) Close() error { return c.http.Close() }

// Idempotent reports whether the operation only reads.
func (c *client) Idempotent(call protocols.Call) bool {
	in := call.Input.(*Input)
	return in.GraphQL.Method == http.MethodGet || readsOnly(unescape(in.GraphQL.Query))
}

// Prepare computes function calls in the inputs and makes base64 of documents.
func (c *client) Prepare(ctx context.Context, variables map[string]any) (map[string]any, error) {
	return c.documents.Prepare(ctx, variables)
}

// Execute makes the call.
func (c *client) Execute(ctx context.Context, call protocols.Call) (protocols.Output, error) {
	in := call.Input.(*Input)
	if err := in.answer().Check(c.http.Host()); err != nil {
		return protocols.Output{}, err
	}
	ctx = httpx.WithOptions(ctx, in.options(call))
	t, err := c.transport(ctx, in)
	if err != nil {
		return protocols.Output{}, err
	}
	op := in.GraphQL
	_, err = graphql.NewClient(t.url, t).ExecRaw(ctx, unescape(op.Query), op.Variables, graphql.OperationName(op.OperationName))
	if t.resp == nil {
		return protocols.Output{}, t.failure(err)
	}
	// There is an answer, so what the library makes of it does not count: it
	// knows neither other statuses than 200 nor what our limits allow.
	return c.output(ctx, in, t.resp)
}

func (c *client) output(ctx context.Context, in *Input, resp *http.Response) (protocols.Output, error) {
	if resp.StatusCode >= 400 {
		return protocols.Output{}, c.http.StatusError(resp)
	}
	if err := answerErrors(in, resp); err != nil {
		return protocols.Output{}, err
	}
	value, err := in.answer().Value(ctx, c.http.Host(), resp)
	return protocols.Output{Value: value}, err
}

// answerErrors returns the errors that an answer holds as one error, or nil.
func answerErrors(in *Input, resp *http.Response) error {
	body := httpx.Body(resp)
	object, _ := body.(map[string]any)
	list, _ := object["errors"].([]any)
	if len(list) == 0 || in.GraphQL.AcceptPartial && object["data"] != nil {
		return nil
	}
	messages := make([]string, len(list))
	for i, e := range list {
		messages[i] = message(e)
	}
	return &protocols.Error{
		Code: CodeErrors, Message: strings.Join(messages, "; "), Status: resp.StatusCode, Temporary: throttled(list),
		Variables: map[string]any{"response": map[string]any{"headers": httpx.Headers(resp.Header), "body": body}},
	}
}

func message(e any) string {
	object, _ := e.(map[string]any)
	if text, ok := object["message"].(string); ok && text != "" {
		return text
	}
	return "GraphQL response contains errors"
}

// throttling are the extension codes by which APIs say that a call came too
// soon: Shopify, GitHub, Apollo's gateways.
var throttling = map[string]bool{"THROTTLED": true, "RATE_LIMITED": true, "TOO_MANY_REQUESTS": true}

// throttled reports whether every error only says that the call came too soon.
func throttled(list []any) bool {
	for _, e := range list {
		object, _ := e.(map[string]any)
		extensions, _ := object["extensions"].(map[string]any)
		code, _ := extensions["code"].(string)
		kind, _ := object["type"].(string)
		if !throttling[code] && !throttling[kind] {
			return false
		}
	}
	return true
}

// transport sends the one request of a call for the GraphQL library and keeps
// the answer.
type transport struct {
	client *client
	input  *Input
	url    string
	host   string
	header http.Header
	resp   *http.Response
	err    error
}

func (c *client) transport(ctx context.Context, in *Input) (*transport, error) {
	t := &transport{client: c, input: in}
	params, err := in.params()
	if err != nil {
		return nil, err
	}
	u, err := httpx.EncodeURL(in.GraphQL.URL, false, params)
	if err != nil {
		return nil, httpx.At(err, "graphql.url")
	}
	t.url = u.String()
	t.header, t.host, err = httpx.RequestHeader(in.GraphQL.Headers, "graphql.headers")
	return t, err
}

// params are the query's parameters: the operation, if it goes by GET, and the
// API key, if it goes there (GraphQL over HTTP, 6.1).
func (in *Input) params() ([]httpx.Param, error) {
	var params []httpx.Param
	if op := in.GraphQL; op.Method == http.MethodGet {
		params = append(params, httpx.Param{Name: "query", Value: unescape(op.Query)})
		if len(op.Variables) > 0 {
			encoded, err := httpx.EncodeJSON(op.Variables)
			if err != nil {
				return nil, &protocols.InputError{Path: "graphql.variables", Message: "they cannot be encoded as JSON: " + err.Error(), Cause: err}
			}
			params = append(params, httpx.Param{Name: "variables", Value: string(encoded)})
		}
		if op.OperationName != "" {
			params = append(params, httpx.Param{Name: "operationName", Value: op.OperationName})
		}
	}
	return append(params, in.auth().Params()...), nil
}

// Do sends the request that the library made.
func (t *transport) Do(req *http.Request) (*http.Response, error) {
	if t.input.GraphQL.Method == http.MethodGet {
		req.Method, req.Body, req.GetBody, req.ContentLength = http.MethodGet, nil, nil, 0
	} else if t.header.Get("Content-Type") == "" {
		t.header["Content-Type"] = []string{"application/json"}
	}
	if limit := t.client.http.Host().Limits.RequestBody; req.ContentLength > limit {
		t.err = &protocols.InputError{Path: "graphql.variables", Message: fmt.Sprintf(
			"the request body has %d bytes, more than the limit of %d", req.ContentLength, limit)}
		return nil, t.err
	}
	if t.host != "" {
		req.Host = t.host
	}
	req.Header = t.header
	t.resp, t.err = t.client.http.Authenticate(req.Context(), t.input.auth(), t.header, func() (*http.Response, error) {
		if req.GetBody != nil {
			req.Body, _ = req.GetBody()
		}
		return t.client.http.HTTP().Do(req)
	})
	return t.resp, t.err
}

// failure is why there is no answer: what happened on the way, else what the
// library refused.
func (t *transport) failure(err error) error {
	if t.err != nil {
		return httpx.AsError(t.err, "graphql.url")
	}
	if err == nil {
		err = errors.New("the GraphQL library sent nothing")
	}
	return &protocols.InputError{Path: "graphql", Message: err.Error(), Cause: err}
}

var (
	_ protocols.Outbound   = (*client)(nil)
	_ protocols.Idempotent = (*client)(nil)
	_ protocols.Preparer   = (*client)(nil)
)
