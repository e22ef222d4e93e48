package documents

import (
	"bytes"
	"context"
	"net/http"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

// ReturnFormat is the input "documentReturnFormat" of the protocols on HTTP.
type ReturnFormat struct {
	Choice   string `bind:"choice" enum:"JSON TEXT DOCUMENT" doc:"JSON parses the body, TEXT keeps it as text, DOCUMENT stores it. By default objects and lists are parsed and the rest is text."`
	Encoding string `bind:"encoding" doc:"Charset for TEXT; by default the response's own, else UTF-8."`
}

// Answer says what becomes of an HTTP answer.
type Answer struct {
	Format ReturnFormat
	// Store is the older input that stores the body unless the format makes a
	// choice, and StorePath its name.
	Store     bool
	StorePath string
}

// Members are the members of an answer as mappings see it, which Value makes.
func Members() []protocols.Named {
	return []protocols.Named{
		{Name: "status", Doc: "HTTP status, a number."},
		{Name: "headers", Doc: "Headers, with names in canonical form (Content-Type, Etag). FEEL finds them in any case."},
		{Name: "body", Doc: "Body: JSON as what it holds, anything else as text; null when it was stored as a document."},
		{Name: "reason", Doc: "Reason phrase of the status, such as \"Not Found\"."},
		{Name: "document", Doc: "The stored document, else null."},
	}
}

// Check refuses, before the call is made, what could not be done after it.
func (a Answer) Check(host protocols.Host) error {
	if a.Stores() && host.Documents == nil {
		path := a.StorePath
		if a.Format.Choice != "" {
			path = "documentReturnFormat.choice"
		}
		return &protocols.InputError{Path: path, Message: "the response cannot be stored: no document store is configured"}
	}
	if charset := a.Format.Encoding; charset != "" {
		if _, err := httpx.Charset(charset); err != nil {
			return &protocols.InputError{Path: "documentReturnFormat.encoding", Message: err.Error()}
		}
	}
	return nil
}

// Stores reports whether the body becomes a document.
func (a Answer) Stores() bool {
	return a.Format.Choice == "DOCUMENT" || a.Format.Choice == "" && a.Store
}

// Value returns an answer as mappings see it, with what Members names.
func (a Answer) Value(ctx context.Context, host protocols.Host, resp *http.Response) (map[string]any, error) {
	value := map[string]any{
		"status":   resp.StatusCode,
		"headers":  httpx.Headers(resp.Header),
		"body":     nil,
		"reason":   httpx.Reason(resp),
		"document": nil,
	}
	var err error
	if a.Stores() {
		value["document"], err = store(ctx, host, resp)
	} else {
		value["body"] = a.Format.body(resp)
	}
	return value, err
}

// body returns the body in the format that was asked for.
func (f ReturnFormat) body(resp *http.Response) any {
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

func store(ctx context.Context, host protocols.Host, resp *http.Response) (any, error) {
	content := httpx.Content(resp)
	info, err := host.Documents.Create(ctx, protocols.DocumentInfo{
		ContentType: resp.Header.Get("Content-Type"), Name: FileName(resp.Header), Size: int64(len(content)),
	}, bytes.NewReader(content))
	if err != nil {
		return nil, &protocols.Error{Code: "500", Status: resp.StatusCode, Cause: err,
			Message: "Error while executing an HTTP request: Failed to create document: " + err.Error()}
	}
	return Reference(info, host.Now()), nil
}
