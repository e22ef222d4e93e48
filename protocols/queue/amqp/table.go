package amqp

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	amqp "github.com/rabbitmq/amqp091-go"

	"patchbay/protocols/queue"
	"patchbay/protocols/value"
)

// table makes an AMQP table of an object; path is its place in the input.
func table(path string, object map[string]any) (amqp.Table, error) {
	if len(object) == 0 {
		return nil, nil
	}
	out := make(amqp.Table, len(object))
	for name, v := range object {
		if len(name) > mostShort {
			return nil, wrong(path, "expected names of at most %d bytes", mostShort)
		}
		field, err := field(path+"."+name, v)
		if err != nil {
			return nil, err
		}
		out[name] = field
	}
	return out, nil
}

// field makes a table's field of a JSON value. Whole numbers take the type that
// the Java client gives them.
func field(path string, v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string:
		return v, nil
	case map[string]any:
		t, err := table(path, v)
		if t == nil {
			t = amqp.Table{}
		}
		return t, err
	case []any:
		return list(path, v)
	}
	text, err := value.Append(nil, v)
	if err != nil {
		return nil, wrong(path, "%s", err)
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	switch {
	case err == nil && n == int64(int32(n)):
		return int32(n), nil
	case err == nil:
		return n, nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return nil, wrong(path, "expected a number that AMQP can hold but got %s", text)
	}
	return f, nil
}

func list(path string, from []any) ([]any, error) {
	out := make([]any, len(from))
	for i, v := range from {
		var err error
		if out[i], err = field(fmt.Sprintf("%s[%d]", path, i), v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// size is about how many bytes a field takes in a frame.
func size(v any) (n int) {
	switch v := v.(type) {
	case amqp.Table:
		for name, field := range v {
			n += 1 + len(name) + size(field)
		}
		return n + 5
	case []any:
		for _, field := range v {
			n += size(field)
		}
		return n + 5
	case string:
		return 5 + len(v)
	}
	return 9
}

func plainTable(t amqp.Table) map[string]any {
	out := make(map[string]any, len(t))
	for name, v := range t {
		out[strings.ToValidUTF8(name, "\uFFFD")] = plain(v)
	}
	return out
}

// plain makes JSON of a table's field.
func plain(v any) any {
	switch v := v.(type) {
	case nil, bool:
		return v
	case string:
		return strings.ToValidUTF8(v, "\uFFFD")
	case []byte:
		if utf8.Valid(v) {
			return string(v)
		}
		return queue.Body(v)
	case amqp.Table:
		return plainTable(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case amqp.Decimal:
		return decimal(v)
	}
	text, err := value.Append(nil, value.Plain(number(v)))
	if err != nil {
		return nil
	}
	if string(text) == "null" {
		return nil
	}
	return json.Number(text)
}

// number widens a number to a type that package value knows.
func number(v any) any {
	switch v := v.(type) {
	case int8:
		return int64(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case uint8:
		return int64(v)
	case uint16:
		return int64(v)
	case uint32:
		return int64(v)
	case float32:
		wide, _ := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64) // the digits that it had
		return wide
	}
	return v
}

// decimal writes AMQP's decimal with all its digits.
func decimal(d amqp.Decimal) json.Number {
	if d.Scale == 0 {
		return json.Number(strconv.Itoa(int(d.Value)))
	}
	return json.Number(fmt.Sprintf("%de-%d", d.Value, d.Scale))
}
