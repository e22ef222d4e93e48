package feel

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strconv"

	"github.com/cockroachdb/apd/v3"
)

// Numbers are decimals with the arithmetic of Java's BigDecimal under DECIMAL128, which Camunda's engine uses: 34
// digits, rounded half even, trailing zeros kept. Nearly all numbers in processes are short, so a mantissa in an int64
// with 0 to 18 decimal places is calculated directly; everything else goes through apd.

const (
	precision = 34
	maxScale  = 18 // decimal places of a short number
)

// bigNumber is a number that is too long for an int64 or has other than 0 to 18 decimal places.
type bigNumber struct {
	d apd.Decimal
	// prec is the precision of operations with this number on the left: a literal with more than 34 digits keeps them.
	prec uint32
}

var pow10 = func() (p [19]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// errArithmetic stands for Java's ArithmeticException: the evaluation fails.
var errArithmetic = fmt.Errorf("%w: invalid arithmetic operation", ErrFailed)

func mathContext(prec uint32, r apd.Rounder) *apd.Context {
	return &apd.Context{
		Precision: prec, Rounding: r, MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent,
		Traps: apd.SystemOverflow | apd.SystemUnderflow | apd.Overflow | apd.DivisionByZero | apd.DivisionUndefined | apd.InvalidOperation | apd.DivisionImpossible,
	}
}

// decimal gives the number as apd's type; buf holds it when it is short.
func (v Value) decimal(buf *apd.Decimal) *apd.Decimal {
	if b, ok := v.ref.(*bigNumber); ok {
		return &b.d
	}
	return buf.SetFinite(v.num, -v.aux)
}

func (v Value) precision() uint32 {
	if b, ok := v.ref.(*bigNumber); ok {
		return b.prec
	}
	return precision
}

func (v Value) short() bool { return v.ref == nil }

// fromDecimal makes a value that shares d; prec as in bigNumber.
func fromDecimal(d *apd.Decimal, prec uint32) Value {
	if d.Exponent <= 0 && d.Exponent >= -maxScale && d.Coeff.IsInt64() {
		n := d.Coeff.Int64()
		if d.Negative {
			n = -n
		}
		return Value{kind: KindNumber, num: n, aux: -d.Exponent}
	}
	d.Negative = d.Negative && !d.IsZero()
	return Value{kind: KindNumber, ref: &bigNumber{d: *d, prec: prec}}
}

// parseNumber reads a decimal as Java's BigDecimal does: sign, digits, point, exponent, nothing else.
func parseNumber(s string) (Value, bool) {
	if v, ok := parseShort(s); ok {
		return v, true
	}
	if !isDecimal(s) {
		return Value{}, false
	}
	d, _, err := apd.NewFromString(s)
	if err != nil || d.Form != apd.Finite {
		return Value{}, false
	}
	return fromDecimal(d, uint32(max(precision, d.NumDigits()))), true
}

// parseShort reads digits with an optional sign and point where they fit a short number.
func parseShort(s string) (Value, bool) {
	digits, neg := s, false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		digits, neg = s[1:], s[0] == '-'
	}
	var n int64
	point := -1
	for i := 0; i < len(digits); i++ {
		switch c := digits[i]; {
		case c >= '0' && c <= '9':
			n = n*10 + int64(c-'0')
		case c == '.' && point < 0:
			point = i
		default:
			return Value{}, false
		}
	}
	count, scale := len(digits), 0
	if point >= 0 {
		count, scale = count-1, len(digits)-point-1
	}
	if count == 0 || count > maxScale {
		return Value{}, false
	}
	if neg {
		n = -n
	}
	return Value{kind: KindNumber, num: n, aux: int32(scale)}, true
}

// isDecimal keeps apd from reading "NaN", "Infinity" and the like.
func isDecimal(s string) bool {
	i, digits := 0, 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	for point := false; i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.' && !point); i++ {
		if s[i] == '.' {
			point = true
		} else {
			digits++
		}
	}
	if digits == 0 || i == len(s) {
		return digits > 0
	}
	if s[i] != 'e' && s[i] != 'E' {
		return false
	}
	_, err := strconv.ParseInt(s[i+1:], 10, 32)
	return err == nil
}

// fromFloat makes the number that Java's BigDecimal makes of a double: the shortest digits, at least one decimal place.
// Not-a-number and infinities give null.
func fromFloat(f float64) Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Value{}
	}
	text := strconv.AppendFloat(make([]byte, 0, 32), f, 'e', -1, 64)
	d, _, err := apd.NewFromString(string(text))
	if err != nil {
		return Value{}
	}
	return likeDouble(d, precision)
}

// likeDouble gives a decimal the places that Java shows of a double: no zeros at the end, but at least one place; beyond
// 10 million and below a thousandth the places are those of its scientific form.
func likeDouble(d *apd.Decimal, prec uint32) Value {
	stripZeros(d, math.MaxInt32)
	if d.IsZero() {
		d.Exponent = 0
	}
	places, leading := -d.Exponent, int64(d.Exponent)+d.NumDigits()-1
	if leading >= -3 && leading < 7 {
		places = max(places, 1)
	} else if d.NumDigits() == 1 {
		places++
	}
	if pad := int64(places + d.Exponent); pad > 0 {
		d.Coeff.Mul(&d.Coeff, powerOfTen(pad))
		d.Exponent = -places
	}
	return fromDecimal(d, prec)
}

