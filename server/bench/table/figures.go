package main

import (
	"fmt"
	"strconv"
	"strings"
)

// figure is one promise.
type figure struct {
	title string
	// of is what was measured, "benchmark unit"; over is what it is compared
	// with, if anything, by how.
	of, over string
	how      comparison
	// more says that the goal is a least value, and not a most.
	more bool
	// than is the goal, in unit; what was measured is multiplied by scale, if
	// that is not 0.
	than  float64
	unit  string
	scale float64
	// also are further measurements to show.
	also []string
}

type comparison int

const (
	alone comparison = iota
	ratio
	difference
)

// value is the median of what was measured, or of the comparisons of each pair
// of runs.
func (f figure) value(m measured) (float64, bool) {
	values := m[f.of]
	if f.how != alone {
		values = pairs(values, m[f.over], f.how)
	}
	v, ok := median(values)
	if f.scale != 0 {
		v *= f.scale
	}
	return v, ok
}

func pairs(a, b []float64, how comparison) []float64 {
	var out []float64
	for i := range min(len(a), len(b)) {
		if how == ratio {
			out = append(out, a[i]/b[i])
		} else {
			out = append(out, a[i]-b[i])
		}
	}
	return out
}

func (f figure) goal() string {
	sign := "<"
	if f.more {
		sign = ">"
	}
	return sign + " " + f.text(f.than)
}

func (f figure) verdict(got float64) string {
	if got == f.than || (got > f.than) == f.more {
		return "ok"
	}
	return "MISSED"
}

func (f figure) text(v float64) string { return strings.TrimSpace(number(v) + " " + f.unit) }

// beside shows what the figure was made of, and more.
func (f figure) beside(m measured) string {
	var parts []string
	if f.how != alone {
		parts = append(parts, named(m, f.of)+" beside "+named(m, f.over))
	}
	for _, key := range f.also {
		parts = append(parts, named(m, key))
	}
	return strings.Join(parts, ", ")
}

func named(m measured, key string) string {
	v, ok := m.median(key)
	if !ok {
		return "?"
	}
	_, unit, _ := strings.Cut(key, " ")
	return number(v) + " " + unit
}

// number writes three digits that matter, thousands apart.
func number(v float64) string {
	if v < 10 {
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	if v < 100 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
