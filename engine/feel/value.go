package feel

import (
	"math"
	"time"
	"unsafe"
)

// Kind tells what a Value holds.
type Kind uint8

// The kinds of the language. KindTime and KindDateTime carry an offset or a zone, the local kinds do not.
const (
	KindNull Kind = iota
	KindBoolean
	KindNumber
	KindString
	KindList
	KindContext
	KindDate
	KindLocalTime
	KindTime
	KindLocalDateTime
	KindDateTime
	KindYearsMonthsDuration
	KindDaysTimeDuration
	KindRange
	KindFunction

	// kindError is a failed operation on its way to becoming null (or, where nothing turns it to null, a failed evaluation).
	kindError
	// kindFatal is an input value "?" that is not there; a unary test may still supply it.
	kindFatal
)

// kindNames are Camunda's names for types: in texts of warnings and errors of the language, and in those of Zeebe, which
// has no name for times and functions.
var kindNames = [...]struct{ feel, zeebe string }{
	KindNull:                {"null", "NULL"},
	KindBoolean:             {"boolean", "BOOLEAN"},
	KindNumber:              {"number", "NUMBER"},
	KindString:              {"string", "STRING"},
	KindList:                {"list", "ARRAY"},
	KindContext:             {"context", "OBJECT"},
	KindDate:                {"date", "DATE"},
	KindLocalTime:           {"time", "UNKNOWN"},
	KindTime:                {"time", "UNKNOWN"},
	KindLocalDateTime:       {"date and time", "DATE_TIME"},
	KindDateTime:            {"date and time", "DATE_TIME"},
	KindYearsMonthsDuration: {"years and months duration", "PERIOD"},
	KindDaysTimeDuration:    {"days and time duration", "DURATION"},
	KindRange:               {"range", "RANGE"},
	KindFunction:            {"function", "UNKNOWN"},
	kindError:               {"error", "ERROR"},
	kindFatal:               {"fatal error", "ERROR"},
}

// String is the name of the kind as `instance of` knows it.
func (k Kind) String() string { return kindNames[k].feel }

// Value is an immutable FEEL value, cheap to copy. The zero Value is null.
//
// A number with up to 18 digits, a boolean, a date, a time without zone and a duration live in the struct itself;
// strings and lists keep only a pointer to their bytes and items, the length is in num.
type Value struct {
	num  int64 // boolean, mantissa, length, days, nanoseconds of the day, seconds or months
	ref  any   // *byte, *Value, *contextValue, *bigNumber, *zone, *function, *rangeValue
	aux  int32 // decimal places of a number, nanoseconds of a date-time or duration, weight of a list
	kind Kind
}

// Null is the null value, equal to the zero Value.
func Null() Value { return Value{} }

// Bool makes a boolean.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBoolean, num: 1}
	}
	return Value{kind: KindBoolean}
}

// Int makes a whole number.
func Int(n int64) Value { return Value{kind: KindNumber, num: n} }

// String makes a string. The bytes should be UTF-8.
func String(s string) Value { return stringValue(KindString, s) }

func stringValue(k Kind, s string) Value {
	v := Value{kind: k, num: int64(len(s))}
	if len(s) > 0 {
		v.ref = unsafe.StringData(s) // a pointer in an interface needs no allocation, a string would
	}
	return v
}

// List makes a list that keeps items; the caller must not change them afterwards.
func List(items ...Value) Value {
	return listOfWeight(items, weightOf(items))
}

func listOfWeight(items []Value, weight int32) Value {
	v := Value{kind: KindList, num: int64(len(items)), aux: weight}
	if len(items) > 0 {
		v.ref = unsafe.SliceData(items)
	}
	return v
}

// weight is the number of values in a value, each as often as it occurs, and 64 bytes of text counting as another one.
// It bounds what it takes to write or compare a value: values share their parts, so a short loop can build one that
// would fill the memory when written.
func (v Value) weight() int32 {
	switch v.kind {
	case KindString:
		return addWeights(1, int32(min(v.num/64, maxWeight)))
	case KindList:
		return v.aux
	case KindContext:
		return v.ref.(*contextValue).heavy()
	}
	return 1
}

const maxWeight = 1 << 30

func addWeights(a, b int32) int32 { return min(a+b, maxWeight) } // both are at most maxWeight, so nothing overflows

