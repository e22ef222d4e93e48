package feel

import "strings"

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
