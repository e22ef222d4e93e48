package bind

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sosodev/duration"
)

// setter sets a field from a JSON value that is not null.
type setter func(to reflect.Value, value any) error

// setterOf returns the setter of a type; enum, if any, limits strings.
func setterOf(t reflect.Type, enum []string) (setter, error) {
	if t == reflect.TypeFor[time.Duration]() {
		return scalar(setDuration), nil
	}
	switch t.Kind() {
	case reflect.String:
		if len(enum) > 0 {
			return scalar(enumSetter(enum)), nil
		}
		return scalar(setString), nil
	case reflect.Bool:
		return scalar(setBool), nil
	case reflect.Int, reflect.Int32, reflect.Int64:
		return scalar(setInt), nil
	case reflect.Float64:
		return scalar(setFloat), nil
	case reflect.Interface:
		return setAny, nil
	case reflect.Struct:
		return structSetter(t)
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return containerSetter(t, enum)
	}
	return nil, fmt.Errorf("type %s cannot be bound", t)
}

func containerSetter(t reflect.Type, enum []string) (setter, error) {
	element, err := setterOf(t.Elem(), enum)
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case reflect.Pointer:
		return pointerSetter(t, element), nil
	case reflect.Slice:
		return listSetter(t, element), nil
	}
	return mapSetter(t, element), nil
}

// scalar unwraps a list of one before set sees it.
func scalar(set setter) setter {
	return func(to reflect.Value, value any) error {
		if list, ok := value.([]any); ok && len(list) == 1 {
			value = list[0]
		}
		if value == nil {
			return nil
		}
		return set(to, value)
	}
}

func setAny(to reflect.Value, value any) error {
	to.Set(reflect.ValueOf(value))
	return nil
}

func setString(to reflect.Value, value any) error {
	text, ok := scalarText(value)
	if !ok {
		return wrong("expected a string but got %s", describe(value))
	}
	to.SetString(text)
	return nil
}

func enumSetter(enum []string) setter {
	return func(to reflect.Value, value any) error {
		text, ok := scalarText(value)
		if ok && text == "" {
			return nil
		}
		at := slices.IndexFunc(enum, func(allowed string) bool { return strings.EqualFold(allowed, strings.TrimSpace(text)) })
		if at < 0 {
			return wrong("expected one of %s but got %s", strings.Join(enum, ", "), describe(value))
		}
		to.SetString(enum[at])
		return nil
	}
}

func setBool(to reflect.Value, value any) error {
	if b, ok := value.(bool); ok {
		to.SetBool(b)
		return nil
	}
	text, ok := scalarText(value)
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "1":
		to.SetBool(true)
	case "false", "0", "":
		to.SetBool(false)
	default:
		ok = false
	}
	if !ok {
		return wrong("expected true or false but got %s", describe(value))
	}
	return nil
}

func setInt(to reflect.Value, value any) error {
	if value == "" {
		return nil
	}
	n, ok := whole(value)
	if !ok || to.OverflowInt(n) {
		return wrong("expected a whole number but got %s", describe(value))
	}
	to.SetInt(n)
	return nil
}

// whole returns an integer with all its digits; 20.0 counts as one.
func whole(value any) (int64, bool) {
	text, _ := scalarText(value)
	if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
		return n, true
	}
	n, err := number(value)
	return int64(n), err == nil && n == math.Trunc(n) && math.Abs(n) < 1<<53
}

func setFloat(to reflect.Value, value any) error {
	if value == "" {
		return nil
	}
	n, err := number(value)
	if err != nil {
		return wrong("expected a number but got %s", describe(value))
	}
	to.SetFloat(n)
	return nil
}

func setDuration(to reflect.Value, value any) error {
	if value == "" {
		return nil
	}
	text, ok := scalarText(value)
	if !ok {
		return wrong("expected an ISO 8601 duration such as PT30S but got %s", describe(value))
	}
	d, err := duration.Parse(text)
	if err != nil || d.Years != 0 || d.Months != 0 {
		return wrong("expected an ISO 8601 duration of days or less, such as PT30S, but got %s", describe(value))
	}
	to.SetInt(int64(d.ToTimeDuration()))
	return nil
}

func structSetter(t reflect.Type) (setter, error) {
	p, err := planOf(t)
	if err != nil {
		return nil, err
	}
	return scalar(func(to reflect.Value, value any) error {
		object, ok := value.(map[string]any)
		if !ok {
			return wrong("expected an object but got %s", describe(value))
		}
		return p.bind(to, object)
	}), nil
}

// pointerSetter sets a pointer to a new value; an empty text leaves a pointer
// to anything but a string nil.
func pointerSetter(t reflect.Type, element setter) setter {
	return func(to reflect.Value, value any) error {
		if value == "" && t.Elem().Kind() != reflect.String {
			return nil
		}
		target := reflect.New(t.Elem())
		if err := element(target.Elem(), value); err != nil {
			return err
		}
		to.Set(target)
		return nil
	}
}

func listSetter(t reflect.Type, element setter) setter {
	return func(to reflect.Value, value any) error {
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		out := reflect.MakeSlice(t, len(list), len(list))
		for i, item := range list {
			if item == nil {
				continue
			}
			if err := element(out.Index(i), item); err != nil {
				return under(fmt.Sprintf("[%d]", i), err)
			}
		}
		to.Set(out)
		return nil
	}
}

// mapSetter sets a map with string keys; a null member becomes the zero value.
func mapSetter(t reflect.Type, element setter) setter {
	return scalar(func(to reflect.Value, value any) error {
		object, ok := value.(map[string]any)
		if !ok {
			return wrong("expected an object but got %s", describe(value))
		}
		out := reflect.MakeMapWithSize(t, len(object))
		for key, item := range object {
			member := reflect.New(t.Elem()).Elem()
			if item != nil {
				if err := element(member, item); err != nil {
					return under(key, err)
				}
			}
			out.SetMapIndex(reflect.ValueOf(key), member)
		}
		to.Set(out)
		return nil
	})
}

// scalarText returns a string, number or boolean as text.
func scalarText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case int, int64, int32, fmt.Stringer: // *big.Int is a Stringer
		return fmt.Sprint(v), true
	}
	return "", false
}

func number(value any) (float64, error) {
	text, ok := scalarText(value)
	if _, isBool := value.(bool); !ok || isBool {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err == nil && (math.IsNaN(n) || math.IsInf(n, 0)) {
		return 0, strconv.ErrRange
	}
	return n, err
}

// describe says what came, for an error: the kind, and the text of a short
// scalar. Objects and lists stay unshown, as they may hold anything.
func describe(value any) string {
	const most = 60
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		if len(v) > most {
			return fmt.Sprintf("the string %.*q...", most, v)
		}
		return fmt.Sprintf("%q", v)
	case map[string]any:
		return "an object"
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	}
	if text, ok := scalarText(value); ok {
		return text
	}
	return fmt.Sprintf("a %T", value)
}
