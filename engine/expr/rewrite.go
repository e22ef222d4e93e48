package expr

import (
	"fmt"
	"strconv"

	"github.com/itchyny/gojq"
)

// guard rewrites one query; names collects the variables that it uses.
type guard struct {
	names map[string]bool
	// host are the names of functions that get the account as well; to tell
	// them from a query's own, a blank is added to their names.
	host map[string]*function
	err  error
}

func (g *guard) refuse(name, why string) {
	if g.err == nil {
		g.err = &refusal{name, why}
	}
}

func call(name string, args ...*gojq.Query) *gojq.Query {
	return term(&gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: name, Args: args}})
}

func check(name string, args ...*gojq.Query) *gojq.Query {
	return call(name, append(args, call(accountVariable))...)
}

func term(t *gojq.Term) *gojq.Query { return &gojq.Query{Term: t} }

func pipe(left, right *gojq.Query) *gojq.Query {
	return &gojq.Query{Left: left, Op: gojq.OpPipe, Right: right}
}

// paren makes a query usable where only a term is.
func paren(q *gojq.Query) *gojq.Term { return &gojq.Term{Type: gojq.TermTypeQuery, Query: q} }

func (g *guard) query(q *gojq.Query) *gojq.Query {
	if q == nil {
		return nil
	}
	for _, i := range q.Imports {
		g.refuse(i.ImportPath+i.IncludePath, "modules are not available")
	}
	for _, def := range q.FuncDefs {
		if _, ok := g.host[def.Name]; ok {
			g.host[def.Name] = nil // the query's own function hides it
		}
		def.Body = g.query(def.Body)
	}
	if q.Term != nil {
		q.Term = g.term(q.Term)
		return q
	}
	q.Left, q.Right = g.query(q.Left), g.query(q.Right)
	g.patterns(q.Patterns)
	if len(q.FuncDefs) == 0 {
		return g.operator(q)
	}
	defs := q.FuncDefs
	q.FuncDefs = nil
	out := term(paren(g.operator(q)))
	out.FuncDefs = defs
	return out
}

func (g *guard) operator(q *gojq.Query) *gojq.Query {
	switch q.Op {
	case gojq.OpAdd:
		return g.sum(q)
	case gojq.OpMul, gojq.OpSub:
		return g.product(q)
	case gojq.OpDiv:
		if isNumber(q.Left) || isNumber(q.Right) {
			return q
		}
		return pipe(term(paren(q)), check(checkTop))
	case gojq.OpEq, gojq.OpNe, gojq.OpGt, gojq.OpLt, gojq.OpGe, gojq.OpLe:
		if !isScalar(q.Left) && !isScalar(q.Right) {
			q.Left = pipe(q.Left, check(checkTree))
			q.Right = pipe(q.Right, check(checkTree))
			q.Left, q.Right = term(paren(q.Left)), term(paren(q.Right))
		}
	case gojq.OpUpdateAdd, gojq.OpUpdateSub, gojq.OpUpdateMul, gojq.OpUpdateDiv:
		return g.update(q)
	}
	return q
}

// sum checks what + yields.
func (g *guard) sum(q *gojq.Query) *gojq.Query {
	if isNumber(q.Left) || isNumber(q.Right) {
		return q
	}
	return pipe(term(paren(q)), check(checkTop))
}

// product checks the operands of an operator whose cost is their product, and
// its result. A small number as operand at most repeats a text that often.
func (g *guard) product(q *gojq.Query) *gojq.Query {
	if isNumber(q.Left) || isNumber(q.Right) {
		if q.Op == gojq.OpSub || isSmall(q.Left) || isSmall(q.Right) {
			return pipe(term(paren(q)), check(checkTop))
		}
	}
	both := check(checkPair, q.Left, q.Right)
	apply := &gojq.Query{Left: element("0"), Op: q.Op, Right: element("1")}
	return pipe(both, pipe(term(paren(apply)), check(checkTop)))
}

