package feel

import (
	"math"
	"regexp"
	"strings"
	"time"
)

// cursor reads the fixed forms of temporal values. A method that does not match gives ok=false, after which the position
// means nothing.
type cursor struct {
	s   string
	pos int
	// zeros allows a year of more than four digits to begin with zeros.
	zeros bool
}

func (c *cursor) done() bool { return c.pos == len(c.s) }

func (c *cursor) peek() byte {
	if c.pos < len(c.s) {
		return c.s[c.pos]
	}
	return 0
}

func (c *cursor) take(b byte) bool {
	if c.peek() != b || c.done() {
		return false
	}
	c.pos++
	return true
}

// two reads two digits up to a highest value.
func (c *cursor) two(highest int) (int, bool) {
	if digitsEnd(c.s, c.pos) < c.pos+2 {
		return 0, false
	}
	n := int(c.s[c.pos]-'0')*10 + int(c.s[c.pos+1]-'0')
	c.pos += 2
	return n, n <= highest
}

// date reads a year of 4 to 9 digits, month and day, all within their range.
func (c *cursor) date() (int64, bool) {
	neg := c.take('-')
	start, end := c.pos, digitsEnd(c.s, c.pos)
	if n := end - start; n < 4 || n > 9 || n > 4 && c.s[start] == '0' && !c.zeros {
		return 0, false
	}
	var year int64
	for ; c.pos < end; c.pos++ {
		year = year*10 + int64(c.s[c.pos]-'0')
	}
	if neg && year == 0 {
		return 0, false
	}
	if neg {
		year = -year
	}
	if !c.take('-') {
		return 0, false
	}
	month, ok1 := c.two(12)
	sep := c.take('-')
	day, ok2 := c.two(31)
	if !ok1 || !sep || !ok2 || month < 1 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	return daysOf(year, month, day), true
}

// clock reads hours, minutes, seconds and a fraction, in nanoseconds of the day; seconds are there or not.
func (c *cursor) clock() (nanos int64, seconds, ok bool) {
	h, ok1 := c.two(24)
	sep := c.take(':')
	m, ok2 := c.two(59)
	if !ok1 || !sep || !ok2 {
		return 0, false, false
	}
	nanos = int64(h*3600+m*60) * nanosPerSecond
	if c.take(':') {
		s, ok := c.two(59)
		if !ok {
			return 0, false, false
		}
		nanos, seconds = nanos+int64(s)*nanosPerSecond, true
	}
	if c.take('.') {
		frac, ok := c.fraction()
		if !ok || !seconds {
			return 0, false, false
		}
		nanos += frac
	}
	return nanos, seconds, h < 24 || nanos == nanosPerDay
}

// fraction reads up to nine digits after the point.
func (c *cursor) fraction() (nanos int64, ok bool) {
	end := digitsEnd(c.s, c.pos)
	unit := int64(nanosPerSecond)
	if end-c.pos > 9 {
		return 0, false
	}
	for ; c.pos < end; c.pos++ {
		unit /= 10
		nanos += int64(c.s[c.pos]-'0') * unit
	}
	return nanos, true
}

// offset reads Z, +hh:mm or +hh:mm:ss up to 18 hours.
func (c *cursor) offset() (int32, bool) {
	if c.take('Z') {
		return 0, true
	}
	sign := int32(1)
	if c.peek() == '-' {
		sign = -1
	}
	if !c.take('+') && !c.take('-') {
		return 0, false
	}
	h, ok1 := c.two(18)
	sep := c.take(':')
	m, ok2 := c.two(59)
	s, ok3 := 0, true
	if c.take(':') {
		s, ok3 = c.two(59)
	}
	total := int32(h*3600 + m*60 + s)
	return sign * total, ok1 && sep && ok2 && ok3 && total <= 18*3600
}

