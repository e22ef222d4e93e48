package engine

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"mime"
	"path"
	"strings"
	"time"

	"patchbay/engine/expr"
	"patchbay/protocols"
	"patchbay/protocols/value"
)

// StoreDocuments stores what createDocument was called for in an expression and
// puts references in place of its markers. store may be nil. An error of the
// store may pass; an *protocols.InputError does not.
func StoreDocuments(ctx context.Context, store protocols.Documents, res expr.Result) (any, error) {
	if res.DocumentMark == "" {
		return res.Value, nil
	}
	if marked(res.Value, res.DocumentMark) {
		return nil, wrongDocument("its result cannot be the whole result of an expression; give it a name, such as {file: createDocument(...)}")
	}
	return replaceMarkers(ctx, store, res.Value, res.DocumentMark)
}

func wrongDocument(text string) error {
	return &protocols.InputError{Message: "createDocument: " + text}
}

func marked(v any, mark string) bool {
	object, ok := v.(map[string]any)
	return ok && object[expr.DocumentKey] == mark
}

func replaceMarkers(ctx context.Context, store protocols.Documents, v any, mark string) (any, error) {
	var err error
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			if out[i], err = replaceMarkers(ctx, store, e, mark); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		if marked(v, mark) {
			return createDocument(ctx, store, v["value"])
		}
		out := make(map[string]any, len(v))
		for name, e := range v {
			if out[name], err = replaceMarkers(ctx, store, e, mark); err != nil {
				return nil, err
			}
		}
		return out, nil
	case string:
		if strings.Contains(v, mark) {
			return nil, wrongDocument("its result cannot be read by the expression")
		}
	}
	return v, nil
}

func createDocument(ctx context.Context, store protocols.Documents, v any) (any, error) {
	if store == nil {
		return nil, wrongDocument("there is no document store")
	}
	content, info, err := readDocument(v)
	if err != nil {
		return nil, err
	}
	info, err = store.Create(ctx, info, bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("createDocument: store %q: %w", info.Name, err)
	}
	return reference(info), nil
}

// readDocument reads the argument of createDocument: base64, or an object with
// content or data in base64, and perhaps a name and a contentType.
func readDocument(v any) (content []byte, info protocols.DocumentInfo, err error) {
	text, ok := v.(string)
	if object, isObject := v.(map[string]any); isObject {
		text, ok = first(object, "content", "data")
		info.Name, _ = first(object, "name", "fileName")
		info.ContentType, _ = first(object, "contentType")
	}
	if !ok {
		return nil, info, wrongDocument("expected base64, or an object with content or data in base64, but got " + value.TypeName(v))
	}
	if content, err = decodeBase64(text); err != nil {
		return nil, info, wrongDocument("the content is no base64: " + err.Error())
	}
	if info.Name == "" {
		info.Name = randomUUID()
	}
	if info.ContentType == "" {
		info.ContentType = contentType(info.Name)
	}
	info.Size = int64(len(content))
	return content, info, nil
}

func first(object map[string]any, names ...string) (string, bool) {
	for _, name := range names {
		if s, ok := object[name].(string); ok {
			return s, true
		}
	}
	return "", false
}

func decodeBase64(text string) ([]byte, error) {
	text = strings.Join(strings.Fields(text), "")
	return base64.StdEncoding.DecodeString(text)
}

func contentType(name string) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		t, _, _ = strings.Cut(t, ";")
		return t
	}
	return "application/octet-stream"
}

// randomUUID returns a UUID of version 4 (RFC 9562, 5.4).
func randomUUID() string {
	hi, lo := rand.Uint64(), rand.Uint64()
	hi = hi&^0xF000 | 0x4000
	lo = lo&^(3<<62) | 2<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", hi>>32, hi>>16&0xFFFF, hi&0xFFFF, lo>>48, lo&(1<<48-1))
}

// reference is the variable that stands for a stored document.
func reference(info protocols.DocumentInfo) map[string]any {
	metadata := map[string]any{"contentType": info.ContentType, "fileName": info.Name, "size": info.Size}
	if !info.Expires.IsZero() {
		metadata["expiresAt"] = info.Expires.UTC().Format(time.RFC3339)
	}
	out := map[string]any{
		"camunda.document.type": "camunda", "storeId": info.StoreID, "documentId": info.ID, "metadata": metadata,
	}
	if info.Hash != "" {
		out["contentHash"] = info.Hash
	}
	return out
}
