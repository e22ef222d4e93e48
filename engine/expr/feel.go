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
	e := evaluating{Context: ctx}
	if p.slot.Documents {
		ctx = &e
	}
	out, err := p.feel.Eval(ctx, scope)
	var failed *feel.EvalError
	if errors.As(err, &failed) && failed.Unwrap() != nil {
		err = failed.Unwrap() // without the source, which EvalError has
	}
	if err != nil {
		return Result{}, err
	}
	res := Result{Value: p.plain(out.Value), DocumentMark: e.mark}
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

// plain turns a result into JSON. In a connector's slot points in time are as
// Camunda's connectors write them (8.8): they always have their seconds, no zeros
// at the end of a fraction, and an offset instead of the name of a zone. Zeebe and
// Eval write them as Java does.
func (p *Program) plain(v feel.Value) any {
	if p.slot.Name == "" || !p.temporal {
		return v.Go()
	}
	return inISO(v)
}

// mayBeTemporal tells whether an expression can make a point in time at all.
func mayBeTemporal(src string) bool {
	return strings.Contains(src, "time") || strings.Contains(src, "now") || strings.Contains(src, "@")
}

func inISO(v feel.Value) any {
	switch v.Kind() {
	case feel.KindContext:
		out := map[string]any{}
		for _, name := range v.Keys() {
			entry, _ := v.Entry(name)
			out[name] = inISO(entry)
		}
		return out
	case feel.KindList:
		items, _ := v.AsList()
		out := make([]any, len(items))
		for i, item := range items {
			out[i] = inISO(item)
		}
		return out
	case feel.KindDateTime, feel.KindLocalDateTime, feel.KindLocalTime:
		text, ok := v.Go().(string)
		if ok {
			return isoTime(text)
		}
	}
	return v.Go()
}

// isoTime puts :00 after hours and minutes that have no seconds, and takes off
// zeros at the end of a fraction and the name of a zone.
func isoTime(text string) string {
	text, _, _ = strings.Cut(text, "[")
	end := strings.IndexByte(text, 'T') + len("T10:00")
	switch {
	case end > len(text):
		return text
	case end == len(text) || text[end] != ':':
		return text[:end] + ":00" + text[end:]
	}
	clock, offset := text, ""
	if at := strings.IndexAny(text[end:], "Z+-"); at >= 0 {
		clock, offset = text[:end+at], text[end+at:]
	}
	if strings.Contains(clock, ".") {
		clock = strings.TrimRight(clock, "0")
	}
	return clock + offset
}
