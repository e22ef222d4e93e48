package expr

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols/value"
)

// free is a slot with everything in it.
var free = Slot{Name: "free", Variables: []Variable{{Name: "$vars"}, {Name: "$job"}}, Decisions: true, Documents: true}

var order = map[string]any{
	"a": json.Number("2"), "big": json.Number("12345678901234567890"), "price": json.Number("12.50"), "s": "yes", "l": []any{1, 2, 3},
	"o": map[string]any{"k": "v"}, "n": nil, "matrix": []any{[]any{1, 2}, []any{3}}, "long": json.Number("5e8"),
}

func run(t testing.TB, slot Slot, src string, limits Limits) (Result, error) {
	t.Helper()
	p, err := Compile(slot, src, limits)
	if err != nil {
		return Result{}, err
	}
	return p.Eval(context.Background(), Input{Dot: order, Variables: []any{map[string]any{"x": "X"}, func() any { return map[string]any{"key": 7} }}})
}

func TestJQ(t *testing.T) {
	tests := []struct{ src, want string }{
		{`.`, `{"a":2,"big":12345678901234567890,"l":[1,2,3],"long":5e8,"matrix":[[1,2],[3]],"n":null,"o":{"k":"v"},"price":12.50,"s":"yes"}`},
		{`empty`, `null`},
		{`{x: $vars.x, k: $job.key}`, `{"k":7,"x":"X"}`},
		{`"\($vars.x)-\(.a)"`, `"X-2"`},
		{`{$vars}`, `{"vars":{"x":"X"}}`},
		{`.big`, `12345678901234567890`},
		{`.big + 1`, `12345678901234567891`},
		{`.a * 3 - 1`, `5`},
		{`.a * .a / .a`, `2`},
		{`"ab" * .a`, `"abab"`},
		{`.a * "ab"`, `"abab"`},
		{`.l - [2]`, `[1,3]`},
		{`.l + .l`, `[1,2,3,1,2,3]`},
		{`"a,b" / ","`, `["a","b"]`},
		{`.l == [1,2,3]`, `true`},
		{`.l | map(select(. > 1)) | add`, `5`},
		{`.a += 3 | .a`, `5`},
		{`.l[] += 1 | .l`, `[2,3,4]`},
		{`.a -= 1 | .a *= 10 | .a /= 4 | .a`, `2.5`},
		{`.s //= "no" | .n //= 1 | [.s, .n]`, `["yes",1]`},
		{`.o.k |= ascii_upcase | .o`, `{"k":"V"}`},
		{`del(.l[0]) | .l`, `[2,3]`},
		{`.["s"]`, `"yes"`},
		{`.["l"][.a]`, `3`},
		{`.l[1:]`, `[2,3]`},
		{`.l[-1]`, `3`},
		{`.l | index(2)`, `1`},
		{`.l | contains([2])`, `true`},
		{`[2] | inside([1,2])`, `true`},
		{`.l | join("-")`, `"1-2-3"`},
		{`.matrix | transpose`, `[[1,3],[2,null]]`},
		{`.matrix | flatten`, `[1,2,3]`},
		{`[.l[] | {k: ., v: 1}] | group_by(.v) | length`, `1`},
		{`.l | tojson`, `"[1,2,3]"`},
		{`.s | test("^y")`, `true`},
		{`.s | gsub("e"; "E")`, `"yEs"`},
		{`.s | sub("(?<x>y)"; "\(.x)!")`, `"y!es"`},
		{`.s | [match("e").offset]`, `[1]`},
		{`"a1b22" | [scan("[0-9]+")]`, `["1","22"]`},
		{`"a b" | split(" ")`, `["a","b"]`},
		{`"[1, 2.50]" | fromjson`, `[1,2.50]`},
		{`"12" | tonumber + 1`, `13`},
		{`@base64 "x\(.s)"`, `"xeWVz"`},
		{`.s | @uri`, `"yes"`},
		{`setpath(["o","k"]; 1) | .o`, `{"k":1}`},
		{`[paths(type == "number")] | length`, `10`},
		{`[tostream] | fromstream(.[]) | .a`, `2`},
		{`.a as $x | reduce .l[] as $i ($x; . + $i)`, `8`},
		{`[foreach .l[] as $i (0; . + $i; [$i, .])]`, `[[1,1],[2,3],[3,6]]`},
		{`. as {a: $x, l: [$y]} | [$x, $y]`, `[2,1]`},
		{`def twice(f): f | f; .a | twice(. * 2)`, `8`},
		{`def add(a; b): a + b; add(1; 2)`, `3`},
		{`def bpmnError(x): "mine"; bpmnError(1)`, `"mine"`},
		{`try error("x") catch .`, `"x"`},
		{`if .a > 1 then "big" elif .a == 1 then "one" else "small" end`, `"big"`},
		{`label $out | .l[] | if . > 1 then ., break $out else empty end`, `2`},
		{`[limit(3; repeat("x"))]`, `["x","x","x"]`},
		{`first(range(10; 0; -3))`, `10`},
		{`nan`, `null`},
		{`infinite`, `1.7976931348623157e+308`},
		{`"\u00e9" | ascii_downcase | @json`, `"\"é\""`},
		{`.o | to_entries`, `[{"key":"k","value":"v"}]`},
		{`.o | with_entries(.value |= length)`, `{"k":1}`},
		{`-(.a)`, `-2`},
		{`0 | todate`, `"1970-01-01T00:00:00Z"`},
		{`0 | strftime("%Y")`, `"1970"`},
		{`.o | has("k")`, `true`},
		{`.l | any(. == 2)`, `true`},
		{`2 | IN(1, 2)`, `true`},
		{`[.l[] | INDEX(.)?] | length`, `0`},
		{`bpmnError("NF")`, `{"errorCode":"NF","errorType":"bpmnError","variables":{}}`},
		{`bpmnError(404; null; {a: 1})`, `{"errorCode":"404","errorType":"bpmnError","variables":{"a":1}}`},
		{`jobError("m"; {}; 2; 90)`, `{"errorMessage":"m","errorType":"jobError","retries":2,"retryBackoff":"PT1M30S","variables":{}}`},
		{`jobError("m"; null; .a; "PT5S")`, `{"errorMessage":"m","errorType":"jobError","retries":2,"retryBackoff":"PT5S","variables":{}}`},
		{`ignoreError`, `{"errorType":"ignoreError","variables":{}}`},
		{`ignoreError({a: .a})`, `{"errorType":"ignoreError","variables":{"a":2}}`},
		{`backoff(1; "PT2S"; 2; "PT10S"; 0)`, `"PT2S"`},
		{`backoff(9; "PT2S"; 2; "PT10S"; 0)`, `"PT10S"`},
	}
	for _, tt := range tests {
		res, err := run(t, free, tt.src, Limits{})
		if err != nil {
			t.Errorf("%s: %v", tt.src, err)
			continue
		}
		if got, _ := value.Append(nil, res.Value); string(got) != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.src, got, tt.want)
		}
	}
}

