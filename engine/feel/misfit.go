package feel

import (
	"cmp"
	"slices"
	"strings"
)

// Misfit is a call of a function that is there, but not with these parameters: it gives null and a NO_FUNCTION_FOUND
// warning.
type Misfit struct {
	Call
	// Takes are the function's overloads.
	Takes []Signature
}

// MisfitCalls are the calls with a number or names of parameters that no overload of the function takes, in the order of
// the source and at most 20. What the expression may define itself is not among them.
func (p *Program) MisfitCalls() []Misfit {
	var list []Misfit
	for _, n := range p.calls {
		if known := p.overloads(n.name); len(known) > 0 && !slices.ContainsFunc(known, n.accepts) {
			line, column := place(p.source, n.at)
			list = append(list, Misfit{Call{n.name, line, column}, signatures(n.name, known)})
		}
	}
	slices.SortStableFunc(list, func(a, b Misfit) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	return list[:min(len(list), maxUnknown)]
}

// overloads are the functions of a name, of the language and of the host.
func (p *Program) overloads(name string) []*function {
	return slices.Concat(builtins[name], p.functions[name])
}

func signatures(name string, overloads []*function) []Signature {
	list := make([]Signature, len(overloads))
	for i, fn := range overloads {
		list[i] = Signature{name, fn.params, fn.variadic}
	}
	return list
}

// String writes the signature as one calls it: "substring(string, start position)".
func (s Signature) String() string {
	text := s.Name + "(" + strings.Join(s.Params, ", ")
	if s.Variadic {
		text += "..."
	}
	return text + ")"
}

// HostCalls are the names of the host's functions that the expression calls, each once, sorted.
func (p *Program) HostCalls() []string {
	var names []string
	for _, n := range p.calls {
		if p.functions[n.name] != nil {
			names = append(names, n.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// LiteralKeys are the paths of the keys of the context that the expression yields, as far as it writes them down:
// {a: {b: 1}} has [a] and [a b]. An entry that a later one uses may be there for that alone, and is left out.
func (p *Program) LiteralKeys() [][]string { return literalKeys(p.root, nil) }

func literalKeys(x node, above []string) [][]string {
	switch n := x.(type) {
	case *contextLiteral:
		return n.literalKeys(above)
	case *conditional:
		return append(literalKeys(n.then, above), literalKeys(n.otherwise, above)...)
	}
	return nil
}

func (n *contextLiteral) literalKeys(above []string) (list [][]string) {
	used := free{}
	collectAll(n.values, nil, &used)
	for i, name := range n.names {
		if !slices.Contains(used.variables, name) {
			path := append(slices.Clone(above), name)
			list = append(append(list, path), literalKeys(n.values[i], path)...)
		}
	}
	return list
}
