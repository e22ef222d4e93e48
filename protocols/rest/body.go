package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"patchbay/protocols"
	"patchbay/protocols/documents"
	"patchbay/protocols/httpx"
)

const (
	// emptyType is the content type of a body that is not there, as Camunda's
	// connector sends it.
	emptyType     = "text/plain; charset=UTF-8"
	jsonType      = "application/json"
	formType      = "application/x-www-form-urlencoded"
	multipartType = "multipart/form-data"
)

// encode returns the body's bytes and completes the content type.
func (c *client) encode(ctx context.Context, in *Input, header http.Header) ([]byte, error) {
	if in.Body == nil {
		if header["Content-Type"] == nil {
			header["Content-Type"] = []string{emptyType}
		}
		return nil, nil
	}
	ctx = documents.WithBudget(ctx, c.http.Host().Limits.RequestBody)
	if documents.Is(in.Body) {
		return c.documentBody(ctx, in.Body, header)
	}
	contentType := header.Get("Content-Type")
	if contentType == "" {
		contentType = jsonType
		header["Content-Type"] = []string{jsonType}
	}
	kind, params := mediaType(contentType)
	object, isObject := in.Body.(map[string]any)
	if isObject && kind == multipartType {
		return c.multipartBody(ctx, object, params["boundary"], header)
	}
	body, err := c.documents.Inline(ctx, in.Body)
	if err != nil {
		return nil, documents.At("body", err)
	}
	if in.IgnoreNullValues {
		body = withoutNulls(body)
	}
	if object, isObject = body.(map[string]any); isObject && kind == formType {
		return formBody(object)
	}
	if text, ok := body.(string); ok {
		return textBody([]byte(text), params["charset"])
	}
	encoded, err := httpx.EncodeJSON(body)
	if err != nil {
		return nil, &protocols.InputError{Path: "body", Message: "it cannot be encoded as JSON: " + err.Error(), Cause: err}
	}
	return textBody(encoded, params["charset"])
}

// mediaType is a content type without its parameters, and these. Most are plain
// JSON.
func mediaType(contentType string) (kind string, params map[string]string) {
	if contentType == jsonType {
		return jsonType, nil
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return strings.ToLower(contentType), nil
	}
	return kind, params
}

// documentBody sends a document as it is.
func (c *client) documentBody(ctx context.Context, reference any, header http.Header) ([]byte, error) {
	d, err := c.documents.Open(ctx, reference)
	if err != nil {
		return nil, documents.At("body", err)
	}
	if header.Get("Content-Type") == "" {
		header["Content-Type"] = []string{d.ContentType}
	}
	return d.Content, nil
}

// withoutNulls copies a value without the null members of its objects.
func withoutNulls(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			if member != nil {
				out[name] = withoutNulls(member)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = withoutNulls(item)
		}
		return out
	}
	return value
}

// textBody writes a text in the charset that the content type names.
func textBody(text []byte, charset string) ([]byte, error) {
	if charset == "" {
		return text, nil
	}
	e, err := httpx.Charset(charset)
	if err != nil {
		return nil, &protocols.InputError{Path: "headers.Content-Type", Message: err.Error()}
	}
	if e == nil {
		return text, nil
	}
	encoded, err := e.NewEncoder().Bytes(text)
	if err != nil {
		return nil, &protocols.InputError{Path: "body", Message: fmt.Sprintf("it cannot be written in the charset %q", charset), Cause: err}
	}
	return encoded, nil
}

// formBody encodes an object's members as a form in UTF-8, sorted by name. A
// list becomes one field for each item, an object its JSON text.
func formBody(object map[string]any) ([]byte, error) {
	form := url.Values{}
	for name, value := range object {
		items, ok := value.([]any)
		if !ok {
			items = []any{value}
		}
		for _, item := range items {
			text, err := fieldText(item)
			if err != nil {
				return nil, err
			}
			form.Add(name, text)
		}
	}
	return []byte(form.Encode()), nil
}

// fieldText is a form field's text: scalars as they are, null as nothing, the
// rest as JSON.
func fieldText(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	}
	encoded, err := httpx.EncodeJSON(value)
	if err != nil {
		return "", &protocols.InputError{Path: "body", Message: "it cannot be encoded as a form: " + err.Error(), Cause: err}
	}
	return string(encoded), nil
}
