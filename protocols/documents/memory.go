package documents

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"time"

	"patchbay/protocols"
)

// Memory is a document store for development: what it holds ends with the
// process.
type Memory struct {
	now   func() time.Time
	most  int64
	mu    sync.Mutex
	used  int64
	items map[string]item
}

type item struct {
	info    protocols.DocumentInfo
	content []byte
}

// maxItems bounds how many documents a store in memory holds, for empty ones
// take room as well.
const maxItems = 10_000

// NewMemory returns an empty store that holds up to so many bytes. now is
// time.Now but in tests.
func NewMemory(most int64, now func() time.Time) *Memory {
	return &Memory{now: now, most: most, items: map[string]item{}}
}

// newID returns a name that cannot be guessed.
func newID() string { return rand.Text() }

// Create stores a document. It fails when the store is full.
func (m *Memory) Create(_ context.Context, info protocols.DocumentInfo, body io.Reader) (protocols.DocumentInfo, error) {
	content, err := io.ReadAll(io.LimitReader(body, m.most+1))
	if err != nil {
		return info, fmt.Errorf("read the document: %w", err)
	}
	info.StoreID, info.ID = "memory", newID()
	info.Size = int64(len(content))
	info.Hash = hashOf(content)
	info.Expires = expiry(m.now(), info.TTL)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire()
	if m.used+info.Size > m.most {
		return info, fmt.Errorf("store a document of %d bytes: the store in memory is full (%d of %d bytes)", info.Size, m.used, m.most)
	}
	if len(m.items) >= maxItems {
		return info, fmt.Errorf("store a document: the store in memory is full (%d documents)", maxItems)
	}
	m.used += info.Size
	m.items[info.ID] = item{info, content}
	return info, nil
}

// Open finds a document.
func (m *Memory) Open(_ context.Context, storeID, id string) (io.ReadCloser, protocols.DocumentInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire()
	found, ok := m.items[id]
	if !ok || storeID != "" && storeID != found.info.StoreID {
		return nil, protocols.DocumentInfo{}, notFound(id)
	}
	return io.NopCloser(bytes.NewReader(found.content)), found.info, nil
}

func (m *Memory) expire() {
	for id, it := range m.items {
		if past(it.info.Expires, m.now()) {
			m.used -= it.info.Size
			delete(m.items, id)
		}
	}
}

func notFound(id string) error {
	return &protocols.InputError{Message: fmt.Sprintf("there is no document %q in the store; it may have expired", id)}
}

// expiry is when a document ends; zero means never.
func expiry(now time.Time, ttl time.Duration) time.Time {
	if ttl <= 0 {
		return time.Time{}
	}
	return now.Add(ttl)
}

func past(expires, now time.Time) bool { return !expires.IsZero() && !now.Before(expires) }

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

var _ protocols.Documents = (*Memory)(nil)
