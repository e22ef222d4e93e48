package expr

import "sync"

// Cache keeps compiled programs, and the errors of those that do not compile,
// by slot and source. It may be used by many goroutines.
//
// It holds two generations: what is used moves to the young one, and when that
// is half the cache, the old one is dropped. So it keeps what was used last at
// the price of a map look-up.
type Cache struct {
	limits Limits
	half   int
	mu     sync.RWMutex
	young  map[cacheKey]*cached
	old    map[cacheKey]*cached
}

type cacheKey struct{ slot, source string }

type cached struct {
	program *Program
	err     error
}

// NewCache returns a cache of at most limit programs, or 1000 if limit is not
// positive, whose evaluations keep to the limits.
func NewCache(limit int, limits Limits) *Cache {
	if limit <= 0 {
		limit = 1000
	}
	return &Cache{limits: limits, half: max(limit/2, 1), young: map[cacheKey]*cached{}}
}

// Compile returns the program of an expression, compiling it the first time.
// The error is a *SyntaxError.
func (c *Cache) Compile(slot Slot, src string) (*Program, error) {
	key := cacheKey{slot.Name, src}
	c.mu.RLock()
	hit := c.young[key]
	c.mu.RUnlock()
	if hit == nil {
		hit = c.add(key, slot)
	}
	return hit.program, hit.err
}

func (c *Cache) add(key cacheKey, slot Slot) *cached {
	c.mu.RLock()
	hit := c.old[key]
	c.mu.RUnlock()
	if hit == nil {
		// Two goroutines may compile the same source; either's program will do.
		p, err := Compile(slot, key.source, c.limits)
		hit = &cached{program: p, err: err}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= c.half {
		c.old, c.young = c.young, make(map[cacheKey]*cached, c.half)
	}
	c.young[key] = hit
	return hit
}

// Len returns how many programs and errors the cache holds.
func (c *Cache) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	n := len(c.young)
	for key := range c.old {
		if c.young[key] == nil {
			n++
		}
	}
	return n
}