func element(index string) *gojq.Query {
	return term(&gojq.Term{Type: gojq.TermTypeIndex, Index: &gojq.Index{
		Start: term(&gojq.Term{Type: gojq.TermTypeNumber, Number: index}),
	}})
}

var updates = map[gojq.Operator]gojq.Operator{
	gojq.OpUpdateAdd: gojq.OpAdd, gojq.OpUpdateSub: gojq.OpSub,
	gojq.OpUpdateMul: gojq.OpMul, gojq.OpUpdateDiv: gojq.OpDiv,
}

// update turns a += b into b as $x | a |= . + $x, which is what jq means by
// it, so that the sum can be checked. No query can name the variable.
func (g *guard) update(q *gojq.Query) *gojq.Query {
	const name = "$ operand"
	identity := term(&gojq.Term{Type: gojq.TermTypeIdentity})
	sum := g.operator(&gojq.Query{Left: identity, Op: updates[q.Op], Right: call(name)})
	return &gojq.Query{
		Left:     term(paren(q.Right)),
		Patterns: []*gojq.Pattern{{Name: name}},
		Op:       gojq.OpPipe,
		Right:    &gojq.Query{Left: q.Left, Op: gojq.OpModify, Right: term(paren(sum))},
	}
}

func isNumber(q *gojq.Query) bool {
	return q.Term != nil && len(q.Term.SuffixList) == 0 && q.Term.Type == gojq.TermTypeNumber && len(q.FuncDefs) == 0
}

func isSmall(q *gojq.Query) bool {
	if !isNumber(q) {
		return false
	}
	n, err := strconv.ParseFloat(q.Term.Number, 64)
	return err == nil && n <= 1000
}

func isScalar(q *gojq.Query) bool {
	if q.Term == nil || len(q.Term.SuffixList) > 0 || len(q.FuncDefs) > 0 {
		return false
	}
	switch q.Term.Type {
	case gojq.TermTypeNumber, gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse:
		return true
	case gojq.TermTypeString:
		return q.Term.Str.Queries == nil
	}
	return false
}

func (g *guard) term(t *gojq.Term) *gojq.Term {
	suffixes := t.SuffixList
	t.SuffixList = nil
	out := g.bare(t)
	for _, s := range suffixes {
		g.index(s.Index)
	}
	if len(suffixes) > 0 && len(out.SuffixList) > 0 {
		out = paren(term(out))
	}
	out.SuffixList = suffixes
	return out
}

// bare rewrites a term without its suffixes.
func (g *guard) bare(t *gojq.Term) *gojq.Term {
	switch t.Type {
	case gojq.TermTypeIndex:
		g.index(t.Index)
	case gojq.TermTypeFunc:
		return g.function(t)
	case gojq.TermTypeString:
		return g.text(t, false)
	case gojq.TermTypeFormat:
		return g.text(t, true)
	case gojq.TermTypeObject:
		for _, kv := range t.Object.KeyVals {
			g.keyValue(kv)
		}
	case gojq.TermTypeArray:
		t.Array.Query = g.query(t.Array.Query)
	case gojq.TermTypeUnary:
		t.Unary.Term = g.term(t.Unary.Term)
	case gojq.TermTypeQuery:
		t.Query = g.query(t.Query)
	case gojq.TermTypeLabel:
		t.Label.Body = g.query(t.Label.Body)
	default:
		g.control(t)
	}
	return t
}

func (g *guard) control(t *gojq.Term) {
	switch t.Type {
	case gojq.TermTypeIf:
		t.If.Cond, t.If.Then, t.If.Else = g.query(t.If.Cond), g.query(t.If.Then), g.query(t.If.Else)
		for _, e := range t.If.Elif {
			e.Cond, e.Then = g.query(e.Cond), g.query(e.Then)
		}
	case gojq.TermTypeTry:
		t.Try.Body, t.Try.Catch = g.query(t.Try.Body), g.query(t.Try.Catch)
	case gojq.TermTypeReduce:
		r := t.Reduce
		r.Query, r.Start, r.Update = g.query(r.Query), g.query(r.Start), g.query(r.Update)
		g.patterns(r.Patterns)
	case gojq.TermTypeForeach:
		f := t.Foreach
		f.Query, f.Start, f.Update, f.Extract = g.query(f.Query), g.query(f.Start), g.query(f.Update), g.query(f.Extract)
		g.patterns(f.Patterns)
	}
}

