// Package iso8601 reads and writes durations the way Camunda's task headers
// have them: days, hours, minutes and seconds, the grammar of Java's Duration.
// Weeks, months and years are no fixed time, so they are refused.
package iso8601

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// units in the order in which they may appear; those after "T" come second.
var units = []struct {
	letter byte
	size   time.Duration
	clock  bool
}{{'D', 24 * time.Hour, false}, {'H', time.Hour, true}, {'M', time.Minute, true}, {'S', time.Second, true}}

// ParseDuration reads a duration such as "PT30S", "P1DT12H" or "-PT0.5S",
// letters in either case, fractions only in seconds, after a point or a comma. It fails on anything
// else and on what a time.Duration cannot hold (292 years).
func ParseDuration(s string) (time.Duration, error) {
	d, ok := parse(strings.ToUpper(s))
	if !ok {
		return 0, fmt.Errorf("expected an ISO 8601 duration such as PT30S, PT5M or P1D, but got %q", s)
	}
	return d, nil
}

func parse(s string) (time.Duration, bool) {
	sign := 1.0
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = -1, rest
	} else {
		s = strings.TrimPrefix(s, "+")
	}
	s, ok := strings.CutPrefix(s, "P")
	if !ok || s == "" {
		return 0, false
	}
	date, clock, timed := strings.Cut(s, "T")
	if timed && clock == "" {
		return 0, false
	}
	days, ok1 := sum(date, false)
	rest, ok2 := sum(clock, true)
	total := sign * (days + rest)
	if !ok1 || !ok2 || math.Abs(total) >= math.MaxInt64 {
		return 0, false
	}
	return time.Duration(total), true
}

// sum adds the parts of the date, or of the clock.
func sum(s string, clock bool) (float64, bool) {
	total := 0.0
	for _, u := range units {
		if u.clock != clock {
			continue
		}
		number, rest, found := strings.Cut(s, string(u.letter))
		if !found {
			continue
		}
		n, ok := amount(number, u.letter == 'S')
		if !ok {
			return 0, false
		}
		total += n * float64(u.size)
		s = rest
	}
	return total, s == ""
}

func amount(s string, fraction bool) (float64, bool) {
	digits := strings.TrimLeft(s, "+-")
	if digits == "" || len(s)-len(digits) > 1 {
		return 0, false
	}
	for _, c := range digits {
		if (c < '0' || c > '9') && !(fraction && (c == '.' || c == ',')) {
			return 0, false
		}
	}
	n, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	return n, err == nil
}

// FormatDuration writes a duration as hours, minutes and seconds, as Java
// does: PT0S, PT1.5S, PT24H, -PT1M.
func FormatDuration(d time.Duration) string {
	if d == 0 {
		return "PT0S"
	}
	b := []byte{}
	if d < 0 {
		b, d = append(b, '-'), -d
	}
	b = append(b, "PT"...)
	for _, u := range units[1:3] {
		if n := d / u.size; n > 0 {
			b = append(strconv.AppendInt(b, int64(n), 10), u.letter)
			d -= n * u.size
		}
	}
	if d > 0 {
		b = append(strconv.AppendFloat(b, d.Seconds(), 'f', -1, 64), 'S')
	}
	return string(b)
}