func TestJQFails(t *testing.T) {
	tests := []struct{ src, want string }{
		{`null as $e | if $e.code = "404" then 2 else 3 end`, `invalid path against: null (= sets what stands before it; == compares)`},
		{`1, 2`, `expected one output but got several; collect them with [...] or take the first with first(...)`},
		{`1, error("x")`, `x`},
		{`error("boom")`, `boom`},
		{`error({a: 1})`, `error: {"a":1}`},
		{`.s + 1`, `cannot add: string ("yes") and number (1)`},
		{`.s - 1`, `cannot subtract: string ("yes") and number (1)`},
		{`.s.x`, `expected an object but got: string ("yes")`},
		{`bpmnError({})`, `bpmnError: errorCode must be a string, but is object`},
		{`bpmnError(null)`, `bpmnError: errorCode must be a string, but is null`},
		{`bpmnError("c"; "m"; 1)`, `bpmnError: variables must be an object, but is number`},
		{`jobError("m"; {}; "x")`, `jobError: retries must be a number, but is string`},
		{`jobError("m"; {}; 1; "soon")`, `jobError: retryBackoff must be a duration such as "PT30S", but is string`},
		{`backoff(0)`, `backoff: attempt must be at least 1`},
		{`backoff(1; "PT9S"; 2; "PT1S")`, `backoff: minDelay must not be greater than maxDelay`},
	}
	for _, tt := range tests {
		_, err := run(t, free, tt.src, Limits{})
		var eval *EvalError
		if !errors.As(err, &eval) || eval.Error() != "free: "+tt.want {
			t.Errorf("%s\n got %v\nwant free: %s", tt.src, err, tt.want)
		}
	}
}

