package feel

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

func TestMisfitCalls(t *testing.T) {
	host := Function{Name: "fail", Params: []string{"code"}, Call: func(context.Context, []Value) (Value, error) { return Value{}, nil }}
	for _, tt := range []struct{ src, want string }{
		{`substring("abc")`, "1:1 substring(string, start position) substring(string, start position, length)"},
		{`substring("abc", 1)`, ""},
		{"[1,\n count()]", "2:2 count(list)"},
		{`sum(1, 2, 3)`, ""},
		{`upper case(text: "a")`, "1:1 upper case(string)"},
		{`upper case(string: "a")`, ""},
		{`fail()`, "1:1 fail(code)"},
		{`fail("x")`, ""},
		{`nobody(1)`, ""},
		{`{upper case: function(a, b) a, x: upper case("a", "b")}`, ""},
		{`{count: function(a, b) a, x: count(1, 2)}`, ""},
	} {
		var got []string
		for _, m := range mustCompile(t, tt.src, WithFunctions(host)).MisfitCalls() {
			text := fmt.Sprintf("%d:%d", m.Line, m.Column)
			for _, s := range m.Takes {
				text += " " + s.String()
			}
			got = append(got, text)
		}
		if got := strings.Join(got, "; "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.src, got, tt.want)
		}
	}
	if list := mustCompile(t, "["+strings.Repeat("count(),", 50)+"1]").MisfitCalls(); len(list) != maxUnknown {
		t.Errorf("%d are told", len(list))
	}
}

func TestHostCalls(t *testing.T) {
	host := func(name string) Function {
		return Function{Name: name, Params: []string{"code"}, Call: func(context.Context, []Value) (Value, error) { return Value{}, nil }}
	}
	p := mustCompile(t, `if a then fail("x") else [stop(1), fail()]`, WithFunctions(host("fail"), host("stop"), host("other")))
	if got := strings.Join(p.HostCalls(), " "); got != "fail stop" {
		t.Errorf("got %q", got)
	}
	if got := mustCompile(t, `{fail: function(a) a, b: fail(1)}`, WithFunctions(host("fail"))).HostCalls(); len(got) != 0 {
		t.Errorf("its own: %q", got)
	}
}

func TestLiteralKeys(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{`{a: 1, b: {"c d": 2, e: [{f: 1}]}}`, "a b b.c d b.e"},
		{`if x then {a: 1} else {b: {c: 1}}`, "a b b.c"},
		{`{base: "x", url: base + "/y"}`, "url"},
		{`{base: {x: 1}, url: base.x, in: {y: base}}`, "url in in.y"},
		{`x`, ""}, {`context merge({a: 1}, {b: 2})`, ""}, {`{}`, ""},
	} {
		var got []string
		for _, path := range mustCompile(t, tt.src).LiteralKeys() {
			got = append(got, strings.Join(path, "."))
		}
		if got := strings.Join(got, " "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.src, got, tt.want)
		}
	}
}
