package expr

import (
	"context"
	"testing"

	"patchbay/engine/feel"
)

func benchmark(b *testing.B, src string) {
	c := NewCache(100, Limits{})
	in := Input{Dot: order, Variables: []any{order, nil}, Scope: feel.ScopeOf(order)}
	b.ReportAllocs()
	for b.Loop() {
		p, err := c.Compile(free, src)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Eval(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEvalJQ(b *testing.B)   { benchmark(b, `{id: .o.k, total: .price, first: .l[0]}`) }
func BenchmarkEvalFEEL(b *testing.B) { benchmark(b, `={id: o.k, total: price, first: l[1]}`) }
func BenchmarkEvalGuarded(b *testing.B) {
	benchmark(b, `{sum: (.l | add), text: "\(.s)-\(.a + 1)", l: (.l | map(. * 2))}`)
}

func BenchmarkCompileJQ(b *testing.B) {
	for b.Loop() {
		if _, err := Compile(free, `{id: .o.k, sum: (.l | add)}`, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
