package expr

import (
	"context"
	"errors"
	"strings"
	"testing"

	"patchbay/engine/feel"
	"patchbay/protocols/value"
)

func runFEEL(src string) (Result, error) {
	p, err := Compile(free, src, Limits{})
	if err != nil {
		return Result{}, err
	}
	return p.Eval(context.Background(), Input{Dot: "jq only", Scope: feel.ScopeOf(order)})
}

func TestFEEL(t *testing.T) {
	tests := []struct{ src, want string }{
		{`=a + 1`, `3`},
		{" \n = a + 1 ", `3`},
		{`=null`, `null`},
		{`={x: l[1], y: o.k}`, `{"x":1,"y":"v"}`},
		{`=big`, `12345678901234567890`},
		{`=bpmnError("NF")`, `{"errorCode":"NF","errorType":"bpmnError","variables":{}}`},
		{`=bpmnError("NF", "m", {a: 1})`, `{"errorCode":"NF","errorMessage":"m","errorType":"bpmnError","variables":{"a":1}}`},
		{`=bpmnError(errorCode: "NF", errorMessage: "m")`, `{"errorCode":"NF","errorMessage":"m","errorType":"bpmnError","variables":{}}`},
		{`=bpmnError(errorCode: "NF", text: "m")`, `null`},
		{`=jobError("m")`, `{"errorMessage":"m","errorType":"jobError","retries":0,"retryBackoff":"PT0S","variables":{}}`},
		{`=jobError("m", {}, 2, duration("PT90S"))`, `{"errorMessage":"m","errorType":"jobError","retries":2,"retryBackoff":"PT1M30S","variables":{}}`},
		{`=ignoreError()`, `{"errorType":"ignoreError","variables":{}}`},
		{`=ignoreError({a: 1})`, `{"errorType":"ignoreError","variables":{"a":1}}`},
		{`=backoff(1, duration("PT2S"), 2, duration("PT10S"), 0)`, `"PT2S"`},
		{`=backoff(3, duration("PT2S"), 2, duration("PT10S"), 0) < duration("PT9S")`, `true`},
		{`=if unknown(1) then bpmnError("x") else null`, `null`},
	}
	for _, tt := range tests {
		res, err := runFEEL(tt.src)
		if err != nil {
			t.Errorf("%s: %v", tt.src, err)
			continue
		}
		if got, _ := value.Append(nil, res.Value); string(got) != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.src, got, tt.want)
		}
	}
}

