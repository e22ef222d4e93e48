package feel

import (
	"fmt"
	"math"
	"math/big"
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

func fromBigInt(n *big.Int) Value {
	d := apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(n), 0)
	if d.Coeff.Sign() < 0 {
		d.Negative = true
		d.Coeff.Neg(&d.Coeff)
	}
	return fromDecimal(d, uint32(max(precision, d.NumDigits())))
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
