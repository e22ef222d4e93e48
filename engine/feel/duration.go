package feel

// maxMonths keeps years and months durations within Java's Period.
const maxMonths = 12 * (1<<31 - 1)

func isDuration(v Value) bool {
	return v.kind == KindYearsMonthsDuration || v.kind == KindDaysTimeDuration
}

// daysTime makes a duration of seconds and any number of nanoseconds.
func daysTime(seconds, nanos int64) Value {
	seconds += floorDiv(nanos, nanosPerSecond)
	return Value{kind: KindDaysTimeDuration, num: seconds, aux: int32(floorMod(nanos, nanosPerSecond))}
}

func yearsMonths(months int64) Value {
	if months > maxMonths || months < -maxMonths {
		fail("years and months duration too long")
	}
	return Value{kind: KindYearsMonthsDuration, num: months}
}

func addDurations(x, y Value) Value {
	sum := x.num + y.num
	if (sum > x.num) != (y.num > 0) && y.num != 0 {
		fail("duration too long")
	}
	if x.kind == KindYearsMonthsDuration {
		return yearsMonths(sum)
	}
	return daysTime(sum, int64(x.aux)+int64(y.aux))
}

func negateDuration(d Value) Value {
	if d.kind == KindYearsMonthsDuration {
		return yearsMonths(-d.num)
	}
	return daysTime(-d.num, -int64(d.aux))
}

func absDuration(d Value) Value {
	if d.num < 0 {
		return negateDuration(d)
	}
	return d
}

func scaleDuration(d Value, by int64) Value {
	n, ok := mul64(d.num, by)
	if !ok || d.kind == KindYearsMonthsDuration && (beyondInt32(d.num/12*by) || beyondInt32(d.num%12*by)) {
		fail("duration too long") // Java multiplies years and months apart
	}
	if d.kind == KindYearsMonthsDuration {
		return yearsMonths(n)
	}
	return daysTime(n, int64(d.aux)*by)
}

func beyondInt32(n int64) bool { return n != int64(int32(n)) }

// divideDuration divides by a number that is not zero, to whole months or milliseconds.
func divideDuration(d, by Value) Value {
	units, ok := divNumbers(Int(durationUnits(d)), by).truncated()
	switch {
	case !ok:
		fail("duration too long")
	case d.kind == KindYearsMonthsDuration:
		return yearsMonths(units)
	}
	return daysTime(units/1000, units%1000*1_000_000)
}

// durationUnits is a duration in months or in milliseconds, cut towards zero.
func durationUnits(d Value) int64 {
	if d.kind == KindYearsMonthsDuration {
		return d.num
	}
	seconds, nanos := d.num, int64(d.aux)
	if seconds < 0 && nanos > 0 {
		seconds, nanos = seconds+1, nanos-nanosPerSecond
	}
	millis, ok := mul64(seconds, 1000)
	if !ok {
		fail("duration too long")
	}
	return millis + nanos/1_000_000
}
