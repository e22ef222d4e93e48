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

func TestMisfitCalls(t *testing.T) {
	p, err := Compile(ErrorExpression, `=[substring("a"), bpmnError(), jobError("m")]`, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range p.MisfitCalls() {
		got = append(got, fmt.Sprintf("%s %d:%d %d", m.Name, m.Line, m.Column, len(m.Takes)))
	}
	if got := strings.Join(got, ", "); got != "substring 1:3 2, bpmnError 1:19 3" {
		t.Errorf("got %q", got)
	}
}

func TestDecisions(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{`if .status == 404 then bpmnError("x") else jobError("y") end`, "bpmnError jobError"},
		{`def bpmnError(x): x; bpmnError("x")`, ""},
		{`{a: backoff(1), b: length}`, ""},
		{`=if a then bpmnError("x") else ignoreError()`, "bpmnError ignoreError"},
		{`={a: backoff(1)}`, ""},
	} {
		p, err := Compile(ErrorExpression, tt.src, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(p.Decisions(), " "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.src, got, tt.want)
		}
	}
}

func TestLiteralKeys(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{`{a: 1, "b": {"c d": 2, e: [{f: 1}]}}`, "a b b.c d b.e"},
		{`.x as $y | {$y, "n\(1)": 2, (.k): 3}`, "y"},
		{`.x | {url: .u} + (if .a then {body: 1} elif .b then {json: {a: 2}} else null end)`, "url body json json.a"},
		{`def f: {x: 1}; ({a: 1} * {b: 2}) // {c: 3}`, "a b c"},
		{`{a: 1} | with_entries(.)`, ""}, {`{a: 1}.a`, ""}, {`.`, ""},
		{`={a: {b: 1}}`, "a a.b"},
	} {
		p, err := Compile(RequestExpression, tt.src, Limits{})
		if err != nil {
			t.Errorf("%s: %v", tt.src, err)
			continue
		}
		var got []string
		for _, path := range p.LiteralKeys() {
			got = append(got, strings.Join(path, "."))
		}
		if got := strings.Join(got, " "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.src, got, tt.want)
		}
	}
}

// TestFunctionHints: who misspells a function of jq is told which is meant.
func TestFunctionHints(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{`.a | lenght`, `1:6: function not defined: lenght/0 (did you mean "length"?)`},
		{`test("a"; "b"; "c")`, `1:1: function not defined: test/3 (there is test/1, test/2)`},
		{`bpmnError("x")`, `1:1: function not defined: bpmnError/1 (only the errorExpression has it; to use FEEL, begin with "=")`},
		{`.a | zzzzzz`, `1:6: function not defined: zzzzzz/0`},
		{`lenght`, `1:1: function not defined: lenght/0 (did you mean "length"?; to use FEEL, begin with "=")`},
	} {
		slot := ResultExpression
		slot.Name = ""
		if _, err := Compile(slot, tt.src, Limits{}); err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.src, err, tt.want)
		}
	}
}
