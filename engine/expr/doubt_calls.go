package expr

import (
	"reflect"
	"slices"
	"strings"

	"github.com/itchyny/gojq"

	"patchbay/engine/feel"
	"patchbay/engine/spell"
)

// MisfitCalls are the calls of a FEEL program with parameters that the function
// does not take; see feel.Program. There are none in jq, where they do not
// compile.
func (p *Program) MisfitCalls() []feel.Misfit {
	if p.feel == nil {
		return nil
	}
	return p.feel.MisfitCalls()
}

// Decisions are which of bpmnError, jobError and ignoreError the program calls,
// sorted. They have an effect in error expressions only.
func (p *Program) Decisions() []string {
	var called []string
	if p.feel != nil {
		called = p.feel.HostCalls()
	} else {
		called = calledJQ(p.source)
	}
	return slices.DeleteFunc(called, func(name string) bool { return !slices.Contains(decisions, name) })
}

var decisions = []string{"bpmnError", "ignoreError", "jobError"}

// calledJQ are the names of the functions that a query calls and does not
// define, sorted.
func calledJQ(source string) []string {
	query, err := gojq.Parse(source)
	if err != nil {
		return nil
	}
	var called, defined []string
	walk(reflect.ValueOf(query), func(part any) {
		switch part := part.(type) {
		case *gojq.FuncDef:
			defined = append(defined, part.Name)
		case *gojq.Func:
			called = append(called, part.Name)
		}
	})
	slices.Sort(called)
	return slices.DeleteFunc(slices.Compact(called), func(name string) bool { return slices.Contains(defined, name) })
}

// functionHint says what to do where a query calls a function that is not
// there: "function not defined: lenght/0".
func functionHint(msg string) string {
	signature, is := strings.CutPrefix(msg, "function not defined: ")
	if !is {
		return ""
	}
	name, _, _ := strings.Cut(signature, "/")
	if slices.Contains(decisions, name) {
		return "only the errorExpression has it"
	}
	var names []string
	for _, f := range Functions(JQ) {
		if f.Text == name {
			return "there is " + strings.ReplaceAll(f.Detail, "\n", ", ")
		}
		names = append(names, f.Text)
	}
	return strings.Trim(spell.DidYouMean(name, names), " ()")
}

// hints joins those that there are.
func hints(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(hint string) bool { return hint == "" }), "; ")
}
