package feel

import (
	"strconv"
	"strings"
)

// Ways to write a temporal value: string() of the language, toString of Java, ISO 8601 with seconds, which the function
// "to json" uses, and that of variables in Zeebe: as string(), but a date-time with a zone as ISO 8601 and a
// time without one as Java's.
type temporalStyle uint8

const (
	asText temporalStyle = iota
	asJava
	asISO
	asVariable
)

// variableStyles are those of asVariable, where they are not asText.
var variableStyles = [KindDaysTimeDuration + 1]temporalStyle{KindLocalTime: asJava, KindDateTime: asISO}

func appendTemporal(dst []byte, v Value, style temporalStyle) []byte {
	if style == asVariable {
		style = variableStyles[v.kind]
	}
	switch v.kind {
	case KindDate:
		return appendDate(dst, v.num, true)
	case KindLocalTime:
		return appendClock(dst, v.num, style)
	case KindTime:
		return appendZone(appendClock(dst, v.num, style), v.zone(), style, false)
	case KindLocalDateTime:
		return appendLocalDateTime(dst, v, style)
	case KindDateTime:
		return appendZone(appendLocalDateTime(dst, v, style), v.zone(), style, true)
	case KindYearsMonthsDuration:
		if style == asText {
			return appendMonthsText(dst, v.num)
		}
		return appendPeriod(dst, v.num)
	}
	if style == asText {
		return appendDaysText(dst, v)
	}
	return appendDuration(dst, v)
}

func appendLocalDateTime(dst []byte, v Value, style temporalStyle) []byte {
	dst = appendDate(dst, floorDiv(v.num, secondsPerDay), style != asText)
	return appendClock(append(dst, 'T'), v.clock(), style)
}

// appendDate writes years with at least four digits; beyond 9999 Java's own format has a plus sign.
func appendDate(dst []byte, days int64, plus bool) []byte {
	year, month, day := civil(days)
	if year < 0 {
		dst, year = append(dst, '-'), -year
	} else if plus && year > 9999 {
		dst = append(dst, '+')
	}
	dst = appendPadded(dst, year, 4)
	dst = appendPadded(append(dst, '-'), int64(month), 2)
	return appendPadded(append(dst, '-'), int64(day), 2)
}

func appendPadded(dst []byte, n int64, width int) []byte {
	text := strconv.FormatInt(n, 10)
	for i := len(text); i < width; i++ {
		dst = append(dst, '0')
	}
	return append(dst, text...)
}

func appendClock(dst []byte, nanos int64, style temporalStyle) []byte {
	seconds, frac := nanos/nanosPerSecond, nanos%nanosPerSecond
	dst = appendPadded(dst, seconds/3600, 2)
	dst = appendPadded(append(dst, ':'), seconds/60%60, 2)
	if style == asJava && seconds%60 == 0 && frac == 0 {
		return dst
	}
	dst = appendPadded(append(dst, ':'), seconds%60, 2)
	if frac == 0 {
		return dst
	}
	digits := string(appendPadded(nil, frac, 9))
	if style == asJava { // in groups of three
		digits = strings.TrimSuffix(strings.TrimSuffix(digits, "000"), "000")
	} else {
		digits = strings.TrimRight(digits, "0")
	}
	return append(append(dst, '.'), digits...)
}

func appendZone(dst []byte, z *zone, style temporalStyle, dateTime bool) []byte {
	if z.id != "" && style == asText {
		return append(append(dst, '@'), z.id...)
	}
	dst = appendOffset(dst, z.offset)
	if z.id != "" && dateTime {
		dst = append(append(append(dst, '['), z.id...), ']')
	}
	return dst
}

func appendOffset(dst []byte, offset int32) []byte {
	if offset == 0 {
		return append(dst, 'Z')
	}
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	dst = appendPadded(append(dst, sign), int64(offset/3600), 2)
	dst = appendPadded(append(dst, ':'), int64(offset/60%60), 2)
	if offset%60 != 0 {
		dst = appendPadded(append(dst, ':'), int64(offset%60), 2)
	}
	return dst
}

// part is a number with its unit, left out when it is zero.
func appendPart(dst []byte, n int64, unit byte) []byte {
	if n == 0 {
		return dst
	}
	return append(strconv.AppendInt(dst, n, 10), unit)
}

func appendMonthsText(dst []byte, months int64) []byte {
	if months == 0 {
		return append(dst, "P0Y"...)
	}
	if months < 0 {
		dst, months = append(dst, '-'), -months
	}
	return appendPart(appendPart(append(dst, 'P'), months/12, 'Y'), months%12, 'M')
}

func appendPeriod(dst []byte, months int64) []byte {
	if months == 0 {
		return append(dst, "P0D"...)
	}
	return appendPart(appendPart(append(dst, 'P'), months/12, 'Y'), months%12, 'M')
}

// appendDaysText leaves fractions of seconds out, as Camunda's engine does.
func appendDaysText(dst []byte, v Value) []byte {
	days, hours, minutes, seconds := v.num/86400, v.num/3600%24, v.num/60%60, v.num%60
	if v.num == 0 {
		return append(dst, "P0D"...)
	}
	if v.num < 0 {
		dst = append(dst, '-')
		days, hours, minutes, seconds = -days, -hours, -minutes, -seconds
	}
	dst = appendPart(append(dst, 'P'), days, 'D')
	if hours != 0 || minutes != 0 || seconds != 0 {
		dst = appendPart(appendPart(appendPart(append(dst, 'T'), hours, 'H'), minutes, 'M'), seconds, 'S')
	}
	return dst
}

// appendDuration writes hours, minutes and seconds, each with the sign, as Java does.
func appendDuration(dst []byte, v Value) []byte {
	seconds, nanos := v.num, int64(v.aux)
	if seconds == 0 && nanos == 0 {
		return append(dst, "PT0S"...)
	}
	if seconds < 0 && nanos > 0 {
		seconds, nanos = seconds+1, nanosPerSecond-nanos
	}
	dst = appendPart(appendPart(append(dst, "PT"...), seconds/3600, 'H'), seconds/60%60, 'M')
	rest := seconds % 60
	if rest == 0 && nanos == 0 {
		return dst
	}
	if rest == 0 && v.num < 0 {
		dst = append(dst, '-')
	}
	dst = strconv.AppendInt(dst, rest, 10)
	if nanos > 0 {
		dst = append(append(dst, '.'), strings.TrimRight(string(appendPadded(nil, nanos, 9)), "0")...)
	}
	return append(dst, 'S')
}
