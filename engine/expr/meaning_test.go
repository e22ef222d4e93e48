package expr

import (
	"context"
	"testing"

	"github.com/itchyny/gojq"

	"patchbay/protocols/value"
)

// The guard rewrites queries; these must mean what they mean without it.
var meanings = []string{
	`(.l[] | select(. > 1)) |= . + 1`, `limit(2; .l[]) |= 10`, `first(.l[]) = 9`, `.l |= map(. + 1)`, `.o |= with_entries(.value += "x")`,
	`getpath(["o","k"]) |= "z"`, `.["o"]["k"] += "!"`, `.l[.a] = 5`, `.l[1:] = [9]`, `.l[.a - 1:]`, `.s[1:.a]`, `del(.o.k, .l[0, 1])`, `pick(.o.k)`,
	`. as {o: {k: $v}} | $v`, `.l as [$a, $b] | $a - $b`, `. as {"a": $x, ("o"): {k: $y}} | [$x, $y]`, `. as [$q] ?// {a: $q} | $q`,
	`def f($a; g): $a + g; f(1; .a)`, `def fac: if . <= 1 then 1 else . * (. - 1 | fac) end; 30 | fac`, `try (.s - 1) catch .`, `.n // "d"`, `[.l[] // 0]`,
	`(.l[0], .l[1]) += 1`, `.a |= (. + 1 | tostring)`, `.missing += 1`, `.s *= 2`, `.l -= [1]`, `.a %= 2`, `.a = (1, 2)`, `.a += (1, 2)`, `(.a, .b) = .big`,
	`"\(1 + 2)" + @html "\(.s)<"`, `.l | @csv`, `.l | @tsv`, `.s | @sh`, `.s | @base64 | @base64d`, `@uri "a=\(.s)&b=\("x y")"`, `"x" as $x | "a\($x)" + "b"`,
	`[.s | splits("e")]`, `.s | ltrimstr("y") | rtrimstr("s")`, `[.l | tojson, (tojson | fromjson)]`, `.l | group_by(. > 1)`, `.l | unique, sort, min, max`,
	`.l | min_by(-.), max_by(-.)`, `[limit(0; 1)]`, `label $f | foreach .l[] as $x (0; . + $x; if . > 2 then ., break $f else . end)`,
	`[.a | recurse(if . < 5 then . + 1 else empty end)]`, `[range(0; 5; 2)]`, `[range(3), range(1; 2)]`, `walk(if type == "number" then 1 else . end)`,
	`[[1, 2], [3, 4]] | [combinations]`, `.s | explode | implode`, `[tostream] | length`, `fromstream(tostream)`, `[1 | truncate_stream([[0], 1], [[1, 0], 2], [[1, 0]])]`,
	`getpath(["a", "b"])?`, `[.. | numbers]`, `.l | any, all`, `.matrix | flatten(1)`, `.l | indices(1)`, `.l | bsearch(2)`, `.s | [match("(?<x>e)") | .captures[0].name]`,
	`.s | gsub("(?<a>y)"; "\(.a)-\(.a)")`, `[.l[] as $x | $x * 2]`, `[path(..)] | length`, `[paths(type == "string")]`, `path(.o.k)`, `[.l[] | . as $x | {x: $x, y: .} | .x + .y]`,
	`reduce .matrix[] as [$x, $y] (0; . + $x + ($y // 0))`, `.a as $n | [limit($n; repeat("x"))]`, `[while(. != null; null)] | length`, `.a | until(. > 100; . * .)`,
	`if .a then .s end`, `.l[] as $x | select($x == 2) | $x`, `[.l[] | if . == 1 then "one" elif . == 2 then "two" else empty end]`, `.o | keys, length, has("k")`,
	`[.l[], .l[] | tostring] | join(", ")`, `.l | contains([1]), inside([1, 2, 3, 4])`, `input_name?`, `ltrimstr(1)`, `.l * 2?`, `.s | test("E"; "i")`, `.s | [scan("."; "g")]`,
	`.s | sub("(?<c>.)"; "\(.c)", "\(.c)!")`, `.o * {k: {deep: 1}} * {k: {deeper: 2}}`, `.big == 12345678901234567890`, `.big - 1`, `[.l[] % 2]`, `-.a`, `.l | -(.[0])`, `$__loc__`,
	`.["a", "s"]`, `.l[0, 2]`, `..?`, `.o[]?`, `.a[]?`, `.. |= .`, `to_entries | from_entries`, `[.l[] | {(tostring): .}] | add`, `{a, "s", "x\(.a)": 1, (.s): 2, $__loc__}`,
	`{"a": 1, b: 2} | {a, b: .a}`, `[.l | INDEX(.)] | length`, `[JOIN({"1": "x"}; .l[]; tostring)]`, `2 | IN(.[]?)`, `.l | IN([1, 2, 3])`, `.l | nth(1)`, `[nth(1; .l[])]`,
	`.l | transpose?`, `[splits("a")]?`, `error(null)?`, `try error({a: 1}) catch .a`, `.l | to_entries | map(.key)`, `.l | first, last`, `ascii(65)?`, `0 | todate | fromdate`, `.l | sort_by(-.)`,
	`.l | add / length`, `[.l[] | tostring | tonumber]`, `"1,2" / ","`, `.s / "e"`, `.l | map(select(. != 2))`, `[.l[] <= 2]`, `.l < [2]`, `.o == {"k": "v"}`, `not`, `[.a, .b] | map(. == null)`,
}

func plainly(src string) (out []any, err error) {
	query, err := gojq.Parse(src)
	if err != nil {
		return nil, err
	}
	iter := query.Run(order)
	for {
		v, more := iter.Next()
		if !more {
			return out, nil
		}
		if err, failed := v.(error); failed {
			return out, err
		}
		out = append(out, v)
	}
}

func TestTheGuardKeepsTheMeaning(t *testing.T) {
	for _, src := range meanings {
		want, wantErr := plainly(src)
		p, err := Compile(Slot{}, "["+src+"]", Limits{})
		var res Result
		if err == nil {
			res, err = p.Eval(context.Background(), Input{Dot: order})
		}
		if wantErr != nil || err != nil {
			if wantErr == nil || err == nil {
				t.Errorf("%s: error %v, without guard %v", src, err, wantErr)
			}
			continue
		}
		if want == nil {
			want = []any{}
		}
		a, _ := value.Append(nil, res.Value)
		b, _ := value.Append(nil, any(want))
		if string(a) != string(b) {
			t.Errorf("%s\n       got %s\nunguarded %s", src, a, b)
		}
	}
}
