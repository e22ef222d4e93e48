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

func (p *parser) expression() node {
	defer func() { p.depth-- }()
	if !p.enter() {
		return nil
	}
	return p.remembered('e', (*parser).anyExpression)
}

func (p *parser) anyExpression() node {
	start := p.pos
	var n node
	switch {
	case p.text("if"):
		n = p.ifElse()
	case p.text("for"):
		n = p.forReturn()
	case p.text("some"):
		n = p.quantifier(false)
	case p.text("every"):
		n = p.quantifier(true)
	}
	if n == nil {
		p.pos = start
		n = p.or()
	}
	return n
}

func (p *parser) ifElse() node {
	p.space()
	test := p.expression()
	if test == nil || !p.take("then") {
		return nil
	}
	then := p.expression()
	if then == nil || !p.take("else") {
		return nil
	}
	otherwise := p.expression()
	if otherwise == nil {
		return nil
	}
	return &conditional{test, then, otherwise}
}

func (p *parser) forReturn() node {
	iterators := p.iterators()
	if iterators == nil || !p.take("return") {
		return nil
	}
	seen := p.partial
	p.partial = false
	body := p.expression()
	loop := &forLoop{iterators, body, p.partial || p.memo != nil}
	p.partial = p.partial || seen
	if body == nil {
		return nil
	}
	return loop
}

func (p *parser) quantifier(every bool) node {
	iterators := p.iterators()
	if iterators == nil || !p.take("satisfies") {
		return nil
	}
	test := p.expression()
	if test == nil {
		return nil
	}
	return &quantified{iterators, test, every}
}

func (p *parser) iterators() []iterator {
	var its []iterator
	p.space()
	start := p.pos
	for {
		it, ok := p.iterator()
		if !ok {
			p.pos = start
			return its
		}
		its = append(its, it)
		if start = p.pos; !p.take(",") {
			return its
		}
	}
}

func (p *parser) iterator() (iterator, bool) {
	name := p.name()
	if name == "" {
		p.miss("a name")
		return iterator{}, false
	}
	if !p.take("in") {
		return iterator{}, false
	}
	start := p.pos
	if from := p.sum(); from != nil && p.take("..") {
		if to := p.sum(); to != nil {
			return iterator{name, &interval{from, to}}, true
		}
	}
	p.pos = start
	list := p.value()
	return iterator{name, list}, list != nil
}

func (p *parser) or() node {
	first := p.and()
	if first == nil {
		return nil
	}
	for {
		start := p.pos
		var next node
		if p.ahead("or") {
			next = p.and()
		}
		if next == nil {
			p.pos = start
			return first
		}
		first = &disjunction{[]node{first, next}}
	}
}

func (p *parser) and() node {
	first := p.comparison()
	if first == nil {
		return nil
	}
	for {
		start := p.pos
		var next node
		if p.ahead("and") {
			next = p.comparison()
		}
		if next == nil {
			p.pos = start
			return first
		}
		first = &conjunction{first, next}
	}
}

func (p *parser) comparison() node {
	start := p.pos
	x := p.sum()
	if x == nil {
		p.pos = start
		return p.simpleUnaryTest()
	}
	start = p.pos
	p.space()
	if n := p.comparisonOf(x); n != nil {
		return n
	}
	p.pos = start
	return x
}

// comparisonOf is the rest of a comparison after its left operand.
func (p *parser) comparisonOf(x node) node {
	start := p.pos
	switch p.peek() {
	case '<', '>', '!', '=':
		return p.binaryComparison(x)
	case 'b':
		if p.ahead("between") {
			return p.between(x)
		}
	case 'i':
		if p.ahead("instance") && p.take("of") {
			if name := p.typeName(); name != "" {
				return &instanceOf{x, name}
			}
		}
		if p.pos = start; p.ahead("in") {
			return p.inTests(x)
		}
	}
	p.miss("an operator or the end")
	return nil
}

// comparisonSigns in the order in which they are tried: longer ones first.
var comparisonSigns = []string{"<=", ">=", "!=", "<", ">", "="}

func (p *parser) binaryComparison(x node) node {
	for _, op := range comparisonSigns {
		if !p.ahead(op) {
			continue
		}
		y := p.sum()
		switch {
		case y == nil:
			return nil
		case op == "!=":
			return &not{&comparison{"=", x, y}}
		}
		return &comparison{op, x, y}
	}
	p.miss("an operator or the end")
	return nil
}

func (p *parser) between(x node) node {
	low := p.sum()
	if low == nil || !p.take("and") {
		return nil
	}
	high := p.sum()
	if high == nil {
		return nil
	}
	return &conjunction{&comparison{">=", x, low}, &comparison{"<=", x, high}}
}