// zone reads an offset with an optional [region], or @region, up to the end. given tells that there was an offset.
func (c *cursor) zone() (z *zone, offset int32, given, ok bool) {
	if c.take('@') {
		z = zoneOfLiteral(c.s[c.pos:])
		return z, 0, false, z != nil
	}
	start := c.pos
	offset, ok = c.offset()
	if !ok || c.pos-start > len("+00:00") {
		return nil, 0, false, false
	}
	z = &zone{offset: offset}
	if rest := c.s[c.pos:]; rest != "" {
		if rest[0] != '[' || rest[len(rest)-1] != ']' {
			return nil, 0, false, false
		}
		z = zoneOfLiteral(rest[1 : len(rest)-1])
	}
	return z, offset, true, z != nil
}

// zoneOfLiteral reads a zone as Java's formatter does: like ZoneId.of, but an offset must have the form +hh:mm.
func zoneOfLiteral(id string) *zone {
	if id == "" {
		return nil
	}
	if id[0] == '+' || id[0] == '-' {
		c := cursor{s: id}
		off, ok := c.offset()
		if !ok || !c.done() {
			return nil
		}
		return &zone{offset: off}
	}
	return zoneOf(id)
}

func parseDate(s string) (Value, bool) {
	c := cursor{s: s}
	days, ok := c.date()
	if !ok || !c.done() {
		return Value{}, false
	}
	return date(days), true
}

func parseLocalTime(s string) (Value, bool) {
	c := cursor{s: strings.TrimPrefix(s, "T")}
	nanos, _, ok := c.clock()
	if !ok || !c.done() {
		return Value{}, false
	}
	return localTime(nanos % nanosPerDay), true
}

// parseOffsetTime reads a time with offset or zone, which must have seconds.
func parseOffsetTime(s string) (Value, bool) {
	c := cursor{s: strings.TrimPrefix(s, "T")}
	nanos, seconds, ok := c.clock()
	if !ok || !seconds || c.s[c.pos-1] == '.' {
		return Value{}, false
	}
	z, _, given, ok := c.zone()
	if !ok || given && !(c.done() && z.loc == nil) {
		return Value{}, false
	}
	return zonedTime(nanos%nanosPerDay, z.standard(time.Now())), true
}

// dateAndClock reads the local part of a date-time; 24:00 is none.
func (c *cursor) dateAndClock() (seconds int64, nanos int32, ok bool) {
	days, ok := c.date()
	if !ok || !c.take('T') {
		return 0, 0, false
	}
	clock, _, ok := c.clock()
	if !ok || clock >= nanosPerDay || c.s[c.pos-1] == '.' {
		return 0, 0, false
	}
	return days*secondsPerDay + clock/nanosPerSecond, int32(clock % nanosPerSecond), true
}

func parseLocalDateTime(s string) (Value, bool) { return cursor{s: s}.localDateTime() }

func parsePaddedDateTime(s string) (Value, bool) { return cursor{s: s, zeros: true}.localDateTime() }

func (c cursor) localDateTime() (Value, bool) {
	seconds, nanos, ok := c.dateAndClock()
	if !ok || !c.done() {
		return Value{}, false
	}
	return localDateTime(seconds, nanos), true
}

func parseOffsetDateTime(s string) (Value, bool) {
	c := cursor{s: s}
	seconds, nanos, ok := c.dateAndClock()
	if !ok {
		return Value{}, false
	}
	z, offset, given, ok := c.zone()
	switch {
	case !ok:
		return Value{}, false
	case given: // the offset decides about the instant, the region about how it is shown
		return atInstant(seconds-int64(offset), nanos, z), true
	}
	return resolved(seconds, nanos, z, noOffset), true
}

// parseYearsMonths reads P1Y2M with signs before the P and before each number.
func parseYearsMonths(s string) (Value, bool) {
	c := cursor{s: s}
	sign := c.sign()
	if !c.take('P') {
		return Value{}, false
	}
	var months int64
	parts := 0
	for _, unit := range []struct {
		letter byte
		months int64
	}{{'Y', 12}, {'M', 1}} {
		start := c.pos
		n, ok := c.amount(math.MaxInt32)
		if !ok || !c.take(unit.letter) {
			c.pos = start
			continue
		}
		months += n * unit.months
		parts++
	}
	if parts == 0 || !c.done() {
		return Value{}, false
	}
	return yearsMonths(sign * months), true
}

