package feel

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// origin is the Go map that a context comes from. Its entries are made when the first of them is asked for: most of a
// connector's response is only passed on.
type origin struct {
	of map[string]any
	// fold is the name of the entries, at any depth, whose own entries are found in any case; empty for none.
	fold   string
	once   sync.Once
	weight atomic.Int32 // negative when not all of the map is plain; 0 until it is known
}

// FromGoFolding is FromGo for a map with entries of the given name, in any case and at any depth, to which FoldCase
// applies. Other values are converted as FromGo does.
func FromGoFolding(v any, name string) Value {
	if m, ok := v.(map[string]any); ok {
		return fromMap(m, name)
	}
	return FromGo(v)
}

func fromMap(m map[string]any, fold string) Value {
	return (&contextValue{origin: &origin{of: m, fold: fold}}).value()
}

func fromValues(m map[string]Value) Value {
	c := newContext(len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		c.put(name, m[name])
	}
	return c.value()
}

// load makes the entries, sorted by name.
func (o *origin) load(c *contextValue) {
	o.once.Do(func() {
		names := make([]string, 0, len(o.of))
		for name := range o.of {
			names = append(names, name)
		}
		slices.Sort(names)
		c.entries = make([]Entry, len(names))
		for i, name := range names {
			c.entries[i] = Entry{name, o.entry(name)}
		}
		c.indexEntries()
	})
}

func (o *origin) entry(name string) Value {
	if o.fold == "" {
		return FromGo(o.of[name])
	}
	v := FromGoFolding(o.of[name], o.fold)
	if strings.EqualFold(name, o.fold) {
		v = FoldCase(v)
	}
	return v
}

// shared is the origin of another context whose entries are made already.
func (o *origin) shared() *origin {
	s := &origin{of: o.of}
	s.once.Do(func() {})
	s.weight.Store(o.weight.Load())
	return s
}

// heavy is the context's weight.
func (c *contextValue) heavy() int32 {
	if c.origin == nil {
		return c.weight
	}
	weight, _ := c.origin.weigh()
	return weight
}

// plain gives the map that the context comes from, if all in it is JSON as Go values.
func (c *contextValue) plain() (map[string]any, bool) {
	if c.origin == nil {
		return nil, false
	}
	_, plain := c.origin.weigh()
	return c.origin.of, plain
}

// weigh gives the weight of the map and whether all of it is plain. It is looked for once, or by a few at once.
func (o *origin) weigh() (weight int32, plain bool) {
	known := o.weight.Load()
	if known == 0 {
		known, plain = weigh(o.of)
		if !plain {
			known = -known
		}
		o.weight.Store(known)
	}
	return max(known, -known), known > 0
}

// weigh is the weight that a Go value will have, and whether it is JSON as Go values.
func weigh(v any) (weight int32, plain bool) {
	weight, plain = 1, true
	switch v := v.(type) {
	case nil, bool, json.Number, int, int64, int32:
	case float64:
		plain = !math.IsNaN(v) && !math.IsInf(v, 0)
	case string:
		weight = addWeights(1, int32(min(len(v)/64, maxWeight)))
	case []any:
		for _, item := range v {
			w, ok := weigh(item)
			weight, plain = addWeights(weight, w), plain && ok
		}
	case map[string]any:
		for name, item := range v {
			w, ok := weigh(item)
			weight, plain = addWeights(weight, addWeights(w, int32(len(name)/64))), plain && ok
		}
	default:
		return FromGo(v).weight(), false
	}
	return weight, plain
}
