package feel

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestUnknownFunctions(t *testing.T) {
	host := Function{Name: "hosted", Params: []string{"x"}, Call: func(_ context.Context, a []Value) (Value, error) { return a[0], nil }}
	for _, row := range []struct{ src, want string }{
		{`{a: foo(body)}`, "foo 1:5"},
		{"1 +\n  é.x + foo(bar(2))", "foo 2:9, bar 2:13"},
		{`foo(1) + foo(2)`, "foo 1:1"},
		{`upper case("a") + string(now()) + date("2026-01-01")`, ""},
		{`abs(1, 2) + hosted()`, ""},
		{`hosted(1)`, ""},
		{`{f: function(x) x, g: f(1)}`, ""},
		{`{f: function(x) f(x)}`, "f 1:17"},
		{`{a: a(1)}`, "a 1:5"},
		{`{f: function(g) g(1)}`, ""},
		{`for f in [1] return f(2)`, ""},
		{`some f in [1] satisfies f(2)`, ""},
		{`every x in [1] satisfies f(x)`, "f 1:26"},
		{`[{f: function(x) true}][f(1)]`, ""},
		{`[1][f(item)]`, "f 1:5"},
		{`o.f(1)`, ""},
		{`if foo(1) then "bar(1)" else [foo2(1)]`, "foo 1:4, foo2 1:31"},
		{strings.Repeat("f(1) + ", 30) + "g(1)", "f 1:1, g 1:211"},
	} {
		var got []string
		for _, c := range mustCompile(t, row.src, WithFunctions(host)).UnknownFunctions() {
			got = append(got, fmt.Sprintf("%s %d:%d", c.Name, c.Line, c.Column))
		}
		if got := strings.Join(got, ", "); got != row.want {
			t.Errorf("%s: got %q, want %q", row.src, got, row.want)
		}
	}
}

// TestUnknownFunctionsAreMissed: what is called unknown is not found at run time.
func TestUnknownFunctionsAreMissed(t *testing.T) {
	rows, _ := answers(t)
	calls := 0
	for _, row := range rows {
		p, err := Compile(row.expr)
		if err != nil {
			continue
		}
		for _, c := range p.UnknownFunctions() {
			if calls++; !slices.Contains(row.codes, NoFunctionFound) {
				t.Errorf("line %d: %s: %v", row.line, row.expr, c)
			}
		}
	}
	if calls == 0 {
		t.Error("no row calls an unknown function")
	}
}

func TestManyUnknownFunctions(t *testing.T) {
	var src strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&src, "f%d(1) + ", i)
	}
	if list := mustCompile(t, src.String()+"1").UnknownFunctions(); len(list) != maxUnknown || list[19].Name != "f19" {
		t.Errorf("%v", list)
	}
}
