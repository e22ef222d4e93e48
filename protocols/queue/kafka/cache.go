package kafka

import "sync"

// mostSchemas bounds each cache of schemas.
const mostSchemas = 1000

// cache keeps what is dear to make, by text. A full one is emptied.
type cache[V any] struct {
	most int
	mu   sync.Mutex
	kept map[string]V
}

func newCache[V any](most int) *cache[V] { return &cache[V]{most: most, kept: map[string]V{}} }

// get returns what is kept under a key, or makes it. Two may make it at once;
// the first one's stays. An error keeps nothing.
func (c *cache[V]) get(key string, make func() (V, error)) (V, error) {
	c.mu.Lock()
	v, ok := c.kept[key]
	c.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := make()
	if err != nil {
		return v, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if first, ok := c.kept[key]; ok {
		return first, nil
	}
	if len(c.kept) >= c.most {
		clear(c.kept)
	}
	c.kept[key] = v
	return v, nil
}