// Each of these would take gigabytes or hours without the guard.
func TestJQIsBounded(t *testing.T) {
	tests := []struct{ src, want string }{
		{`[range(1e9)]`, `stopped after`},
		{`[repeat("x")]`, `stopped after`},
		{`def f: f; f`, `stopped after`},
		{`def f: 1 + f; f`, `stopped after`},
		{`until(false; .)`, `stopped after`},
		{`last(range(1e12))`, `stopped after`},
		{`reduce range(1e7) as $i (0; [.])`, `stopped after`},
		{`reduce range(3e3) as $i (0; [.])`, `nested deeper than`},
		{`reduce range(3e3) as $i (0; [.]) | tojson`, `nested deeper than`},
		{`reduce range(50) as $i ("x"; . + .)`, `larger than`},
		{`reduce range(50) as $i ([0]; . + .)`, `larger than`},
		{`reduce range(50) as $i ("x"; . += .)`, `larger than`},
		{`reduce range(50) as $i ("x"; "\(.)\(.)")`, `were used`},
		{`reduce range(50) as $i (7; . * .)`, `larger than`},
		{`reduce range(50) as $i ("x"; . * 2)`, `larger than`},
		{`reduce range(2; 50) as $i ("x"; . * $i)`, `larger than`},
		{`reduce range(40) as $i (0; [., .])`, `larger than`},
		{`reduce range(40) as $i (0; [., .]) | tojson`, `larger than`},
		{`reduce range(40) as $i (0; [., .]) | "\(.)"`, `larger than`},
		{`reduce range(40) as $i (0; [., .]) | @json`, `larger than`},
		{`reduce range(40) as $i (0; [., .]) | flatten`, `larger than`},
		{`reduce range(40) as $i (0; [., .]) | . == [1]`, `larger than`},
		{`reduce range(40) as $i (0; {a: ., b: .}) | unique_by(.)`, `larger than`},
		{`reduce range(40) as $i (0; [., .]) | error`, `larger than`},
		{`"x" * 1e9`, `larger than`},
		{`"x" * .long`, `larger than`},
		{`.long * "x"`, `larger than`},
		{`("x" * 1e6) as $s | [range(1e5) | $s + "a"]`, `were used`},
		{`("x" * 1e6) as $s | [range(1e5) | $s | ascii_upcase]`, `were used`},
		{`("x" * 1e6) as $s | [limit(1e3; repeat($s))] | add`, `larger than`},
		{`("x" * 1e6) as $s | [range(1e4)] | join($s)`, `larger than`},
		{`("x" * 1e4) as $s | $s | gsub("x"; $s * 100)`, `were used`},
		{`("x" * 6e5) | [match("x"; "g")]`, `at most 512 KiB`},
		{`("x" * 6e5) | gsub(""; "y")`, `at most 512 KiB`},
		{`[range(1e5) | tostring | . as $re | "x" | test($re)]`, `stopped after`},
		{`.x[.long] = 1`, `at most 1000000`},
		{`setpath([5e8]; 1)`, `at most 1000000`},
		{`setpath(["x", .long]; 1)`, `at most 1000000`},
		{`null | getpath([.long // 5e8]) |= 1`, `at most 1000000`},
		{`fromstream([[5e8], 1], [[5e8]])`, `at most 1000000`},
		{`null | nth(5e8) = 1`, `at most 1000000`},
		{`[[range(5e3)], (range(5e3) | [])] | transpose`, `larger than`},
		{`([range(5e3)] - [range(5e3)])`, `larger than`},
		{`[range(5e3)] | contains([range(5e3)])`, `larger than`},
		{`[range(100)] | [combinations(9)]`, `stopped after`},
		{`"9" * 1001 | tonumber`, `at most 1000 characters`},
		{`"[" + "9" * 1001 + "]" | fromjson`, `at most 1000 characters`},
		{`[range(5e5) | "x"] | tojson | fromjson`, `stopped after`},
		{`"[" + ("1," * 2e6) + "1]" | fromjson`, `larger than`},
		{`try ([range(1e9)]) catch "caught"`, `stopped after`},
		{`try ("x" * 1e9) catch "caught"`, `larger than`},
	}
	for _, tt := range tests {
		_, err := run(t, free, tt.src, Limits{Time: time.Hour, Steps: 200_000, Memory: 32 << 20, Value: 8 << 20}) // how fast the machine is decides nothing
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s\n got %v\nwant %s", tt.src, err, tt.want)
		}
	}
}

