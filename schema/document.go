package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// MaxDocument is the largest JSON text that Parse takes, in bytes: 4 MiB, three
// times the largest file known, which holds all versions of a template.
const MaxDocument = 4 << 20

const (
	// maxDepth is how deep arrays and objects may nest.
	maxDepth = 200
	// maxValues is how many values a text may hold. To hold a bad one to the
	// schema takes some 20 µs; all of Camunda's latest templates have 82,000.
	maxValues = 250_000
	// maxKey is how long the key of a member may be, in bytes.
	maxKey = 1_000
	// maxDuplicates is how many keys that appear twice are told.
	maxDuplicates = 100
	// maxNumber and maxExponent bound the characters of a number and of its
	// exponent: to read one takes the square of its length.
	maxNumber, maxExponent = 400, 4
)

// Document is a parsed JSON text that can tell where its values stand.
type Document struct {
	// Raw is the text itself.
	Raw []byte
	// Value is the text as Go values; numbers are json.Number.
	Value any

	indexed    sync.Once
	root       *node
	marks      []mark
	duplicates []string
}

// node is where a value begins, with what it holds.
type node struct {
	offset  int
	members map[string]*node
	items   []*node
}

// child returns what a token of a JSON pointer leads to, or nil.
func (n *node) child(token string) *node {
	if n.members != nil {
		return n.members[unescaper.Replace(token)]
	}
	if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(n.items) {
		return n.items[i]
	}
	return nil
}

// mark is the place of every markEvery-th byte, so that to find a place takes
// the same time anywhere in a long text, also one without line breaks.
type mark struct{ line, column int }

const markEvery = 4 << 10

// SyntaxError is a text that is no JSON, or JSON that goes beyond a limit.
type SyntaxError struct {
	// Line and Column count from 1; columns count characters.
	Line, Column int
	// Message says what is wrong.
	Message string
}

// Error returns the place and the message.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Parse reads one JSON value. It fails with a *SyntaxError when the text is
// not JSON in UTF-8, larger than MaxDocument, nested too deep, of too many
// values, or has a key or a number that is too long. The text must not change
// while the document is used.
func Parse(raw []byte) (*Document, error) {
	if len(raw) > MaxDocument {
		return nil, &SyntaxError{1, 1, fmt.Sprintf("the text has %d bytes, more than the %d that are allowed", len(raw), MaxDocument)}
	}
	if offset := invalidUTF8(raw); offset >= 0 {
		return nil, syntaxError(raw, offset, "the text is not UTF-8")
	}
	if bytes.HasPrefix(raw, []byte("\uFEFF")) {
		return nil, syntaxError(raw, 0, "the text begins with a byte order mark; save it without one")
	}
	if offset, limit := beyondLimits(raw); limit != "" {
		return nil, syntaxError(raw, offset, limit)
	}
	d := &Document{Raw: raw}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := json.Unmarshal(raw, new(json.RawMessage)); err != nil {
		return nil, explain(raw, err)
	}
	if err := decoder.Decode(&d.Value); err != nil {
		return nil, explain(raw, err)
	}
	return d, nil
}

// Position returns where the value at a JSON pointer begins, both counted from
// 1. A pointer to what is not there gives the place of the nearest value
// around it.
func (d *Document) Position(pointer string) (line, column int) {
	n, _ := d.find(pointer)
	return d.place(n.offset)
}

// find returns the value at a pointer, else the nearest around it.
func (d *Document) find(pointer string) (n *node, found bool) {
	d.index()
	n = d.root
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		below := n.child(token)
		if below == nil {
			return n, false
		}
		n = below
	}
	return n, true
}

// Duplicates returns pointers to the members whose key appears twice in their
// object, at most 100; the last one counts.
func (d *Document) Duplicates() []string {
	d.index()
	return d.duplicates
}

// Slice returns the bytes of the value at a pointer as they stand in the
// text, or nil if there is none.
func (d *Document) Slice(pointer string) []byte {
	n, found := d.find(pointer)
	if !found {
		return nil
	}
	var value json.RawMessage
	if json.NewDecoder(bytes.NewReader(d.Raw[n.offset:])).Decode(&value) != nil {
		return nil
	}
	return d.Raw[n.offset : n.offset+len(value)]
}

// index finds out where every value stands. Most texts are never asked for it.
func (d *Document) index() {
	d.indexed.Do(func() {
		x := indexer{document: d, decoder: json.NewDecoder(bytes.NewReader(d.Raw))}
		d.root = x.value()
		here := mark{1, 1}
		for start := 0; start < len(d.Raw); start += markEvery {
			d.marks = append(d.marks, here)
			here = here.after(d.Raw[start:min(start+markEvery, len(d.Raw))])
		}
	})
}

// place turns the offset of a value into a line and a column.
func (d *Document) place(offset int) (line, column int) {
	if offset >= len(d.Raw) {
		return position(d.Raw, offset)
	}
	n := offset / markEvery
	here := d.marks[n].after(d.Raw[n*markEvery : offset])
	return here.line, here.column
}