func fromBigInt(n *big.Int) Value {
	d := apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(n), 0)
	if d.Coeff.Sign() < 0 {
		d.Negative = true
		d.Coeff.Neg(&d.Coeff)
	}
	return fromDecimal(d, uint32(max(precision, d.NumDigits())))
}

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

// stripZeros removes trailing zeros as far as the exponent stays at most exp.
func stripZeros(d *apd.Decimal, exp int32) {
	var q, r apd.BigInt
	ten := apd.NewBigInt(10)
	for d.Exponent < exp && d.Coeff.Sign() != 0 {
		if q.QuoRem(&d.Coeff, ten, &r); r.Sign() != 0 {
			return
		}
		d.Coeff.Set(&q)
		d.Exponent++
	}
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

func (v Value) sign() int {
	if b, ok := v.ref.(*bigNumber); ok {
		return b.d.Sign()
	}
	switch {
	case v.num > 0:
		return 1
	case v.num < 0:
		return -1
	}
	return 0
}

// whole tells whether the number has no fraction.
func (v Value) whole() bool {
	if v.short() {
		return v.aux == 0 || v.num%pow10[v.aux] == 0
	}
	var d apd.Decimal // a copy: a copied struct would share its digits
	d.Set(&v.ref.(*bigNumber).d)
	stripZeros(&d, 0)
	return d.Exponent >= 0 || d.IsZero()
}

// truncated is the whole part where it fits an int64.
func (v Value) truncated() (int64, bool) {
	if v.short() {
		return v.num / pow10[v.aux], true
	}
	n := v.bigInt()
	return n.Int64(), n.IsInt64()
}

// bigInt is the whole part. Exponents are bounded by apd, so it has at most some 100000 digits.
func (v Value) bigInt() *big.Int {
	var buf apd.Decimal
	d := v.decimal(&buf)
	n := d.Coeff.MathBigInt()
	factor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(d.Exponent, -d.Exponent))), nil)
	if d.Exponent >= 0 {
		n.Mul(n, factor)
	} else {
		n.Quo(n, factor)
	}
	if d.Negative {
		n.Neg(n)
	}
	return n
}

// int32 is the whole part cut to 32 bits, as Java's intValue.
func (v Value) int32() int32 {
	if n, ok := v.truncated(); ok {
		return int32(n)
	}
	low := new(big.Int).And(v.bigInt(), big.NewInt(math.MaxUint32)) // two's complement, as Java's
	return int32(low.Int64())
}

func (v Value) float() float64 {
	if v.short() && magnitude(v.num) < 1<<53 {
		return float64(v.num) / float64(pow10[v.aux]) // both exact, so rounded once
	}
	f, _ := strconv.ParseFloat(string(v.appendNumber(nil)), 64)
	return f
}

// appendNumber writes the number as Java's BigDecimal.toString: trailing zeros kept, an exponent where the number is
// very small or its scale is negative.
func (v Value) appendNumber(dst []byte) []byte {
	if v.aux == 0 && v.short() {
		return strconv.AppendInt(dst, v.num, 10)
	}
	if !v.short() || v.aux > 6 && magnitude(v.num) < uint64(pow10[v.aux-6]) {
		return appendDecimal(dst, v)
	}
	if v.num < 0 {
		dst = append(dst, '-')
	}
	whole, frac := magnitude(v.num)/uint64(pow10[v.aux]), magnitude(v.num)%uint64(pow10[v.aux])
	dst = append(strconv.AppendUint(dst, whole, 10), '.')
	for p := pow10[v.aux] / 10; p > 1 && frac < uint64(p); p /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendUint(dst, frac, 10)
}

func appendDecimal(dst []byte, v Value) []byte {
	var buf apd.Decimal
	d := v.decimal(&buf)
	if d.IsZero() && d.Exponent < -6 { // apd would write the zeros
		return strconv.AppendInt(append(dst, "0E"...), int64(d.Exponent), 10)
	}
	return d.Append(dst, 'G')
}

// transcendental calculates with more digits than a double has and rounds once, where the functions of package math may
// be off by one in the last place. Beyond the range of doubles it leaves the answer to them.
func transcendental(rough float64, calculate func(c *apd.Context, d *apd.Decimal) (apd.Condition, error)) float64 {
	if math.IsNaN(rough) || math.IsInf(rough, 0) || rough == 0 {
		return rough
	}
	var d apd.Decimal
	if _, err := calculate(mathContext(25, apd.RoundHalfEven), &d); err != nil {
		return rough
	}
	f, err := strconv.ParseFloat(d.Text('E'), 64)
	if err != nil {
		return rough
	}
	return f
}

// exactFloat has the digits of the double itself, not the shortest that name it.
func exactFloat(f float64) *apd.Decimal {
	d, _, _ := apd.NewFromString(strconv.FormatFloat(f, 'E', 40, 64))
	return d
}

func logarithm(x float64) float64 {
	return transcendental(math.Log(x), func(c *apd.Context, d *apd.Decimal) (apd.Condition, error) { return c.Ln(d, exactFloat(x)) })
}

func exponential(x float64) float64 {
	return transcendental(math.Exp(x), func(c *apd.Context, d *apd.Decimal) (apd.Condition, error) { return c.Exp(d, exactFloat(x)) })
}

func exponentiation(x, y float64) float64 {
	return transcendental(math.Pow(x, y), func(c *apd.Context, d *apd.Decimal) (apd.Condition, error) {
		return c.Pow(d, exactFloat(x), exactFloat(y))
	})
}
