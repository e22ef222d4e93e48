package feel

// unaryTests is what stands in a cell of a decision table: tests of an input that has no name.
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