// after returns the place behind a piece of text. A character counts where it
// begins, since a piece may end inside one.
func (m mark) after(piece []byte) mark {
	if last := bytes.LastIndexByte(piece, '\n'); last >= 0 {
		m.line += bytes.Count(piece, []byte("\n"))
		m.column = 1
		piece = piece[last+1:]
	}
	for _, b := range piece {
		if utf8.RuneStart(b) {
			m.column++
		}
	}
	return m
}

// indexer reads a text that is known to be valid, token by token. path are the
// tokens of the pointer to where it is.
type indexer struct {
	document *Document
	decoder  *json.Decoder
	path     []string
}

func (x *indexer) value() *node {
	n := &node{offset: x.next()}
	switch token, _ := x.decoder.Token(); token {
	case json.Delim('{'):
		x.object(n)
	case json.Delim('['):
		for x.decoder.More() {
			n.items = append(n.items, x.below(strconv.Itoa(len(n.items))))
		}
		_, _ = x.decoder.Token()
	}
	return n
}

func (x *indexer) below(token string) *node {
	x.path = append(x.path, token)
	n := x.value()
	x.path = x.path[:len(x.path)-1]
	return n
}

func (x *indexer) object(n *node) {
	n.members = map[string]*node{}
	for x.decoder.More() {
		key, _ := x.decoder.Token()
		name, isString := key.(string)
		if !isString {
			return
		}
		if d := x.document; n.members[name] != nil && len(d.duplicates) < maxDuplicates {
			d.duplicates = append(d.duplicates, "/"+strings.Join(append(x.path, escape(name)), "/"))
		}
		n.members[name] = x.below(escape(name))
	}
	_, _ = x.decoder.Token()
}

// next returns the offset at which the next token begins.
func (x *indexer) next() int {
	offset := int(x.decoder.InputOffset())
	for offset < len(x.document.Raw) && strings.IndexByte(" \t\r\n,:", x.document.Raw[offset]) >= 0 {
		offset++
	}
	return offset
}

// beyondLimits returns where a text goes beyond one of the limits, and which;
// the limit is empty when it does not. It counts before anything is built of
// the text, valid or not.
func beyondLimits(raw []byte) (offset int, limit string) {
	depth, values := 0, 1
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			end := stringEnd(raw, i)
			if end-i > maxKey+2 && isKey(raw[end:]) {
				return i, fmt.Sprintf("a key of more than the %d bytes that are allowed", maxKey)
			}
			i = end - 1
		case isNumeric(c):
			end := i + 1
			for end < len(raw) && isNumeric(raw[end]) {
				end++
			}
			if tooLong(raw[i:end]) {
				return i, fmt.Sprintf("a number of more than %d characters, or with an exponent of more than %d", maxNumber, maxExponent)
			}
			i = end - 1
		case c == '{' || c == '[':
			depth++
			values++
		case c == '}' || c == ']':
			depth--
		case c == ',':
			values++
		}
		switch {
		case depth > maxDepth:
			return i, fmt.Sprintf("nested deeper than %d levels", maxDepth)
		case values > maxValues:
			return i, fmt.Sprintf("more than the %d values that are allowed; split the text", maxValues)
		}
	}
	return 0, ""
}

// stringEnd returns where the string ends that begins at a place.
func stringEnd(raw []byte, start int) int {
	for i := start + 1; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(raw)
}

// isKey reports whether a string before this text is the key of a member.
func isKey(behind []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(behind[:min(len(behind), markEvery)], " \t\r\n"), []byte(":"))
}

func isNumeric(c byte) bool {
	return '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

func tooLong(number []byte) bool {
	exponent := 0
	if e := bytes.IndexAny(number, "eE"); e >= 0 {
		exponent = len(bytes.TrimLeft(number[e+1:], "+-0"))
	}
	return len(number) > maxNumber || exponent > maxExponent
}

// explain turns the parser's error into one with a place.
func explain(raw []byte, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return syntaxError(raw, 0, err.Error())
	}
	if strings.HasPrefix(syntax.Error(), "unexpected end") {
		return syntaxError(raw, len(raw), "the JSON text ends too early")
	}
	return syntaxError(raw, max(0, int(syntax.Offset)-1), syntax.Error())
}

func syntaxError(raw []byte, offset int, message string) *SyntaxError {
	line, column := position(raw, offset)
	return &SyntaxError{line, column, message}
}

// position turns a byte offset into a line and a column.
func position(raw []byte, offset int) (line, column int) {
	before := raw[:min(offset, len(raw))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

func invalidUTF8(raw []byte) int {
	if utf8.Valid(raw) {
		return -1
	}
	for offset := 0; ; {
		r, size := utf8.DecodeRune(raw[offset:])
		if r == utf8.RuneError && size <= 1 {
			return offset
		}
		offset += size
	}
}

// escape writes a key as a token of a JSON pointer (RFC 6901, section 3).
func escape(key string) string {
	if !strings.ContainsAny(key, "~/") {
		return key
	}
	return escaper.Replace(key)
}

// The escapes of JSON pointers (RFC 6901, section 3).
var (
	escaper   = strings.NewReplacer("~", "~0", "/", "~1")
	unescaper = strings.NewReplacer("~1", "/", "~0", "~")
)
