package feel

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestEngineJSON(t *testing.T) {
	for src, want := range map[string]string{
		`date and time("2020-01-01T10:00:00Z")`:              `"2020-01-01T10:00:00Z"`,
		`@"2020-01-01T10:00:00@Europe/Berlin"`:               `"2020-01-01T10:00:00+01:00[Europe/Berlin]"`,
		`[@"2020-01-01T10:00:01.50"]`:                        `["2020-01-01T10:00:01.5"]`,
		`{t: time("10:00:00+02:00")}`:                        `{"t":"10:00:00+02:00"}`,
		`[time("10:00:00"), time("10:00:30.5")]`:             `["10:00","10:00:30.500"]`,
		`time("10:00:00@Europe/Berlin")`:                     `"10:00:00@Europe/Berlin"`,
		`[@"P1DT1H", @"-PT90M", @"PT0S", @"P14M", @"-P12M"]`: `["P1DT1H","-PT1H30M","P0D","P1Y2M","-P1Y"]`,
		`[1.0, 1/3, null]`:                                   `[1,0.3333333333333333,null]`,
	} {
		if v, _, err := evaluate(src, nil); err != nil || string(v.EngineJSON()) != want {
			t.Errorf("%s is %s (%v), want %s", src, v.EngineJSON(), err, want)
		}
	}
}

func mustCompile(t testing.TB, src string, opts ...Option) *Program {
	t.Helper()
	p, err := Compile(src, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFromGoAndBack(t *testing.T) {
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	type point struct {
		X int `json:"x"`
	}
	for _, row := range []struct {
		in   any
		want any
	}{
		{nil, nil}, {true, true}, {"s", "s"}, {"", ""}, {7, int64(7)}, {int8(-7), int64(-7)}, {uint64(1 << 63), json.Number("9223372036854775808")},
		{1.5, 1.5}, {2.0, int64(2)}, {float32(0.5), 0.5}, {1e300, json.Number("1" + strings.Repeat("0", 300))},
		{json.Number("12.50"), 12.5}, {json.Number("9007199254740993"), int64(9007199254740993)}, {huge, json.Number(huge.String())},
		{json.RawMessage(`{"b":1,"a":[null]}`), map[string]any{"b": int64(1), "a": []any{nil}}},
		{[]any{1, "x"}, []any{int64(1), "x"}}, {map[string]any{"a": map[string]any{}}, map[string]any{"a": map[string]any{}}},
		{point{3}, map[string]any{"x": int64(3)}}, {[]string{"a"}, []any{"a"}}, {make(chan int), nil},
		{time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC), "2026-05-06T07:08:09Z"}, {90 * time.Minute, "PT1H30M"},
	} {
		if got := FromGo(row.in).Go(); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%v: got %#v, want %#v", row.in, got, row.want)
		}
	}
}

func TestJSON(t *testing.T) {
	for _, doc := range []string{
		`null`, `true`, `-1.5`, `"a\"\\\n\u0001é😀"`, `[]`, `{}`, `{"z":1,"a":[{"b":null}]}`, `9223372036854775808`, `0.0000001`, `123456789012345678901234567890`,
	} {
		v, err := FromJSON([]byte(doc))
		if err != nil {
			t.Errorf("%s: %v", doc, err)
			continue
		}
		var got, want any
		if err := json.Unmarshal(v.JSON(), &got); err != nil {
			t.Errorf("%s became %s: %v", doc, v.JSON(), err)
		}
		if json.Unmarshal([]byte(doc), &want); !reflect.DeepEqual(got, want) {
			t.Errorf("%s became %s", doc, v.JSON())
		}
	}
	for _, doc := range []string{``, `{`, `[1,]`, `{"a"}`, `01`, `1.`, `nul`, `"a`, "\"\n\"", `"\x"`, `1 2`, `{"a":1,}`, `-`, `1e`, `"\ud8"`, strings.Repeat("[", 2000)} {
		if v, err := FromJSON([]byte(doc)); err == nil {
			t.Errorf("%.20q was read as %s", doc, v.JSON())
		}
	}
}

