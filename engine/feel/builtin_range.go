package feel

// Functions that relate points and ranges (DMN 1.5, 10.3.4.10). Where Camunda's engine differs from the specification
// (finished by is declared with point and range the wrong way round, includes counts a closed end even of an inverted
// range) its behaviour is kept.

var rangeFunctions = []builtin{
	{"before", "point1,point2", ranges(before)},
	{"before", "point,range", ranges(before)},
	{"before", "range,point", ranges(before)},
	{"before", "range1,range2", ranges(before)},
	{"after", "point1,point2", ranges(after)},
	{"after", "point,range", ranges(after)},
	{"after", "range,point", ranges(after)},
	{"after", "range1,range2", ranges(after)},
	{"meets", "range1,range2", ranges(both(meets))},
	{"met by", "range1,range2", ranges(both(func(x, y *rangeValue) bool { return meets(y, x) }))},
	{"overlaps", "range1,range2", ranges(both(overlaps))},
	{"overlaps before", "range1,range2", ranges(both(overlapsBefore))},
	{"overlaps after", "range1,range2", ranges(both(func(x, y *rangeValue) bool { return overlapsBefore(y, x) }))},
	{"finishes", "point,range", ranges(finishes)},
	{"finishes", "range1,range2", ranges(finishes)},
	{"finished by", "point,range", ranges(swapped(finishes))},
	{"finished by", "range1,range2", ranges(swapped(finishes))},
	{"includes", "range,point", ranges(swapped(during))},
	{"includes", "range1,range2", ranges(swapped(during))},
	{"during", "point,range", ranges(during)},
	{"during", "range1,range2", ranges(during)},
	{"starts", "point,range", ranges(starts)},
	{"starts", "range1,range2", ranges(starts)},
	{"started by", "range,point", ranges(swapped(starts))},
	{"started by", "range1,range2", ranges(swapped(starts))},
	{"coincides", "point1,point2", ranges(coincides)},
	{"coincides", "range1,range2", ranges(coincides)},
}

// extent is an argument: a range, or a point as a range of one value.
type extent struct {
	*rangeValue
	point bool
}

func extentOf(v Value) extent {
	if v.kind == KindRange {
		return extent{v.ref.(*rangeValue), false}
	}
	return extent{&rangeValue{v, v, true, true}, true}
}

// relation tells whether two extents are related; ok=false: it is not defined for points there.
type relation func(x, y extent) (holds, ok bool)

func ranges(r relation) func(*frame, []Value) Value {
	return func(_ *frame, a []Value) Value {
		x, y := extentOf(a[0]), extentOf(a[1])
		if !isPoint(x.start) || x.start.kind != y.start.kind {
			return illegal(a)
		}
		holds, ok := r(x, y)
		if !ok { // as Camunda's engine, although null would be kinder
			fail("no such relation between %s and %s", shorten(a[0].String()), shorten(a[1].String()))
		}
		return Bool(holds)
	}
}

func swapped(r relation) relation { return func(x, y extent) (bool, bool) { return r(y, x) } }

// both is a relation of two ranges.
func both(r func(x, y *rangeValue) bool) relation {
	return func(x, y extent) (bool, bool) {
		if x.point || y.point {
			return false, false
		}
		return r(x.rangeValue, y.rangeValue), true
	}
}

func before(x, y extent) (bool, bool) {
	c := order(x.end, y.start)
	return c < 0 || equals(x.end, y.start) && (!x.endClosed || !y.startClosed), true
}

func after(x, y extent) (bool, bool) { return before(y, x) }

func meets(x, y *rangeValue) bool { return x.endClosed && y.startClosed && equals(x.end, y.start) }

func overlaps(x, y *rangeValue) bool {
	return reaches(x, y) && reaches(y, x)
}

// reaches tells whether x ends at or after the start of y.
func reaches(x, y *rangeValue) bool { return order(x.end, y.start) > 0 || meets(x, y) }

func overlapsBefore(x, y *rangeValue) bool {
	startsFirst := order(x.start, y.start) < 0 || equals(x.start, y.start) && x.startClosed && !y.startClosed
	return startsFirst && reaches(x, y) && endsWithin(x, y)
}

// endsWithin tells whether x ends before y does or together with it.
func endsWithin(x, y *rangeValue) bool {
	return order(x.end, y.end) < 0 || equals(x.end, y.end) && (!x.endClosed || y.endClosed)
}

// startsWithin tells whether x starts after y does or together with it.
func startsWithin(x, y *rangeValue) bool {
	return order(x.start, y.start) > 0 || equals(x.start, y.start) && (!x.startClosed || y.startClosed)
}

func finishes(x, y extent) (bool, bool) {
	if x.point {
		return y.endClosed && equals(y.end, x.start), !y.point
	}
	return x.endClosed == y.endClosed && equals(x.end, y.end) && startsWithin(x.rangeValue, y.rangeValue), !y.point
}

func starts(x, y extent) (bool, bool) {
	if x.point {
		return y.startClosed && equals(y.start, x.start), !y.point
	}
	return x.startClosed == y.startClosed && equals(x.start, y.start) && endsWithin(x.rangeValue, y.rangeValue), !y.point
}

func during(x, y extent) (bool, bool) {
	if x.point {
		p := x.start
		inside := order(y.start, p) < 0 && order(y.end, p) > 0
		return inside || equals(y.start, p) && y.startClosed || equals(y.end, p) && y.endClosed, !y.point
	}
	return startsWithin(x.rangeValue, y.rangeValue) && endsWithin(x.rangeValue, y.rangeValue), !y.point
}

func coincides(x, y extent) (bool, bool) {
	if x.point || y.point {
		return x.point && y.point && equals(x.start, y.start), true
	}
	return x.startClosed == y.startClosed && x.endClosed == y.endClosed && equals(x.start, y.start) && equals(x.end, y.end), true
}
