package feel

// node is a part of a compiled expression. eval never changes the node.
type node interface {
	eval(f *frame, s *scope) Value
}

// Literals and names.
type (
	constant   struct{ value Value }
	inputValue struct{} // ?
	variable   struct {
		name string
		path []string // a.b.c: names after the first
	}
	path struct {
		base node
		name string
	}
	listLiteral    struct{ items []node }
	contextLiteral struct {
		names  []string
		values []node
	}
	rangeLiteral struct {
		start, end             node
		startClosed, endClosed bool
	}
)

// Operators.
type (
	arithmetic struct {
		op   byte // + - * / ^ for **
		x, y node
	}
	negation   struct{ x node }
	comparison struct {
		op   string // = < <= > >=
		x, y node
	}
	not         struct{ x node } // also of != and of negated unary tests
	conjunction struct{ x, y node }
	disjunction struct{ tests []node }
	instanceOf  struct {
		x        node
		typeName string
	}
	in struct{ x, test node }
)

// Unary tests: they compare with the implicit input value.
type (
	inputComparison struct {
		op string // = < <= > >=
		x  node
	}
	inputInRange struct{ rng *rangeLiteral }
	inputTest    struct{ x node }
)

// Control structures.
type (
	conditional struct{ test, then, otherwise node }
	filter      struct {
		list, test node
		kind       filterKind
		index      Value // of a filter by position
	}
	iterator struct {
		name string
		list node
	}
	interval struct{ start, end node } // 1..10 of for
	forLoop  struct {
		iterators []iterator
		body      node
		partial   bool // the body may look at the results so far
	}
	quantified struct {
		iterators []iterator
		test      node
		every     bool
	}
)

// Functions.
type (
	call struct {
		path    node // of a function in a context, or nil
		at      int  // where the name begins in the source
		name    string
		args    []node
		names   []string  // of named arguments, else nil
		builtin *function // that the call finds when the expression defines none of this name
	}
	definition struct {
		params []string
		body   node
	}
)
