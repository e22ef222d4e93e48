package feel

import "strings"

// value is a literal, name, call or bracket, and the paths and filters after it.
func (p *parser) value() node {
	defer func() { p.depth-- }()
	if !p.enter() {
		return nil
	}
	x := p.terminal()
	for x != nil {
		start := p.pos
		p.space()
		next := p.chained(x)
		if next == nil {
			p.pos = start
			break
		}
		x = next
	}
	return x
}

// chained is a path or a filter after x.
func (p *parser) chained(x node) node {
	switch {
	case p.text("."):
		p.space()
		if name := p.property(); name != "" {
			return &path{x, name}
		}
		p.miss("a name")
	case p.text("["):
		p.space()
		test := p.expression()
		if test != nil && p.take("]") {
			return newFilter(x, test)
		}
	}
	return nil
}

func (p *parser) terminal() node {
	switch c := p.peek(); {
	case c == '"':
		return p.stringLiteral()
	case c == '-' || c == '.' || c >= '0' && c <= '9':
		return p.numberLiteral()
	case c == '[':
		return p.list()
	case c == '{':
		return p.context()
	case c == '(':
		return p.brackets()
	case c == '@':
		return p.temporalLiteral()
	case c == '?':
		p.pos++
		return inputValue{}
	}
	if n := p.named(); n != nil {
		return n
	}
	p.miss("an expression")
	return nil
}

func (p *parser) stringLiteral() node {
	raw, ok := p.quoted()
	if !ok {
		p.pos++
		p.miss(`a closing "\""`)
		return nil
	}
	return &constant{String(unescape(raw))}
}

func (p *parser) numberLiteral() node {
	text := p.number()
	v, ok := parseNumber(text)
	if !ok {
		p.miss("an expression")
		return nil
	}
	return &constant{v}
}

func (p *parser) temporalLiteral() node {
	p.pos++
	p.space()
	if raw, ok := p.quoted(); ok {
		return &constant{parseTemporal(raw)}
	}
	p.miss("a string")
	return nil
}

func (p *parser) brackets() node {
	p.pos++
	p.space()
	x := p.expression()
	if x == nil || !p.take(")") {
		return nil
	}
	return x
}

func (p *parser) list() node {
	p.pos++
	p.space()
	items := p.sequence((*parser).expression)
	if !p.take("]") {
		return nil
	}
	return &listLiteral{items}
}

// sequence is any number of elements with commas between them.
func (p *parser) sequence(element func(*parser) node) []node {
	var items []node
	start := p.pos
	for {
		x := element(p)
		if x == nil {
			p.pos = start
			return items
		}
		items = append(items, x)
		if start = p.pos; !p.take(",") {
			return items
		}
	}
}

func (p *parser) context() node {
	p.pos++
	p.space()
	c := &contextLiteral{names: make([]string, 0, 4), values: make([]node, 0, 4)}
	start := p.pos
	for p.entry(c) {
		if start = p.pos; !p.take(",") {
			break
		}
	}
	if p.pos = start; !p.take("}") {
		return nil
	}
	return c
}

func (p *parser) entry(c *contextLiteral) bool {
	key := p.key()
	if key == "" && p.peek() == '"' {
		raw, ok := p.quoted()
		if !ok {
			p.miss("a key")
			return false
		}
		key = raw
	} else if key == "" {
		p.miss("a key")
		return false
	}
	if !p.take(":") {
		return false
	}
	value := p.expression()
	if value == nil {
		return false
	}
	c.names, c.values = append(c.names, key), append(c.values, value)
	return true
}

func (p *parser) key() string {
	if p.peek() == '`' {
		return p.name()
	}
	return p.entryKey()
}

// named is what begins with a name: a literal, a call, a function definition or a variable.
func (p *parser) named() node {
	start := p.pos
	if n := p.temporalCall(); n != nil {
		return n
	}
	p.pos = start
	if name := p.spacedFunction(); name != "" {
		if n := p.call(start, []string{name}); n != nil {
			return n
		}
		p.pos = start
	}
	if names := p.qualifiedName(); names != nil {
		end := p.pos
		if n := p.call(start, names); n != nil {
			return n
		}
		p.pos = end
		return p.variable(names)
	}
	p.pos = start
	return p.keywordValue()
}

var keywordValues = []struct {
	word string
	node node
}{{"null", &constant{}}, {"true", &constant{Bool(true)}}, {"false", &constant{Bool(false)}}}

