// Package documents knows Camunda's document references and the functions that
// inputs may call on them, and has two stores: one in memory and one in a
// directory. Both are bounded (see Limits): a document that is too large and one
// that finds the store full fail, and one that has expired is not found.
//
// A reference is a JSON object that stands for a file in process variables
// (Camunda 8 documents; connectors SDK 8.8):
//
//	{"camunda.document.type": "camunda", "storeId": ..., "documentId": ..., "contentHash": ..., "metadata": {...}}
//	{"camunda.document.type": "external", "url": ..., "name": ...}
//	{"camunda.document.type": "inline", "content": ..., "name": ..., "contentType": ...}
package documents

import (
	"time"

	"patchbay/protocols"
)

// typeKey marks a reference and says its kind.
const typeKey = "camunda.document.type"

// The kinds of reference.
const (
	stored   = "camunda"
	external = "external"
	inline   = "inline"
)

// Is reports whether a value is a document reference.
func Is(value any) bool {
	object, ok := value.(map[string]any)
	if !ok {
		return false
	}
	_, ok = object[typeKey].(string)
	return ok
}

// Reference returns the reference to a stored document. now is when it was
// stored, which its expiry counts from unless the store has named it.
func Reference(info protocols.DocumentInfo, now time.Time) map[string]any {
	metadata := map[string]any{"size": info.Size}
	set := func(name, value string) {
		if value != "" {
			metadata[name] = value
		}
	}
	set("contentType", info.ContentType)
	set("fileName", info.Name)
	if info.Expires.IsZero() {
		info.Expires = expiry(now, info.TTL)
	}
	if !info.Expires.IsZero() {
		set("expiresAt", info.Expires.UTC().Format(time.RFC3339))
	}
	return map[string]any{
		typeKey: stored, "storeId": info.StoreID, "documentId": info.ID, "contentHash": info.Hash, "metadata": metadata,
	}
}

// text returns a member of an object if it is a string.
func text(object map[string]any, name string) string {
	s, _ := object[name].(string)
	return s
}
