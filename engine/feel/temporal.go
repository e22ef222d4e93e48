package feel

import "time"

const (
	secondsPerDay  = 86400
	nanosPerSecond = 1_000_000_000
	nanosPerDay    = secondsPerDay * nanosPerSecond
	maxYear        = 999_999_999 // of Java's LocalDate, either way
	noOffset       = 1 << 30     // for a local time that prefers no offset
)

// daysOf counts days from 1970-01-01 in the proleptic Gregorian calendar. Eras of 400 years have 146097 days; years
// begin in March here so that the leap day comes last.
func daysOf(year int64, month, day int) int64 {
	if month <= 2 {
		year--
	}
	era := floorDiv(year, 400)
	yearOfEra := year - era*400
	dayOfYear := int64((153*((month+9)%12)+2)/5 + day - 1)
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return era*146097 + dayOfEra - 719468
}

// civil is the inverse of daysOf.
func civil(days int64) (year int64, month, day int) {
	days += 719468
	era := floorDiv(days, 146097)
	dayOfEra := days - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	m := (5*dayOfYear + 2) / 153
	day = int(dayOfYear - (153*m+2)/5 + 1)
	month = int(m+2)%12 + 1
	year = yearOfEra + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }

func leap(year int64) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func daysIn(year int64, month int) int {
	switch month {
	case 2:
		if leap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// DateOf makes a date; month and day outside of their range give null.
func DateOf(year, month, day int) Value {
	v, _ := dateOf(int64(year), month, day)
	return v
}

// DateTimeOf makes a date-time with the zone of t.
func DateTimeOf(t time.Time) Value {
	_, off := t.Zone()
	z := &zone{offset: int32(off)}
	if loc := t.Location(); loc != time.UTC && loc != time.Local {
		if r := region(loc.String()); r != nil {
			z = &zone{int32(off), r.id, r.loc}
		}
	}
	return zonedDateTime(t.Unix()+int64(off), int32(t.Nanosecond()), z)
}

// DaysTimeDuration makes a days and time duration.
func DaysTimeDuration(d time.Duration) Value {
	return daysTime(int64(d/time.Second), int64(d%time.Second))
}

// YearsMonthsDuration makes a years and months duration.
func YearsMonthsDuration(months int) Value {
	return Value{kind: KindYearsMonthsDuration, num: int64(months)}
}

func dateOf(year int64, month, day int) (Value, bool) {
	if year < -maxYear || year > maxYear || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return Value{}, false
	}
	return date(daysOf(year, month, day)), true
}

func date(days int64) Value { return Value{kind: KindDate, num: checkDays(days)} }

// checkDays ends the evaluation beyond the years that dates reach.
func checkDays(days int64) int64 {
	const limit = 365_241_780_471 // of 999999999-12-31
	if days > limit || days < -limit-1_500_000 {
		fail("date outside of the years -%d to %d", maxYear, maxYear)
	}
	return days
}

func localTime(nanos int64) Value { return Value{kind: KindLocalTime, num: nanos} }

func zonedTime(nanos int64, z *zone) Value { return Value{kind: KindTime, num: nanos, ref: z} }

func localDateTime(seconds int64, nanos int32) Value {
	checkDays(floorDiv(seconds, secondsPerDay))
	return Value{kind: KindLocalDateTime, num: seconds, aux: nanos}
}

func zonedDateTime(seconds int64, nanos int32, z *zone) Value {
	checkDays(floorDiv(seconds, secondsPerDay))
	return Value{kind: KindDateTime, num: seconds, aux: nanos, ref: z}
}

// resolved is the date-time that a clock in the zone shows at a local time.
func resolved(seconds int64, nanos int32, z *zone, preferred int32) Value {
	seconds, z = z.resolve(seconds, preferred)
	return zonedDateTime(seconds, nanos, z)
}

// atInstant is the date-time in the zone at an instant.
func atInstant(unix int64, nanos int32, z *zone) Value {
	z = z.at(unix)
	return zonedDateTime(unix+int64(z.offset), nanos, z)
}

func (v Value) zone() *zone { return v.ref.(*zone) }

// unix is the instant of a date-time in seconds.
func (v Value) unix() int64 { return v.num - int64(v.zone().offset) }

func (v Value) instant() time.Time {
	z := v.zone()
	loc := z.loc
	switch {
	case loc == nil && z.offset == 0:
		loc = time.UTC
	case loc == nil:
		loc = time.FixedZone("", int(z.offset))
	}
	return time.Unix(v.unix(), int64(v.aux)).In(loc)
}

// utcNanos orders times with offset.
func (v Value) utcNanos() int64 { return v.num - int64(v.zone().offset)*nanosPerSecond }

// day is the date of a date or date-time in days, ok=false for other kinds.
func (v Value) day() (int64, bool) {
	switch v.kind {
	case KindDate:
		return v.num, true
	case KindLocalDateTime, KindDateTime:
		return floorDiv(v.num, secondsPerDay), true
	}
	return 0, false
}

// clock is the time of the day of any time or date-time in nanoseconds.
func (v Value) clock() int64 {
	switch v.kind {
	case KindLocalTime, KindTime:
		return v.num
	case KindLocalDateTime, KindDateTime:
		return floorMod(v.num, secondsPerDay)*nanosPerSecond + int64(v.aux)
	}
	return 0
}

// weekday counts from Monday 1.
func weekday(days int64) int { return int(floorMod(days+3, 7)) + 1 }

// orderDateTimes orders by instant, then by local time, then by the zone's name.
func orderDateTimes(x, y Value) int {
	for _, c := range [...][2]int64{{x.unix(), y.unix()}, {int64(x.aux), int64(y.aux)}, {x.num, y.num}} {
		if c[0] != c[1] {
			if c[0] < c[1] {
				return -1
			}
			return 1
		}
	}
	return compareStrings(x.zone().id, y.zone().id)
}

// shift adds (sign 1) or subtracts (-1) a duration; ok=false: the value takes no duration of this kind.
func shift(v, d Value, sign int64) (Value, bool) {
	if d.kind == KindYearsMonthsDuration {
		return shiftMonths(v, sign*d.num)
	}
	switch v.kind {
	case KindLocalTime, KindTime:
		delta := floorMod(d.num, secondsPerDay)*nanosPerSecond + int64(d.aux)
		v.num = floorMod(v.num+sign*delta, nanosPerDay)
		return v, true
	case KindDate:
		seconds, _ := plusSeconds(v.num*secondsPerDay, 0, d, sign)
		return date(floorDiv(seconds, secondsPerDay)), true
	case KindLocalDateTime:
		return localDateTime(plusSeconds(v.num, v.aux, d, sign)), true
	case KindDateTime:
		unix, nanos := plusSeconds(v.unix(), v.aux, d, sign)
		return atInstant(unix, nanos, v.zone()), true
	}
	return Value{}, false
}

func plusSeconds(seconds int64, nanos int32, d Value, sign int64) (int64, int32) {
	const limit = 1 << 56 // beyond every date, and no overflow yet
	if d.num > limit || d.num < -limit {
		fail("date outside of the years -%d to %d", maxYear, maxYear)
	}
	n := int64(nanos) + sign*int64(d.aux)
	return seconds + sign*d.num + floorDiv(n, nanosPerSecond), int32(floorMod(n, nanosPerSecond))
}

func shiftMonths(v Value, months int64) (Value, bool) {
	days, ok := v.day()
	if !ok {
		return Value{}, false
	}
	moved := plusMonths(days, months)
	if v.kind == KindDate {
		return date(moved), true
	}
	seconds := moved*secondsPerDay + floorMod(v.num, secondsPerDay)
	if v.kind == KindLocalDateTime {
		return localDateTime(seconds, v.aux), true
	}
	return resolved(seconds, v.aux, v.zone(), v.zone().offset), true
}

// plusMonths keeps the day of the month, or takes the month's last one.
func plusMonths(days, months int64) int64 {
	year, month, day := civil(days)
	total := year*12 + int64(month-1) + months
	year, month = floorDiv(total, 12), int(floorMod(total, 12))+1
	return checkDays(daysOf(year, month, min(day, daysIn(year, month))))
}

// between is the duration from x to y of the same kind; ok=false: the kind has no differences.
func between(x, y Value) (Value, bool) {
	switch x.kind {
	case KindLocalTime:
		return daysTime(0, y.num-x.num), true
	case KindTime: // without a sign, as in Camunda's engine
		diff := y.utcNanos() - x.utcNanos()
		return daysTime(0, max(diff, -diff)), true
	case KindDate:
		return daysTime((y.num-x.num)*secondsPerDay, 0), true
	case KindLocalDateTime:
		return daysTime(y.num-x.num, int64(y.aux-x.aux)), true
	case KindDateTime:
		return daysTime(y.unix()-x.unix(), int64(y.aux-x.aux)), true
	}
	return Value{}, false
}
