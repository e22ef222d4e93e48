package rest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"patchbay/protocols"
	"patchbay/protocols/documents"
	"patchbay/protocols/httpx"
)

// stores reports whether the response becomes a document.
func (in *Input) stores() bool {
	return in.ReturnFormat.Choice == "DOCUMENT" || in.ReturnFormat.Choice == "" && in.StoreResponse
}

// checkStore refuses, before the call is made, what could not be done after.
func (c *client) checkStore(in *Input) error {
	if in.stores() && c.http.Host().Documents == nil {
		path := "storeResponse"
		if in.ReturnFormat.Choice != "" {
			path = "documentReturnFormat.choice"
		}
		return &protocols.InputError{Path: path, Message: "the response cannot be stored: no document store is configured"}
	}
	if charset := in.ReturnFormat.Encoding; charset != "" {
		if _, known := httpx.Charset(charset); !known {
			return &protocols.InputError{Path: "documentReturnFormat.encoding", Message: fmt.Sprintf("the charset %q is not known", charset)}
		}
	}
	return nil
}

// output is the response as mappings see it.
func (c *client) output(ctx context.Context, in *Input, resp *http.Response) (protocols.Output, error) {
	value := map[string]any{
		"status":   resp.StatusCode,
		"headers":  httpx.Headers(resp.Header),
		"body":     nil,
		"reason":   httpx.Reason(resp),
		"document": nil,
	}
	var err error
	if in.stores() {
		value["document"], err = c.store(ctx, resp)
	} else {
		value["body"] = in.ReturnFormat.body(resp)
	}
	return protocols.Output{Value: value}, err
}

// body returns the body in the format that was asked for.
func (f returnFormat) body(resp *http.Response) any {
	switch f.Choice {
	case "TEXT":
		contentType := resp.Header.Get("Content-Type")
		if f.Encoding != "" {
			contentType = "text/plain; charset=" + f.Encoding
		}
		return httpx.Text(httpx.Content(resp), contentType)
	case "JSON":
		if value, err := httpx.DecodeJSON(bytes.TrimSpace(httpx.Content(resp))); err == nil {
			return value
		}
	}
	return httpx.Body(resp)
}

func (c *client) store(ctx context.Context, resp *http.Response) (any, error) {
	host := c.http.Host()
	content := httpx.Content(resp)
	info, err := host.Documents.Create(ctx, protocols.DocumentInfo{
		ContentType: resp.Header.Get("Content-Type"), Name: documents.FileName(resp.Header), Size: int64(len(content)),
	}, bytes.NewReader(content))
	if err != nil {
		return nil, &protocols.Error{Code: "500", Status: resp.StatusCode, Cause: err,
			Message: "Error while executing an HTTP request: Failed to create document: " + err.Error()}
	}
	return documents.Reference(info, host.Now()), nil
}