func TestFEELTimesHaveSecondsInConnectors(t *testing.T) {
	src := `={z: @"2024-02-29T10:00:00Z", l: [@"2024-02-29T10:00:00"], t: @"10:00:00", o: @"10:00:00+02:00", s: @"2024-02-29T10:00:07Z", d: @"2024-02-29",
		fraction: [@"2024-02-29T10:00:00.120", @"2024-02-29T10:00:20.100Z", @"10:00:00.120", @"2024-02-29T10:00:10+02:00"], zone: [@"2024-02-29T10:00:00@Europe/Paris", @"2024-02-29T10:00:00.500@UTC"]}`
	res, err := runFEEL(src)
	got, _ := value.Append(nil, res.Value)
	want := `{"d":"2024-02-29","fraction":["2024-02-29T10:00:00.12","2024-02-29T10:00:20.1Z","10:00:00.12","2024-02-29T10:00:10+02:00"],"l":["2024-02-29T10:00:00"],"o":"10:00+02:00","s":"2024-02-29T10:00:07Z","t":"10:00:00","z":"2024-02-29T10:00:00Z","zone":["2024-02-29T10:00:00+01:00","2024-02-29T10:00:00.5Z"]}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	res, err = Eval(context.Background(), `=date and time("2024-02-29T10:00:00Z")`, []byte(`{}`))
	if err != nil || res.Value != "2024-02-29T10:00Z" {
		t.Errorf("outside of connectors: %v, %v", res.Value, err)
	}
}

func TestFEELFails(t *testing.T) {
	tests := []struct{ src, want string }{
		{`=bpmnError(123, "")`, `Parameter 'errorCode' of function 'bpmnError' must be a String`},
		{`=bpmnError(null)`, `Parameter 'errorCode' of function 'bpmnError' must be a String`},
		{`=bpmnError("c", null)`, `Parameter 'errorMessage' of function 'bpmnError' must be a String`},
		{`=bpmnError("c", "m", null)`, `Parameter 'variables' of function 'bpmnError' must be a Context`},
		{`=ignoreError(null)`, `Parameter 'variables' of function 'ignoreError' must be a Context`},
		{`=jobError("m", {}, null)`, `Parameter 'retries' of function 'jobError' must be a Number`},
		{`=jobError("m", {}, 1, "PT1S")`, `Parameter 'retryBackoff' of function 'jobError' must be a Duration`},
		{`=jobError(errorMessage: "m", retries: 1)`, ``},
		{`=backoff(0)`, `backoff: attempt must be at least 1`},
	}
	for _, tt := range tests {
		res, err := runFEEL(tt.src)
		var eval *EvalError
		if tt.want == "" {
			continue
		}
		if !errors.As(err, &eval) || !strings.Contains(eval.Error(), tt.want) {
			t.Errorf("%s\n got %v, %v\nwant %s", tt.src, res.Value, err, tt.want)
		}
	}
}

func TestFEELSyntaxError(t *testing.T) {
	_, err := Compile(free, "={\n  a: \n}", Limits{})
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Line != 3 || syntax.Column != 1 {
		t.Errorf("got %v", err)
	}
	_, err = Compile(free, " =a +", Limits{})
	if !errors.As(err, &syntax) || !strings.HasSuffix(syntax.Caret(), "\n         ^") {
		t.Errorf("got %v\n%s", err, syntax.Caret())
	}
}

func TestFEELWarnings(t *testing.T) {
	res, err := runFEEL(`=nope`)
	if err != nil || len(res.Warnings) != 1 || !strings.HasPrefix(res.Warnings[0], "NO_VARIABLE_FOUND: ") {
		t.Errorf("warnings %q, error %v", res.Warnings, err)
	}
}

func TestFEELDocumentMark(t *testing.T) {
	res, err := runFEEL(`={a: createDocument("eA==")}`)
	if err != nil || res.DocumentMark == "" || res.Value.(map[string]any)["a"].(map[string]any)[DocumentKey] != res.DocumentMark {
		t.Errorf("got %v, mark %q, error %v", res.Value, res.DocumentMark, err)
	}
}

func TestEval(t *testing.T) {
	tests := []struct{ src, context, want string }{
		{`.a`, `{"a":1.50}`, `1.50`},
		{`. | length`, `[1,2]`, `2`},
		{`=a + b`, `{"a":1,"b":2}`, `3`},
		{`=a`, `[1]`, `null`},
		{`=bpmnError("x").errorCode`, `{}`, `"x"`},
	}
	for _, tt := range tests {
		res, err := Eval(context.Background(), tt.src, []byte(tt.context))
		if got, _ := value.Append(nil, res.Value); err != nil || string(got) != tt.want {
			t.Errorf("%s with %s = %s, %v; want %s", tt.src, tt.context, got, err, tt.want)
		}
	}
	if _, err := Eval(context.Background(), `.`, []byte(`{`)); err == nil || !strings.HasPrefix(err.Error(), "read the context: invalid JSON at byte 1") {
		t.Errorf("broken context: %v", err)
	}
}

func FuzzEval(f *testing.F) {
	for _, src := range []string{
		`.a + 1`, `=a + 1`, `{x: .l[1:], y: "\(.s)"}`, `[.l[] | select(. > 1)] | add`, `reduce .l[] as $i (0; . + $i)`, `.x[.a] |= 1`,
		`def f(g): g | g; f(. * 2)`, `bpmnError("a"; "b"; {})`, `=bpmnError("a", "b", {})`, `try error catch .`, `. as [$a, {b: $c}] ?// $a | $a`,
		`.s | gsub("(?<x>.)"; "\(.x)")`, `@json "x\(.)" | fromjson?`, `path(..) | tojson`, `$__loc__`, `.a += 1 | .l -= [1]`, `=for x in l return x`,
	} {
		f.Add(src)
	}
	limits := Limits{Steps: 20_000, Memory: 16 << 20, Value: 1 << 20, Result: 1 << 16}
	f.Fuzz(func(t *testing.T, src string) {
		p, err := Compile(free, src, limits)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Line < 1 || syntax.Column < 1 {
				t.Fatalf("%q: %#v", src, err)
			}
			_ = syntax.Caret()
			return
		}
		res, err := p.Eval(context.Background(), Input{Dot: order, Variables: []any{order, nil}, Scope: feel.ScopeOf(order)})
		if err != nil {
			if strings.Contains(err.Error(), "panic") {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		if _, err := value.Append(nil, res.Value); err != nil {
			t.Fatalf("%q: %v", src, err)
		}
	})
}
