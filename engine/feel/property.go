package feel

// properties are the names of a kind's properties, in the order of Camunda's texts.
var properties = map[Kind][]string{
	KindDate:                {"year", "month", "day", "weekday"},
	KindLocalTime:           {"timezone", "second", "time offset", "minute", "hour"},
	KindTime:                {"timezone", "second", "time offset", "minute", "hour"},
	KindLocalDateTime:       {"timezone", "year", "second", "month", "day", "time offset", "weekday", "minute", "hour"},
	KindDateTime:            {"timezone", "year", "second", "month", "day", "time offset", "weekday", "minute", "hour"},
	KindYearsMonthsDuration: {"years", "months"},
	KindDaysTimeDuration:    {"days", "hours", "minutes", "seconds"},
}

// property is the property of a temporal value; ok=false: it has none of this name.
func property(v Value, name string) (Value, bool) {
	for _, p := range properties[v.kind] {
		if p == name {
			return propertyOf(v, name), true
		}
	}
	return Value{}, false
}

func propertyOf(v Value, name string) Value {
	seconds := v.clock() / nanosPerSecond
	switch name {
	case "hour":
		return Int(seconds / 3600)
	case "minute":
		return Int(seconds / 60 % 60)
	case "second":
		return Int(seconds % 60)
	case "time offset":
		if v.kind == KindTime || v.kind == KindDateTime {
			return daysTime(int64(v.zone().offset), 0)
		}
		return Value{}
	case "timezone":
		if (v.kind == KindTime || v.kind == KindDateTime) && v.zone().id != "" {
			return String(v.zone().id)
		}
		return Value{}
	}
	if isDuration(v) {
		return durationPart(v.num, name)
	}
	return datePart(v, name)
}

func datePart(v Value, name string) Value {
	days, _ := v.day()
	year, month, day := civil(days)
	switch name {
	case "year":
		return Int(year)
	case "month":
		return Int(int64(month))
	case "day":
		return Int(int64(day))
	}
	return Int(int64(weekday(days)))
}

// durationPart is a part of months or of seconds.
func durationPart(n int64, name string) Value {
	switch name {
	case "years":
		return Int(n / 12)
	case "months":
		return Int(n % 12)
	case "days":
		return Int(n / 86400)
	case "hours":
		return Int(n / 3600 % 24)
	case "minutes":
		return Int(n / 60 % 60)
	}
	return Int(n % 60)
}
