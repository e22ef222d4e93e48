package feel

import (
	"errors"
	"hash/maphash"
	"math"
	"slices"
)

var listFunctions = []builtin{
	{"list contains", "list,element", onList(func(f *frame, l, a []Value) Value {
		f.traverse(a[0])
		return Bool(contains(l, a[1]))
	})},
	{"count", "list", onList(func(_ *frame, l, _ []Value) Value { return Int(int64(len(l))) })},
	{"min", "list...", onList(func(f *frame, l, a []Value) Value { return extreme(f, l, a[0], -1) })},
	{"max", "list...", onList(func(f *frame, l, a []Value) Value { return extreme(f, l, a[0], 1) })},
	{"sum", "list...", onNumbers(sum)},
	{"product", "list...", onNumbers(func(l []Value) Value {
		p := l[0] // the first number's precision counts
		for _, n := range l[1:] {
			p = mulNumbers(p, n)
		}
		return p
	})},
	{"mean", "list...", onNumbers(mean)},
	{"median", "list...", onNumbers(median)},
	{"stddev", "list...", onNumbers(stddev)},
	{"mode", "list...", onList(func(f *frame, l, _ []Value) Value {
		if len(l) == 0 {
			return List()
		}
		return onNumbers(mode)(f, []Value{List(l...)})
	})},
	{"and", "list...", onList(all)},
	{"all", "list...", onList(all)},
	{"or", "list...", onList(anyOf)},
	{"any", "list...", onList(anyOf)},
	{"sublist", "list,start", onList(sublist)},
	{"sublist", "list,start,length", onList(sublist)},
	{"append", "list,items...", onList(func(f *frame, l, a []Value) Value {
		if a[1].kind != KindList {
			return illegal(a)
		}
		return f.list(slices.Concat(l, a[1].items()))
	})},
	{"concatenate", "lists...", onList(func(f *frame, l, _ []Value) Value { return f.list(concat(f, l)) })},
	{"insert before", "list,position,newItem", onList(insertBefore)},
	{"remove", "list,position", onList(remove)},
	{"reverse", "list", onList(func(f *frame, l, _ []Value) Value {
		l = slices.Clone(l)
		slices.Reverse(l)
		return f.list(l)
	})},
	{"index of", "list,match", onList(indexOf)},
	{"union", "lists...", onList(func(f *frame, l, _ []Value) Value { return distinct(f, concat(f, l)) })},
	{"distinct values", "list", onList(func(f *frame, l, _ []Value) Value { return distinct(f, l) })},
	{"duplicate values", "list", onList(duplicates)},
	{"flatten", "list", onList(func(f *frame, l, _ []Value) Value { return f.list(flatten(f, nil, l)) })},
	{"sort", "list,precedes", onList(sortList)},
	{"is empty", "list", onList(func(_ *frame, l, _ []Value) Value { return Bool(len(l) == 0) })},
	{"partition", "list,size", onList(partition)},
}

// onList is a function whose first argument must be a list.
func onList(fn func(f *frame, items, args []Value) Value) func(*frame, []Value) Value {
	return func(f *frame, a []Value) Value {
		if a[0].kind != KindList {
			return illegal(a)
		}
		return fn(f, a[0].items(), a)
	}
}

// onNumbers is a function of a list of numbers: null for an empty one.
func onNumbers(fn func([]Value) Value) func(*frame, []Value) Value {
	return onList(func(f *frame, l, _ []Value) Value {
		f.step(len(l) / 8)
		for _, v := range l {
			if v.kind != KindNumber {
				return failure("expected number but found ", v)
			}
		}
		if len(l) == 0 {
			return Value{}
		}
		return fn(l)
	})
}

func sum(l []Value) Value {
	total := l[0]
	for _, n := range l[1:] {
		total = addNumbers(total, n)
	}
	return total
}

func mean(l []Value) Value { return divNumbers(sum(l), Int(int64(len(l)))) }

