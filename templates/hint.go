package templates

import (
	"slices"
	"strings"

	"patchbay/engine/spell"
)

// similar returns a hint that names what the user may have meant.
func similar(name string, all []string) string {
	folded := strings.ToLower(name)
	var hints []string
	for _, candidate := range all {
		c := strings.ToLower(candidate)
		if strings.Contains(c, folded) || len(c) > 2 && strings.Contains(folded, c) || spell.Distance(c, folded) <= min(2, len(folded)/2) {
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
