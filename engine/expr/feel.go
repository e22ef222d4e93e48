package expr

import (
	"context"
	"errors"
	"strings"

	"patchbay/engine/feel"
	"patchbay/engine/iso8601"
)

// compileFEEL compiles an expression that begins with "=". A blank in its
// place keeps lines and columns of errors true.
func compileFEEL(slot Slot, src string) (*feel.Program, error) {
	p, err := feel.Compile(strings.Replace(src, "=", " ", 1), feelOptions(slot)...)
	var syntax *feel.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, &SyntaxError{Slot: slot.Name, Source: src, Line: syntax.Line, Column: syntax.Column, Msg: syntax.Msg}
	case err != nil:
		return nil, &SyntaxError{Slot: slot.Name, Source: src, Line: 1, Column: 1, Msg: err.Error()}
	}
	return p, nil
}

func feelOptions(slot Slot) []feel.Option {
	var list []feel.Function
	for _, f := range functions {
		if f.in(slot) {
			list = append(list, f.feel()...)
		}
	}
	if list == nil {
		return nil
	}
	return []feel.Option{feel.WithFunctions(list...)}
}

func (p *Program) evalFEEL(ctx context.Context, in Input) (Result, error) {
	scope := in.Scope
	if scope == nil {
		scope = feel.Map{}
	}
	var e evaluation
	if p.slot.Documents {
		ctx = context.WithValue(ctx, evaluationKey{}, &e)
	}
	out, err := p.feel.Eval(ctx, scope)
	var failed *feel.EvalError
	if errors.As(err, &failed) && failed.Unwrap() != nil {
		err = failed.Unwrap() // without the source, which EvalError has
	}
	if err != nil {
		return Result{}, err
	}
	res := Result{Value: out.Value.Go(), DocumentMark: e.mark}
	for _, w := range out.Warnings {
		res.Warnings = append(res.Warnings, w.Code+": "+w.Message)
	}
	return res, nil
}

// feelDuration makes a days-time duration of an ISO 8601 text.
func feelDuration(s string) feel.Value {
	d, _ := iso8601.ParseDuration(s)
	return feel.DaysTimeDuration(d)
}
