package feel

import (
	"math"
	"math/bits"
	"strconv"

	"github.com/cockroachdb/apd/v3"
)

// align gives both mantissas with the same number of decimal places.
func align(x, y Value) (a, b int64, scale int32, ok bool) {
	if !x.short() || !y.short() {
		return 0, 0, 0, false
	}
	a, b, scale, ok = x.num, y.num, x.aux, true
	switch {
	case x.aux < y.aux:
		a, ok = mul64(a, pow10[y.aux-x.aux])
		scale = y.aux
	case x.aux > y.aux:
		b, ok = mul64(b, pow10[x.aux-y.aux])
	}
	return a, b, scale, ok
}

func mul64(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return uint64(-a)
	}
	return uint64(a)
}

func addNumbers(x, y Value) Value {
	if a, b, scale, ok := align(x, y); ok {
		if sum := a + b; (sum > a) == (b > 0) {
			return Value{kind: KindNumber, num: sum, aux: scale}
		}
	}
	return slow(x, y, (*apd.Context).Add)
}

func subNumbers(x, y Value) Value {
	if a, b, scale, ok := align(x, y); ok {
		if diff := a - b; (diff < a) == (b > 0) {
			return Value{kind: KindNumber, num: diff, aux: scale}
		}
	}
	return slow(x, y, (*apd.Context).Sub)
}

func mulNumbers(x, y Value) Value {
	if x.short() && y.short() && x.aux+y.aux <= maxScale {
		if p, ok := mul64(x.num, y.num); ok {
			return Value{kind: KindNumber, num: p, aux: x.aux + y.aux}
		}
	}
	return slow(x, y, (*apd.Context).Mul)
}

// divNumbers divides by y, which is not zero. An exact quotient keeps the difference of the decimal places if it can.
func divNumbers(x, y Value) Value {
	if x.short() && y.short() {
		if v, ok := divShort(x, y); ok {
			return v
		}
	}
	var a, b, d apd.Decimal
	dx, dy := x.decimal(&a), y.decimal(&b)
	cond, err := mathContext(x.precision(), apd.RoundHalfEven).Quo(&d, dx, dy)
	must(cond, err)
	if !cond.Inexact() {
		stripZeros(&d, dx.Exponent-dy.Exponent)
	}
	return fromDecimal(&d, x.precision())
}

// divShort finds the quotient by adding zeros to the dividend until nothing remains.
func divShort(x, y Value) (Value, bool) {
	a, scale := x.num, x.aux-y.aux
	for a%y.num != 0 || scale < 0 {
		next, ok := mul64(a, 10)
		if !ok || scale >= maxScale || scale < 0 {
			return Value{}, false
		}
		a, scale = next, scale+1
	}
	return Value{kind: KindNumber, num: a / y.num, aux: scale}, true
}

func slow(x, y Value, op func(c *apd.Context, d, x, y *apd.Decimal) (apd.Condition, error)) Value {
	var a, b, d apd.Decimal
	must(op(mathContext(x.precision(), apd.RoundHalfEven), &d, x.decimal(&a), y.decimal(&b)))
	return fromDecimal(&d, x.precision())
}

// must ends the evaluation where the numbers leave the range of exponents (10 to the power of 100000).
func must(_ apd.Condition, err error) {
	if err != nil {
		panic(abort{errArithmetic})
	}
}

// remNumbers is the remainder with the sign of x.
func remNumbers(x, y Value) Value {
	if y.sign() == 0 {
		panic(abort{errArithmetic})
	}
	if a, b, scale, ok := align(x, y); ok {
		return Value{kind: KindNumber, num: a % b, aux: scale}
	}
	var bx, by, d apd.Decimal
	dx, dy := x.decimal(&bx), y.decimal(&by)
	digits := dx.NumDigits() + dy.NumDigits() + int64(max(dx.Exponent-dy.Exponent, dy.Exponent-dx.Exponent))
	must(mathContext(uint32(digits)+2, apd.RoundHalfEven).Rem(&d, dx, dy))
	return fromDecimal(&d, x.precision())
}

// powNumber raises to a whole power as Java's BigDecimal.pow(n, mc): extra digits while multiplying, then one rounding.
func powNumber(x Value, n int32) Value {
	if n < -999999999 || n > 999999999 || n < 0 && x.sign() == 0 {
		panic(abort{errArithmetic})
	}
	count := int64(n)
	if count < 0 {
		count = -count
	}
	extra := uint32(len(strconv.FormatInt(count, 10)) + 1)
	work := mathContext(x.precision()+extra, apd.RoundHalfEven)
	var buf apd.Decimal
	base := x.decimal(&buf)
	acc := apd.New(1, 0)
	for bit := bits.Len64(uint64(count)) - 1; bit >= 0; bit-- {
		must(work.Mul(acc, acc, acc))
		if count>>bit&1 == 1 {
			must(work.Mul(acc, acc, base))
		}
	}
	if n < 0 {
		inverse := new(apd.Decimal)
		cond, err := work.Quo(inverse, apd.New(1, 0), acc)
		must(cond, err)
		if !cond.Inexact() {
			stripZeros(inverse, -acc.Exponent)
		}
		acc = inverse
	}
	must(mathContext(x.precision(), apd.RoundHalfEven).Round(acc, acc))
	return fromDecimal(acc, x.precision())
}

// setScale rounds to a number of decimal places, which may be negative. (apd's Quantize forgets to round up a number that
// is smaller than the last place.)
func setScale(x Value, scale int32, r apd.Rounder) Value {
	if x.short() && x.aux == scale {
		return x
	}
	if scale > apd.MaxExponent || scale < -apd.MaxExponent {
		panic(abort{errArithmetic})
	}
	var buf, d apd.Decimal
	d.Set(x.decimal(&buf))
	if places := int64(scale) + int64(d.Exponent); places >= 0 {
		d.Coeff.Mul(&d.Coeff, powerOfTen(places))
	} else {
		cut(&d, -places, r)
	}
	d.Exponent = -scale
	return fromDecimal(&d, x.precision())
}

// cut divides the coefficient by a power of ten and rounds.
func cut(d *apd.Decimal, places int64, r apd.Rounder) {
	if d.IsZero() {
		return
	}
	half := -1
	if places > d.NumDigits() {
		d.Coeff.SetInt64(0)
	} else {
		var rem apd.BigInt
		divisor := powerOfTen(places)
		d.Coeff.QuoRem(&d.Coeff, divisor, &rem)
		if rem.Sign() == 0 {
			return
		}
		half = rem.Add(&rem, &rem).Cmp(divisor)
	}
	if r.ShouldAddOne(&d.Coeff, d.Negative, half) {
		d.Coeff.Add(&d.Coeff, apd.NewBigInt(1))
	}
}

func powerOfTen(n int64) *apd.BigInt {
	return new(apd.BigInt).Exp(apd.NewBigInt(10), apd.NewBigInt(n), nil)
}

func negNumber(x Value) Value {
	if x.short() && x.num != math.MinInt64 {
		return Value{kind: KindNumber, num: -x.num, aux: x.aux}
	}
	var buf, d apd.Decimal
	d.Neg(x.decimal(&buf))
	return fromDecimal(&d, x.precision())
}

func absNumber(x Value) Value {
	if x.sign() < 0 {
		return negNumber(x)
	}
	return x
}

func cmpNumbers(x, y Value) int {
	if a, b, _, ok := align(x, y); ok {
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	}
	var a, b apd.Decimal
	return x.decimal(&a).Cmp(y.decimal(&b))
}
