package main

import (
	"bufio"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// measured holds the values of each run, by "benchmark unit".
type measured map[string][]float64

func (m measured) add(name, unit string, value float64) {
	key := name + " " + unit
	m[key] = append(m[key], value)
}

// median returns the middle value of all runs; false if there was none.
func (m measured) median(key string) (float64, bool) { return median(m[key]) }

func median(list []float64) (float64, bool) {
	if len(list) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(list))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2, true
}

// benchmarkLine is "BenchmarkName/sub-2  100  12.3 unit  4 unit ...". A benchmark
// that runs again within one run of its parent is "BenchmarkName/sub#01-2".
var benchmarkLine = regexp.MustCompile(`^Benchmark(\S+?)(?:#\d+)?(?:-\d+)?\s+\d+\s+(.*)$`)

// read collects the results of all benchmarks.
func read(r io.Reader) (measured, error) {
	m := measured{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		match := benchmarkLine.FindStringSubmatch(lines.Text())
		if match == nil {
			continue
		}
		fields := strings.Fields(match[2])
		for i := 0; i+1 < len(fields); i += 2 {
			if value, err := strconv.ParseFloat(fields[i], 64); err == nil {
				m.add(match[1], fields[i+1], value)
			}
		}
	}
	return m, lines.Err()
}
