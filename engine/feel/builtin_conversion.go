package feel

import (
	"strings"
)

var conversionFunctions = []builtin{
	{"date", "from", dateFrom},
	{"date", "year,month,day", dateFromParts},
	{"date and time", "from", dateTimeFrom},
	{"date and time", "date,time", dateTimeFromParts},
	{"time", "from", timeFrom},
	{"time", "hour,minute,second", timeFromParts},
	{"time", "hour,minute,second,offset", timeFromParts},
	{"number", "from", numberFrom},
	{"number", "from,grouping separator", numberFrom},
	{"number", "from,grouping separator,decimal separator", numberFrom},
	{"string", "from", func(f *frame, a []Value) Value {
		if a[0].kind == KindNull || a[0].kind == KindString {
			return a[0]
		}
		return f.string(string(a[0].appendText(nil, f.limits.String)))
	}},
	{"duration", "from", durationFrom},
	{"years and months duration", "from,to", monthsBetween},
	{"from json", "json", func(f *frame, a []Value) Value {
		switch a[0].kind {
		case KindNull:
			return Value{}
		case KindString:
			f.step(len(a[0].str()) / 64)
			if v, ok := parseJSONPrefix(a[0].str()); ok {
				return v
			}
			return failure("Failed to parse JSON from '", shorten(a[0].str()), "'")
		}
		return illegal(a)
	}},
	{"to json", "value", func(f *frame, a []Value) Value {
		f.traverse(a[0])
		return f.string(string(a[0].appendJSON(nil, exactJSON)))
	}},
}

func dateFrom(_ *frame, a []Value) Value {
	if a[0].kind == KindString {
		if v, ok := parseDate(a[0].str()); ok {
			return v
		}
		return failure("Failed to parse date from '", a[0].str(), "'")
	}
	days, ok := a[0].day()
	if !ok {
		return illegal(a)
	}
	return date(days)
}

func dateFromParts(_ *frame, a []Value) Value {
	if !has(a, KindNumber, KindNumber, KindNumber) {
		return illegal(a)
	}
	v, ok := dateOf(int64(a[0].int32()), int(a[1].int32()), int(a[2].int32()))
	if !ok {
		return failure("Failed to parse date from: year=", a[0].String(), ", month=", a[1].String(), ", day=", a[2].String())
	}
	return v
}

func dateTimeFrom(_ *frame, a []Value) Value {
	if a[0].kind != KindString {
		return illegal(a)
	}
	if v := parseDateTime(a[0].str()); v.kind != KindNull {
		return v
	}
	return failure("Failed to parse date-time from '", a[0].str(), "'")
}

// dateTimeFromParts joins a date and a time, or moves a date-time into a time zone.
func dateTimeFromParts(_ *frame, a []Value) Value {
	days, ok := a[0].day()
	switch {
	case !ok:
		return illegal(a)
	case a[1].kind == KindLocalTime:
		return localDateTime(days*secondsPerDay+a[1].num/nanosPerSecond, int32(a[1].num%nanosPerSecond))
	case a[1].kind == KindTime:
		z := a[1].zone()
		return resolved(days*secondsPerDay+a[1].num/nanosPerSecond, int32(a[1].num%nanosPerSecond), z, noOffset)
	case a[1].kind == KindString && a[0].kind != KindDate:
		return inZone(a[0], a[1].str())
	}
	return illegal(a)
}

// inZone fails for a zone that does not exist, as Camunda's engine does.
func inZone(v Value, id string) Value {
	z := zoneOf(id)
	if z == nil {
		fail("no time zone %q", shorten(id))
	}
	if v.kind == KindLocalDateTime {
		return resolved(v.num, v.aux, z, noOffset)
	}
	return atInstant(v.unix(), v.aux, z)
}

func timeFrom(_ *frame, a []Value) Value {
	switch v := a[0]; v.kind {
	case KindString:
		if t := parseTimeLiteral(v.str()); t.kind != KindNull {
			return t
		}
		return failure("Failed to parse local-time from '", v.str(), "'")
	case KindDate:
		return zonedTime(0, utc)
	case KindLocalDateTime:
		return localTime(v.clock())
	case KindDateTime:
		return zonedTime(v.clock(), v.zone())
	}
	return illegal(a)
}

