package feel

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Program is a compiled expression. It is immutable and may be evaluated from many goroutines at once.
type Program struct {
	source    string
	root      node
	unary     bool
	variables []string
	calls     []*call                // that no function of the language or the expression takes
	functions map[string][]*function // the host's
	limits    Limits
	clock     func() time.Time
	// closures tells that the expression defines functions, which may keep the scopes they see.
	closures bool
	frames   sync.Pool
	patterns patternCache
}

// Option changes how an expression is compiled.
type Option func(*Program)

// WithFunctions adds functions of the host. Built-in functions of the same name and number of parameters go first.
func WithFunctions(fns ...Function) Option {
	return func(p *Program) {
		if p.functions == nil {
			p.functions = make(map[string][]*function, len(fns))
		}
		for _, fn := range fns {
			p.functions[fn.Name] = append(p.functions[fn.Name], fn.function())
		}
	}
}

// WithLimits replaces DefaultLimits; fields that are zero keep their default.
func WithLimits(l Limits) Option {
	return func(p *Program) { p.limits = l.withDefaults() }
}

// WithClock sets the time of now() and today(). The location of the returned time is the zone that they show.
func WithClock(now func() time.Time) Option {
	return func(p *Program) { p.clock = now }
}

// Compile parses an expression, written without the leading "=". The error is a *SyntaxError.
func Compile(src string, opts ...Option) (*Program, error) {
	return compile(src, false, opts)
}

// CompileUnaryTests parses unary tests, such as "> 5, [1..3], not(7)". The value to test is the variable "cellInput"
// of the scope.
func CompileUnaryTests(src string, opts ...Option) (*Program, error) {
	return compile(src, true, opts)
}

func compile(src string, unary bool, opts []Option) (*Program, error) {
	p := &Program{source: src, unary: unary, limits: DefaultLimits, clock: time.Now}
	for _, o := range opts {
		o(p)
	}
	tree, err := parse(src, unary)
	if err != nil {
		return nil, err
	}
	p.root, p.closures, p.variables, p.calls = tree.root, tree.closures, tree.variables, tree.calls
	p.frames.New = func() any { return &frame{prog: p, limits: p.limits} }
	return p, nil
}

// Source is the text that was compiled.
func (p *Program) Source() string { return p.source }

// Variables are the names that the expression looks up and does not define itself, sorted. A name inside a filter may be
// an entry of the list's items instead of a variable; it is listed all the same.
func (p *Program) Variables() []string { return append([]string(nil), p.variables...) }

// Result is what an evaluation gives.
type Result struct {
	Value    Value
	Warnings []Warning
}

// Eval evaluates the program with the variables of scope, which may be nil. The error is an *EvalError; a warning is no
// error. The context is checked every few hundred steps and passed on to host functions.
func (p *Program) Eval(ctx context.Context, scope Scope) (Result, error) {
	f := p.frames.Get().(*frame)
	f.ctx = ctx
	v, err := f.run(scope)
	res := Result{Value: v, Warnings: f.warnings}
	f.reset()
	p.frames.Put(f)
	if err != nil {
		return Result{Warnings: res.Warnings}, &EvalError{Source: p.source, Warnings: res.Warnings, err: err}
	}
	return res, nil
}

// frame is the state of one evaluation.
type frame struct {
	prog     *Program
	ctx      context.Context
	root     Scope
	limits   Limits
	warnings []Warning
	steps    int
	depth    int
	asserted error
	args     []Value // arguments of the calls under way
	top      scope
}

func (f *frame) reset() {
	clear(f.args[:cap(f.args)])
	*f = frame{prog: f.prog, limits: f.limits, args: f.args[:0]}
}

func (f *frame) run(root Scope) (v Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			a, ok := r.(abort)
			if !ok {
				panic(r)
			}
			v, err = Value{}, a.err
		}
	}()
	if err := f.ctx.Err(); err != nil {
		return Value{}, err
	}
	s := &f.top
	if f.prog.closures {
		s = new(scope)
	}
	s.root, f.root = root, root
	return f.outcome(f.prog.root.eval(f, s))
}

// outcome turns the value of the whole expression into a result: an assertion that failed anywhere fails it.
func (f *frame) outcome(v Value) (Value, error) {
	switch {
	case f.asserted != nil:
		return Value{}, f.asserted
	case v.kind == kindError:
		return Value{}, fmt.Errorf("%w: %s", ErrFailed, v.str())
	case v.kind == KindRange:
		return Value{}, fmt.Errorf("%w: a range is no result", ErrFailed)
	case v.kind == kindFatal:
		return Value{}, fmt.Errorf("%w: %w", ErrFailed, errInput)
	}
	return v, nil
}

// Function is a function of the host. Params are the names of its parameters in order; a call names them or gives all of
// them by position. Call gets a value for each parameter (null for a named one that was left out) and must not keep the
// slice. Its error ends the evaluation and is what errors.As and errors.Is find in the EvalError.
type Function struct {
	Name   string
	Params []string
	Call   func(ctx context.Context, args []Value) (Value, error)
}

func (fn Function) function() *function {
	return &function{params: fn.Params, call: func(f *frame, args []Value) Value {
		v, err := fn.Call(f.ctx, args)
		if err != nil {
			panic(abort{err})
		}
		return v
	}}
}
