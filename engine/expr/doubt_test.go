package expr

import (
	"fmt"
	"strings"
	"testing"
)

func TestUnknownFunctions(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{"=\n {a: fooo(body)}", "fooo 2:6"},
		{`=if error.code = "404" then bpmnError("x") else jobError("m", {}, 1)`, ""},
		{`=[ignoreError(), backoff(1), createDocument("eA==")]`, ""},
		{`.a`, ""},
	} {
		p, err := Compile(ErrorExpression, tt.src, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range p.UnknownFunctions() {
			got = append(got, fmt.Sprintf("%s %d:%d", c.Name, c.Line, c.Column))
		}
		if got := strings.Join(got, ", "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.src, got, tt.want)
		}
	}
	p, err := Compile(RequestExpression, `=bpmnError("x")`, Limits{})
	if err != nil || len(p.UnknownFunctions()) != 1 {
		t.Errorf("a slot without decisions has bpmnError: %v", err)
	}
}

func TestAssigningConditions(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{`if .status = 404 then 1 else 2 end`, `.status = 404`},
		{`if .status == 404 then 1 else 2 end`, ``},
		{`if .a then 1 elif .b = "x" then 2 end`, `.b = "x"`},
		{`{x: [.items[] | select(.id = 5)]}`, `.id = 5`},
		{`[.items[] | select(.id == 5)]`, ``},
		{`map(select((.a = 1) and .b))`, `(.a = 1) and .b`},
		{`any(.items[]; .ok = true)`, `.ok = true`},
		{`if .body | .status = 404 then 1 else 2 end`, `.body | .status = 404`},
		{`if (.a = 1 | .b) then 1 else 2 end`, ``},
		{`if (.a = {b: 1}).a.b == 1 then 1 else 2 end`, ``},
		{`if .a == 1 then .b = 2 else .b |= 3 end`, ``},
		{`def f: if .a = 1 then 2 end; "\(select(.b = 3) | f)"`, `.a = 1, .b = 3`},
		{`reduce .[] as $x (0; if $x.a = 1 then . + 1 else . end)`, `$x.a = 1`},
		{`.x[if .a = 1 then 0 else 1 end]?`, `.a = 1`},
		{`=if a = 1 then 2 else 3`, ``},
	} {
		p, err := Compile(ErrorExpression, tt.src, Limits{})
		if err != nil {
			t.Errorf("%s: %v", tt.src, err)
			continue
		}
		if got := strings.Join(p.AssigningConditions(), ", "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.src, got, tt.want)
		}
	}
}