func TestJSONKeepsOrderAndDigits(t *testing.T) {
	v, err := FromJSON([]byte(`{"z":1.50,"a":12345678901234567890.125,"m":1e2}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := v.String(), `{z:1.5, a:12345678901234567890.125, m:100.0}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestValueAccessors(t *testing.T) {
	c := ContextOf(Entry{"a", Int(1)}, Entry{"b", List(String("x"))}, Entry{"a", Int(2)})
	if v, ok := c.Entry("a"); !ok || v.String() != "2" || !reflect.DeepEqual(c.Keys(), []string{"a", "b"}) {
		t.Errorf("entry a is %v of %v", v, c.Keys())
	}
	if _, ok := c.Entry("A"); ok {
		t.Error("case must matter")
	}
	if v, ok := FoldCase(c).Entry("A"); !ok || v.String() != "2" {
		t.Errorf("folded: %v %v", v, ok)
	}
	if d, ok := DaysTimeDuration(-90 * time.Second).AsDaysTimeDuration(); !ok || d != -90*time.Second {
		t.Errorf("duration %v %v", d, ok)
	}
	if m, ok := YearsMonthsDuration(14).AsYearsMonths(); !ok || m != 14 {
		t.Errorf("months %v %v", m, ok)
	}
	at := time.Date(2026, 5, 6, 7, 8, 9, 5, time.FixedZone("", 3600))
	if got, ok := DateTimeOf(at).AsTime(); !ok || !got.Equal(at) {
		t.Errorf("time %v %v", got, ok)
	}
	if _, ok := Int(1).AsBool(); ok {
		t.Error("a number is no boolean")
	}
	if n, ok := FromGo(2.9).AsInt64(); !ok || n != 2 {
		t.Errorf("number %v %v", n, ok)
	}
	if s, ok := Null().AsString(); ok || s != "" {
		t.Error("null is no string")
	}
}

func TestTypeNames(t *testing.T) {
	for src, want := range map[string]string{
		`null`: "NULL", `true`: "BOOLEAN", `1`: "NUMBER", `"a"`: "STRING", `[]`: "ARRAY", `{}`: "OBJECT", `@"P1D"`: "DURATION",
		`@"P1Y"`: "PERIOD", `@"2026-01-01"`: "DATE", `@"2026-01-01T00:00:00Z"`: "DATE_TIME", `@"10:00:00"`: "UNKNOWN", `function() 1`: "UNKNOWN",
	} {
		if v, _, err := evaluate(src, nil); err != nil || v.TypeName() != want {
			t.Errorf("%s is %s (%v), want %s", src, v.TypeName(), err, want)
		}
	}
}

func TestScopes(t *testing.T) {
	inner, outer := Map{"a": Int(1), "n": Null()}, ScopeOf(map[string]any{"a": 2, "b": []any{3}, "n": 4})
	for src, want := range map[string]string{"a": "1", "b[1]": "3", "n": "null", "c": "null"} {
		res, err := mustCompile(t, src).Eval(t.Context(), Chain(nil, inner, outer))
		if err != nil || string(res.Value.JSON()) != want {
			t.Errorf("%s: got %s %v, want %s", src, res.Value.JSON(), err, want)
		}
	}
	headers := FoldCase(FromGo(map[string]any{"Etag": "1"}))
	if v, _, _ := evaluate("headers.ETag", Map{"headers": headers}); v.String() != "1" {
		t.Errorf("headers.ETag is %v", v)
	}
}

func TestVariables(t *testing.T) {
	for src, want := range map[string]string{
		`a.b + c`: "a c", `{x: 1, y: x + z}`: "z", `for i in list return i + partial[1] + k`: "k list", `function(p) p + q`: "q",
		`items[price > limit]`: "items limit price", `some v in l satisfies v = w`: "l w", `f(a, g: 1)`: "", `sum(a)`: "a", `x in (1, y)`: "x y",
		`if c then d else e`: "c d e", `[p instance of number, -q, not(r), s between t and u]`: "p q r s t u", `item`: "item", `l[item > 1]`: "l",
	} {
		p, err := Compile(src)
		if err != nil {
			if src != `f(a, g: 1)` {
				t.Error(err)
			}
			continue
		}
		if got := strings.Join(p.Variables(), " "); got != want {
			t.Errorf("%s: got %q, want %q", src, got, want)
		}
	}
}

func TestHostFunctions(t *testing.T) {
	bpmn := errors.New("business error")
	fns := []Function{
		{"twice", []string{"n"}, func(_ context.Context, a []Value) (Value, error) {
			n, _ := a[0].AsInt64()
			return Int(2 * n), nil
		}},
		{"twice", []string{"n", "m"}, func(_ context.Context, a []Value) (Value, error) { return List(a[0], a[1]), nil }},
		{"bpmnError", []string{"code", "message"}, func(_ context.Context, a []Value) (Value, error) { return Value{}, bpmn }},
		{"count", []string{"list"}, func(context.Context, []Value) (Value, error) { return String("host"), nil }},
	}
	for src, want := range map[string]string{
		`twice(4)`: "8", `twice(n: 4)`: "8", `twice(m: 1, n: 2)`: "[2,1]", `twice(m: 1)`: "[null,1]", `twice(1, 2, 3)`: "null",
		`count([1])`: "1", `[1, 2][twice(item) = 4]`: "[2]",
	} {
		res, err := mustCompile(t, src, WithFunctions(fns...)).Eval(t.Context(), nil)
		if err != nil || string(res.Value.JSON()) != want {
			t.Errorf("%s: got %s %v, want %s", src, res.Value.JSON(), err, want)
		}
	}
	_, err := mustCompile(t, `{a: if true then bpmnError("404", "x") else 1}`, WithFunctions(fns...)).Eval(t.Context(), nil)
	var failed *EvalError
	if !errors.Is(err, bpmn) || !errors.As(err, &failed) {
		t.Errorf("got %v", err)
	}
}

func TestAssertKeepsItsText(t *testing.T) {
	_, warnings, err := evaluate(`[assert(null, false, "no id")]`, nil)
	if !errors.Is(err, ErrAssert) || !strings.Contains(err.Error(), "no id") {
		t.Errorf("got %v", err)
	}
	if len(warnings) != 1 || warnings[0].Code != AssertFailure {
		t.Errorf("warnings %v", warnings)
	}
}

func TestClock(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := WithClock(func() time.Time { return time.Date(2026, 5, 6, 23, 30, 0, 0, time.UTC).In(berlin) })
	for src, want := range map[string]string{`now()`: `"2026-05-07T01:30+02:00[Europe/Berlin]"`, `today()`: `"2026-05-07"`} {
		res, err := mustCompile(t, src, now).Eval(t.Context(), nil)
		if err != nil || string(res.Value.JSON()) != want {
			t.Errorf("%s: got %s %v, want %s", src, res.Value.JSON(), err, want)
		}
	}
}

func TestChanceAndZeebe(t *testing.T) {
	for src, want := range map[string]string{
		`random number() < 1 and random number() >= 0`: "true", `string length(uuid())`: "36", `uuid() = uuid()`: "false",
		`matches(uuid(), "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")`: "true",
		`cycle(duration("PT1H"))`: `"R/PT1H"`, `cycle(3, duration("P1M"))`: `"R3/P1M"`, `cycle(null, @"P1D")`: `"R/PT24H"`, `cycle(1)`: "null",
		`fromAi(5)`: "5", `fromAi(value: 5, description: "x")`: "5", `fromAi("a", "b", "c", {}, {})`: `"a"`,
	} {
		if v, _, err := evaluate(src, nil); err != nil || string(v.JSON()) != want {
			t.Errorf("%s: got %s %v, want %s", src, v.JSON(), err, want)
		}
	}
}

func TestLimits(t *testing.T) {
	small := WithLimits(Limits{Depth: 20, Steps: 20_000, List: 1000, String: 10_000})
	for src, want := range map[string]error{
		`for i in 1..1000000000 return i`:                                        ErrLimit,
		`for i in 1..99999999999999999999 return i`:                              ErrLimit,
		`for i in 1..500, j in 1..500 return 1`:                                  ErrLimit,
		`some i in 1..900, j in 1..900 satisfies false`:                          ErrLimit,
		`{o: {f: function(o, n) o.f(o, n + 1)}, r: o.f(o, 1)}`:                   ErrLimit,
		`string join(for i in 1..900 return "` + strings.Repeat("x", 100) + `")`: ErrLimit,
		`{a: "` + strings.Repeat("x", 3000) + `", b: a + a, c: b + b, d: c + c}`: ErrLimit,
		`for i in 1..60 return partial`:                                          ErrLimit,
		`string(for i in 1..14 return partial)`:                                  ErrLimit,
		`{a: for i in 1..11 return partial, b: a = a}.b`:                         nil,
		`for i in 1..900 return "` + strings.Repeat("x", 3000) + `"`:             ErrLimit,
		`number("1e99999") * number("1e99999")`:                                  errArithmetic,
		`matches("` + strings.Repeat("a", 60) + `!", "^(a+)+$")`:                 ErrLimit,
		`concatenate(for i in 1..40 return 1..40)`:                               nil,
	} {
		p, err := Compile(src, small)
		if err != nil {
			if want != nil {
				t.Errorf("%.50s: %v", src, err)
			}
			continue
		}
		if _, err := p.Eval(t.Context(), nil); !errors.Is(err, want) {
			t.Errorf("%.50s: got %v, want %v", src, err, want)
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stop := Function{"stop", nil, func(context.Context, []Value) (Value, error) { cancel(); return Value{}, nil }}
	_, err := mustCompile(t, `[stop(), for i in 1..1000, j in 1..1000 return i]`, WithFunctions(stop)).Eval(ctx, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := mustCompile(t, "1").Eval(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context must not evaluate: %v", err)
	}
}

func TestWarningsAreBounded(t *testing.T) {
	v, warnings, err := evaluate(`for i in 1..1000 return missing`, nil)
	if items, _ := v.AsList(); err != nil || len(items) != 1000 || len(warnings) != maxWarnings {
		t.Errorf("%d items, %d warnings, %v", len(items), len(warnings), err)
	}
	long := String(strings.Repeat("x", 5000))
	if _, warnings, _ := evaluate(`s + 1`, Map{"s": long}); len(warnings) != 1 || len(warnings[0].Message) > 1000 {
		t.Errorf("warning of %d bytes", len(warnings[0].Message))
	}
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	p := mustCompile(t, `{t: sum(items.price), m: items[matches(name, "^[a-z]$")].name, z: now().timezone, d: date and time("2026-01-01T00:00:00@Europe/Berlin")}`)
	scope := ScopeOf(map[string]any{"items": []any{map[string]any{"name": "a", "price": 1.5}, map[string]any{"name": "B", "price": json.Number("12345678901234567890.5")}}})
	var want []byte
	var once sync.Once
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				res, err := p.Eval(t.Context(), scope)
				if err != nil {
					t.Error(err)
					return
				}
				got := res.Value.JSON()
				once.Do(func() { want = got })
				if string(got) != string(want) {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	wg.Wait()
}

func TestBuiltinsForCompletion(t *testing.T) {
	for _, s := range Builtins() {
		if s.Name == "append" && s.Variadic && reflect.DeepEqual(s.Params, []string{"list", "items"}) {
			return
		}
	}
	t.Error("append(list, items...) is missing")
}
