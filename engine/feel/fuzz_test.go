package feel

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"
)

func seed(f *testing.F) {
	rows, _ := answers(f)
	for _, row := range rows {
		f.Add(row.expr)
	}
}

// FuzzParse: no panic, and the error has a place inside of the source.
func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, src string) {
		p, err := Compile(src)
		var syntax *SyntaxError
		switch {
		case err == nil:
			p.Variables()
		case !errors.As(err, &syntax):
			t.Fatalf("%q: %v", src, err)
		case syntax.Line < 1 || syntax.Column < 1 || syntax.Caret() == "":
			t.Fatalf("%q: no place in %v", src, err)
		}
		_, _ = CompileUnaryTests(src)
	})
}

// FuzzEval: no panic, no hang, and the value is JSON.
func FuzzEval(f *testing.F) {
	seed(f)
	limits := WithLimits(Limits{Depth: 50, Steps: 50_000, List: 10_000, String: 100_000})
	scope := ScopeOf(map[string]any{"x": nil, "n": 5, "s": "text", "l": []any{1, 2.5, "a"}, "o": map[string]any{"a": map[string]any{"b": 1}}})
	f.Fuzz(func(t *testing.T, src string) {
		p, err := Compile(src, limits)
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		res, err := p.Eval(ctx, scope)
		var failed *EvalError
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			t.Fatalf("%q takes too long", src)
		case err != nil && !errors.As(err, &failed):
			t.Fatalf("%q: %v", src, err)
		case !json.Valid(res.Value.JSON()):
			t.Fatalf("%q gives %s", src, res.Value.JSON())
		}
		_ = res.Value.Go()
	})
}
