// Package expr evaluates the expressions of connector templates.
//
// There are two languages and one rule: an expression whose first character
// that is no blank is "=" is FEEL, anything else is jq. What an expression
// sees and may call depends on the slot that it stands in (see Slot).
//
// Programs are compiled once and kept in a Cache. Every evaluation is bounded:
// in steps, in time, in the memory that it may use up and in the size of its
// result (see Limits). jq's doors to the outside are shut: env, input, debug,
// halt, import and their like do not compile.
//
// jq differs from the command in this: an array index is at most a million,
// and regular expressions that yield matches take texts up to 512 KiB.
package expr

import (
	"context"
	"fmt"
	"strings"
	"time"

	"patchbay/engine/feel"
	"patchbay/protocols/value"
)

// Limits bound one evaluation. A zero field means the default named at it.
type Limits struct {
	// Time is the longest an evaluation takes; 5 s.
	Time time.Duration
	// Steps is the most instructions of the jq machine; 5 million, which take
	// a quarter of a second or more.
	Steps int
	// Memory is the most that jq's operators and functions may produce in
	// total, in bytes, whether it is kept or not; 512 MiB.
	Memory int
	// Value is the largest single value that jq's operators and functions
	// take or produce, in bytes; 32 MiB.
	Value int
	// Result is the largest result, in bytes; 16 MiB.
	Result int
}

func (l Limits) withDefaults() Limits {
	const mib = 1 << 20
	fill := func(n *int, value int) {
		if *n <= 0 {
			*n = value
		}
	}
	if l.Time <= 0 {
		l.Time = 5 * time.Second
	}
	fill(&l.Steps, 5_000_000)
	fill(&l.Memory, 512*mib)
	fill(&l.Value, 32*mib)
	fill(&l.Result, 16*mib)
	return l
}

// Language is one of the two that expressions are written in.
type Language string

// The languages.
const (
	JQ   Language = "jq"
	FEEL Language = "FEEL"
)

// LanguageOf tells the language of an expression.
func LanguageOf(src string) Language {
	if strings.HasPrefix(strings.TrimLeft(src, " \t\r\n"), "=") {
		return FEEL
	}
	return JQ
}

// Input is what an expression sees. A value may be a func() any instead, which
// is called when, and only when, the expression uses it; values follow the
// rules of package value.
type Input struct {
	// Dot is jq's ".".
	Dot any
	// Variables are the values of the slot's variables, in their order.
	Variables []any
	// Scope holds FEEL's variables. Nil is empty.
	Scope feel.Scope
}

// Result is what an expression yielded.
type Result struct {
	// Value is plain JSON as Go values; nil when there was no output.
	Value any
	// Warnings are FEEL's, one line each.
	Warnings []string
	// DocumentMark is set when createDocument was called: then Value may hold
	// markers, objects whose DocumentKey is this very text.
	DocumentMark string
}

// Program is a compiled expression. It may be used by many goroutines.
type Program struct {
	slot   Slot
	source string
	limits Limits
	jq     *jqProgram
	feel   *feel.Program
	// temporal says that a FEEL program may yield points in time.
	temporal bool
}

// Source returns the text that the program was compiled from.
func (p *Program) Source() string { return p.source }

// Language returns the program's language.
func (p *Program) Language() Language { return LanguageOf(p.source) }

// Slot returns the slot that the program was compiled for.
func (p *Program) Slot() Slot { return p.slot }

// Uses reports whether a jq program names one of its slot's variables. It is
// false for FEEL and for a nil program.
func (p *Program) Uses(variable string) bool {
	if p == nil || p.jq == nil {
		return false
	}
	for i, v := range p.slot.Variables {
		if v.Name == variable {
			return p.jq.uses[i]
		}
	}
	return false
}

// Compile compiles an expression for a slot. The error is a *SyntaxError.
// Where programs are used again, a Cache is what one wants.
func Compile(slot Slot, src string, limits Limits) (*Program, error) {
	p := &Program{slot: slot, source: src, limits: limits.withDefaults()}
	if len(src) > maxSource {
		return nil, &SyntaxError{Slot: slot.Name, Line: 1, Column: 1, Msg: fmt.Sprintf("the expression is longer than %d bytes", maxSource)}
	}
	var err error
	if LanguageOf(src) == FEEL {
		p.feel, err = compileFEEL(slot, src)
		p.temporal = mayBeTemporal(src)
	} else {
		p.jq, err = compileJQ(slot, src)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

const maxSource = 64 << 10

// Eval evaluates the program. The error is an *EvalError. A panic in a
// language becomes an error as well.
func (p *Program) Eval(ctx context.Context, in Input) (res Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
		if err != nil {
			res, err = Result{}, &EvalError{Slot: p.slot.Name, Source: p.source, Err: err}
		}
	}()
	if p.feel != nil {
		res, err = p.evalFEEL(ctx, in)
	} else {
		res, err = p.evalJQ(ctx, in)
	}
	if err != nil {
		return res, err
	}
	if n, ok := value.Size(res.Value, p.limits.Result); n > p.limits.Result {
		return res, fmt.Errorf("the result is larger than %s", bytesText(p.limits.Result))
	} else if !ok {
		return res, fmt.Errorf("the result is nested deeper than %d", value.MaxDepth)
	}
	res.Value = value.Plain(res.Value)
	return res, nil
}

func bytesText(n int) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// force calls a lazy value.
func force(v any) any {
	if f, ok := v.(func() any); ok {
		return f()
	}
	return v
}

// Eval evaluates an expression outside of any connector, for people who try
// one out: context is JSON and is jq's "." or, when it is an object, FEEL's
// variables. The error is a *SyntaxError, an *EvalError or a
// *value.SyntaxError.
func Eval(ctx context.Context, src string, context []byte) (Result, error) {
	return EvalWithin(ctx, src, context, Limits{})
}

// EvalWithin is Eval with limits of the caller's.
func EvalWithin(ctx context.Context, src string, context []byte, limits Limits) (Result, error) {
	v, err := value.Decode(context)
	if err != nil {
		return Result{}, fmt.Errorf("read the context: %w", err)
	}
	p, err := Compile(Slot{Decisions: true}, src, limits)
	if err != nil {
		return Result{}, err
	}
	object, _ := v.(map[string]any)
	return p.Eval(ctx, Input{Dot: v, Scope: feel.ScopeOf(object)})
}
