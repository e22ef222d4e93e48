package bpmn

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// node is one XML element with its place in the file.
type node struct {
	space, name  string
	attrs        []xml.Attr
	parent       *node
	children     []*node
	text         []byte // character data, trimmed when the element ends
	line, column int
	lastLine     int // of the end tag
}

// is tells whether the node is the named element of the BPMN namespace.
func (n *node) is(name string) bool { return n.space == Namespace && n.name == name }

// attr gives an attribute without namespace, "" when it is absent.
func (n *node) attr(name string) string {
	v, _ := n.lookup("", name)
	return v
}

func (n *node) lookup(space, name string) (string, bool) {
	for _, a := range n.attrs {
		if a.Name.Local == name && a.Name.Space == space {
			return a.Value, true
		}
	}
	return "", false
}

// child gives the first child of that BPMN name, nil when there is none.
func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.is(name) {
			return c
		}
	}
	return nil
}

// place names the node the way Zeebe's deployment errors do: by its id, else by the path from the nearest ancestor with one.
func (n *node) place() Place {
	path := n.attr("id")
	for at := n; path == "" && at != nil; at = at.parent {
		path = pathTo(at, n)
	}
	return Place{Path: path, Line: n.line, Column: n.column}
}

// pathTo gives "id > name > name" when from has an id or is the root, "" otherwise.
func pathTo(from, to *node) string {
	head := from.attr("id")
	if head == "" {
		if from.parent != nil {
			return ""
		}
		head = from.name
	}
	var names []string
	for at := to; at != from; at = at.parent {
		names = append([]string{at.name}, names...)
	}
	return strings.Join(append([]string{head}, names...), " > ")
}

// xmlReader builds the tree and keeps the bounds.
type xmlReader struct {
	dec   *xml.Decoder
	root  *node
	open  *node
	depth int
	count int
}

func parseXML(data []byte) (*node, error) {
	if len(data) > MaxBytes {
		return nil, &SyntaxError{Line: 1, Column: 1, Msg: fmt.Sprintf("the file has %d bytes, more than %d", len(data), MaxBytes)}
	}
	if err := checkProlog(data); err != nil {
		return nil, err
	}
	r := &xmlReader{dec: xml.NewDecoder(bytes.NewReader(data))}
	r.dec.CharsetReader = charset
	for {
		tok, err := r.dec.Token()
		if errors.Is(err, io.EOF) && r.root != nil && r.open == nil {
			return r.root, nil
		}
		if err != nil {
			return nil, r.fail(err)
		}
		if err := r.take(tok); err != nil {
			return nil, err
		}
	}
}

// checkProlog finds the two mistakes that a parser names poorly: nothing at all, and no XML.
func checkProlog(data []byte) error {
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(trimmed) == 0 {
		return &SyntaxError{Line: 1, Column: 1, Msg: "Premature end of file."}
	}
	if trimmed[0] != '<' {
		return &SyntaxError{Line: 1, Column: 1, Msg: "Content is not allowed in prolog."}
	}
	return nil
}

// charset decodes the one legacy encoding that old modelers wrote; everything else must be UTF-8.
func charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "us-ascii", "ascii":
		return in, nil
	case "iso-8859-1", "latin1":
		raw, err := io.ReadAll(in)
		runes := make([]rune, len(raw))
		for i, b := range raw {
			runes[i] = rune(b)
		}
		return strings.NewReader(string(runes)), err
	}
	return nil, fmt.Errorf("encoding %q is not supported, save the file as UTF-8", label)
}

func (r *xmlReader) fail(err error) error {
	line, column := r.dec.InputPos()
	msg := err.Error()
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		line, msg = syntax.Line, syntax.Msg
	}
	if errors.Is(err, io.EOF) || strings.Contains(msg, "unexpected EOF") || strings.Contains(msg, "closed by") {
		msg = "XML document structures must start and end within the same entity."
	}
	return &SyntaxError{Line: line, Column: column, Msg: msg}
}

func (r *xmlReader) refuse(format string, args ...any) error {
	line, column := r.dec.InputPos()
	return &SyntaxError{Line: line, Column: column, Msg: fmt.Sprintf(format, args...)}
}

func (r *xmlReader) take(tok xml.Token) error {
	switch t := tok.(type) {
	case xml.StartElement:
		return r.start(t)
	case xml.EndElement:
		r.open.text = bytes.TrimSpace(r.open.text)
		r.open.lastLine, _ = r.dec.InputPos()
		r.open, r.depth = r.open.parent, r.depth-1
	case xml.CharData:
		if r.open != nil {
			r.open.text = append(r.open.text, t...)
		}
	case xml.Directive:
		return r.refuse("document type declarations are not allowed")
	}
	return nil
}

func (r *xmlReader) start(t xml.StartElement) error {
	r.count++
	r.depth++
	switch {
	case r.open == nil && r.root != nil:
		return r.refuse("The markup in the document following the root element must be well-formed.")
	case r.depth > MaxDepth:
		return r.refuse("elements are nested deeper than %d", MaxDepth)
	case r.count > MaxElements:
		return r.refuse("the file has more than %d elements", MaxElements)
	}
	line, column := r.dec.InputPos()
	n := &node{space: t.Name.Space, name: t.Name.Local, attrs: t.Copy().Attr, parent: r.open, line: line, column: column}
	if r.open == nil {
		r.root = n
	} else {
		r.open.children = append(r.open.children, n)
	}
	r.open = n
	return nil
}
