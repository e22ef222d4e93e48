package feel

import "sync"

// Scope gives variables by name. It is asked only for names that an expression uses, once for each use, and must be
// safe for concurrent use when programs are evaluated concurrently. ok=false: there is no such variable, which gives
// null and a NO_VARIABLE_FOUND warning.
type Scope interface {
	Lookup(name string) (v Value, ok bool)
}

// Lenient is a Scope in which variables may be missing that are not always there: they are null without a warning.
type Lenient interface {
	Scope
	MayLack(name string) bool
}

// Map is a Scope of values at hand.
type Map map[string]Value

// Lookup implements Scope.
func (m Map) Lookup(name string) (Value, bool) {
	v, ok := m[name]
	return v, ok
}

// ScopeOf is a Scope of Go values as FromGo takes them. Each is converted once, when it is first used; the caller must
// not change them afterwards.
func ScopeOf(m map[string]any) Scope {
	s := make(goScope, len(m))
	for name, raw := range m {
		s[name] = &goVariable{raw: raw}
	}
	return s
}

type goScope map[string]*goVariable

type goVariable struct {
	once  sync.Once
	raw   any
	value Value
}

func (s goScope) Lookup(name string) (Value, bool) {
	v, ok := s[name]
	if !ok {
		return Value{}, false
	}
	v.once.Do(func() { v.value = FromGo(v.raw) })
	return v.value, true
}

// Chain asks scopes in order; the first that has a name wins. Nil scopes are skipped.
func Chain(scopes ...Scope) Scope { return chain(scopes) }

type chain []Scope

func (c chain) Lookup(name string) (Value, bool) {
	for _, s := range c {
		if s == nil {
			continue
		}
		if v, ok := s.Lookup(name); ok {
			return v, true
		}
	}
	return Value{}, false
}

// ValueScope is the Scope of a context's entries; any other value gives an empty one.
func ValueScope(v Value) Scope {
	if v.kind != KindContext {
		return Map(nil)
	}
	return v.context()
}

// Lookup makes a context a Scope.
func (c *contextValue) Lookup(name string) (Value, bool) { return c.get(name) }

// inputName is the variable that unary tests and `in` compare with, as Camunda's engine calls it.
const inputName = "cellInput"

// scope is a link in the chain of visible names, innermost first: the entries of ctx, then one name; at the end of the
// chain the caller's variables. A name that holds a function is callable and no variable, unless the name is plain (of a
// parameter or iterator), when it is a variable and not callable: so it is in Camunda's engine.
type scope struct {
	parent *scope
	ctx    *contextValue
	root   Scope
	name   string
	value  Value
	plain  bool
}

func (s *scope) lookup(name string) (Value, bool) {
	for ; s != nil; s = s.parent {
		if s.ctx != nil {
			if v, ok := s.ctx.get(name); ok {
				return v, true
			}
		}
		if s.name == name && (s.value.kind != KindFunction || s.plain) && s.root == nil {
			return s.value, true
		}
		if s.root != nil {
			if v, ok := s.root.Lookup(name); ok {
				return v, true
			}
		}
	}
	return Value{}, false
}

// function finds a function that the expression itself defines and that accepts the call.
func (s *scope) function(name string, accepts func(*function) bool) *function {
	for ; s != nil; s = s.parent {
		if s.ctx != nil {
			if f := s.ctx.function(name, accepts); f != nil {
				return f
			}
		}
		if s.name == name && s.value.kind == KindFunction && !s.plain && accepts(s.value.function()) {
			return s.value.function()
		}
	}
	return nil
}

func (c *contextValue) function(name string, accepts func(*function) bool) *function {
	for i := range c.functions {
		if f := c.functions[i].Value.function(); c.functions[i].Name == name && accepts(f) {
			return f
		}
	}
	return nil
}
