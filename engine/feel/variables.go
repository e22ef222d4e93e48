package feel

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
func collect(x node, bound *names, free map[string]bool) {
	visit := func(nodes ...node) {
		for _, n := range nodes {
			if n != nil {
				collect(n, bound, free)
			}
		}
	}
	switch n := x.(type) {
	case *variable:
		if !bound.has(n.name) {
			free[n.name] = true
		}
	case *path:
		visit(n.base)
	case *listLiteral:
		visit(n.items...)
	case *contextLiteral:
		for i, v := range n.values {
			collect(v, &names{bound, n.names[:i]}, free)
		}
	case *rangeLiteral:
		visit(n.start, n.end)
	case *arithmetic:
		visit(n.x, n.y)
	case *negation:
		visit(n.x)
	case *comparison:
		visit(n.x, n.y)
	case *not:
		visit(n.x)
	case *conjunction:
		visit(n.x, n.y)
	case *disjunction:
		visit(n.tests...)
	case *instanceOf:
		visit(n.x)
	case *in:
		visit(n.x, n.test)
	case *inputComparison:
		visit(n.x)
	case *inputInRange:
		visit(n.rng)
	case *inputTest:
		visit(n.x)
	case *conditional:
		visit(n.test, n.then, n.otherwise)
	case *filter:
		visit(n.list)
		collect(n.test, &names{bound, []string{"item"}}, free)
	case *interval:
		visit(n.start, n.end)
	case *forLoop:
		collect(n.body, bindIterators(n.iterators, bound, free, "partial"), free)
	case *quantified:
		collect(n.test, bindIterators(n.iterators, bound, free), free)
	case *call:
		visit(n.path)
		visit(n.args...)
	case *definition:
		collect(n.body, &names{bound, n.params}, free)
	}
}

func bindIterators(its []iterator, bound *names, free map[string]bool, more ...string) *names {
	inner := &names{outer: bound, names: more}
	for _, it := range its {
		collect(it.list, bound, free)
		inner.names = append(inner.names, it.name)
	}
	return inner
}
