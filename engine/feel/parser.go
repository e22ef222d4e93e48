package feel

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The grammar follows the DMN specification in the shape that Camunda's engine gives it: alternatives are tried in
// order, the first that matches wins, and what is left over at the end is an error. A method returns nil when its rule
// does not match; the caller then goes back to where it was.

// tree is a parsed expression.
type tree struct {
	root node
	free
}

type parser struct {
	scanner
	depth, calls int
	closures     bool
	partial      bool // the name "partial" was seen

	// memo is nil in the first pass. Expressions on which trying alternatives costs too much (deep brackets) are parsed
	// again with results kept by position, which bounds the work.
	memo map[memoKey]memoEntry
	// expected, when not nil, collects what was missing at the farthest position, in a pass for the error text alone.
	expected map[string]bool
	farthest int
	tooDeep  bool
}

type memoKey struct {
	rule byte
	pos  int
}

type memoEntry struct {
	n   node
	end int
}

type restart struct{}

func parse(src string, unary bool) (*tree, error) {
	if len(src) > maxSource {
		return nil, &SyntaxError{Line: 1, Column: 1, Msg: fmt.Sprintf("expression longer than %d bytes", maxSource), Source: src[:200]}
	}
	p := &parser{scanner: scanner{src: src}}
	root, ok := p.attempt(unary)
	if !ok {
		p = &parser{scanner: scanner{src: src}, memo: map[memoKey]memoEntry{}}
		root, _ = p.attempt(unary)
	}
	if root == nil {
		return nil, explain(src, unary)
	}
	t := &tree{root: root, free: free{closures: p.closures}}
	collect(root, nil, &t.free)
	slices.Sort(t.variables)
	return t, nil
}

// attempt parses the whole source; ok=false asks for another pass with memo.
func (p *parser) attempt(unary bool) (root node, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, again := r.(restart); !again {
				panic(r)
			}
			root, ok = nil, false
		}
	}()
	p.space()
	if unary {
		root = p.unaryTests()
	} else {
		root = p.expression()
	}
	if root == nil {
		return nil, true
	}
	p.space()
	if p.pos < len(p.src) || p.broken {
		p.miss("an operator or the end")
		return nil, true
	}
	return root, true
}

// explain parses once more to say what is wrong where.
func explain(src string, unary bool) *SyntaxError {
	p := &parser{scanner: scanner{src: src}, memo: map[memoKey]memoEntry{}, expected: map[string]bool{}}
	p.attempt(unary)
	if p.broken {
		at := strings.LastIndex(src, "/*")
		return syntaxError(src, at, "comment without end")
	}
	if p.tooDeep {
		return syntaxError(src, p.farthest, fmt.Sprintf("nested more than %d levels deep", maxNesting))
	}
	what := make([]string, 0, len(p.expected))
	for e := range p.expected {
		what = append(what, e)
	}
	slices.Sort(what)
	return syntaxError(src, p.farthest, fmt.Sprintf("expected %s but found %s", orList(what), foundAt(src, p.farthest)))
}

func syntaxError(src string, pos int, msg string) *SyntaxError {
	line, column := place(src, pos)
	return &SyntaxError{Line: line, Column: column, Msg: msg, Source: src}
}

// place is the line and the column of an offset, from 1.
func place(src string, pos int) (line, column int) {
	before := src[:pos]
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1
}

func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// foundAt is the word or character at pos.
func foundAt(src string, pos int) string {
	if pos >= len(src) {
		return "the end of the expression"
	}
	end := identEnd(src, pos)
	if end == pos {
		_, n := utf8.DecodeRuneInString(src[pos:])
		end += n
	}
	return fmt.Sprintf("%q", shorten(src[pos:end]))
}

// miss notes that something was expected here.
func (p *parser) miss(what string) {
	if p.expected == nil || p.pos < p.farthest {
		return
	}
	if p.pos > p.farthest {
		clear(p.expected)
		p.farthest = p.pos
	}
	p.expected[what] = true
}

// take is a keyword or sign after optional blanks; without it the position stays.
func (p *parser) take(lit string) bool {
	start := p.pos
	p.space()
	if p.text(lit) {
		p.space()
		return true
	}
	if p.expected != nil {
		p.miss(strconv.Quote(lit))
	}
	p.pos = start
	return false
}

// ahead tells whether lit comes next after blanks, without a note for errors.
func (p *parser) ahead(lit string) bool {
	start := p.pos
	p.space()
	ok := p.text(lit)
	if ok {
		p.space()
	} else {
		p.pos = start
	}
	return ok
}

// enter guards the recursion and counts the work of a pass.
func (p *parser) enter() bool {
	p.depth++
	if p.depth > maxNesting {
		p.tooDeep, p.farthest = true, max(p.pos, p.farthest)
		return false
	}
	p.calls++
	if p.memo == nil && p.calls > 64+8*len(p.src) {
		panic(restart{})
	}
	return !p.tooDeep
}

// remembered runs a rule, or gives its earlier result at this position.
func (p *parser) remembered(rule byte, parse func(*parser) node) node {
	if p.memo == nil {
		return parse(p)
	}
	key := memoKey{rule, p.pos}
	if e, ok := p.memo[key]; ok {
		p.pos = e.end
		return e.n
	}
	n := parse(p)
	p.memo[key] = memoEntry{n, p.pos}
	return n
}

// comparisonSigns in the order in which they are tried: longer ones first.
var comparisonSigns = []string{"<=", ">=", "!=", "<", ">", "="}

// typeNames are those with blanks, which only instance of knows.
var typeNames = []string{"years and months duration", "days and time duration", "date and time", "function"}