func (c *cursor) sign() int64 {
	if c.take('-') {
		return -1
	}
	return 1
}

// amount reads a number with an optional sign.
func (c *cursor) amount(limit int64) (int64, bool) {
	sign := c.sign()
	end := digitsEnd(c.s, c.pos)
	if end == c.pos {
		return 0, false
	}
	var n int64
	for ; c.pos < end; c.pos++ {
		if n = n*10 + int64(c.s[c.pos]-'0'); n > limit {
			return 0, false
		}
	}
	return sign * n, true
}

// parseDaysTime reads P1DT2H3M4.5S with signs before the P and before each number.
func parseDaysTime(s string) (Value, bool) {
	c := cursor{s: s}
	sign := c.sign()
	if !c.take('P') {
		return Value{}, false
	}
	var seconds, nanos int64
	parts := 0
	for _, unit := range []struct {
		letter  byte
		seconds int64
	}{{'D', 86400}, {'T', 0}, {'H', 3600}, {'M', 60}, {'S', 1}} {
		if unit.letter == 'T' {
			if c.done() {
				break
			}
			if !c.take('T') || c.done() {
				return Value{}, false
			}
			continue
		}
		start := c.pos
		neg := c.peek() == '-'
		n, ok := c.amount(math.MaxInt64 / (86400 * 40))
		if ok && unit.letter == 'S' && (c.take('.') || c.take(',')) {
			var frac int64
			if frac, ok = c.fraction(); neg {
				frac = -frac
			}
			nanos += frac
		}
		if !ok || !c.take(unit.letter) {
			c.pos = start
			continue
		}
		seconds += n * unit.seconds
		parts++
	}
	if parts == 0 || !c.done() {
		return Value{}, false
	}
	return daysTime(sign*seconds, sign*nanos), true
}

// first gives the value of the first form that matches, null if none does.
func first(s string, forms ...func(string) (Value, bool)) Value {
	for _, parse := range forms {
		if v, ok := parse(s); ok {
			return v
		}
	}
	return Value{}
}

func parseTemporal(s string) Value {
	return first(s, parseDate, parseOffsetTime, parseOffsetDateTime, parseLocalDateTime, parseYearsMonths, parseDaysTime, parseLocalTime)
}

func parseDateLiteral(s string) Value { return first(s, parseDate) }

func parseTimeLiteral(s string) Value { return first(s, parseOffsetTime, parseLocalTime) }

// The literals date and time("...") and duration("...") allow what Java's parsers do beyond the patterns that the
// functions of the same name check first.

func parseDateTimeLiteral(s string) Value {
	return first(s, parseStartOfDay, parseOffsetDateTime, parsePaddedDateTime)
}

func parseDurationLiteral(s string) Value {
	return first(s, parseYearsMonths, parseLooseDaysTime)
}

func parseLooseDaysTime(s string) (Value, bool) {
	return parseDaysTime(plusSign.ReplaceAllString(strings.ToUpper(s), "$1"))
}

// plusSign is a sign before the whole duration or before a number, which changes nothing.
var plusSign = regexp.MustCompile(`\+([P0-9])`)

func parseDateTime(s string) Value {
	return first(s, parseStartOfDay, parseOffsetDateTime, parseLocalDateTime)
}

func parseDuration(s string) Value { return first(s, parseYearsMonths, parseDaysTime) }

// parseStartOfDay reads a date as the date-time at its beginning.
func parseStartOfDay(s string) (Value, bool) {
	d, ok := parseDate(s)
	if !ok {
		return Value{}, false
	}
	return localDateTime(d.num*secondsPerDay, 0), true
}