func sorted(l []Value) []Value {
	l = slices.Clone(l)
	slices.SortStableFunc(l, cmpNumbers)
	return l
}

func median(l []Value) Value {
	s := sorted(l)
	i := len(s) / 2
	if len(s)%2 == 1 {
		return s[i]
	}
	return divNumbers(addNumbers(s[i-1], s[i]), Int(2))
}

// stddev is the one of a sample; of a single number it fails, as a division by zero does in Camunda's engine.
func stddev(l []Value) Value {
	if len(l) == 1 {
		fail("stddev of a single number")
	}
	m, dev := mean(l), Int(0)
	for _, n := range l {
		d := subNumbers(n, m)
		dev = addNumbers(dev, powNumber(d, 2))
	}
	return fromFloat(math.Sqrt(divNumbers(dev, Int(int64(len(l)-1))).float()))
}

// mode is every number that occurs most often, sorted.
func mode(l []Value) Value {
	var out []Value
	s, most := sorted(l), 0
	for start := 0; start < len(s); {
		end := start + 1
		for end < len(s) && cmpNumbers(s[start], s[end]) == 0 {
			end++
		}
		switch n := end - start; {
		case n > most:
			out, most = []Value{s[start]}, n
		case n == most:
			out = append(out, s[start])
		}
		start = end
	}
	return List(out...)
}

// extreme is the least (sign -1) or greatest (1) item.
func extreme(f *frame, l []Value, list Value, sign int) Value {
	if len(l) == 0 {
		return Value{}
	}
	if !comparable(list) {
		return failure(shorten(string(list.appendText(nil, maxText))), " is not comparable")
	}
	f.step(len(l) / 8)
	best := l[0]
	for _, v := range l[1:] {
		if order(v, best)*sign > 0 {
			best = v
		}
	}
	return best
}

func all(_ *frame, l, _ []Value) Value { return decide(l, false) }

func anyOf(_ *frame, l, _ []Value) Value { return decide(l, true) }

// decide is false for all, true for any of which one item alone decides; anything but a boolean makes it null.
func decide(l []Value, decides bool) Value {
	so := Bool(!decides)
	for _, v := range l {
		switch {
		case v.kind == KindBoolean && v.bool() == decides:
			return v
		case v.kind != KindBoolean:
			so = Value{}
		}
	}
	return so
}

// index turns a position of the language into an index, which may be outside of the list.
func index(length int, position Value) int {
	if p := int(position.int32()); p > 0 {
		return p - 1
	} else {
		return length + p
	}
}

func clamp(i, length int) int { return max(0, min(i, length)) }

func sublist(f *frame, l, a []Value) Value {
	if !has(a[1:], KindNumber) || len(a) > 2 && a[2].kind != KindNumber {
		return illegal(a)
	}
	if a[1].sign() == 0 {
		return errorValue("start position must be a non-zero number")
	}
	start, end := index(len(l), a[1]), len(l)
	if len(a) > 2 {
		end = start + int(a[2].int32())
	}
	start, end = clamp(start, len(l)), clamp(end, len(l))
	if end <= start {
		return List()
	}
	return List(l[start:end:end]...)
}

func insertBefore(f *frame, l, a []Value) Value {
	if a[1].kind != KindNumber {
		return illegal(a)
	}
	if a[1].sign() == 0 {
		return errorValue("position must be a non-zero number")
	}
	return f.list(slices.Insert(slices.Clone(l), clamp(index(len(l), a[1]), len(l)), a[2]))
}

func remove(f *frame, l, a []Value) Value {
	if a[1].kind != KindNumber {
		return illegal(a)
	}
	if a[1].sign() == 0 {
		return errorValue("position must be a non-zero number")
	}
	next := index(len(l), Int(int64(a[1].int32())+1)) // for -1 this is position 0: the end of the list
	return f.list(slices.Concat(l[:clamp(index(len(l), a[1]), len(l))], l[clamp(next, len(l)):]))
}

