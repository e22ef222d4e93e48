package feel

import (
	"cmp"
	"hash/maphash"
	"math"
)

func (n *comparison) eval(f *frame, s *scope) Value {
	x := n.x.eval(f, s)
	y := n.y.eval(f, s)
	return f.compare(n.op, x, y)
}

// compare applies = < <= > or >=. Values of different kinds give null and a warning, but anything may be compared with
// null by "=".
func (f *frame) compare(op string, x, y Value) Value {
	if x.failed() {
		return x
	}
	if y.failed() {
		return y
	}
	if op == "=" {
		f.traverse(x)
		eq, ok := equal(x, y)
		if !ok {
			f.warn(NotComparable, "Can't compare ", x, " with ", y)
			return Value{}
		}
		return Bool(eq)
	}
	if x.kind != y.kind || !comparable(x) || !comparable(y) {
		f.warn(NotComparable, "Can't compare ", x, " with ", y)
		return Value{}
	}
	return Bool(holds(op, order(x, y)))
}

func holds(op string, c int) bool {
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

// comparable tells whether values of this kind have an order. Camunda's engine lets lists of one kind pass here and then
// fails; see order.
func comparable(v Value) bool {
	switch v.kind {
	case KindNumber, KindString, KindDate, KindLocalTime, KindTime, KindLocalDateTime, KindDateTime,
		KindYearsMonthsDuration, KindDaysTimeDuration:
		return true
	case KindList:
		return sameKind(v.items()) && comparable(v.items()[0])
	}
	return false
}

func sameKind(items []Value) bool {
	for _, v := range items {
		if v.kind != items[0].kind {
			return false
		}
	}
	return len(items) > 0
}

// order compares two comparable values of the same kind.
func order(x, y Value) int {
	switch x.kind {
	case KindNumber:
		return cmpNumbers(x, y)
	case KindString:
		return compareStrings(x.str(), y.str())
	case KindTime:
		return cmp.Compare(x.utcNanos(), y.utcNanos())
	case KindDateTime:
		return orderDateTimes(x, y)
	case KindList:
		fail("lists have no order")
	}
	if c := cmp.Compare(x.num, y.num); c != 0 {
		return c
	}
	return cmp.Compare(x.aux, y.aux)
}

// compareStrings orders by UTF-16 code units, as Java does: characters beyond the basic plane come before U+E000.
func compareStrings(x, y string) int {
	for i := 0; i < min(len(x), len(y)); i++ {
		if a, b := x[i], y[i]; a != b {
			if a >= 0xEE && b >= 0xEE && (a >= 0xF0) != (b >= 0xF0) {
				return cmp.Compare(b, a)
			}
			return cmp.Compare(a, b)
		}
	}
	return cmp.Compare(len(x), len(y))
}

// equal compares by value; ok=false: kinds that cannot be compared.
func equal(x, y Value) (eq, ok bool) {
	switch {
	case x.kind == KindNull || y.kind == KindNull:
		return x.kind == y.kind, true
	case x.kind != y.kind:
		return false, false
	}
	switch x.kind {
	case KindNumber:
		return cmpNumbers(x, y) == 0, true
	case KindString:
		return x.str() == y.str(), true
	case KindList:
		return equalLists(x.items(), y.items()), true
	case KindContext:
		return equalContexts(x.context(), y.context()), true
	case KindTime, KindDateTime:
		return x.num == y.num && x.aux == y.aux && *x.zone() == *y.zone(), true
	case KindRange, KindFunction:
		return false, false
	}
	return x.num == y.num && x.aux == y.aux, true
}

// equals is equal for items and entries, where values of different kinds are just different.
func equals(x, y Value) bool {
	eq, ok := equal(x, y)
	return eq && ok
}

func equalLists(x, y []Value) bool {
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if !equals(x[i], y[i]) {
			return false
		}
	}
	return true
}

func equalContexts(x, y *contextValue) bool {
	if len(x.entries) != len(y.entries) {
		return false
	}
	for _, e := range x.entries {
		i := y.find(e.Name)
		if i < 0 || !equals(e.Value, y.entries[i].Value) {
			return false
		}
	}
	return true
}

// contains tells whether items hold v in the sense of list contains: contexts that a literal made are equal only to
// themselves.
func contains(items []Value, v Value) bool {
	for _, item := range items {
		if identical(item, v) {
			return true
		}
	}
	return false
}

func identical(x, y Value) bool {
	if x.kind != y.kind {
		return false
	}
	switch x.kind {
	case KindNull:
		return true
	case KindList:
		return len(x.items()) == len(y.items()) && allIdentical(x.items(), y.items())
	case KindContext:
		cx, cy := x.context(), y.context()
		return cx == cy || !cx.literal && !cy.literal && equalContexts(cx, cy)
	case KindRange:
		rx, ry := x.ref.(*rangeValue), y.ref.(*rangeValue)
		return rx.startClosed == ry.startClosed && rx.endClosed == ry.endClosed && identical(rx.start, ry.start) && identical(rx.end, ry.end)
	case KindFunction:
		return x.ref == y.ref
	}
	return equals(x, y)
}

func allIdentical(x, y []Value) bool {
	for i := range x {
		if !identical(x[i], y[i]) {
			return false
		}
	}
	return true
}

// hash is the same for values that are equal.
func hash(h *maphash.Hash, v Value) {
	h.WriteByte(byte(v.kind))
	switch v.kind {
	case KindNumber:
		writeInt(h, int64(math.Float64bits(v.float()+0))) // -0 and 0 are one
	case KindString:
		h.WriteString(v.str())
	case KindList:
		for _, item := range v.items() {
			hash(h, item)
		}
	case KindContext:
		writeInt(h, int64(len(v.context().entries)))
	default:
		writeInt(h, v.num)
		writeInt(h, int64(v.aux))
	}
}

func writeInt(h *maphash.Hash, n int64) {
	var b [8]byte
	for i := range b {
		b[i] = byte(n >> (8 * i))
	}
	h.Write(b[:])
}
