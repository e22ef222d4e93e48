package feel

import (
	"context"
	"testing"
)

// The names of these benchmarks are those of the figures that the project promises, per core.

func benchScope() Scope {
	items := make([]any, 10)
	for i := range items {
		items[i] = map[string]any{"name": "item", "price": float64(i * 3), "tags": []any{"x", "y"}}
	}
	return ScopeOf(map[string]any{
		"a": 1.0, "b": 2.0, "c": 3.0, "items": items,
		"order": map[string]any{"id": "o-1", "customer": map[string]any{"name": "Ada", "city": "London"}},
	})
}

func benchEval(b *testing.B, src string) {
	p, err := Compile(src)
	if err != nil {
		b.Fatal(err)
	}
	scope, ctx := benchScope(), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Eval(ctx, scope); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "evals/s")
}

func BenchmarkPath(b *testing.B)   { benchEval(b, `order.customer.name`) }
func BenchmarkIf(b *testing.B)     { benchEval(b, `if a > 1 then b else c`) }
func BenchmarkFilter(b *testing.B) { benchEval(b, `items[price > 10]`) }
func BenchmarkContextWithSum(b *testing.B) {
	benchEval(b, `{total: sum(items.price), count: count(items), first: items[1].name}`)
}
func BenchmarkFor(b *testing.B)        { benchEval(b, `for i in items return i.price * 2`) }
func BenchmarkDecimal(b *testing.B)    { benchEval(b, `(a + 0.1) * 3 / 4`) }
func BenchmarkStringJoin(b *testing.B) { benchEval(b, `string join(items.name, ",")`) }
func BenchmarkMatches(b *testing.B)    { benchEval(b, `matches(order.id, "^o-\d+$")`) }
func BenchmarkDate(b *testing.B)       { benchEval(b, `date("2026-01-31") + duration("P1M")`) }

// resultExpression is typical of what connector templates hold.
const resultExpression = `{orderId: response.body.id, total: response.body.total, names: response.body.items.name, ok: response.status = 200}`

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(resultExpression); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFromJSON(b *testing.B) {
	data := FromGo(map[string]any{"order": map[string]any{"id": "o-1", "total": 42.5, "items": []any{1.0, 2.0, "x"}}}).JSON()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := FromJSON(data); err != nil {
			b.Fatal(err)
		}
	}
}