func timeFromParts(_ *frame, a []Value) Value {
	if !has(a, KindNumber, KindNumber, KindNumber) || len(a) > 3 && a[3].kind != KindDaysTimeDuration && a[3].kind != KindNull {
		return illegal(a)
	}
	h, m, s := int64(a[0].int32()), int64(a[1].int32()), int64(a[2].int32())
	withOffset := len(a) > 3 && a[3].kind == KindDaysTimeDuration
	ok := h >= 0 && h < 24 && m >= 0 && m < 60 && s >= 0 && s < 60 && a[2].sign() >= 0
	if withOffset {
		ok = ok && a[3].num >= -18*3600 && a[3].num <= 18*3600
	}
	if !ok {
		return badTime(a, withOffset)
	}
	nanos := (h*3600 + m*60 + s) * nanosPerSecond
	if withOffset || len(a) == 3 { // a null offset drops the fraction, as in Camunda's engine
		nanos += int64(mulNumbers(remNumbers(a[2], Int(1)), Int(nanosPerSecond)).int32())
	}
	if withOffset {
		return zonedTime(nanos, &zone{offset: int32(a[3].num)})
	}
	return localTime(nanos)
}

func badTime(a []Value, withOffset bool) Value {
	parts := []any{"Failed to parse local-time from: hour=", a[0].String(), ", minute=", a[1].String(), ", second=", a[2].String()}
	if withOffset {
		parts[0] = "Failed to parse time from: hour="
		parts = append(parts, ", offset=", string(appendTemporal(nil, a[3], asJava)))
	}
	return failure(parts...)
}

// numberFrom reads a number after taking out the grouping separator and replacing the decimal one.
func numberFrom(_ *frame, a []Value) Value {
	if a[0].kind != KindString {
		return illegal(a)
	}
	text := a[0].str()
	switch len(a) {
	case 2:
		if a[1].kind != KindString {
			return illegal(a)
		}
		if !isSeparator(a[1].str(), true) {
			return errorValue("illegal argument for grouping. Must be one of ' ', ',' or '.'")
		}
		text = strings.ReplaceAll(text, a[1].str(), "")
	case 3:
		var bad Value
		if text, bad = withoutSeparators(a); bad.failed() {
			return bad
		}
	}
	if v, ok := parseNumber(text); ok {
		return v
	}
	return failure("Can't parse '", shorten(text), "' as a number")
}

// withoutSeparators takes both separators; either may be null, but not both.
func withoutSeparators(a []Value) (string, Value) {
	grouping, ok1 := textOrNull(a[1])
	decimal, ok2 := textOrNull(a[2])
	if !ok1 || !ok2 || a[1].kind == KindNull && a[2].kind == KindNull {
		return "", illegal(a)
	}
	fits := (a[1].kind == KindNull || isSeparator(grouping, true)) &&
		(a[2].kind == KindNull || isSeparator(decimal, false)) && grouping != decimal
	switch {
	case !fits && has(a[1:], KindString, KindString):
		return "", errorValue("illegal arguments for grouping or decimal. Must be one of ' ' (grouping only), ',' or '.'")
	case !fits:
		return "", illegal(a)
	}
	text := a[0].str()
	if grouping != "" {
		text = strings.ReplaceAll(text, grouping, "")
	}
	if decimal != "" {
		text = strings.ReplaceAll(text, decimal, ".")
	}
	return text, Value{}
}

func isSeparator(s string, grouping bool) bool { return s == "," || s == "." || grouping && s == " " }

func durationFrom(_ *frame, a []Value) Value {
	if a[0].kind != KindString {
		return illegal(a)
	}
	if v := parseDuration(a[0].str()); v.kind != KindNull {
		return v
	}
	return failure("Failed to parse duration from '", a[0].str(), "'")
}

// monthsBetween counts whole months.
func monthsBetween(_ *frame, a []Value) Value {
	from, ok1 := a[0].day()
	to, ok2 := a[1].day()
	if !ok1 || !ok2 {
		return illegal(a)
	}
	y1, m1, d1 := civil(from)
	y2, m2, d2 := civil(to)
	months := (y2-y1)*12 + int64(m2-m1)
	switch {
	case months > 0 && d2 < d1:
		months--
	case months < 0 && d2 > d1:
		months++
	}
	return yearsMonths(months)
}
