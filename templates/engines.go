package templates

import (
	"strconv"
	"strings"
)

// Satisfies reports whether a version such as "8.8" or "8.8.3" lies in a range
// as npm writes it: "^8.3", ">=8.2 <8.5", "8.x || 9.x", "~8.4", "8.1 - 8.3". An
// empty range allows all, one that cannot be read none.
func Satisfies(version, within string) bool {
	if strings.TrimSpace(within) == "" {
		return true
	}
	v, ok := parseVersion(version)
	if !ok {
		return false
	}
	for part := range strings.SplitSeq(within, "||") {
		if inAll(v.low, part) {
			return true
		}
	}
	return false
}

type triple [3]int

func (a triple) less(b triple) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// span is what a partial version stands for: from low to below high.
type span struct {
	low, high triple
	parts     int
}

func parseVersion(text string) (span, bool) {
	text, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimSpace(text), "v"), "-")
	s := span{high: triple{1 << 30}}
	if text == "" {
		return s, false
	}
	for i, part := range strings.Split(text, ".") {
		if part == "x" || part == "X" || part == "*" {
			break
		}
		n, err := strconv.Atoi(part)
		if err != nil || i > 2 || n < 0 {
			return s, false
		}
		s.low[i] = n
		s.high = s.low
		s.high[i]++
		s.parts = i + 1
	}
	return s, true
}

func inAll(v triple, comparators string) bool {
	if low, high, isRange := strings.Cut(comparators, " - "); isRange {
		comparators = ">=" + strings.TrimSpace(low) + " <=" + strings.TrimSpace(high)
	}
	for _, sign := range []string{">=", "<=", ">", "<", "=", "^", "~"} {
		comparators = strings.ReplaceAll(comparators, sign+" ", sign)
	}
	for comparator := range strings.FieldsSeq(comparators) {
		if !inOne(v, comparator) {
			return false
		}
	}
	return true
}

func inOne(v triple, comparator string) bool {
	number := strings.TrimLeft(comparator, "<>=^~")
	s, ok := parseVersion(number)
	if !ok {
		return false
	}
	switch comparator[:len(comparator)-len(number)] {
	case "":
	case "=":
	case ">=":
		return !v.less(s.low)
	case ">":
		return !v.less(s.high)
	case "<=":
		return v.less(s.high)
	case "<":
		return v.less(s.low)
	case "^":
		s.high = s.caret()
	case "~":
		if s.parts > 1 {
			s.high = triple{s.low[0], s.low[1] + 1}
		}
	default:
		return false
	}
	return !v.less(s.low) && v.less(s.high)
}

// caret is the first version that changes the leftmost number that is not 0.
func (s span) caret() triple {
	for i := range s.parts {
		if s.low[i] != 0 {
			var high triple
			copy(high[:], s.low[:i])
			high[i] = s.low[i] + 1
			return high
		}
	}
	return s.high
}
