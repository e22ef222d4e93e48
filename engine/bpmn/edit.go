package bpmn

import (
	"bytes"
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Draft is a BPMN file that is being changed. Bytes gives it back with
// everything that was not changed as it was, byte for byte. A Draft belongs to
// one goroutine.
type Draft struct {
	root        *Tag
	before      string // what stands before the root element
	after       string // and behind it
	newline     string
	selfClosing string // how the file ends an empty element: "/>" or " />"
	ids         map[string]*Tag
	random      io.Reader
}

// prefixes are the names that modelers give to namespaces.
var prefixes = map[string]string{
	"bpmn":    Namespace,
	"zeebe":   ZeebeNamespace,
	"modeler": ModelerNamespace,
	"bpmndi":  "http://www.omg.org/spec/BPMN/20100524/DI",
	"xsi":     "http://www.w3.org/2001/XMLSchema-instance",
}

// EditOption changes how a Draft works.
type EditOption func(*Draft)

// WithRandom sets where new ids come from; crypto/rand by default.
func WithRandom(r io.Reader) EditOption { return func(d *Draft) { d.random = r } }

// Edit opens a BPMN file for changes. The error is a *SyntaxError.
func Edit(data []byte, options ...EditOption) (*Draft, error) {
	if len(data) > MaxBytes {
		return nil, &SyntaxError{Line: 1, Column: 1, Msg: fmt.Sprintf("the file has %d bytes, more than the %d that are allowed", len(data), MaxBytes)}
	}
	d := &Draft{newline: "\n", selfClosing: "/>", ids: map[string]*Tag{}, random: rand.Reader}
	if bytes.Contains(data, []byte("\r\n")) {
		d.newline = "\r\n"
	}
	if bytes.Contains(data, []byte(`" />`)) {
		d.selfClosing = " />"
	}
	for _, option := range options {
		option(d)
	}
	if err := d.parse(data); err != nil {
		return nil, err
	}
	if !d.root.Is("bpmn:definitions") {
		return nil, &SyntaxError{Line: 1, Column: 1, Foreign: true, Msg: fmt.Sprintf("expected bpmn:definitions, got %s", d.root.Name())}
	}
	return d, nil
}

// Bytes returns the file as it stands now.
func (d *Draft) Bytes() []byte {
	var b strings.Builder
	b.WriteString(d.before)
	d.root.write(&b)
	b.WriteString(d.after)
	return []byte(b.String())
}

// Root returns bpmn:definitions.
func (d *Draft) Root() *Tag { return d.root }

// Element returns the BPMN element with that id, or nil. Shapes and other
// parts of the drawing are none.
func (d *Draft) Element(id string) *Tag {
	tag := d.ids[id]
	if tag == nil || !strings.HasPrefix(tag.Name(), "bpmn:") {
		return nil
	}
	return tag
}

// IDs returns the ids of all BPMN elements, sorted.
func (d *Draft) IDs() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(d.ids)), func(id string) bool { return d.Element(id) == nil })
}

// NewID returns an id that the file does not have: the prefix, "_" and seven
// characters.
func (d *Draft) NewID(prefix string) string {
	const alphabet = "0123456789abcdefghijklmnopqrstuv"
	var random [7]byte
	for {
		_, _ = io.ReadFull(d.random, random[:])
		for i := range random {
			random[i] = alphabet[random[i]%32]
		}
		if id := prefix + "_" + string(random[:]); d.ids[id] == nil {
			return id
		}
	}
}

// SetID gives an element an id; the draft finds it by that from then on.
func (d *Draft) SetID(tag *Tag, id string) {
	tag.SetAttr("id", id)
	d.ids[id] = tag
}

// AppendRoot adds an element to bpmn:definitions, behind the processes and
// before the drawing.
func (d *Draft) AppendRoot(name string) *Tag {
	var before []string
	for _, child := range d.root.Children() {
		if !child.Is("bpmndi:BPMNDiagram") {
			before = append(before, child.Name())
		}
	}
	return d.root.InsertAfter(name, before...)
}

// RemoveTag takes an element out of the file, with all that it holds.
func (d *Draft) RemoveTag(tag *Tag) {
	if id, has := tag.Attr("id"); has && d.ids[id] == tag {
		delete(d.ids, id)
	}
	if tag.parent != nil {
		tag.parent.Remove(tag)
	}
}

// ValidText reports whether XML can hold a text: it has no control characters
// other than tab and line ends (XML 1.0, section 2.2).
func ValidText(text string) bool {
	for _, r := range text {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return false
		}
	}
	return true
}

// fileName writes an element's name with the prefix that the file uses.
func (d *Draft) fileName(at *Tag, name string) string {
	prefix, local := splitName(name)
	own := d.prefix(at, prefix, true)
	if own == "" {
		return local
	}
	return own + ":" + local
}

// attributeName is fileName for attributes, which take no default namespace.
func (d *Draft) attributeName(at *Tag, name string) string {
	prefix, local := splitName(name)
	if prefix == "" {
		return local
	}
	return d.prefix(at, prefix, false) + ":" + local
}

// prefix finds the prefix for a namespace, or declares it at the root.
func (d *Draft) prefix(at *Tag, usual string, orDefault bool) string {
	space, known := prefixes[usual]
	if !known || at.namespace(usual) == space {
		return usual
	}
	for scope := at; scope != nil; scope = scope.parent {
		for _, a := range scope.attrs {
			own, isPrefix := strings.CutPrefix(a.name, "xmlns:")
			if a.value == space && isPrefix && at.namespace(own) == space {
				return own
			}
			if orDefault && a.value == space && a.name == "xmlns" && at.namespace("") == space {
				return ""
			}
		}
	}
	for at.namespace(usual) != "" {
		usual += "_"
	}
	d.root.attrs = append(d.root.attrs, newAttribute(" ", "xmlns:"+usual, space))
	return usual
}

// canonical names an element or attribute with the usual prefix.
func canonical(space, prefix, local string) string {
	for usual, known := range prefixes {
		if space == known {
			return usual + ":" + local
		}
	}
	if prefix == "" {
		return local
	}
	return "?" + prefix + ":" + local
}

// plainText decodes character data as it stands in the file.
func plainText(raw string) string {
	decoder := xml.NewDecoder(strings.NewReader(raw))
	var b strings.Builder
	for {
		token, err := decoder.RawToken()
		if err != nil {
			return b.String()
		}
		if data, is := token.(xml.CharData); is {
			b.Write(data)
		}
	}
}

// ValidName reports whether an attribute can have a name: letters, digits and
// "_.-", behind "bpmn:", "zeebe:" or no prefix.
func ValidName(name string) bool {
	prefix, local := splitName(name)
	if _, known := prefixes[prefix]; prefix != "" && !known {
		return false
	}
	for i, r := range local {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '-' && r != '.' && (r < '0' || r > '9')) {
			return false
		}
	}
	return local != "" && !strings.HasPrefix(strings.ToLower(local), "xmlns")
}
