package polling

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sort"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

const (
	// maxSeen bounds the ids of items that are remembered, the latest.
	maxSeen = 2000
	// maxCursor bounds the cursor, in bytes of JSON.
	maxCursor = 16 << 10
)

// state is what a polled start remembers: the cursor and the ids of the items
// that were handed on. It is used by one goroutine.
type state struct {
	store  protocols.Cursor // nil if it does not last
	cursor any
	known  map[string]bool
	order  []string
}

// loadState reads the state. Ids are kept as short hashes, so that the state
// has a bound whatever they are.
func loadState(ctx context.Context, store protocols.Cursor, initial any) (*state, error) {
	s := &state{store: store, cursor: initial, known: map[string]bool{}}
	if store == nil {
		return s, nil
	}
	value, err := store.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the cursor: %w", err)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return s, nil
	}
	if cursor, has := object["cursor"]; has {
		s.cursor = cursor
	}
	list, _ := object["seen"].([]any)
	for _, item := range list {
		if id, ok := item.(string); ok {
			s.remember(id)
		}
	}
	return s, nil
}

func short(id string) string {
	sum := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(sum[:15])
}

func (s *state) seen(id string) bool { return s.known[short(id)] }
func (s *state) add(id string)       { s.remember(short(id)) }

func (s *state) remember(id string) {
	if s.known[id] {
		return
	}
	if len(s.order) == maxSeen {
		delete(s.known, s.order[0])
		s.order = s.order[1:]
	}
	s.known[id] = true
	s.order = append(s.order, id)
}

// touch makes those of the ids that are known the latest, so that none of a page
// is forgotten while the page is worked on.
func (s *state) touch(ids []string) {
	page := make(map[string]bool, len(ids))
	for _, id := range ids {
		page[short(id)] = true
	}
	sort.SliceStable(s.order, func(i, j int) bool { return !page[s.order[i]] && page[s.order[j]] })
}

func (s *state) move(cursor any) error {
	text, err := httpx.EncodeJSON(cursor)
	if err != nil {
		return err
	}
	if len(text) > maxCursor {
		return fmt.Errorf("the cursor has %d bytes, more than the limit of %d", len(text), maxCursor)
	}
	s.cursor = cursor
	return nil
}

func (s *state) save(ctx context.Context) error {
	if s.store == nil {
		return nil
	}
	seen := make([]any, len(s.order))
	for i, id := range s.order {
		seen[i] = id
	}
	if err := s.store.Save(ctx, map[string]any{"cursor": s.cursor, "seen": seen}); err != nil {
		return fmt.Errorf("save the cursor: %w", err)
	}
	return nil
}