func (g *guard) keyValue(kv *gojq.ObjectKeyVal) {
	if kv.Key != "" && kv.Key[0] == '$' {
		g.name(kv.Key)
	}
	g.str(kv.KeyString)
	kv.KeyQuery, kv.Val = g.query(kv.KeyQuery), g.query(kv.Val)
}

func (g *guard) patterns(list []*gojq.Pattern) {
	for _, p := range list {
		g.patterns(p.Array)
		for _, o := range p.Object {
			g.str(o.KeyString)
			o.KeyQuery = g.query(o.KeyQuery)
			if o.Val != nil {
				g.patterns([]*gojq.Pattern{o.Val})
			}
		}
	}
}

func (g *guard) index(x *gojq.Index) {
	if x == nil {
		return
	}
	g.str(x.Str)
	if x.IsSlice {
		x.Start, x.End = g.query(x.Start), g.query(x.End)
		return
	}
	if x.Start == nil {
		return
	}
	if isNumber(x.Start) {
		if n, err := strconv.ParseFloat(x.Start.Term.Number, 64); err != nil || n > maxIndex {
			g.refuse(x.Start.Term.Number, fmt.Sprintf("an array index is at most %d", maxIndex))
		}
		return
	}
	if !isScalar(x.Start) {
		x.Start = pipe(g.query(x.Start), check(checkIndex))
	}
}

// str checks the values that are put into a text.
func (g *guard) str(s *gojq.String) {
	if s == nil {
		return
	}
	for i, q := range s.Queries {
		if q.Term != nil && q.Term.Type == gojq.TermTypeQuery {
			s.Queries[i] = term(paren(pipe(g.query(q), check(checkTree))))
		}
	}
}

// text checks a text with values in it, with or without a format.
func (g *guard) text(t *gojq.Term, format bool) *gojq.Term {
	g.str(t.Str)
	if t.Str != nil && t.Str.Queries != nil {
		return paren(pipe(term(t), check(checkTop)))
	}
	if format && t.Str == nil {
		return paren(pipe(check(checkTree), term(t)))
	}
	return t
}

func (g *guard) name(name string) {
	if why, ok := refused[name]; ok {
		g.refuse(name, why)
	}
	if name[0] == '$' {
		g.names[name] = true
	}
}

func (g *guard) function(t *gojq.Term) *gojq.Term {
	f := t.Func
	g.name(f.Name)
	rule, ok := guards[f.Name]
	for i, arg := range f.Args {
		harmless := isScalar(arg) && rule.arg(i) != checkIndex
		f.Args[i] = g.query(arg)
		if name := rule.arg(i); ok && name != "" && !harmless {
			f.Args[i] = g.argument(name, f.Args[i])
		}
	}
	if own := g.host[f.Name]; own != nil {
		if n := len(f.Args); n < own.min || n > len(own.params) {
			g.refuse(f.Name, fmt.Sprintf("%s takes %d to %d arguments but got %d", own.name, own.min, len(own.params), n))
		}
		f.Name += " "
		f.Args = append(f.Args, call(accountVariable))
	}
	if rule.input == "" {
		return t
	}
	return paren(pipe(check(rule.input), term(t)))
}

func (r guarded) arg(i int) string {
	if len(r.args) == 0 {
		return ""
	}
	return r.args[min(i, len(r.args)-1)]
}

func (g *guard) argument(name string, arg *gojq.Query) *gojq.Query {
	if name == checkAgainst {
		return check(name, arg)
	}
	return pipe(arg, check(name))
}
