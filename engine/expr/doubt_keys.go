package expr

import (
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// LiteralKeys are the paths of the keys of the object that the program yields,
// as far as it writes them down: {a: {b: 1}} has [a] and [a b]. Keys that are
// calculated, and what functions make of an object, are not known.
func (p *Program) LiteralKeys() [][]string {
	if p.feel != nil {
		return p.feel.LiteralKeys()
	}
	query, err := gojq.Parse(p.source) // the program's own is rewritten by the guard
	if err != nil {
		return nil
	}
	return queryKeys(query, nil)
}

// queryKeys looks where the result of a query is written.
func queryKeys(q *gojq.Query, above []string) [][]string {
	switch {
	case q == nil:
		return nil
	case q.Term != nil:
		return termKeys(q.Term, above)
	}
	switch q.Op {
	case gojq.OpPipe:
		return queryKeys(q.Right, above)
	case gojq.OpAdd, gojq.OpMul, gojq.OpAlt, gojq.OpComma:
		return append(queryKeys(q.Left, above), queryKeys(q.Right, above)...)
	}
	return nil
}

func termKeys(t *gojq.Term, above []string) (list [][]string) {
	if len(t.SuffixList) > 0 {
		return nil
	}
	switch t.Type {
	case gojq.TermTypeQuery:
		return queryKeys(t.Query, above)
	case gojq.TermTypeIf:
		list = append(queryKeys(t.If.Then, above), queryKeys(t.If.Else, above)...)
		for _, other := range t.If.Elif {
			list = append(list, queryKeys(other.Then, above)...)
		}
	case gojq.TermTypeObject:
		for _, member := range t.Object.KeyVals {
			if key := literalKey(member); key != "" {
				path := append(slices.Clone(above), key)
				list = append(append(list, path), queryKeys(member.Val, path)...)
			}
		}
	}
	return list
}

// literalKey is a member's key, or empty if it is calculated.
func literalKey(member *gojq.ObjectKeyVal) string {
	if member.KeyString != nil && member.KeyString.Queries == nil {
		return member.KeyString.Str
	}
	return strings.TrimPrefix(member.Key, "$")
}
