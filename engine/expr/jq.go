package expr

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/itchyny/gojq"

	"patchbay/engine/feel"
)

// jqProgram is a compiled jq query.
type jqProgram struct {
	query   *gojq.Query
	options []gojq.CompilerOption
	// uses says which of the slot's variables the query names.
	uses []bool
	code atomic.Pointer[gojq.Code]
	// regexps counts the regular expressions made at run time, each of which
	// gojq keeps for as long as the code lives.
	regexps atomic.Int64
}

// maxRegexps is how many regular expressions a program keeps.
const maxRegexps = 1000

func compileJQ(slot Slot, src string) (*jqProgram, error) {
	fail := func(msg string, offset int) error {
		return (&SyntaxError{Slot: slot.Name, Source: src, Msg: msg, Hint: hints(functionHint(msg), feelHint(slot, src, msg))}).at(offset)
	}
	if i := strings.Index(src, accountVariable); i >= 0 {
		return nil, fail("the name "+accountVariable+" is taken", i)
	}
	query, err := gojq.Parse(src)
	if err != nil {
		return nil, fail(err.Error(), parseOffset(err, src))
	}
	g := guard{names: map[string]bool{}, host: hostFunctions(slot)}
	p := &jqProgram{query: g.query(query), options: jqOptions(slot)}
	if g.err != nil {
		return nil, fail(g.err.Error(), find(src, g.err.(*refusal).name))
	}
	if err := p.compile(); err != nil {
		return nil, fail(err.Error(), compileOffset(err, src))
	}
	for _, v := range slot.Variables {
		p.uses = append(p.uses, g.names[v.Name])
	}
	return p, nil
}

func jqOptions(slot Slot) []gojq.CompilerOption {
	names := make([]string, 0, len(slot.Variables)+1)
	for _, v := range slot.Variables {
		names = append(names, v.Name)
	}
	options := append(checkOptions(), gojq.WithVariables(append(names, accountVariable)))
	for _, f := range functions {
		if f.in(slot) {
			options = append(options, f.jq())
		}
	}
	return options
}

func hostFunctions(slot Slot) map[string]*function {
	host := map[string]*function{}
	for i, f := range functions {
		if f.in(slot) {
			host[f.name] = &functions[i]
		}
	}
	return host
}

func (p *jqProgram) compile() error {
	code, err := gojq.Compile(p.query, p.options...)
	if err == nil {
		p.code.Store(code)
	}
	return err
}

// feelHint tells who wrote FEEL where jq is read what to do.
func feelHint(slot Slot, src, msg string) string {
	if !strings.HasPrefix(msg, "unexpected ") && !strings.HasPrefix(msg, "function not defined") {
		return ""
	}
	if _, err := feel.Compile(src, feelOptions(slot)...); err != nil {
		return ""
	}
	return `to use FEEL, begin with "="`
}

func (p *Program) evalJQ(ctx context.Context, in Input) (Result, error) {
	q := p.jq
	a := &account{Context: ctx, limits: p.limits, start: time.Now()}
	values := make([]any, len(p.slot.Variables)+1)
	for i, used := range q.uses {
		if used && i < len(in.Variables) {
			values[i] = force(in.Variables[i])
		}
	}
	values[len(values)-1] = a
	v, err := single(q.code.Load().RunWithContext(a, force(in.Dot), values...))
	if a.regexps > 0 && q.regexps.Add(int64(a.regexps)) > maxRegexps {
		q.regexps.Store(0)
		err = errors.Join(err, q.compile())
	}
	if err != nil && strings.HasPrefix(err.Error(), "invalid path against") && strings.Contains(p.source, " = ") {
		err = fmt.Errorf("%w (= sets what stands before it; == compares)", err)
	}
	return Result{Value: v, DocumentMark: a.mark}, err
}

// single takes the one output that a mapping may have.
func single(outputs gojq.Iter) (any, error) {
	v, ok := outputs.Next()
	if !ok {
		return nil, nil
	}
	if err, ok := v.(error); ok {
		return nil, jqError(err)
	}
	switch more, ok := outputs.Next(); {
	case !ok:
		return v, nil
	case isError(more):
		return nil, jqError(more.(error))
	}
	return nil, errors.New("expected one output but got several; collect them with [...] or take the first with first(...)")
}

func isError(v any) bool {
	_, ok := v.(error)
	return ok
}

// jqError gives the text of what error(...) threw without jq's wrapping.
func jqError(err error) error {
	var thrown gojq.ValueError
	if errors.As(err, &thrown) {
		if s, ok := thrown.Value().(string); ok {
			return errors.New(s)
		}
	}
	return err
}

func parseOffset(err error, src string) int {
	var parse *gojq.ParseError
	if !errors.As(err, &parse) {
		return 0
	}
	if parse.Token == "" {
		return len(strings.TrimRight(src, " \t\r\n"))
	}
	return parse.Offset - len(parse.Token)
}

// compileOffset finds the name that an error of the compiler is about; its
// texts end in ": name" or ": name/arity".
func compileOffset(err error, src string) int {
	_, name, ok := strings.Cut(err.Error(), ": ")
	if !ok {
		return 0
	}
	name, _, _ = strings.Cut(name, "/")
	return find(src, name)
}

// find returns where a name first stands in a source outside of longer names.
func find(src, name string) int {
	for from := 0; name != ""; {
		i := strings.Index(src[from:], name)
		if i < 0 {
			return 0
		}
		start, end := from+i, from+i+len(name)
		if (start == 0 || !partOfName(src[start-1])) && (end == len(src) || !partOfName(src[end])) {
			return start
		}
		from = start + 1
	}
	return 0
}

func partOfName(c byte) bool {
	return c == '_' || c == '$' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
