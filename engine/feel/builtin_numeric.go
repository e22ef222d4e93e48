package feel

import (
	"math"
	"math/rand/v2"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

var numericFunctions = []builtin{
	{"decimal", "n,scale", rounded("HALF_EVEN")},
	{"decimal", "n,scale,mode", roundedBy},
	{"floor", "n", rounded("FLOOR")},
	{"floor", "n,scala", rounded("FLOOR")},
	{"ceiling", "n", rounded("CEILING")},
	{"ceiling", "n,scale", rounded("CEILING")},
	{"abs", "number", abs},
	{"abs", "n", abs},
	{"modulo", "dividend,divisor", modulo},
	{"sqrt", "number", onNumber(func(n Value) Value {
		if n.sign() < 0 {
			return Value{}
		}
		return fromFloat(math.Sqrt(n.float()))
	})},
	{"log", "number", onNumber(func(n Value) Value { return finite(logarithm(n.float())) })},
	{"exp", "number", onNumber(func(n Value) Value { return finite(exponential(n.float())) })},
	{"odd", "number", onNumber(func(n Value) Value { return Bool(cmpNumbers(remNumbers(absNumber(n), Int(2)), Int(1)) == 0) })},
	{"even", "number", onNumber(func(n Value) Value { return Bool(remNumbers(n, Int(2)).sign() == 0) })},
	{"round up", "n,scale", rounded("UP")},
	{"round down", "n,scale", rounded("DOWN")},
	{"round half up", "n,scale", rounded("HALF_UP")},
	{"round half down", "n,scala", rounded("HALF_DOWN")},
	{"random number", "", func(*frame, []Value) Value { return fromFloat(rand.Float64()) }},
}

// rounders are Java's rounding modes. UNNECESSARY fails when digits would be lost.
var rounders = map[string]apd.Rounder{
	"UP": apd.RoundUp, "DOWN": apd.RoundDown, "CEILING": apd.RoundCeiling, "FLOOR": apd.RoundFloor,
	"HALF_UP": apd.RoundHalfUp, "HALF_DOWN": apd.RoundHalfDown, "HALF_EVEN": apd.RoundHalfEven, "UNNECESSARY": apd.RoundDown,
}

func onNumber(fn func(Value) Value) func(*frame, []Value) Value {
	return func(_ *frame, a []Value) Value {
		if a[0].kind != KindNumber {
			return illegal(a)
		}
		return fn(a[0])
	}
}

// finite fails the evaluation for what is no number, as Camunda's engine does.
func finite(x float64) Value {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		fail("the result is no number")
	}
	return fromFloat(x)
}

// rounded rounds the first argument to the decimal places of the second, or to a whole number.
func rounded(mode string) func(*frame, []Value) Value {
	return func(_ *frame, a []Value) Value {
		scale := Int(0)
		if len(a) > 1 {
			scale = a[1]
		}
		if a[0].kind != KindNumber || scale.kind != KindNumber {
			return illegal(a)
		}
		return round(a[0], scale, mode)
	}
}

func roundedBy(_ *frame, a []Value) Value {
	if !has(a, KindNumber, KindNumber, KindString) {
		return illegal(a)
	}
	mode := strings.ToUpper(a[2].str())
	if rounders[mode] == "" {
		return failure("Illegal argument '", a[2].str(), "' for rounding mode. Must be one of: UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN, HALF_EVEN, UNNECESSARY")
	}
	v := round(a[0], a[1], mode)
	if mode == "UNNECESSARY" && !v.failed() && cmpNumbers(v, a[0]) != 0 {
		return errorValue("Failed to apply rounding mode 'UNNECESSARY': Rounding necessary")
	}
	return v
}

func round(n, scale Value, mode string) Value {
	places := scale.int32()
	if places > apd.MaxExponent || places < -apd.MaxExponent {
		return failure("Failed to apply rounding mode '", mode, "': scale out of range")
	}
	return setScale(n, places, rounders[mode])
}

func abs(_ *frame, a []Value) Value {
	switch {
	case a[0].kind == KindNumber:
		return absNumber(a[0])
	case isDuration(a[0]):
		return absDuration(a[0])
	}
	return illegal(a)
}

// modulo has the sign of the divisor.
func modulo(_ *frame, a []Value) Value {
	if !has(a, KindNumber, KindNumber) {
		return illegal(a)
	}
	return remNumbers(addNumbers(remNumbers(a[0], a[1]), a[1]), a[1])
}

// power raises to a whole power exactly, to any other by way of doubles.
func power(x, y Value) Value {
	if y.whole() {
		return powNumber(x, y.int32())
	}
	return finite(exponentiation(x.float(), y.float()))
}
