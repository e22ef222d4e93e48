package feel

import "slices"

// names is the chain of names that an expression defines around a place.
type names struct {
	outer *names
	names []string
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

// collect gathers the free variables of an expression.
func collect(x node, bound *names, free *[]string) {
	switch n := x.(type) {
	case *variable:
		if !bound.has(n.name) && !slices.Contains(*free, n.name) {
			*free = append(*free, n.name)
		}
	case *path:
		collect(n.base, bound, free)
	case *listLiteral:
		collectAll(n.items, bound, free)
	case *contextLiteral:
		for i, v := range n.values {
			collect(v, &names{bound, n.names[:i]}, free)
		}
	case *rangeLiteral:
		collect(n.start, bound, free)
		collect(n.end, bound, free)
	case *arithmetic:
		collect(n.x, bound, free)
		collect(n.y, bound, free)
	case *negation:
		collect(n.x, bound, free)
	case *comparison:
		collect(n.x, bound, free)
		collect(n.y, bound, free)
	case *not:
		collect(n.x, bound, free)
	case *conjunction:
		collect(n.x, bound, free)
		collect(n.y, bound, free)
	case *disjunction:
		collectAll(n.tests, bound, free)
	case *instanceOf:
		collect(n.x, bound, free)
	case *in:
		collect(n.x, bound, free)
		collect(n.test, bound, free)
	case *inputComparison:
		collect(n.x, bound, free)
	case *inputInRange:
		collect(n.rng, bound, free)
	case *inputTest:
		collect(n.x, bound, free)
	case *conditional:
		collect(n.test, bound, free)
		collect(n.then, bound, free)
		collect(n.otherwise, bound, free)
	case *filter:
		collect(n.list, bound, free)
		collect(n.test, &names{bound, []string{"item"}}, free)
	case *interval:
		collect(n.start, bound, free)
		collect(n.end, bound, free)
	case *forLoop:
		collect(n.body, bindIterators(n.iterators, bound, free, "partial"), free)
	case *quantified:
		collect(n.test, bindIterators(n.iterators, bound, free), free)
	case *call:
		collect(n.path, bound, free)
		collectAll(n.args, bound, free)
	case *definition:
		collect(n.body, &names{bound, n.params}, free)
	}
}

func collectAll(nodes []node, bound *names, free *[]string) {
	for _, n := range nodes {
		collect(n, bound, free)
	}
}

func bindIterators(its []iterator, bound *names, free *[]string, more ...string) *names {
	inner := &names{outer: bound, names: more}
	for _, it := range its {
		collect(it.list, bound, free)
		inner.names = append(inner.names, it.name)
	}
	return inner
}
