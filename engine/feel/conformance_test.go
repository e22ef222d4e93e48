package feel

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// deliberate are the answers that differ from Camunda's on purpose; the package documentation has the reasons.
var deliberate = map[string]string{}

// vectors opens a file of Camunda's answers, which are not part of the repository.
func vectors(t *testing.T, name string) *bufio.Scanner {
	t.Helper()
	root := os.Getenv("PATCHBAY_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	file, err := os.Open(filepath.Join(root, "vectors", "feel", name))
	if err != nil {
		t.Skipf("no conformance data here (set PATCHBAY_SHARED to the folder that holds vectors/feel): %v", err)
	}
	t.Cleanup(func() { file.Close() })
	s := bufio.NewScanner(file)
	s.Buffer(nil, 1<<20)
	return s
}

// evaluate compiles and evaluates in one go.
func evaluate(src string, scope Scope) (Value, []Warning, error) {
	p, err := Compile(src)
	if err != nil {
		return Value{}, nil, err
	}
	res, err := p.Eval(context.Background(), scope)
	return res.Value, res.Warnings, err
}

func asJSON(t *testing.T, v Value) (out any) {
	t.Helper()
	if err := json.Unmarshal(v.JSON(), &out); err != nil {
		t.Fatalf("%s is no JSON: %v", v.JSON(), err)
	}
	return out
}

// alike compares JSON values; doubles may differ in the last digits.
func alike(a, b any) bool {
	x, ok1 := a.(float64)
	y, ok2 := b.(float64)
	if ok1 && ok2 {
		return x == y || math.Abs(x-y) <= 1e-12*math.Max(math.Abs(x), math.Abs(y))
	}
	la, ok1 := a.([]any)
	lb, ok2 := b.([]any)
	if ok1 && ok2 && len(la) == len(lb) {
		for i := range la {
			if !alike(la[i], lb[i]) {
				return false
			}
		}
		return true
	}
	ma, ok1 := a.(map[string]any)
	mb, ok2 := b.(map[string]any)
	if ok1 && ok2 && len(ma) == len(mb) {
		for k := range ma {
			if v, ok := mb[k]; !ok || !alike(ma[k], v) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

func TestConformance(t *testing.T) {
	for _, file := range []struct {
		name     string
		required float64
	}{
		{"connector-style.jsonl", 100},
		{"feel-scala.jsonl", 99},
		{"dmn-tck.jsonl", 97},
	} {
		t.Run(file.name, func(t *testing.T) {
			lines := vectors(t, file.name)
			total, passed := 0, 0
			for lines.Scan() {
				var row struct {
					Expr    string
					Context json.RawMessage
					Result  any
					Error   bool
				}
				if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
					t.Fatal(err)
				}
				if deliberate[row.Expr] != "" {
					continue
				}
				scope, err := FromJSON(row.Context)
				if err != nil {
					t.Fatal(err)
				}
				total++
				got, _, failed := evaluate(row.Expr, ValueScope(scope))
				if (failed != nil) == row.Error && alike(asJSON(t, got), row.Result) {
					passed++
					continue
				}
				t.Logf("%s\n\tgot  %v (%v)\n\twant %v (error %v)", row.Expr, got, failed, row.Result, row.Error)
			}
			report(t, passed, total, file.required)
		})
	}
}

func report(t *testing.T, passed, total int, required float64) {
	t.Helper()
	share := 100 * float64(passed) / float64(max(total, 1))
	t.Logf("%d of %d as Camunda answers: %.2f %%", passed, total, share)
	if total == 0 || share < required {
		t.Errorf("%.2f %% where %.0f %% are required", share, required)
	}
}

// TestQuirks compares answers and the codes of warnings. A row is: expression, "  =>  ", answer, " :type", warnings.
func TestQuirks(t *testing.T) {
	lines := vectors(t, "quirks.txt")
	scope, err := FromJSON([]byte(`{"x":null,"n":5,"s":"str","l":[1,2,3],"o":{"a":{"b":1}},"ol":[{"v":1,"k":"a"},{"v":2,"k":"b"},{"k":"c"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for lines.Scan() {
		if line := lines.Text(); strings.Contains(line, "  =>  ") {
			rows = append(rows, line)
		} else {
			rows[len(rows)-1] += "\n" + line // the answer has a line break
		}
	}
	passed := 0
	for _, row := range rows {
		expr, want, _ := strings.Cut(row, "  =>  ")
		_, warned, _ := strings.Cut(want, "  ~")
		answer, _, _ := strings.Cut(want, "  ~")
		typed := strings.LastIndex(answer, " :")
		if typed >= 0 {
			answer = answer[:typed]
		}
		got, warnings, failed := evaluate(expr, ValueScope(scope))
		switch text := javaText(got); {
		case strings.HasPrefix(want, "FAIL") != (failed != nil), failed == nil && text != answer:
			t.Errorf("%s\n\tgot  %s (%v)\n\twant %s", expr, text, failed, want)
		case !sameCodes(warnings, warned):
			t.Errorf("%s\n\twarnings %v\n\twant     %s", expr, warnings, warned)
		default:
			passed++
		}
	}
	report(t, passed, len(rows), 97)
}

var codePattern = regexp.MustCompile(`\[([A-Z_]+)\]`)

// sameCodes compares the codes with those of "[CODE] text, [CODE] text", which is cut off at some length.
func sameCodes(warnings []Warning, text string) bool {
	want := codePattern.FindAllStringSubmatch(text, -1)
	if len(warnings) < len(want) || text == "" && len(warnings) > 0 {
		return false
	}
	for i, w := range want {
		if warnings[i].Code != w[1] {
			return false
		}
	}
	return true
}

// javaText writes a value as the quirks do: Java's toString of a Long, a Double, a list or a map.
func javaText(v Value) string {
	switch v.Kind() {
	case KindList:
		items, _ := v.AsList()
		parts := make([]string, len(items))
		for i, item := range items {
			parts[i] = javaText(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case KindContext:
		var parts []string
		for _, k := range v.Keys() {
			entry, _ := v.Entry(k)
			parts = append(parts, k+"="+javaText(entry))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case KindNumber:
		if n, ok := v.Go().(int64); ok {
			return fmt.Sprint(n)
		}
		f, _ := v.AsFloat64()
		if math.Abs(f) < 1e7 {
			return fmt.Sprint(f)
		}
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E+")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		return mantissa + "E" + exponent
	}
	if s, ok := v.AsString(); ok {
		return s
	}
	return fmt.Sprint(strings.Trim(string(v.JSON()), `"`))
}