func indexOf(f *frame, l, a []Value) Value {
	f.traverse(a[0])
	var out []Value
	for i, v := range l {
		if equals(v, a[1]) {
			out = append(out, Int(int64(i+1)))
		}
	}
	return List(out...)
}

// concat joins lists; what is no list counts as an item.
func concat(f *frame, l []Value) []Value {
	var out []Value
	for _, v := range l {
		if v.kind == KindList {
			f.grow(len(out) + len(v.items()))
			out = append(out, v.items()...)
		} else {
			out = append(out, v)
		}
	}
	return out
}

func flatten(f *frame, out, l []Value) []Value {
	f.grow(len(l))
	for _, v := range l {
		if v.kind == KindList {
			out = flatten(f, out, v.items())
		} else {
			out = append(out, v)
		}
	}
	return out
}

// groups sorts out equal items: it gives the index of the first of each, and how many there are.
func groups(f *frame, l []Value) (firsts, counts []int) {
	f.grow(len(l))
	seed := maphash.MakeSeed()
	buckets := make(map[uint64][]int, len(l))
	for i, v := range l {
		f.traverse(v)
		var h maphash.Hash
		h.SetSeed(seed)
		hash(&h, v)
		key := h.Sum64()
		known := slices.IndexFunc(buckets[key], func(g int) bool {
			f.step(1)
			f.traverse(v)
			return equals(l[firsts[g]], v)
		})
		if known >= 0 {
			counts[buckets[key][known]]++
			continue
		}
		buckets[key] = append(buckets[key], len(firsts))
		firsts, counts = append(firsts, i), append(counts, 1)
	}
	return firsts, counts
}

func distinct(f *frame, l []Value) Value {
	firsts, _ := groups(f, l)
	return pick(l, firsts)
}

func duplicates(f *frame, l, _ []Value) Value {
	firsts, counts := groups(f, l)
	several := firsts[:0]
	for g, i := range firsts {
		if counts[g] > 1 {
			several = append(several, i)
		}
	}
	return pick(l, several)
}

func pick(l []Value, indexes []int) Value {
	out := make([]Value, len(indexes))
	for i, at := range indexes {
		out[i] = l[at]
	}
	return List(out...)
}

func sortList(f *frame, l, a []Value) (result Value) {
	if a[1].kind != KindFunction {
		return illegal(a)
	}
	precedes := a[1].function()
	if n := len(precedes.params); n != 2 {
		return failure("expect boolean function with 2 arguments, but found '", String(Int(int64(n)).String()).str(), "'")
	}
	depth := f.depth
	defer func() {
		r := recover()
		f.depth = depth
		if a, ok := r.(abort); ok && errors.Is(a.err, ErrFailed) { // within a sort a failure is one of the function
			result = failure("fail to sort list by given precedes function: ", a.err.Error())
		} else if r != nil {
			panic(r)
		}
	}()
	out := slices.Clone(l)
	var bad Value
	isBad := false
	slices.SortStableFunc(out, func(x, y Value) int {
		if isBad {
			return 0
		}
		for i, pair := range [2][2]Value{{x, y}, {y, x}} {
			f.step(1)
			switch v := precedes.call(f, pair[:]); {
			case v.isTrue():
				return 2*i - 1
			case v.kind != KindBoolean:
				bad, isBad = v, true
				return 0
			}
		}
		return 0
	})
	if isBad {
		return failure("fail to sort list by given precedes function: ", "expected boolean but found ", bad)
	}
	return f.list(out)
}

func partition(f *frame, l, a []Value) Value {
	if a[1].kind != KindNumber {
		return illegal(a)
	}
	size := int(a[1].int32())
	if size <= 0 {
		return failure("'size' should be greater than zero but was ", a[1])
	}
	var out []Value
	for part := range slices.Chunk(l, size) {
		out = append(out, List(part...))
	}
	return f.list(out)
}
