package feel

import (
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"strings"
	"time"
)

// FromGo makes a value of a Go value: nil, bool, string, integers, floats, json.Number, *big.Int, time.Time,
// time.Duration, json.RawMessage, []any, map[string]any (entries sorted by name), Value, and anything else by way of
// encoding/json. What cannot be converted becomes null. A float64 without a fraction becomes a whole number, because
// that is what encoding/json makes of integers. The entries of a map are converted when the first of them is asked for,
// so the caller must not change it afterwards.
func FromGo(v any) Value {
	switch v := v.(type) {
	case nil:
		return Value{}
	case Value:
		return v
	case bool:
		return Bool(v)
	case string:
		return String(v)
	case int:
		return Int(int64(v))
	case int64:
		return Int(v)
	case int32:
		return Int(int64(v))
	case uint64:
		return fromBigInt(new(big.Int).SetUint64(v))
	case float64:
		return fromGoFloat(v)
	case json.Number:
		return valueOrNull([]byte(v))
	case json.RawMessage:
		return valueOrNull(v)
	case *big.Int:
		return fromBigInt(v)
	case time.Time:
		return DateTimeOf(v)
	case time.Duration:
		return DaysTimeDuration(v)
	case []any:
		return fromSlice(v)
	case map[string]any:
		return fromMap(v, "")
	case map[string]Value:
		return fromValues(v)
	case []Value:
		return List(v...)
	}
	return fromOther(v)
}

func valueOrNull(data []byte) Value {
	v, err := FromJSON(data)
	if err != nil {
		return Value{}
	}
	return v
}

func fromGoFloat(f float64) Value {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return Int(int64(f))
	}
	return fromFloat(f)
}

func fromSlice(s []any) Value {
	items := make([]Value, len(s))
	for i, x := range s {
		items[i] = FromGo(x)
	}
	return List(items...)
}

// fromOther converts the remaining integer kinds directly and everything else through JSON.
func fromOther(v any) Value {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Int(r.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return fromBigInt(new(big.Int).SetUint64(r.Uint()))
	case reflect.Float32:
		return fromGoFloat(r.Float())
	}
	data, err := json.Marshal(v)
	if err != nil {
		return Value{}
	}
	return valueOrNull(data)
}

// Go gives the value as encoding/json would read what AppendJSON writes: nil, bool, string, int64, json.Number for
// integers beyond 64 bits, float64, []any and map[string]any; temporal values as strings, functions as nil. A context that
// came from a map of such values is that very map, with its numbers as they were.
func (v Value) Go() any {
	switch v.kind {
	case KindBoolean:
		return v.bool()
	case KindNumber:
		return v.goNumber()
	case KindString:
		return v.str()
	case KindList:
		out := make([]any, len(v.items()))
		for i, item := range v.items() {
			out[i] = item.Go()
		}
		return out
	case KindContext:
		if m, ok := v.ref.(*contextValue).plain(); ok {
			return m
		}
		out := make(map[string]any, len(v.context().entries))
		for _, e := range v.context().entries {
			out[e.Name] = e.Value.Go()
		}
		return out
	}
	if v.kind >= KindDate && v.kind <= KindDaysTimeDuration {
		return string(appendTemporal(nil, v, asJava))
	}
	return nil
}

func (v Value) goNumber() any {
	if n, ok := v.int64(); ok {
		return n
	}
	switch f := v.float(); {
	case math.IsInf(f, 0):
		return strings.Trim(string(v.appendJSONNumber(nil)), `"`)
	case !v.whole():
		return f
	}
	return json.Number(v.appendJSONNumber(nil))
}
