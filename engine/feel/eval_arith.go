package feel

func (n *negation) eval(f *frame, s *scope) Value {
	v := n.x.eval(f, s)
	if v.kind != KindNumber {
		return f.expect(KindNumber, v).orNull()
	}
	return negNumber(v)
}

func (n *arithmetic) eval(f *frame, s *scope) Value {
	x := n.x.eval(f, s)
	y := n.y.eval(f, s)
	if x.kind == KindNumber && y.kind == KindNumber {
		return f.calculate(n.op, x, y)
	}
	if n.op == '^' {
		if x.kind == KindNumber {
			x = y
		}
		return f.expect(KindNumber, x).orNull()
	}
	if x.failed() {
		return x.orNull()
	}
	if y.failed() {
		return y.orNull()
	}
	if v, ok := f.combine(n.op, x, y); ok {
		return v
	}
	return f.refuse(n.op, x, y)
}

// refuse warns that an operator does not take these operands.
func (f *frame) refuse(op byte, x, y Value) Value {
	switch op {
	case '+':
		f.warn(InvalidType, "Can't add ", y, " to ", x)
	case '-':
		f.warn(InvalidType, "Can't subtract ", y, " from ", x)
	case '*':
		f.warn(InvalidType, "Can't multiply ", x, " by ", y)
	case '/':
		f.warn(InvalidType, "Can't divide ", x, " by ", y)
	}
	return Value{}
}

func (f *frame) calculate(op byte, x, y Value) Value {
	switch op {
	case '+':
		return addNumbers(x, y)
	case '-':
		return subNumbers(x, y)
	case '*':
		return mulNumbers(x, y)
	case '/':
		if y.sign() == 0 {
			return f.refuse(op, x, y)
		}
		return divNumbers(x, y)
	}
	return power(x, y)
}

// combine applies an operator to values of which at least one is no number; ok=false: it does not take them.
func (f *frame) combine(op byte, x, y Value) (Value, bool) {
	switch op {
	case '+':
		return f.add(x, y)
	case '-':
		return subtract(x, y)
	case '*':
		return multiply(x, y)
	}
	return divide(x, y)
}

func (f *frame) add(x, y Value) (Value, bool) {
	switch {
	case x.kind == KindString && y.kind == KindString:
		f.text(len(x.str()) + len(y.str()))
		return String(x.str() + y.str()), true
	case isDuration(x) && x.kind == y.kind:
		return addDurations(x, y), true
	case isDuration(y):
		return shift(x, y, 1)
	case isDuration(x):
		return shift(y, x, 1)
	}
	return Value{}, false
}

func subtract(x, y Value) (Value, bool) {
	switch {
	case isDuration(x) && x.kind == y.kind:
		return addDurations(x, negateDuration(y)), true
	case isDuration(y):
		return shift(x, y, -1)
	case x.kind == y.kind:
		return between(y, x)
	}
	return Value{}, false
}

func multiply(x, y Value) (Value, bool) {
	if y.kind == KindNumber {
		x, y = y, x
	}
	if x.kind != KindNumber || !isDuration(y) {
		return Value{}, false
	}
	return scaleDuration(y, int64(x.int32())), true
}

func divide(x, y Value) (Value, bool) {
	switch {
	case !isDuration(x):
		return Value{}, false
	case y.kind == KindNumber && y.sign() != 0:
		return divideDuration(x, y), true
	case y.kind == x.kind && (y.num != 0 || y.aux != 0):
		return Int(durationUnits(x) / nonZero(durationUnits(y))), true
	}
	return Value{}, false
}

func nonZero(n int64) int64 {
	if n == 0 {
		fail("division by a duration of less than a millisecond")
	}
	return n
}
