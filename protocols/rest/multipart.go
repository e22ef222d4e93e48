package rest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"patchbay/protocols"
	"patchbay/protocols/documents"
)

// multipartBody encodes an object's members as parts in the order of their
// names: a document becomes a file, a list one part for each item, the rest
// text. Nulls are left out. The boundary is the content type's, if it has one.
func (c *client) multipartBody(ctx context.Context, object map[string]any, boundary string, header http.Header) ([]byte, error) {
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	if boundary != "" {
		if err := w.SetBoundary(boundary); err != nil {
			return nil, &protocols.InputError{Path: "headers.Content-Type", Message: fmt.Sprintf("%q is no valid boundary", boundary), Cause: err}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		items, ok := object[name].([]any)
		if !ok {
			items = []any{object[name]}
		}
		for _, item := range items {
			if err := c.writePart(ctx, w, name, item); err != nil {
				return nil, err
			}
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	header["Content-Type"] = []string{w.FormDataContentType()}
	return buf.Bytes(), nil
}

func (c *client) writePart(ctx context.Context, w *multipart.Writer, name string, value any) error {
	if value == nil {
		return nil
	}
	if documents.Is(value) {
		d, err := c.documents.Open(ctx, value)
		if err != nil {
			return documents.At("body."+name, err)
		}
		return writeFile(w, name, d)
	}
	value, err := c.documents.Inline(ctx, value)
	if err != nil {
		return documents.At("body."+name, err)
	}
	text, err := fieldText(value)
	if err != nil {
		return err
	}
	return w.WriteField(name, text)
}

// quoted escapes what a quoted string of a part's header cannot hold, as
// browsers do (WHATWG HTML, multipart/form-data encoding algorithm).
var quoted = strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22")

func writeFile(w *multipart.Writer, name string, d documents.Document) error {
	header := textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="%s"; filename="%s"`, quoted.Replace(name), quoted.Replace(d.Name))},
		"Content-Type":        {strings.Map(printable, d.ContentType)},
	}
	part, err := w.CreatePart(header)
	if err == nil {
		_, err = part.Write(d.Content)
	}
	return err
}

// printable drops control characters, which would end a header.
func printable(r rune) rune {
	if r < ' ' {
		return -1
	}
	return r
}