func weightOf(items []Value) int32 {
	weight := int32(1)
	for i := range items {
		weight = addWeights(weight, items[i].weight())
	}
	return weight
}

// Kind tells what the value holds.
func (v Value) Kind() Kind { return v.kind }

// IsNull tells whether the value is null.
func (v Value) IsNull() bool { return v.kind == KindNull }

// TypeName is the type as Zeebe names it in its incidents ("Expected result of the expression 'x' to be 'BOOLEAN', but was 'NULL'.").
func (v Value) TypeName() string { return kindNames[v.kind].zeebe }

// AsBool gives the boolean, or false for any other kind.
func (v Value) AsBool() (b, ok bool) {
	return v.kind == KindBoolean && v.num != 0, v.kind == KindBoolean
}

// AsString gives the text of a string value. Other kinds are not converted; see String for that.
func (v Value) AsString() (string, bool) {
	if v.kind != KindString {
		return "", false
	}
	return v.str(), true
}

// AsInt64 gives a number cut to a whole one, ok=false when the value is no number or does not fit.
func (v Value) AsInt64() (int64, bool) {
	if v.kind != KindNumber {
		return 0, false
	}
	return v.truncated()
}

// AsFloat64 gives the double nearest to a number.
func (v Value) AsFloat64() (float64, bool) {
	if v.kind != KindNumber {
		return 0, false
	}
	return v.float(), true
}

// AsList gives the items, which the caller must not change.
func (v Value) AsList() ([]Value, bool) {
	if v.kind != KindList {
		return nil, false
	}
	return v.items(), true
}

// Entry gives the entry of a context.
func (v Value) Entry(name string) (Value, bool) {
	if v.kind != KindContext {
		return Value{}, false
	}
	return v.context().get(name)
}

// Keys gives the names of a context's entries in order, nil for other kinds.
func (v Value) Keys() []string {
	if v.kind != KindContext {
		return nil
	}
	return v.context().keys()
}

// AsDaysTimeDuration gives a days and time duration, ok=false when it is another kind or beyond time.Duration's 292 years.
func (v Value) AsDaysTimeDuration() (time.Duration, bool) {
	const limit = int64(1<<63-1) / int64(time.Second)
	if v.kind != KindDaysTimeDuration || v.num >= limit || v.num <= -limit {
		return 0, false
	}
	return time.Duration(v.num)*time.Second + time.Duration(v.aux), true
}

// AsYearsMonths gives a years and months duration in months.
func (v Value) AsYearsMonths() (months int, ok bool) {
	return int(v.num), v.kind == KindYearsMonthsDuration
}

// AsTime gives the instant of a date-time with offset or zone. A local date-time or a date has none: ok is false.
func (v Value) AsTime() (time.Time, bool) {
	if v.kind != KindDateTime {
		return time.Time{}, false
	}
	return v.instant(), true
}

// String is the value as the function string() writes it, but null is "null" and a string at the top is not quoted.
func (v Value) String() string {
	if v.kind == KindString {
		return v.str()
	}
	return string(v.appendText(nil, math.MaxInt))
}

func (v Value) bool() bool { return v.num != 0 }

func (v Value) isTrue() bool { return v.kind == KindBoolean && v.num != 0 }

func (v Value) isFalse() bool { return v.kind == KindBoolean && v.num == 0 }

// str is the text of a string or of a failed operation.
func (v Value) str() string {
	if v.num == 0 {
		return ""
	}
	return unsafe.String(v.ref.(*byte), int(v.num))
}

func (v Value) items() []Value {
	if v.num == 0 {
		return nil
	}
	return unsafe.Slice(v.ref.(*Value), int(v.num))
}

func (v Value) context() *contextValue {
	c := v.ref.(*contextValue)
	if c.origin != nil {
		c.origin.load(c)
	}
	return c
}

func (v Value) function() *function { return v.ref.(*function) }

func (v Value) failed() bool { return v.kind >= kindError }

// rangeValue exists only as an argument of functions: before([1..5], 10).
type rangeValue struct {
	start, end             Value
	startClosed, endClosed bool
}

// errorValue is a failed operation with its text, which becomes part of a warning.
func errorValue(text string) Value { return stringValue(kindError, text) }
