package feel

import "strings"

// indexFrom is the number of entries from which a context keeps a map: below it comparing names one by one is faster.
const indexFrom = 9

// Entry is a named value of a context.
type Entry struct {
	Name  string
	Value Value
}

// contextValue keeps entries in order; Value.context sees to it that they are there. Functions are apart from them, as in Camunda's engine: they can be invoked but
// are no entries for paths, get entries or JSON.
type contextValue struct {
	entries   []Entry
	functions []Entry
	index     map[string]int
	weight    int32
	foldCase  bool
	literal   bool // built by a context literal; matters to list contains only
	origin    *origin
}

// ContextOf makes a context of entries in their order; of equal names the last one counts.
func ContextOf(entries ...Entry) Value {
	c := newContext(len(entries))
	for _, e := range entries {
		c.put(e.Name, e.Value)
	}
	return c.value()
}

// FoldCase gives the context with entries found regardless of case where the exact name is missing, for HTTP headers
// (headers.ETag finds Etag). Other kinds come back unchanged.
func FoldCase(v Value) Value {
	if v.kind != KindContext {
		return v
	}
	old := v.context()
	c := &contextValue{entries: old.entries, functions: old.functions, index: old.index, weight: old.weight, literal: old.literal, foldCase: true}
	if old.origin != nil {
		c.origin = old.origin.shared()
	}
	return c.value()
}

func newContext(size int) *contextValue {
	return &contextValue{entries: make([]Entry, 0, size), weight: 1}
}

func (c *contextValue) value() Value { return Value{kind: KindContext, ref: c} }

func (c *contextValue) get(name string) (Value, bool) {
	if i := c.find(name); i >= 0 {
		return c.entries[i].Value, true
	}
	if c.foldCase {
		for i := range c.entries {
			if strings.EqualFold(c.entries[i].Name, name) {
				return c.entries[i].Value, true
			}
		}
	}
	return Value{}, false
}

func (c *contextValue) find(name string) int {
	if c.index != nil {
		if i, ok := c.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range c.entries {
		if c.entries[i].Name == name {
			return i
		}
	}
	return -1
}

// put sets an entry. Only for a context that nobody else has seen.
func (c *contextValue) put(name string, v Value) {
	c.weight = addWeights(c.weight, addWeights(v.weight(), int32(len(name)/64)))
	if i := c.find(name); i >= 0 {
		c.entries[i].Value = v
		return
	}
	c.entries = append(c.entries, Entry{name, v})
	if c.index != nil {
		c.index[name] = len(c.entries) - 1
	} else {
		c.indexEntries()
	}
}

// indexEntries makes the map of a context that has enough entries for one.
func (c *contextValue) indexEntries() {
	if len(c.entries) < indexFrom {
		return
	}
	c.index = make(map[string]int, 2*len(c.entries))
	for i := range c.entries {
		c.index[c.entries[i].Name] = i
	}
}

// add sets an entry of a literal, where a function is callable but no entry.
func (c *contextValue) add(name string, v Value) {
	if v.kind == KindFunction {
		c.functions = append(c.functions, Entry{name, v})
		return
	}
	c.put(name, v)
}

// with is a copy with one more or another entry. Functions do not survive it, as in Camunda's engine.
func (c *contextValue) with(name string, v Value) *contextValue {
	n := newContext(len(c.entries) + 1)
	for i := range c.entries {
		n.put(c.entries[i].Name, c.entries[i].Value)
	}
	n.put(name, v)
	return n
}

// snapshot is a copy that does not see entries added later.
func (c *contextValue) snapshot() *contextValue {
	n := newContext(len(c.entries))
	for i := range c.entries {
		n.put(c.entries[i].Name, c.entries[i].Value)
	}
	n.functions = append(n.functions, c.functions...)
	return n
}

func (c *contextValue) keys() []string {
	names := make([]string, len(c.entries))
	for i := range c.entries {
		names[i] = c.entries[i].Name
	}
	return names
}