func TestJQStopsWithItsContextAndTime(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p, err := Compile(free, `[range(1e9)]`, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Eval(ctx, Input{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := run(t, free, `[range(1e9)]`, Limits{Time: time.Nanosecond}); err == nil || !strings.Contains(err.Error(), "stopped after 1ns") {
		t.Errorf("time: %v", err)
	}
}

func TestSyntaxErrors(t *testing.T) {
	tests := []struct{ src, want string }{
		{`{a: }`, `free:1:5: unexpected token "}"
    {a: }
        ^`},
		{"{\n  a: .b,\n\tc: foo(1)\n}", `free:3:5: function not defined: foo/1
    ` + "\tc: foo(1)" + `
    ` + "\t" + `   ^`},
		{`{id: response.body.id}`, `free:1:6: function not defined: response/0 (to use FEEL, begin with "=")
    {id: response.body.id}
         ^`},
		{`if a = 1 then 2 else null`, `free:1:26: unexpected EOF (to use FEEL, begin with "=")
    if a = 1 then 2 else null
                             ^`},
		{`.a |`, `free:1:5: unexpected EOF
    .a |
        ^`},
		{`"abc`, `free:1:5: unterminated string literal
    "abc
        ^`},
		{`$nope + 1`, `free:1:1: variable not defined: $nope
    $nope + 1
    ^`},
		{`.a + environment + env`, `free:1:20: the environment is not available
    .a + environment + env
                       ^`},
		{`$ENV.PATH`, `free:1:1: the environment is not available
    $ENV.PATH
    ^`},
		{`[inputs]`, `free:1:2: there is no further input
    [inputs]
     ^`},
		{`.a | debug`, `free:1:6: debug is not available
    .a | debug
         ^`},
		{`halt`, `free:1:1: halt is not available
    halt
    ^`},
		{`import "x" as x; .`, `free:1:9: modules are not available
    import "x" as x; .
            ^`},
		{`.a[5e8] = 1`, `free:1:4: an array index is at most 1000000
    .a[5e8] = 1
       ^`},
		{`bpmnError`, `free:1:1: bpmnError takes 1 to 3 arguments but got 0
    bpmnError
    ^`},
		{`$__run`, `free:1:1: the name $__run is taken
    $__run
    ^`},
		{`{` + strings.Repeat("aaaaaaaaa: 1, ", 10) + `b: }`, `free:1:145: unexpected token "}"
    ...aaaa: 1, aaaaaaaaa: 1, aaaaaaaaa: 1, b: }
                                               ^`},
	}
	for _, tt := range tests {
		_, err := Compile(free, tt.src, Limits{})
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: %v, want a SyntaxError", tt.src, err)
			continue
		}
		if diff := cmp.Diff(tt.want, syntax.Error()+"\n"+syntax.Caret()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.src, diff)
		}
	}
}

func TestSourceIsBounded(t *testing.T) {
	if _, err := Compile(free, strings.Repeat(" ", maxSource)+".", Limits{}); err == nil {
		t.Error("a long expression compiled")
	}
}

func TestSlotsDecideWhatIsThere(t *testing.T) {
	for _, src := range []string{`bpmnError("x")`, `$error`, `createDocument("")`} {
		if _, err := Compile(RequestExpression, src, Limits{}); err == nil {
			t.Errorf("requestExpression: %s compiled", src)
		}
		if _, err := Compile(ErrorExpression, src, Limits{}); err != nil {
			t.Errorf("errorExpression: %v", err)
		}
	}
}

func TestVariablesAreLazy(t *testing.T) {
	called := 0
	in := Input{Variables: []any{func() any { called++; return 1 }, nil}}
	for src, want := range map[string]int{`1`: 0, `$vars`: 1, `"\($vars)"`: 1, `{$vars}`: 1, `. as $x | $x`: 0} {
		called = 0
		p, err := Compile(free, src, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Eval(context.Background(), in); err != nil || called != want || p.Uses("$vars") != (want > 0) {
			t.Errorf("%s: called %d times, want %d (%v)", src, called, want, err)
		}
	}
}

func TestResultIsBounded(t *testing.T) {
	if _, err := run(t, free, `"x" * 2000`, Limits{Result: 1000}); err == nil || !strings.Contains(err.Error(), "the result is larger than 1000 bytes") {
		t.Errorf("got %v", err)
	}
}

func TestRegexpsAreNotKeptForEver(t *testing.T) {
	p, err := Compile(free, `. as $re | "x" | test($re)`, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	before := p.jq.code.Load()
	for range maxRegexps + 1 {
		if _, err := p.Eval(context.Background(), Input{Dot: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if p.jq.code.Load() == before {
		t.Error("the code with its regular expressions is still there")
	}
}

func TestDocumentMark(t *testing.T) {
	res, err := run(t, free, `{a: createDocument({content: "eA=="}), b: createDocument("eQ==")}`, Limits{})
	if err != nil || res.DocumentMark == "" {
		t.Fatalf("mark %q, error %v", res.DocumentMark, err)
	}
	want := map[string]any{
		"a": map[string]any{DocumentKey: res.DocumentMark, "value": map[string]any{"content": "eA=="}},
		"b": map[string]any{DocumentKey: res.DocumentMark, "value": "eQ=="},
	}
	if diff := cmp.Diff(want, res.Value); diff != "" {
		t.Error(diff)
	}
	again, _ := run(t, free, `createDocument("")`, Limits{})
	if none, _ := run(t, free, `1`, Limits{}); again.DocumentMark == res.DocumentMark || none.DocumentMark != "" {
		t.Error("marks are not one for each evaluation")
	}
}
