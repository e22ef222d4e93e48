package feel

func (n *interval) eval(f *frame, s *scope) Value {
	start := n.start.eval(f, s)
	end := n.end.eval(f, s)
	if start.kind != KindNumber {
		return f.expect(KindNumber, start)
	}
	if end.kind != KindNumber {
		return f.expect(KindNumber, end)
	}
	step := Int(1)
	if cmpNumbers(start, end) >= 0 {
		step = Int(-1)
	}
	count, ok := absNumber(subNumbers(end, start)).truncated()
	if !ok || count >= int64(f.limits.List) {
		panic(abort{errList})
	}
	f.grow(int(count) + 1)
	items := make([]Value, 0, count+1)
	for v := start; len(items) <= int(count); v = addNumbers(v, step) {
		items = append(items, v)
	}
	return List(items...)
}

// lists evaluates the lists of all iterators, which do not see each other's names.
func (f *frame) lists(iterators []iterator, s *scope) ([]Value, Value) {
	lists := make([]Value, len(iterators))
	for i, it := range iterators {
		lists[i] = it.list.eval(f, s)
	}
	bad := Value{}
	for _, v := range lists {
		if v.kind != KindList {
			if v = f.expect(KindList, v); bad.kind == KindNull {
				bad = v
			}
		}
	}
	return lists, bad
}

// product calls visit with a scope for each combination of items, the last iterator turning fastest, until it says stop.
func (f *frame) product(iterators []iterator, lists []Value, s *scope, visit func(*scope) bool) bool {
	if len(iterators) == 0 {
		return visit(s)
	}
	inner := &scope{}
	for _, item := range lists[0].items() {
		f.step(1)
		if f.prog.closures {
			inner = &scope{}
		}
		*inner = scope{parent: s, name: iterators[0].name, value: item, plain: true}
		if !f.product(iterators[1:], lists[1:], inner, visit) {
			return false
		}
	}
	return true
}

func (n *forLoop) eval(f *frame, s *scope) Value {
	lists, bad := f.lists(n.iterators, s)
	if bad.failed() {
		return bad.orNull()
	}
	var results []Value
	if len(lists) == 1 {
		results = make([]Value, 0, lists[0].num)
	}
	var fatal Value
	weight := int32(1)
	f.product(n.iterators, lists, s, func(inner *scope) bool {
		if n.partial {
			so := f.bounded(listOfWeight(results[:len(results):len(results)], weight))
			inner = &scope{parent: inner, name: "partial", value: so}
		}
		v := n.body.eval(f, inner)
		f.grow(1)
		if v.kind == kindFatal {
			fatal = v
			return false
		}
		v = v.orNull()
		results, weight = append(results, v), addWeights(weight, v.weight())
		if len(results) > f.limits.List {
			panic(abort{errList})
		}
		return true
	})
	if fatal.failed() {
		return fatal
	}
	return f.bounded(listOfWeight(results, weight))
}

func (n *quantified) eval(f *frame, s *scope) Value {
	lists, bad := f.lists(n.iterators, s)
	if bad.failed() {
		return bad.orNull()
	}
	so := Bool(n.every)
	f.product(n.iterators, lists, s, func(inner *scope) bool {
		so = f.logic(so, n.test, inner, !n.every)
		return so.kind != kindFatal && !(so.kind == KindBoolean && so.bool() != n.every)
	})
	return so.orNull()
}
