package embedded

import (
	"bytes"
	"strconv"

	"patchbay/engine/feel"
)

// lookup finds a variable in the instance's scope or the nearest one around it.
func (in *instance) lookup(name string) *variable {
	for at := in; at != nil; at = at.scope {
		if v := at.vars.find(name); v != nil {
			return v
		}
	}
	return nil
}

// Lookup makes an instance the scope of an expression.
func (in *instance) Lookup(name string) (feel.Value, bool) {
	if v := in.lookup(name); v != nil {
		return v.feel(), true
	}
	return feel.Value{}, false
}

// propagate sets each variable in the nearest scope that has it with another value, else in the root scope. in may be nil.
// That a scope which has the very same value is passed by, so that the value also goes further up, was observed in Zeebe 8.8.
func propagate(in *instance, doc *variables) {
	for i := range doc.list {
		v, home := &doc.list[i], in
		for home != nil && home.scope != nil && !home.differs(v) {
			home = home.scope
		}
		if home != nil {
			home.vars.set(v.name, v.json)
		}
	}
}

// differs tells whether the scope has the variable with another value.
func (in *instance) differs(v *variable) bool {
	own := in.vars.find(v.name)
	return own != nil && !bytes.Equal(own.json, v.json)
}

// setLocal sets all variables in the instance's own scope.
func (in *instance) setLocal(doc *variables) {
	for i := range doc.list {
		in.vars.set(doc.list[i].name, doc.list[i].json)
	}
}

// visible gives all variables that the instance sees, its own first.
func (in *instance) visible() variables {
	if in.scope == nil {
		return in.vars.copy()
	}
	var out variables
	for at := in; at != nil; at = at.scope {
		for i := range at.vars.list {
			if v := &at.vars.list[i]; out.find(v.name) == nil {
				out.set(v.name, v.json)
			}
		}
	}
	return out
}

func jsonInt(n int) []byte { return strconv.AppendInt(nil, int64(n), 10) }

var jsonNull = []byte("null")
