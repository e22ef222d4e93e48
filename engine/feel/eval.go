package feel

func (n *constant) eval(*frame, *scope) Value { return n.value }

func (n inputValue) eval(_ *frame, s *scope) Value {
	if v, ok := s.lookup("?"); ok {
		return v
	}
	return Value{kind: kindFatal}
}

func (n *variable) eval(f *frame, s *scope) Value {
	v, ok := s.lookup(n.name)
	if !ok {
		f.missing(n.name)
		return Value{}
	}
	for _, name := range n.path {
		v = f.path(v, name)
	}
	return v
}

// missing warns of a variable that is not there.
func (f *frame) missing(name string) {
	if l, ok := f.root.(Lenient); ok && l.MayLack(name) {
		return
	}
	f.warn(NoVariableFound, "No variable found with name '", name, "'")
}

func (n *listLiteral) eval(f *frame, s *scope) Value {
	f.grow(len(n.items))
	items := make([]Value, len(n.items))
	for i, x := range n.items {
		v := x.eval(f, s)
		if v.failed() {
			return v.recoverable()
		}
		items[i] = v
	}
	return f.bounded(List(items...))
}

// eval lets each entry see those before it.
func (n *contextLiteral) eval(f *frame, s *scope) Value {
	c := newContext(len(n.names))
	c.literal = true
	inner := &scope{parent: s, ctx: c}
	f.step(len(n.names))
	for i, x := range n.values {
		v := x.eval(f, inner)
		if v.failed() {
			return v.recoverable()
		}
		if f.prog.closures { // a function keeps what it sees: only the entries so far
			c = c.snapshot()
			c.literal = true
			inner = &scope{parent: s, ctx: c}
		}
		c.add(n.names[i], v)
	}
	return f.bounded(c.value())
}

func (n *rangeLiteral) eval(f *frame, s *scope) Value {
	start := n.start.eval(f, s)
	end := n.end.eval(f, s)
	if start.failed() {
		return start
	}
	if end.failed() {
		return end
	}
	if start.kind != end.kind || !isPoint(start) {
		return f.warn(InvalidType, "Invalid range definition from ", start, " to ", end)
	}
	return Value{kind: KindRange, ref: &rangeValue{start, end, n.startClosed, n.endClosed}}
}

// isPoint tells whether the value may be the end of a range.
func isPoint(v Value) bool {
	return v.kind == KindNumber || v.kind >= KindDate && v.kind <= KindDaysTimeDuration
}

// recoverable is a failure that became part of a value: a missing input value is no longer one that a unary test supplies.
func (v Value) recoverable() Value {
	if v.kind == kindFatal {
		return errorValue("no input value for ?")
	}
	return v
}

// orNull makes a failed operation null.
func (v Value) orNull() Value {
	if v.kind == kindError {
		return Value{}
	}
	return v
}

// expect warns about a value of another type, unless it is a failure already.
func (f *frame) expect(k Kind, v Value) Value {
	if v.failed() {
		return v
	}
	return f.warn(InvalidType, "Expected ", k.String(), " but found ", v)
}

// condition is the boolean of a logical operand, null with a warning for any other value.
func (f *frame) condition(v Value) Value {
	if v.kind == KindBoolean {
		return v
	}
	return f.expect(KindBoolean, v).orNull()
}

func (n *conditional) eval(f *frame, s *scope) Value {
	v := n.test.eval(f, s)
	if v.kind != KindBoolean {
		if v = f.expect(KindBoolean, v); v.kind == kindFatal {
			return v
		}
	}
	if v.isTrue() {
		return n.then.eval(f, s)
	}
	return n.otherwise.eval(f, s)
}

func (n *not) eval(f *frame, s *scope) Value {
	v := f.condition(n.x.eval(f, s))
	if v.kind == KindBoolean {
		return Bool(!v.bool())
	}
	return v
}

func (n *conjunction) eval(f *frame, s *scope) Value {
	x := f.and(Bool(true), n.x, s)
	return f.and(x, n.y, s)
}

// and is the next operand of a conjunction: false decides, null stays unless it is decided.
func (f *frame) and(so Value, x node, s *scope) Value { return f.logic(so, x, s, false) }

func (f *frame) or(so Value, x node, s *scope) Value { return f.logic(so, x, s, true) }

func (f *frame) logic(so Value, x node, s *scope, decides bool) Value {
	switch {
	case so.kind == KindBoolean && so.bool() == decides, so.kind == kindFatal:
		return so
	case so.kind == KindBoolean:
		return f.condition(x.eval(f, s))
	}
	v := x.eval(f, s)
	if v.kind == kindFatal || v.kind == KindBoolean && v.bool() == decides {
		return v
	}
	return Value{}
}

func (n *disjunction) eval(f *frame, s *scope) Value {
	so := Bool(false)
	for _, x := range n.tests {
		so = f.or(so, x, s)
	}
	return so
}

func (n *instanceOf) eval(f *frame, s *scope) Value {
	v := n.x.eval(f, s)
	if v.failed() {
		return v
	}
	name := n.typeName
	if full, ok := typeAliases[name]; ok {
		name = full
	}
	return Bool(name == v.kind.String() || name == "Any" && v.kind != KindNull)
}

var typeAliases = map[string]string{
	"date time":           "date and time",
	"year-month-duration": "years and months duration",
	"day-time-duration":   "days and time duration",
}

func (n *in) eval(f *frame, s *scope) Value {
	v := n.x.eval(f, s)
	if v.failed() {
		return v
	}
	return n.test.eval(f, &scope{parent: s, name: inputName, value: v})
}

// input is the value that a unary test compares with.
func (f *frame) input(s *scope) Value {
	v, ok := s.lookup(inputName)
	if !ok {
		f.warn(NoVariableFound, "No input value found.")
	}
	return v
}

func (n *inputComparison) eval(f *frame, s *scope) Value {
	v := f.input(s)
	return f.compare(n.op, v, n.x.eval(f, s))
}

func (n *inputInRange) eval(f *frame, s *scope) Value {
	start := n.rng.start.eval(f, s)
	end := n.rng.end.eval(f, s)
	v := f.input(s)
	if v.kind != start.kind || v.kind != end.kind || !comparable(v) || !comparable(start) || !comparable(end) {
		f.warn(NotComparable, "Can't compare ", f.input(s), " with ", start, " and ", end)
		return Value{}
	}
	low, high := order(v, start), order(v, end)
	return Bool((low > 0 || low == 0 && n.rng.startClosed) && (high < 0 || high == 0 && n.rng.endClosed))
}

// eval of any other expression as a test: it is true, or it is the input value, or a list that contains it.
func (n *inputTest) eval(f *frame, s *scope) Value {
	v := f.input(s)
	x := n.x.eval(f, s)
	switch {
	case x.kind == kindFatal:
		x = n.x.eval(f, &scope{parent: s, name: "?", value: v})
		if x.kind == KindBoolean {
			return x
		}
		return Value{}
	case x.isTrue(), x.kind == KindList && contains(x.items(), v):
		return Bool(true)
	}
	eq := f.compare("=", v, x)
	switch {
	case eq.isTrue():
		return eq
	case x.isFalse(), x.kind == KindList:
		return Bool(false)
	case eq.kind == KindNull:
		return eq
	}
	return Bool(false)
}
