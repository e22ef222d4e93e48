package feel

import "slices"

// names is the chain of names that an expression defines around a place.
type names struct {
	outer *names
	names []string
	// open tells that there may be functions of any name: entries of a filter's items.
	open bool
}

func (b *names) has(name string) bool {
	for ; b != nil; b = b.outer {
		for _, n := range b.names {
			if n == name {
				return true
			}
		}
	}
	return false
}

// mayCall tells whether the expression may define a function of the name there.
func (b *names) mayCall(name string) bool {
	for ; b != nil; b = b.outer {
		if b.open || slices.Contains(b.names, name) {
			return true
		}
	}
	return false
}

// free is what an expression uses and does not define itself.
type free struct {
	variables []string
	calls     []*call // that no built-in function takes
	closures  bool    // the expression defines functions
}

func (out *free) variable(name string, bound *names) {
	if !bound.has(name) && !slices.Contains(out.variables, name) {
		out.variables = append(out.variables, name)
	}
}

func (out *free) call(n *call, bound *names) {
	if n.path == nil && n.builtin == nil && !bound.mayCall(n.name) {
		out.calls = append(out.calls, n)
	}
}

// collect gathers what is free in an expression.
func collect(x node, bound *names, out *free) {
	switch n := x.(type) {
	case *variable:
		out.variable(n.name, bound)
	case *path:
		collect(n.base, bound, out)
	case *listLiteral:
		collectAll(n.items, bound, out)
	case *contextLiteral:
		for i, v := range n.values {
			collect(v, &names{outer: bound, names: n.names[:i]}, out)
		}
	case *rangeLiteral:
		collect(n.start, bound, out)
		collect(n.end, bound, out)
	case *arithmetic:
		collect(n.x, bound, out)
		collect(n.y, bound, out)
	case *negation:
		collect(n.x, bound, out)
	case *comparison:
		collect(n.x, bound, out)
		collect(n.y, bound, out)
	case *not:
		collect(n.x, bound, out)
	case *conjunction:
		collect(n.x, bound, out)
		collect(n.y, bound, out)
	case *disjunction:
		collectAll(n.tests, bound, out)
	case *instanceOf:
		collect(n.x, bound, out)
	case *in:
		collect(n.x, bound, out)
		collect(n.test, bound, out)
	case *inputComparison:
		collect(n.x, bound, out)
	case *inputInRange:
		collect(n.rng, bound, out)
	case *inputTest:
		collect(n.x, bound, out)
	case *conditional:
		collect(n.test, bound, out)
		collect(n.then, bound, out)
		collect(n.otherwise, bound, out)
	case *filter:
		collect(n.list, bound, out)
		collect(n.test, &names{bound, []string{"item"}, out.closures}, out)
	case *interval:
		collect(n.start, bound, out)
		collect(n.end, bound, out)
	case *forLoop:
		collect(n.body, bindIterators(n.iterators, bound, out, "partial"), out)
	case *quantified:
		collect(n.test, bindIterators(n.iterators, bound, out), out)
	case *call:
		out.call(n, bound)
		collect(n.path, bound, out)
		collectAll(n.args, bound, out)
	case *definition:
		collect(n.body, &names{outer: bound, names: n.params}, out)
	}
}

func collectAll(nodes []node, bound *names, out *free) {
	for _, n := range nodes {
		collect(n, bound, out)
	}
}

func bindIterators(its []iterator, bound *names, out *free, more ...string) *names {
	inner := &names{outer: bound, names: more}
	for _, it := range its {
		collect(it.list, bound, out)
		inner.names = append(inner.names, it.name)
	}
	return inner
}
