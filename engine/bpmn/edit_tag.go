package bpmn

import (
	"slices"
	"strings"
)

// Tag is an XML element of a Draft. What is not changed keeps its bytes:
// quotes, blanks between attributes, entities, line ends.
//
// Names are written as modelers write them, "bpmn:task", "zeebe:input", and
// for attributes also without a prefix, "id"; which prefixes the file itself
// uses does not matter.
type Tag struct {
	draft  *Draft
	parent *Tag
	name   string // as in the file, with its prefix
	attrs  []attribute
	tail   string // from the last attribute to the end of the start tag
	nodes  []content
	end    string // the end tag; empty for <x/>
}

// attribute is one attribute with the blanks before it.
type attribute struct {
	name, value, raw string
}

// content is what stands between two tags: an element, or else raw bytes
// (text, comments, CDATA).
type content struct {
	tag *Tag
	raw string
}

// Name returns the element's name, "bpmn:serviceTask".
func (t *Tag) Name() string {
	prefix, local := splitName(t.name)
	return canonical(t.namespace(prefix), prefix, local)
}

// Is reports whether the element has one of these names.
func (t *Tag) Is(names ...string) bool { return slices.Contains(names, t.Name()) }

// Rename gives the element another name.
func (t *Tag) Rename(name string) {
	t.name = t.draft.fileName(t, name)
	if t.end != "" {
		t.end = "</" + t.name + ">"
	}
}

// Parent returns the element around this one; nil for the root.
func (t *Tag) Parent() *Tag { return t.parent }

// Attr returns an attribute's value, and whether there is one.
func (t *Tag) Attr(name string) (string, bool) {
	if i := t.attrIndex(name); i >= 0 {
		return t.attrs[i].value, true
	}
	return "", false
}

// AttrNames returns the names of all attributes but namespace declarations.
func (t *Tag) AttrNames() []string {
	var names []string
	for _, a := range t.attrs {
		if a.name != "xmlns" && !strings.HasPrefix(a.name, "xmlns:") {
			names = append(names, t.attrName(a))
		}
	}
	return names
}

// SetAttr sets an attribute, at the end if it is new.
func (t *Tag) SetAttr(name, value string) {
	i := t.attrIndex(name)
	if i < 0 {
		t.attrs = append(t.attrs, newAttribute(" ", t.draft.attributeName(t, name), value))
		return
	}
	if old := t.attrs[i]; old.value != value {
		blanks := old.raw[:len(old.raw)-len(strings.TrimLeft(old.raw, blank))]
		t.attrs[i] = newAttribute(blanks, old.name, value)
	}
}

// RemoveAttr removes an attribute, if it is there.
func (t *Tag) RemoveAttr(name string) {
	if i := t.attrIndex(name); i >= 0 {
		t.attrs = slices.Delete(t.attrs, i, i+1)
	}
}

func newAttribute(blanks, name, value string) attribute {
	return attribute{name, value, blanks + name + `="` + attributeEscaper.Replace(value) + `"`}
}

func (t *Tag) attrIndex(name string) int {
	return slices.IndexFunc(t.attrs, func(a attribute) bool { return t.attrName(a) == name })
}

func (t *Tag) attrName(a attribute) string {
	prefix, local := splitName(a.name)
	if prefix == "" {
		return local
	}
	return canonical(t.namespace(prefix), prefix, local)
}

// Children returns the child elements with one of these names, or all of them
// when none is given.
func (t *Tag) Children(names ...string) []*Tag {
	var tags []*Tag
	for _, n := range t.nodes {
		if n.tag != nil && (len(names) == 0 || n.tag.Is(names...)) {
			tags = append(tags, n.tag)
		}
	}
	return tags
}

// Child returns the first child element of that name, or nil.
func (t *Tag) Child(name string) *Tag {
	for _, n := range t.nodes {
		if n.tag != nil && n.tag.Is(name) {
			return n.tag
		}
	}
	return nil
}

// Text returns the element's character data without entities and CDATA marks.
func (t *Tag) Text() string {
	var b strings.Builder
	for _, n := range t.nodes {
		if n.tag == nil {
			b.WriteString(plainText(n.raw))
		}
	}
	return b.String()
}

// SetText replaces all that the element holds by a text.
func (t *Tag) SetText(text string) {
	if t.Text() == text && len(t.Children()) == 0 {
		return
	}
	t.nodes = []content{{raw: textEscaper.Replace(text)}}
	t.open()
}

// Append adds an element behind all others, on a line of its own where the
// file is written so.
func (t *Tag) Append(name string) *Tag { return t.insert(name, len(t.nodes)) }

// InsertAfter adds an element behind the last child with one of these names,
// or else before all others.
func (t *Tag) InsertAfter(name string, before ...string) *Tag {
	for at := len(t.nodes); at > 0; at-- { // from the end, where the next of a list goes
		if tag := t.nodes[at-1].tag; tag != nil && tag.Is(before...) {
			return t.insert(name, at)
		}
	}
	return t.insert(name, 0)
}

