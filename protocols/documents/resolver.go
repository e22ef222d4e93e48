package documents

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

// Resolver opens the documents that references name. It is used by many
// goroutines at once.
type Resolver struct {
	client *httpx.Client
	github string
}

// NewResolver returns a resolver that finds stored documents in the store of
// the client's host and downloads external ones with the client.
func NewResolver(client *httpx.Client) *Resolver {
	return &Resolver{client: client, github: "https://api.github.com"}
}

// budget is a context that knows how many bytes are left.
type budget struct {
	context.Context
	left int64
}

type budgetKey struct{}

// Value makes the budget its own context value.
func (b *budget) Value(key any) any {
	if key == (budgetKey{}) {
		return b
	}
	return b.Context.Value(key)
}

// WithBudget returns a context in which all documents that are opened together
// have at most so many bytes. It is for one goroutine.
func WithBudget(ctx context.Context, bytes int64) context.Context {
	return &budget{ctx, bytes}
}

// spend takes a document's size from the budget, if there is one.
func spend(ctx context.Context, d Document) error {
	b, ok := ctx.Value(budgetKey{}).(*budget)
	if !ok {
		return nil
	}
	if b.left -= int64(len(d.Content)); b.left < 0 {
		return wrong("the documents together are larger than a request body may be")
	}
	return nil
}

// Document is a document's content and what is known about it.
type Document struct {
	// Name may be empty; ContentType is application/octet-stream if it is not
	// known.
	Name, ContentType string
	Content           []byte
}

// Open returns the document that a reference stands for, which may be in a
// list of one. It is at most as large as a request body may be.
func (r *Resolver) Open(ctx context.Context, reference any) (Document, error) {
	if list, ok := reference.([]any); ok && len(list) == 1 {
		reference = list[0]
	}
	if !Is(reference) {
		return Document{}, wrong("expected a document reference")
	}
	object := reference.(map[string]any)
	var d Document
	var err error
	switch kind := text(object, typeKey); kind {
	case stored:
		d, err = r.stored(ctx, object)
	case external:
		d, err = r.external(ctx, object)
	case inline:
		d, err = openInline(object)
	default:
		err = wrong("a document reference of the unknown kind %q; expected camunda, external or inline", kind)
	}
	if d.ContentType == "" {
		d.ContentType = "application/octet-stream"
	}
	if err == nil {
		err = spend(ctx, d)
	}
	return d, err
}

func (r *Resolver) stored(ctx context.Context, object map[string]any) (Document, error) {
	host := r.client.Host()
	if host.Documents == nil {
		return Document{}, wrong("a stored document, but no document store is configured")
	}
	id := text(object, "documentId")
	body, info, err := host.Documents.Open(ctx, text(object, "storeId"), id)
	if err != nil {
		return Document{}, fmt.Errorf("open document %q: %w", id, err)
	}
	defer body.Close()
	limit := host.Limits.RequestBody
	content, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return Document{}, fmt.Errorf("read document %q: %w", id, err)
	}
	if int64(len(content)) > limit {
		return Document{}, wrong("document %q is larger than the limit of %d bytes", id, limit)
	}
	metadata, _ := object["metadata"].(map[string]any)
	return Document{
		Name:        firstOf(text(metadata, "fileName"), info.Name),
		ContentType: firstOf(text(metadata, "contentType"), info.ContentType), Content: content,
	}, nil
}

func (r *Resolver) external(ctx context.Context, object map[string]any) (Document, error) {
	u, err := httpx.EncodeURL(text(object, "url"), false, nil)
	if err != nil {
		return Document{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return Document{}, err
	}
	req.Header["Accept-Encoding"] = []string{httpx.AcceptEncoding}
	resp, err := r.client.HTTP().Do(req)
	if err != nil {
		return Document{}, httpx.AsError(err, "")
	}
	if resp.StatusCode >= 300 {
		return Document{}, r.client.StatusError(resp)
	}
	return Document{
		Name:        firstOf(text(object, "name"), FileName(resp.Header), path.Base(u.Path)),
		ContentType: resp.Header.Get("Content-Type"), Content: httpx.Content(resp),
	}, nil
}

func openInline(object map[string]any) (Document, error) {
	d := Document{Name: text(object, "name"), ContentType: text(object, "contentType")}
	if d.Name == "" {
		d.Name = newID()
	}
	switch content := object["content"].(type) {
	case nil:
		return d, wrong("an inline document without content")
	case string:
		d.Content = []byte(content)
	default:
		encoded, err := httpx.EncodeJSON(content)
		if err != nil {
			return d, wrong("an inline document whose content is no JSON")
		}
		d.Content = encoded
	}
	return d, nil
}

// Inline replaces the references in a value by the base64 of their documents,
// as Camunda's connectors send documents within JSON. It copies what it
// changes; a value without references comes back as it is.
func (r *Resolver) Inline(ctx context.Context, value any) (any, error) {
	return replace(value, func(object map[string]any) (any, bool, error) {
		if !Is(object) {
			return nil, false, nil
		}
		d, err := r.Open(ctx, object)
		if err != nil {
			return nil, true, err
		}
		return base64.StdEncoding.EncodeToString(d.Content), true, nil
	})
}

// replace rebuilds a value with some of its objects replaced, at any depth. It
// copies only what it changes.
func replace(value any, with func(map[string]any) (any, bool, error)) (any, error) {
	switch v := value.(type) {
	case map[string]any:
		if other, replaced, err := with(v); replaced || err != nil {
			return other, err
		}
		return replaceMembers(v, with)
	case []any:
		return replaceItems(v, with)
	}
	return value, nil
}

func replaceMembers(object map[string]any, with func(map[string]any) (any, bool, error)) (any, error) {
	var changed map[string]any
	for name, member := range object {
		if !nested(member) {
			continue
		}
		other, err := replace(member, with)
		if err != nil {
			return nil, err
		}
		if same(member, other) {
			continue
		}
		if changed == nil {
			changed = make(map[string]any, len(object))
			for n, m := range object {
				changed[n] = m
			}
		}
		changed[name] = other
	}
	if changed == nil {
		return object, nil
	}
	return changed, nil
}

func replaceItems(list []any, with func(map[string]any) (any, bool, error)) (any, error) {
	var changed []any
	for i, item := range list {
		if !nested(item) {
			continue
		}
		other, err := replace(item, with)
		if err != nil {
			return nil, err
		}
		if same(item, other) {
			continue
		}
		if changed == nil {
			changed = append([]any(nil), list...)
		}
		changed[i] = other
	}
	if changed == nil {
		return list, nil
	}
	return changed, nil
}

func nested(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// FileName returns the name that a Content-Disposition header gives, without
// any folders; empty if there is none.
func FileName(header http.Header) string {
	_, params, err := mime.ParseMediaType(header.Get("Content-Disposition"))
	if err != nil || params["filename"] == "" {
		return ""
	}
	return path.Base(string(bytes.ReplaceAll([]byte(params["filename"]), []byte(`\`), []byte("/"))))
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func wrong(format string, args ...any) error {
	return &protocols.InputError{Message: fmt.Sprintf(format, args...)}
}

// At names the input that an error of a Resolver concerns. Errors that a
// repetition may mend become an *protocols.Error.
func At(path string, err error) error {
	var input *protocols.InputError
	var known *protocols.Error
	switch {
	case errors.As(err, &input):
		return &protocols.InputError{Path: firstOf(input.Path, path), Message: input.Message, Cause: input.Cause}
	case errors.As(err, &known):
		return known
	}
	return &protocols.Error{Message: err.Error(), Temporary: true, Unsent: true, Cause: err}
}