func (p *parser) keywordValue() node {
	for _, k := range keywordValues {
		if p.text(k.word) {
			return k.node
		}
	}
	if p.text("function") {
		return p.definition()
	}
	return nil
}

// temporalFunctions are those whose call with a literal is itself a literal: what cannot be parsed is null then, without
// a warning.
var temporalFunctions = []struct {
	name  string
	parse func(string) Value
}{
	{"duration", parseDurationLiteral},
	{"date and time", parseDateTimeLiteral},
	{"date", parseDateLiteral},
	{"time", parseTimeLiteral},
}

func (p *parser) temporalCall() node {
	if c := p.peek(); c != 'd' && c != 't' {
		return nil
	}
	for _, fn := range temporalFunctions {
		if !p.text(fn.name) {
			continue
		}
		if !p.ahead("(") {
			return nil
		}
		raw, ok := p.quoted()
		if !ok || !p.ahead(")") {
			return nil
		}
		return &constant{fn.parse(raw)}
	}
	return nil
}

func (p *parser) qualifiedName() []string {
	var names []string
	for {
		start := p.pos
		if len(names) > 0 && !p.ahead(".") {
			return names
		}
		name := p.property()
		if name == "" {
			p.pos = start
			return names
		}
		if names == nil {
			names = make([]string, 0, 4)
		}
		names = append(names, name)
	}
}

func (p *parser) variable(names []string) node {
	if names[0] == "partial" {
		p.partial = true
	}
	return &variable{names[0], names[1:]}
}

// reservedFunctions are the built-in functions whose names hold a reserved word.
var reservedFunctions = []string{"and", "or", "date and time", "years and months duration", "get or else"}

// call is the arguments after the name of a function, which begins at an offset.
func (p *parser) call(at int, names []string) node {
	if !p.ahead("(") {
		return nil
	}
	c := &call{at: at, name: names[len(names)-1]}
	if len(names) > 1 {
		c.path = p.variable(names[:len(names)-1])
	}
	start := p.pos
	if !p.namedArguments(c) {
		p.pos = start
		c.args = p.sequence((*parser).argument)
	}
	if !p.take(")") {
		return nil
	}
	c.resolve()
	return c
}

// spacedFunction is a function's name of several words or with a reserved word, "" if there is none.
func (p *parser) spacedFunction() string {
	if words := p.words(); words != "" {
		return words
	}
	for _, name := range reservedFunctions {
		if end := p.pos + len(name); strings.HasPrefix(p.src[p.pos:], name) && identEnd(p.src, p.pos+lastWord(name)) == end {
			p.pos = end
			return name
		}
	}
	return ""
}

func lastWord(name string) int { return strings.LastIndexByte(name, ' ') + 1 }

// namedArguments takes "name: value, ..." into c and tells whether there was any.
func (p *parser) namedArguments(c *call) bool {
	start := p.pos
	for {
		name := p.parameter()
		if name == "" || !p.ahead(":") {
			break
		}
		value := p.argument()
		if value == nil {
			break
		}
		c.setArgument(name, value)
		if start = p.pos; !p.ahead(",") {
			break
		}
	}
	p.pos = start
	return c.names != nil
}

func (c *call) setArgument(name string, value node) {
	for i := range c.names {
		if c.names[i] == name {
			c.args[i] = value
			return
		}
	}
	c.names, c.args = append(c.names, name), append(c.args, value)
}

func (p *parser) argument() node {
	start := p.pos
	if c := p.peek(); c == '(' || c == '[' || c == ']' {
		if r := p.rangeOf(); r != nil {
			return r
		}
		p.pos = start
	}
	return p.expression()
}

// parameter is the name of a function's parameter, which may hold blanks.
func (p *parser) parameter() string {
	if words := p.words(); words != "" {
		return words
	}
	return p.name()
}

func (p *parser) definition() node {
	if !p.take("(") {
		return nil
	}
	var params []string
	start := p.pos
	for {
		name := p.parameter()
		if name == "" {
			p.pos = start
			break
		}
		params = append(params, name)
		if start = p.pos; !p.take(",") {
			break
		}
	}
	if !p.take(")") || p.external() {
		return nil
	}
	body := p.expression()
	if body == nil {
		return nil
	}
	p.closures = true
	return &definition{params, body}
}

// external notes that Java functions cannot be called.
func (p *parser) external() bool {
	start := p.pos
	if p.text("external") && p.ahead("{") {
		p.miss("an expression (external functions are not supported)")
		return true
	}
	p.pos = start
	return false
}
