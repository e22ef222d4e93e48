// Package spell finds the name that a misspelt one most likely means, for
// error texts.
package spell

import (
	"fmt"
	"strings"
)

// Nearest returns the name that differs from a misspelt one in the fewest
// letters, whatever their case; "" if all differ in too many to be meant. Of
// names that are as near, the first is taken.
func Nearest(name string, all []string) string {
	best, least := "", 1+min(len(name)/4, 3)
	for _, candidate := range all {
		if d := Distance(strings.ToLower(candidate), strings.ToLower(name)); d <= least && candidate != name {
			best, least = candidate, d-1
		}
	}
	return best
}

// DidYouMean is a hint that names the nearest, with a blank before it; empty
// if there is none.
func DidYouMean(name string, all []string) string {
	if best := Nearest(name, all); best != "" {
		return fmt.Sprintf(" (did you mean %q?)", best)
	}
	return ""
}

// maxLength is how long texts are that are compared, in bytes.
const maxLength = 64

// Distance is the number of single-byte edits between two texts (Levenshtein's
// distance); longer ones than 64 bytes differ in 64.
func Distance(a, b string) int {
	if len(a) > maxLength || len(b) > maxLength {
		return maxLength
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