func (t *Tag) insert(name string, at int) *Tag {
	child := &Tag{draft: t.draft, parent: t}
	child.name, child.tail = t.draft.fileName(t, name), t.draft.selfClosing
	t.open()
	outer, indented := t.indent()
	inner := t.childIndent(outer)
	if at == len(t.nodes) && at > 0 && t.nodes[at-1].tag == nil && isBlank(t.nodes[at-1].raw) {
		at-- // before the blanks that indent the end tag
	}
	added := []content{{tag: child}}
	if indented {
		added = []content{{raw: inner}, {tag: child}}
		if len(t.nodes) == 0 {
			added = append(added, content{raw: outer})
		}
	}
	t.nodes = slices.Insert(t.nodes, at, added...)
	return child
}

// Remove takes a child element out, with the line that it stands on.
func (t *Tag) Remove(child *Tag) {
	i := slices.IndexFunc(t.nodes, func(n content) bool { return n.tag == child })
	if i < 0 {
		return
	}
	from := i
	if i > 0 && t.nodes[i-1].tag == nil && isBlank(t.nodes[i-1].raw) {
		from--
	}
	t.nodes = slices.Delete(t.nodes, from, i+1)
	child.parent = nil
	t.closeIfEmpty()
}

// Reorder puts the children that are listed into that order; they keep the
// places that they have among the others.
func (t *Tag) Reorder(order []*Tag) {
	listed := make(map[*Tag]bool, len(order))
	for _, tag := range order {
		listed[tag] = true
	}
	next := 0
	for i, n := range t.nodes {
		if n.tag != nil && listed[n.tag] {
			t.nodes[i].tag = order[next]
			next++
		}
	}
}

// open gives <x/> an end tag.
func (t *Tag) open() {
	if t.end == "" {
		t.end = "</" + t.name + ">"
		t.tail = strings.TrimRight(strings.TrimSuffix(t.tail, "/>"), blank) + ">"
	}
}

// closeIfEmpty makes an element that holds only blanks <x/>.
func (t *Tag) closeIfEmpty() {
	for _, n := range t.nodes {
		if n.tag != nil || !isBlank(n.raw) {
			return
		}
	}
	if t.end != "" {
		t.nodes, t.end = nil, ""
		t.tail = strings.TrimSuffix(t.tail, ">") + t.draft.selfClosing
	}
}

// indent returns the line end and blanks before the element, and whether the
// element stands on a line of its own.
func (t *Tag) indent() (string, bool) {
	if t.parent == nil {
		return t.draft.newline, true
	}
	at := slices.IndexFunc(t.parent.nodes, func(n content) bool { return n.tag == t })
	return t.parent.indentBefore(at)
}

// indentBefore is indent of the child at a place.
func (t *Tag) indentBefore(at int) (string, bool) {
	before := ""
	if at > 0 {
		before = t.nodes[at-1].raw
	}
	i := strings.LastIndexByte(before, '\n')
	if i < 0 || !isBlank(before[i:]) {
		return "", false
	}
	return t.draft.newline + before[i+1:], true
}

// childIndent returns what stands before a child: as before the first one
// there is, else one step deeper than the element itself.
func (t *Tag) childIndent(outer string) string {
	for i, n := range t.nodes {
		if n.tag == nil {
			continue
		}
		if indent, indented := t.indentBefore(i); indented {
			return indent
		}
	}
	step := "  "
	if t.parent != nil {
		if around, _ := t.parent.indent(); strings.HasPrefix(outer, around) && len(outer) > len(around) {
			step = outer[len(around):]
		}
	}
	return outer + step
}

// namespace returns what a prefix stands for here.
func (t *Tag) namespace(prefix string) string {
	name := "xmlns"
	if prefix != "" {
		name += ":" + prefix
	}
	for at := t; at != nil; at = at.parent {
		for _, a := range at.attrs {
			if a.name == name {
				return a.value
			}
		}
	}
	return ""
}

func (t *Tag) write(b *strings.Builder) {
	b.WriteByte('<')
	b.WriteString(t.name)
	for _, a := range t.attrs {
		b.WriteString(a.raw)
	}
	b.WriteString(t.tail)
	for _, n := range t.nodes {
		if n.tag != nil {
			n.tag.write(b)
		} else {
			b.WriteString(n.raw)
		}
	}
	b.WriteString(t.end)
}

const blank = " \t\r\n"

func isBlank(s string) bool { return strings.Trim(s, blank) == "" }

func splitName(name string) (prefix, local string) {
	if i := strings.IndexByte(name, ':'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}

var (
	attributeEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\n", "&#10;", "\r", "&#13;", "\t", "&#9;")
	textEscaper      = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;")
)

// RawName returns the element's name as the file writes it.
func (t *Tag) RawName() string { return t.name }
