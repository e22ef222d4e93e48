package templates

import (
	"fmt"
	"slices"
	"strings"
)

// similar returns a hint that names what the user may have meant.
func similar(name string, all []string) string {
	folded := strings.ToLower(name)
	var hints []string
	for _, candidate := range all {
		c := strings.ToLower(candidate)
		if strings.Contains(c, folded) || len(c) > 2 && strings.Contains(folded, c) || distance(c, folded) <= min(2, len(folded)/2) {
			hints = append(hints, candidate)
		}
	}
	if len(hints) == 0 {
		hints = all
	}
	if len(hints) == 0 {
		return ""
	}
	slices.Sort(hints)
	hints = slices.Compact(hints)
	if len(hints) > 8 {
		hints = append(hints[:8:8], "...")
	}
	return "; there is " + strings.Join(hints, ", ")
}

// nearest returns the name that a misspelt one most likely means, or "".
func nearest(name string, all []string) string {
	best, least := "", 1+min(len(name)/4, 3)
	for _, candidate := range all {
		if d := distance(strings.ToLower(candidate), strings.ToLower(name)); d <= least && candidate != name {
			best, least = candidate, d-1
		}
	}
	return best
}

// didYouMean is a hint that names the nearest, with a blank before it.
func didYouMean(name string, all []string) string {
	if best := nearest(name, all); best != "" {
		return fmt.Sprintf(" (did you mean %q?)", best)
	}
	return ""
}

// distance is the number of single-character edits between two short texts.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
