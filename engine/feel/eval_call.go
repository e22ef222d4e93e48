package feel

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// function is a callable value: built in, of the host, or defined by the expression.
type function struct {
	params []string
	// variadic: the last parameter gets the remaining arguments as a list, or the list itself if it is the only
	// parameter and the only argument.
	variadic bool
	// call must not keep args, which are reused.
	call func(f *frame, args []Value) Value
}

func (fn *function) takes(count int) bool {
	return len(fn.params) == count || fn.variadic && len(fn.params) < count
}

func (fn *function) takesNames(names []string) bool {
	for _, name := range names {
		if !slices.Contains(fn.params, name) {
			return false
		}
	}
	return true
}

// accepts tells whether the call fits the function's parameters.
func (n *call) accepts(fn *function) bool {
	if n.names != nil {
		return fn.takesNames(n.names)
	}
	return fn.takes(len(n.args))
}

// resolve finds the built-in function of the call, once.
func (n *call) resolve() {
	if n.path != nil {
		return
	}
	for _, fn := range builtins[n.name] {
		if n.accepts(fn) {
			n.builtin = fn
			return
		}
	}
}

func (n *call) eval(f *frame, s *scope) Value {
	if n.path != nil {
		return n.evalQualified(f, s)
	}
	fn := n.find(f, s)
	if fn == nil {
		return n.missing(f).orNull()
	}
	v := n.invoke(f, s, fn)
	if v.kind != kindError {
		return v
	}
	if n.name == "assert" {
		f.warn(AssertFailure, v.str())
		if f.asserted == nil {
			f.asserted = fmt.Errorf("%w: %s", ErrAssert, v.str())
		}
	} else {
		f.warn(FunctionInvocationFailure, "Failed to invoke function '", n.name, "': ", v.str())
	}
	return Value{}
}

// find prefers functions of the expression, inner ones first, then built-in ones, then the host's.
func (n *call) find(f *frame, s *scope) *function {
	if f.prog.closures {
		if fn := s.function(n.name, n.accepts); fn != nil {
			return fn
		}
	}
	if n.builtin != nil {
		return n.builtin
	}
	for _, fn := range f.prog.functions[n.name] {
		if n.accepts(fn) {
			return fn
		}
	}
	return nil
}

func (n *call) missing(f *frame) Value {
	with := strconv.Itoa(len(n.args)) + " parameters"
	if n.names != nil {
		with = "parameters: " + strings.Join(n.names, ",")
	}
	return f.warn(NoFunctionFound, "No function found with name '", n.name, "' and ", with)
}

// evalQualified calls a function that is an entry of a context: a failure is not turned into null here.
func (n *call) evalQualified(f *frame, s *scope) Value {
	v := n.path.eval(f, s)
	if v.kind != KindContext {
		return f.expect(KindContext, v)
	}
	fn := v.context().function(n.name, n.accepts)
	if fn == nil {
		return n.missing(f)
	}
	return n.invoke(f, s, fn)
}

func (n *call) invoke(f *frame, s *scope, fn *function) Value {
	base := len(f.args)
	bad := n.push(f, s, fn)
	if !bad.failed() {
		f.enter()
		bad = fn.call(f, f.args[base:len(f.args):len(f.args)])
		f.leave()
	}
	f.args = f.args[:base]
	return bad
}

// push evaluates the arguments onto the frame's stack in the order of the parameters. A fatal one goes before the
// first failed one.
func (n *call) push(f *frame, s *scope, fn *function) Value {
	if n.names != nil {
		return n.pushNamed(f, s, fn)
	}
	fixed := len(n.args)
	if fn.variadic {
		fixed = len(fn.params) - 1
	}
	bad := Value{}
	for _, x := range n.args[:fixed] {
		f.pushArg(x.eval(f, s), &bad)
	}
	if fn.variadic {
		f.pushArg(n.rest(f, s, n.args[fixed:], fixed == 0, &bad), &bad)
	}
	return bad
}

// rest is the list of the remaining arguments.
func (n *call) rest(f *frame, s *scope, args []node, only bool, bad *Value) Value {
	if only && len(args) == 1 {
		v := args[0].eval(f, s)
		if v.kind == KindList || v.failed() {
			return v
		}
		return List(v)
	}
	items := make([]Value, len(args))
	for i, x := range args {
		if items[i] = x.eval(f, s); items[i].failed() {
			noteFailure(items[i], bad)
			items[i] = Value{}
		}
	}
	return f.bounded(List(items...))
}

func (n *call) pushNamed(f *frame, s *scope, fn *function) Value {
	bad := Value{}
	for _, param := range fn.params {
		v := Value{}
		if i := slices.Index(n.names, param); i >= 0 {
			v = n.args[i].eval(f, s)
		}
		f.pushArg(v, &bad)
	}
	return bad
}

func (f *frame) pushArg(v Value, bad *Value) {
	noteFailure(v, bad)
	f.args = append(f.args, v)
}

func noteFailure(v Value, bad *Value) {
	if v.kind > bad.kind && v.failed() {
		*bad = v
	}
}

func (n *definition) eval(_ *frame, s *scope) Value {
	return Value{kind: KindFunction, ref: &function{params: n.params, call: func(f *frame, args []Value) Value {
		inner := s
		for i, name := range n.params {
			inner = &scope{parent: inner, name: name, value: args[i], plain: true}
		}
		return n.body.eval(f, inner)
	}}}
}
