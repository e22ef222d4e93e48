package inbound

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// memory is a Store that ends with the process. The entries that executables
// hold are all the activity there is.
type memory struct {
	mu      sync.Mutex
	cursors map[string][]byte
	paused  map[string]bool
}

func newMemory() *memory { return &memory{cursors: map[string][]byte{}, paused: map[string]bool{}} }

func (*memory) AppendActivity(context.Context, string, int, []Entry) error { return nil }

func (*memory) Activity(context.Context, string, int64, int) ([]Entry, error) { return nil, nil }

func (*memory) PurgeActivity(context.Context, string) error { return nil }

func (m *memory) SaveCursor(_ context.Context, executable string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cursors[executable] = slices.Clone(data)
	return nil
}

func (m *memory) Cursor(_ context.Context, executable string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursors[executable], nil
}

func (m *memory) SetPaused(_ context.Context, executable string, paused bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.paused[executable] = paused
	if !paused {
		delete(m.paused, executable)
	}
	return nil
}

func (m *memory) Paused(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.paused)), nil
}

var _ Store = (*memory)(nil)
