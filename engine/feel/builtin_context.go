package feel

var contextFunctions = []builtin{
	{"get entries", "context", getEntries},
	{"get entries", "m", getEntries},
	{"get value", "m,key", getValue},
	{"get value", "context,key", getValue},
	{"get value", "context,keys", func(f *frame, a []Value) Value {
		if a[1].kind == KindString {
			return illegal(a)
		}
		return getValue(f, a)
	}},
	{"context put", "context,key,value", contextPut},
	{"context put", "context,keys,value", contextPut},
	{"put", "context,key,value", contextPut},
	{"context merge", "contexts...", contextMerge},
	{"put all", "contexts...", contextMerge},
	{"context", "entries", contextOfEntries},
}

func getEntries(f *frame, a []Value) Value {
	if a[0].kind != KindContext {
		return illegal(a)
	}
	entries := a[0].context().entries
	f.grow(len(entries))
	out := make([]Value, len(entries))
	for i, e := range entries {
		out[i] = ContextOf(Entry{"key", String(e.Name)}, Entry{"value", e.Value})
	}
	return f.bounded(List(out...))
}

// getValue takes a key or a list of keys that leads into nested contexts.
func getValue(_ *frame, a []Value) Value {
	switch {
	case has(a, KindContext, KindString):
		v, _ := a[0].Entry(a[1].str())
		return v
	case !has(a, KindContext, KindList):
		return illegal(a)
	}
	keys, ok := stringsOf(a[1].items())
	if !ok || len(keys) == 0 {
		return Value{}
	}
	v := a[0]
	for _, key := range keys {
		v, _ = v.Entry(key)
	}
	return v
}

func stringsOf(l []Value) ([]string, bool) {
	out := make([]string, len(l))
	for i, v := range l {
		if v.kind != KindString {
			return nil, false
		}
		out[i] = v.str()
	}
	return out, true
}

func contextPut(f *frame, a []Value) Value {
	switch {
	case has(a, KindContext, KindString):
		return put(f, a[0], []string{a[1].str()}, a[2])
	case !has(a, KindContext, KindList):
		return illegal(a)
	}
	keys, ok := stringsOf(a[1].items())
	switch {
	case len(a[1].items()) == 0:
		return Value{}
	case !ok:
		return illegal(a)
	}
	return put(f, a[0], keys, a[2])
}

// put is a copy of the context with another value at the end of a path; what is no context on the way is replaced.
func put(f *frame, context Value, keys []string, v Value) Value {
	if context.kind != KindContext {
		context = ContextOf()
	}
	c := context.context()
	f.grow(len(c.entries) + 1)
	if len(keys) > 1 {
		next, _ := c.get(keys[0])
		v = put(f, next, keys[1:], v)
	}
	return f.bounded(c.with(keys[0], v).value())
}

func contextMerge(f *frame, a []Value) Value {
	if a[0].kind != KindList {
		return Value{}
	}
	out := newContext(8)
	for _, v := range a[0].items() {
		if v.kind != KindContext {
			return Value{}
		}
		f.grow(len(out.entries) + len(v.context().entries))
		for _, e := range v.context().entries {
			out.put(e.Name, e.Value)
		}
	}
	return f.bounded(out.value())
}

// contextOfEntries builds a context of entries as get entries gives them.
func contextOfEntries(f *frame, a []Value) Value {
	if a[0].kind != KindList {
		return Value{}
	}
	items := a[0].items()
	f.grow(len(items))
	out := newContext(len(items))
	for _, item := range items {
		key, _ := item.Entry("key")
		v, ok := item.Entry("value")
		if !ok || key.kind != KindString {
			return Value{}
		}
		out.put(key.str(), v)
	}
	return f.bounded(out.value())
}
