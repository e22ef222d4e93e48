package expr

import (
	"reflect"

	"github.com/itchyny/gojq"

	"patchbay/engine/feel"
)

// UnknownFunctions are the functions that a FEEL program calls and nobody
// defines, each once and at most 20. Such a call is null, with no more than a
// warning. There are none in jq, where they do not compile.
func (p *Program) UnknownFunctions() []feel.Call {
	if p.feel == nil {
		return nil
	}
	return p.feel.UnknownFunctions()
}

// FunctionNames lists what expressions of the program's language may call,
// those of error expressions included.
func (p *Program) FunctionNames() []string {
	var names []string
	for _, f := range Functions(p.Language()) {
		names = append(names, f.Text)
	}
	return names
}

// conditional are jq's functions whose last argument is a condition.
var conditional = map[string]bool{"select": true, "any": true, "all": true}

// maxAssigning is how many conditions that assign are told.
const maxAssigning = 20

// AssigningConditions are the conditions of a jq program that assign with "="
// where they should compare, which makes them true; each as jq writes it, at
// most 20. There are none in FEEL, where "=" compares.
func (p *Program) AssigningConditions() []string {
	if p.jq == nil {
		return nil
	}
	query, err := gojq.Parse(p.source) // the program's own is rewritten by the guard
	if err != nil {
		return nil
	}
	var found []string
	look := func(condition *gojq.Query) {
		if len(found) < maxAssigning && assigns(condition) {
			found = append(found, condition.String())
		}
	}
	walk(reflect.ValueOf(query), func(part any) {
		switch part := part.(type) {
		case *gojq.If:
			look(part.Cond)
		case *gojq.IfElif:
			look(part.Cond)
		case *gojq.Func:
			if n := len(part.Args); n > 0 && conditional[part.Name] {
				look(part.Args[n-1])
			}
		}
	})
	return found
}

// assigns tells whether what a condition yields is what an assignment does.
func assigns(q *gojq.Query) bool {
	if t := q.Term; t != nil {
		return t.Type == gojq.TermTypeQuery && len(t.SuffixList) == 0 && assigns(t.Query)
	}
	switch q.Op {
	case gojq.OpAssign:
		return true
	case gojq.OpAnd, gojq.OpOr:
		return assigns(q.Left) || assigns(q.Right)
	case gojq.OpPipe:
		return assigns(q.Right)
	}
	return false
}

// walk shows all parts of a syntax tree, which is made of pointers to structs
// and slices of them, outer ones first.
func walk(v reflect.Value, see func(part any)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			see(v.Interface())
			walk(v.Elem(), see)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), see)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			walk(field, see)
		}
	}
}
