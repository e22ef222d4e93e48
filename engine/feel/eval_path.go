package feel

import "strings"

func (n *path) eval(f *frame, s *scope) Value {
	v := n.base.eval(f, s)
	if v.kind == KindContext {
		if x, ok := v.context().get(n.name); ok {
			return x
		}
	}
	return f.path(v, n.name)
}

// path is the entry of a context, the property of a temporal value, or either of them for each item of a list.
func (f *frame) path(v Value, name string) Value {
	switch v.kind {
	case kindError, kindFatal:
		return v
	case KindContext:
		if x, ok := v.context().get(name); ok {
			return x
		}
		f.warn(NoContextEntryFound, "No context entry found with key '", name, "'. ", available(v.context()))
	case KindList:
		return f.project(v.items(), name)
	case KindNull:
		f.warn(NoContextEntryFound, "No context entry found with key '", name, "'. The context is null")
	default:
		if x, ok := property(v, name); ok {
			return x
		}
		f.warn(NoPropertyFound, "No property found with name '", name, "' of value ", v, ". Available properties: ", quotedList(properties[v.kind]))
	}
	return Value{}
}

func (f *frame) project(items []Value, name string) Value {
	f.grow(len(items))
	out := make([]Value, len(items))
	for i, item := range items {
		out[i] = f.path(item, name)
	}
	return f.bounded(List(out...))
}

func available(c *contextValue) string {
	if len(c.entries) == 0 {
		return "The context is empty"
	}
	return "Available keys: " + quotedList(c.keys())
}

func quotedList(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return shorten("'" + strings.Join(names, "', '") + "'")
}

// filterKind tells how a filter works, which its form decides.
type filterKind uint8

const (
	byAny   filterKind = iota // evaluated once without an item: a number is a position, else it is a test for each item
	byTest                    // a comparison or call, tested with each item
	byIndex                   // a literal position
)

func newFilter(list, test node) *filter {
	n := &filter{list: list, test: test}
	switch t := test.(type) {
	case *comparison, *call:
		n.kind = byTest
	case *constant:
		if t.value.kind == KindNumber {
			n.kind, n.index = byIndex, t.value
		}
	case *negation:
		if c, ok := t.x.(*constant); ok && c.value.kind == KindNumber {
			n.kind, n.index = byIndex, negNumber(c.value)
		}
	}
	return n
}

func (n *filter) eval(f *frame, s *scope) Value {
	v := n.list.eval(f, s)
	if v.kind != KindList {
		return f.expect(KindList, v).orNull()
	}
	items := v.items()
	switch n.kind {
	case byIndex:
		return at(items, n.index)
	case byAny:
		if index := n.test.eval(f, s); index.kind == KindNumber {
			return at(items, index)
		}
	}
	return n.choose(f, s, items).orNull()
}

// choose tests each item, whose entries and the name "item" are visible. If the first test gives a number it is a
// position; if it fails, so does the filter.
func (n *filter) choose(f *frame, s *scope, items []Value) Value {
	if len(items) == 0 {
		return List()
	}
	var out []Value
	inner := &scope{}
	for i, item := range items {
		f.step(1)
		if f.prog.closures {
			inner = &scope{}
		}
		*inner = scope{parent: s, name: "item", value: item}
		if item.kind == KindContext {
			inner.ctx = item.context()
		}
		keep := n.test.eval(f, inner)
		if i == 0 {
			if keep.kind == KindNumber {
				return at(items, keep)
			}
			if keep.failed() {
				return keep
			}
		}
		if keep.isTrue() {
			if out == nil {
				out = make([]Value, 0, min(len(items)-i, 8))
			}
			out = append(out, item)
		}
	}
	return List(out...)
}

// at is the item at a position: from 1 at the start, from -1 at the end, null beyond. Fractions are cut.
func at(items []Value, index Value) Value {
	offset := Int(-1)
	if index.sign() <= 0 {
		offset = Int(int64(len(items)))
	}
	pos := addNumbers(index, offset)
	if i, ok := pos.truncated(); ok && pos.sign() >= 0 && i < int64(len(items)) {
		return items[i]
	}
	return Value{}
}
