package rest

import (
	"context"
	"net/http"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

// output is the response as mappings see it.
func (c *client) output(_ context.Context, in *Input, resp *http.Response) (protocols.Output, error) {
	value := map[string]any{
		"status":   resp.StatusCode,
		"headers":  httpx.Headers(resp.Header),
		"body":     nil,
		"reason":   httpx.Reason(resp),
		"document": nil,
	}
	value["body"] = httpx.Body(resp)
	return protocols.Output{Value: value}, nil
}
