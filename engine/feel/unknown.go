package feel

import (
	"cmp"
	"slices"
)

// Call is the place of a function's name in a source. Line and Column count from 1, columns in characters.
type Call struct {
	Name         string
	Line, Column int
}

// maxUnknown is how many unknown functions of an expression are told.
const maxUnknown = 20

// UnknownFunctions are the functions that the expression calls but that neither it, nor the language, nor the host
// defines: such a call gives null and a NO_FUNCTION_FOUND warning. Each name comes once, where it is first called; there
// are at most 20. A call with the wrong number of parameters is not among them, and neither is one of a function that
// could be an entry of a context that the expression makes.
func (p *Program) UnknownFunctions() []Call {
	first := map[string]int{}
	for _, n := range p.calls {
		if at, seen := first[n.name]; builtins[n.name] == nil && p.functions[n.name] == nil && (!seen || n.at < at) {
			first[n.name] = n.at
		}
	}
	names := make([]string, 0, len(first))
	for name := range first {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(first[a], first[b]) })
	var list []Call
	for _, name := range names[:min(len(names), maxUnknown)] {
		line, column := place(p.source, first[name])
		list = append(list, Call{name, line, column})
	}
	return list
}
