package main

import (
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	m, err := read(strings.NewReader("goos: linux\nBenchmarkA/b-2   \t 10\t 5.5 ns/op\t 7 jobs/s\nBenchmarkA/b#01-2 10 6.5 ns/op\nBenchmarkC \t1\t 3 MB\nPASS\n"))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]float64{"A/b ns/op": 6, "A/b jobs/s": 7, "C MB": 3} {
		if got, ok := m.median(key); !ok || got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
}

func TestFigure(t *testing.T) {
	m := measured{"a ms": {9, 11}, "fast jobs/s": {1234, 4000, 2000}, "hand jobs/s": {1234, 2000}}
	for _, c := range []struct {
		figure        figure
		text, verdict string
	}{
		{figure{of: "a ms", than: 10, unit: "ms"}, "10.0 ms", "ok"},
		{figure{of: "a ms", than: 9, unit: "ms"}, "10.0 ms", "MISSED"},
		{figure{of: "a ms", more: true, than: 0.02, unit: "s", scale: 1e-3}, "0.01 s", "MISSED"},
		{figure{of: "fast jobs/s", over: "hand jobs/s", how: ratio, more: true, than: 0.8}, "1.50", "ok"},
		{figure{of: "fast jobs/s", over: "hand jobs/s", how: difference, than: 40}, "1,000", "MISSED"},
	} {
		got, ok := c.figure.value(m)
		if text, verdict := c.figure.text(got), c.figure.verdict(got); !ok || text != c.text || verdict != c.verdict {
			t.Errorf("%+v: %s %s, want %s %s", c.figure, text, verdict, c.text, c.verdict)
		}
	}
}

func TestMissing(t *testing.T) {
	var out strings.Builder
	if err := print(&out, measured{"Command/run median-ms": {100}}); err == nil || !strings.Contains(out.String(), "100 ms") || !strings.Contains(out.String(), "not measured") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