// typeNames are those with blanks, which only instance of knows.
var typeNames = []string{"years and months duration", "days and time duration", "date and time", "function"}

func (p *parser) typeName() string {
	for _, name := range typeNames {
		if p.text(name) {
			return name
		}
	}
	names := p.qualifiedName()
	if names == nil {
		p.miss("a type")
	}
	return strings.Join(names, ".")
}

func (p *parser) inTests(x node) node {
	start := p.pos
	if p.ahead("(") {
		if test := p.positiveUnaryTests(); test != nil && p.take(")") {
			return &in{x, test}
		}
		p.pos = start
	}
	if test := p.positiveUnaryTest(); test != nil {
		return &in{x, test}
	}
	return nil
}

// sum is the level of arithmetic: everything that binds tighter than a comparison.
func (p *parser) sum() node {
	return p.remembered('s', (*parser).addition)
}

func (p *parser) addition() node { return p.operators((*parser).product, (*parser).addingSign) }

func (p *parser) product() node { return p.operators((*parser).power, (*parser).multiplyingSign) }

func (p *parser) power() node { return p.operators((*parser).signed, (*parser).powerSign) }

func (p *parser) addingSign() byte { return p.sign('+', '-') }

func (p *parser) multiplyingSign() byte { return p.sign('*', '/') }

func (p *parser) powerSign() byte {
	if p.text("**") {
		return '^'
	}
	return 0
}

func (p *parser) sign(a, b byte) byte {
	if c := p.peek(); c == a || c == b {
		p.pos++
		return c
	}
	return 0
}

// operators is a chain of operands, evaluated from the left. An operator gives 0 when it does not come next.
func (p *parser) operators(operand func(*parser) node, operator func(*parser) byte) node {
	x := operand(p)
	if x == nil {
		return nil
	}
	for {
		start := p.pos
		p.space()
		op := operator(p)
		if op == 0 {
			p.pos = start
			return x
		}
		p.space()
		y := operand(p)
		if y == nil {
			p.pos = start
			return x
		}
		x = &arithmetic{op, x, y}
	}
}

func (p *parser) signed() node {
	if !p.text("-") {
		return p.value()
	}
	p.space()
	x := p.value()
	if x == nil {
		return nil
	}
	return &negation{x}
}

// Unary tests.

func (p *parser) unaryTests() node {
	start := p.pos
	if p.ahead("not") && p.ahead("(") {
		if tests := p.positiveUnaryTests(); tests != nil && p.take(")") {
			return &not{tests}
		}
	}
	p.pos = start
	if tests := p.positiveUnaryTests(); tests != nil {
		return tests
	}
	if p.pos = start; p.text("-") {
		return &constant{Bool(true)}
	}
	return nil
}

func (p *parser) positiveUnaryTests() node {
	first := p.positiveUnaryTest()
	if first == nil {
		return nil
	}
	tests := []node{first}
	for {
		start := p.pos
		var next node
		if p.take(",") {
			next = p.positiveUnaryTest()
		}
		if next == nil {
			p.pos = start
			break
		}
		tests = append(tests, next)
	}
	if len(tests) == 1 {
		return first
	}
	return &disjunction{tests}
}

func (p *parser) positiveUnaryTest() node {
	start := p.pos
	for _, k := range keywordValues[1:] { // a lone true or false is compared, not tested
		if p.ahead(k.word) && p.pos == len(p.src) {
			return &inputComparison{"=", k.node}
		}
		p.pos = start
	}
	if n := p.simpleUnaryTest(); n != nil {
		return n
	}
	p.pos = start
	if x := p.expression(); x != nil {
		return &inputTest{x}
	}
	return nil
}

// simpleUnaryTest is a comparison without its left operand, or a range.
func (p *parser) simpleUnaryTest() node {
	switch p.peek() {
	case '<', '>':
		for _, op := range comparisonSigns {
			if p.ahead(op) {
				if x := p.sum(); x != nil {
					return &inputComparison{op, x}
				}
				return nil
			}
		}
	case '(', '[', ']':
		if r := p.rangeOf(); r != nil {
			return &inputInRange{r}
		}
	}
	return nil
}

func (p *parser) rangeOf() *rangeLiteral {
	defer func() { p.depth-- }()
	if !p.enter() {
		return nil
	}
	open := p.peek()
	p.pos++
	p.space()
	start := p.sum()
	if start == nil || !p.take("..") {
		return nil
	}
	end := p.sum()
	if end == nil {
		return nil
	}
	p.space()
	closing := p.peek()
	if closing != ')' && closing != '[' && closing != ']' {
		p.miss(`"]", "[" or ")"`)
		return nil
	}
	p.pos++
	return &rangeLiteral{start, end, open == '[', closing == ']'}
}
