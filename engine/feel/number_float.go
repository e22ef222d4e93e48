package feel

import (
	"math"
	"strconv"

	"github.com/cockroachdb/apd/v3"
)

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

func (v Value) float() float64 {
	if v.short() && magnitude(v.num) < 1<<53 {
		return float64(v.num) / float64(pow10[v.aux]) // both exact, so rounded once
	}
	f, _ := strconv.ParseFloat(string(v.appendNumber(nil)), 64)
	return f
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
