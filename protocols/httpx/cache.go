package httpx

import (
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// digest is a cache key: the SHA-256 of what the entry was made from, so that
// no secret is kept for comparison.
type digest [sha256.Size]byte

// digestOf hashes texts so that no two lists of texts give the same digest.
func digestOf(texts ...string) digest {
	h := sha256.New()
	for _, text := range texts {
		h.Write(binary.AppendUvarint(nil, uint64(len(text))))
		h.Write([]byte(text))
	}
	return digest(h.Sum(nil))
}

// cache keeps the most recently used values, at most as many as its bound.
type cache[T any] struct {
	mu      sync.Mutex
	most    int
	dropped func(T)
	order   *list.List // of *cached[T], the latest first
	entries map[digest]*list.Element
}

type cached[T any] struct {
	key   digest
	value T
}

// newCache returns a cache; dropped, if not nil, is called for values that
// leave it.
func newCache[T any](most int, dropped func(T)) *cache[T] {
	return &cache[T]{most: most, dropped: dropped, order: list.New(), entries: map[digest]*list.Element{}}
}

func (c *cache[T]) get(key digest) (value T, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok {
		return value, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached[T]).value, true
}

// add keeps value, unless another came first, and returns what is kept.
func (c *cache[T]) add(key digest, value T) T {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[key]; ok {
		return e.Value.(*cached[T]).value
	}
	c.entries[key] = c.order.PushFront(&cached[T]{key, value})
	if c.order.Len() > c.most {
		c.drop(c.order.Back())
	}
	return value
}

func (c *cache[T]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.order.Len() > 0 {
		c.drop(c.order.Back())
	}
}

func (c *cache[T]) drop(e *list.Element) {
	entry := c.order.Remove(e).(*cached[T])
	delete(c.entries, entry.key)
	if c.dropped != nil {
		c.dropped(entry.value)
	}
}
