package feel

import "time"

var temporalFunctionTable = []builtin{
	{"now", "", func(f *frame, _ []Value) Value { return DateTimeOf(f.prog.clock()) }},
	{"today", "", func(f *frame, _ []Value) Value {
		days, _ := DateTimeOf(f.prog.clock()).day()
		return date(days)
	}},
	{"day of year", "date", onDate(func(days int64) Value {
		year, _, _ := civil(days)
		return Int(days - daysOf(year, 1, 1) + 1)
	})},
	{"day of week", "date", onDate(func(days int64) Value { return String(time.Weekday(weekday(days) % 7).String()) })},
	{"month of year", "date", onDate(func(days int64) Value {
		_, month, _ := civil(days)
		return String(time.Month(month).String())
	})},
	{"week of year", "date", onDate(weekOfYear)},
	{"last day of month", "date", onDate(func(days int64) Value {
		year, month, _ := civil(days)
		return date(daysOf(year, month, daysIn(year, month)))
	})},
}

func nowMillis() int64 { return time.Now().UnixMilli() }

func onDate(fn func(days int64) Value) func(*frame, []Value) Value {
	return func(_ *frame, a []Value) Value {
		days, ok := a[0].day()
		if !ok {
			return illegal(a)
		}
		return fn(days)
	}
}

// weekOfYear counts as ISO 8601: the week belongs to the year of its Thursday.
func weekOfYear(days int64) Value {
	thursday := days - int64(weekday(days)) + 4
	year, _, _ := civil(thursday)
	return Int((thursday-daysOf(year, 1, 1))/7 + 1)
}
