package feel

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// answer is a row of testdata/answers.txt.
type answer struct {
	line               int
	expr, result       string
	codes              []string
	fails, syntaxError bool
}

// answers reads the rows, and the variables that they use.
func answers(t testing.TB) ([]answer, Scope) {
	t.Helper()
	file, err := os.Open("testdata/answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var rows []answer
	var variables Value
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if doc, ok := strings.CutPrefix(line, "# Variables: "); ok {
			if variables, err = FromJSON([]byte(doc)); err != nil {
				t.Fatal(err)
			}
		}
		expr, rest, ok := strings.Cut(line, "  =>  ")
		if !ok {
			continue
		}
		result, codes, _ := strings.Cut(rest, "  ~ ")
		rows = append(rows, answer{n, expr, result, strings.Fields(codes), result == "fails", result == "syntax"})
	}
	return rows, ValueScope(variables)
}

func TestAnswers(t *testing.T) {
	rows, scope := answers(t)
	for _, row := range rows {
		got, warnings, err := evaluate(row.expr, scope)
		var syntax *SyntaxError
		var codes []string
		for _, w := range warnings {
			codes = append(codes, w.Code)
		}
		switch {
		case row.syntaxError:
			if !errors.As(err, &syntax) {
				t.Errorf("line %d: %s\n\tgot  %s %v\n\twant a syntax error", row.line, row.expr, got.JSON(), err)
			}
			continue
		case row.fails != (err != nil):
			t.Errorf("line %d: %s\n\tgot  %s %v\n\twant %s", row.line, row.expr, got.JSON(), err, row.result)
		case !row.fails:
			var want any
			if err := json.Unmarshal([]byte(row.result), &want); err != nil {
				t.Fatalf("line %d: %v", row.line, err)
			}
			if !alike(asJSON(t, got), want) {
				t.Errorf("line %d: %s\n\tgot  %s\n\twant %s", row.line, row.expr, got.JSON(), row.result)
			}
		}
		if !slices.Equal(codes, row.codes) {
			t.Errorf("line %d: %s\n\twarnings %v\n\twant     %v", row.line, row.expr, warnings, row.codes)
		}
	}
}

// TestAnswersCoverBuiltins keeps the table complete: every function stands in it, or is tested in Go for a reason.
func TestAnswersCoverBuiltins(t *testing.T) {
	elsewhere := []string{"now", "today", "random number", "uuid", "cycle", "fromAi"} // clock, chance, not Camunda's own
	rows, _ := answers(t)
	for name := range builtins {
		used := slices.ContainsFunc(rows, func(a answer) bool { return strings.Contains(a.expr, name+"(") })
		if !used && !slices.Contains(elsewhere, name) {
			t.Errorf("no row for %s", name)
		}
	}
	if n := len(Builtins()); n != 136+7 {
		t.Errorf("%d overloads, want Camunda's 136 and Zeebe's 7", n)
	}
}

// TestDifferences holds the answers that differ from Camunda's on purpose, with the reasons.
func TestDifferences(t *testing.T) {
	for _, d := range []struct{ expr, want, camunda, reason string }{
		{`@"P10000D" / 2`, `"PT120000H"`, `"PT-497H-41M-36.896S"`, "Java cuts milliseconds to 32 bits, which gives nonsense from 24 days on"},
		{`["a", "_"][item != "x"]`, `["a","_"]`, `["a"]`, "Camunda's filter uses the string _ as its mark for items to leave out"},
		{`{order: function(n) n, r: order(2)}.r`, `2`, "a syntax error", "Camunda's parser takes or for the function of this name in any name that begins so"},
		{`split("x😀y", "")`, `["x","😀","y",""]`, `["x","?","?","y",""]`, "half a character is no text"},
		{`99999999999999999999`, `99999999999999999999`, `1.0E20, in Zeebe 8.8 a wrapped integer`, "numbers keep their digits"},
		{`[function(x) x]`, `[null]`, "Zeebe: null", "functions are no data"},
		{`for x in [1] return x.f()`, `[null]`, `["error(...)"]`, "Camunda's engine lets an internal error into the list"},
		{`number("1e400")`, `"Infinity"`, `Infinity, which is no JSON`, "readers of JSON choke on such a number"},
		{`get entries(context merge({e: 1, d: 2}, {c: 3, b: 4, a: 5})).key`, `["e","d","c","b","a"]`, "the order of a hash map", "entries keep their order"},
	} {
		got, _, err := evaluate(d.expr, nil)
		if err != nil || string(got.JSON()) != d.want {
			t.Errorf("%s\n\tgot  %s %v\n\twant %s (Camunda: %s; %s)", d.expr, got.JSON(), err, d.want, d.camunda, d.reason)
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, row := range []struct{ src, message, caret string }{
		{"1 +", `1:4: expected an expression but found the end of the expression`, "1 +\n   ^"},
		{"a b", `1:3: expected an operator or the end but found "b"`, "a b\n  ^"},
		{"{a: 1\n b: 2}", `2:2: expected`, " b: 2}\n ^"},
		{"if x then 1", `1:12: expected "else"`, "if x then 1\n           ^"},
		{"[1, 2", `1:6: expected`, "[1, 2\n     ^"},
		{"\t\"open", `expected a closing "\""`, "\t\"open\n\t"},
		{"1 /* note", `1:3: comment without end`, "1 /* note\n  ^"},
		{"", `1:1: expected an expression but found the end of the expression`, "\n^"},
		{"for x in [1]", `"return"`, ""},
		{"f(1, ", `expected an expression`, ""},
		{"1 in", `expected an expression`, ""},
		{"(function(x) x)(2)", `1:16: expected an operator or the end but found "("`, ""},
		{"function(x) external {java: {}}", `external functions are not supported`, ""},
		{strings.Repeat("(", 5000) + "1", `nested more than 400 levels deep`, ""},
		{strings.Repeat(" ", maxSource+1), `longer than`, ""},
	} {
		_, err := Compile(row.src)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.40q: got %v, want a syntax error", row.src, err)
			continue
		}
		if !strings.Contains(err.Error(), row.message) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: got %q, want %q in it", row.src, err, row.message)
		}
		if !strings.HasPrefix(syntax.Caret(), row.caret) {
			t.Errorf("%.40q: caret\n%s\nwant\n%s", row.src, syntax.Caret(), row.caret)
		}
	}
}

func TestUnaryTests(t *testing.T) {
	for _, row := range []struct {
		src   string
		input Value
		want  string
	}{
		{"> 5", Int(6), "true"}, {"> 5", Int(5), "false"}, {"<= 5, > 8", Int(9), "true"}, {"[1..5]", Int(3), "true"},
		{"]1..5[", Int(5), "false"}, {"not(1, 2)", Int(3), "true"}, {"not(> 2)", Int(3), "false"}, {"-", Int(3), "true"},
		{`"a", "b"`, String("b"), "true"}, {"true", Bool(true), "true"}, {"false", Bool(true), "false"}, {"null", Null(), "true"},
		{"? > 2 and ? < 4", Int(3), "true"}, {"[1, 2]", Int(2), "true"}, {"cellInput = 4", Int(4), "true"}, {`> "a"`, Int(1), "null"},
	} {
		p, err := CompileUnaryTests(row.src)
		if err != nil {
			t.Errorf("%s: %v", row.src, err)
			continue
		}
		res, err := p.Eval(t.Context(), Map{"cellInput": row.input})
		if err != nil || string(res.Value.JSON()) != row.want {
			t.Errorf("%s with %v: got %s %v, want %s", row.src, row.input, res.Value.JSON(), err, row.want)
		}
	}
}
