package embedded

import (
	"strings"
	"time"

	"patchbay/engine/bpmn"
	"patchbay/engine/feel"
)

// mappings are all inputs or all outputs of an element: one tree, as Zeebe makes one FEEL context of them. The targets
// a.b and a.c share the object a, which stands where its first target stands. An expression sees what stands before it in
// its own object and in the objects around it, then the variables; so a.c does not see the new a, but it sees b.
type mappings struct {
	roots  []*target
	source string // the context as text, which the texts of errors show
}

// target is a node of the tree: a value or an object.
type target struct {
	name    string
	source  *expression // of a value; nil gives null
	members []*target   // of an object, else nil
}

func compileMappings(list []bpmn.Mapping, clock func() time.Time, complain func(bpmn.Place, error)) *mappings {
	if len(list) == 0 {
		return nil
	}
	m := &mappings{}
	for _, b := range list {
		var x *expression
		if b.Source != "" {
			var err error
			if x, err = compileExpression(b.Source, clock); err != nil {
				complain(b.Place, syntaxError(b.Source, err))
			}
		}
		m.put(strings.Split(b.Target, "."), x)
	}
	m.source = contextText(m.roots)
	return m
}

// put sets a target; the last mapping of a name counts.
func (m *mappings) put(path []string, x *expression) {
	at := &m.roots
	for i, name := range path {
		t := findTarget(*at, name)
		if t == nil {
			t = &target{name: name}
			*at = append(*at, t)
		}
		if i == len(path)-1 {
			t.source, t.members = x, nil
			return
		}
		t.source = nil
		at = &t.members
	}
}

func findTarget(list []*target, name string) *target {
	for _, t := range list {
		if t.name == name {
			return t
		}
	}
	return nil
}

func contextText(list []*target) string {
	parts := make([]string, len(list))
	for i, t := range list {
		switch {
		case t.members != nil:
			parts[i] = t.name + ":" + contextText(t.members)
		case t.source == nil:
			parts[i] = t.name + ":null"
		default:
			parts[i] = t.name + ":" + t.source.literal()
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// literal gives the expression as FEEL text.
func (x *expression) literal() string {
	if x.program == nil {
		return `"` + x.source + `"`
	}
	return x.source
}

// evaluate gives the mapped variables. With merge an object keeps the members of the variable that has its name.
func (m *mappings) evaluate(in *instance, merge bool) (variables, *failure) {
	var out variables
	made := &madeScope{around: in}
	for _, t := range m.roots {
		var old feel.Value
		if merge && t.members != nil {
			old, _ = in.Lookup(t.name)
		}
		v, f := m.value(t, made, old)
		if f != nil {
			return out, f
		}
		made.entries = append(made.entries, feel.Entry{Name: t.name, Value: v})
		out.set(t.name, v.EngineJSON())
	}
	return out, nil
}

func (m *mappings) value(t *target, around *madeScope, old feel.Value) (feel.Value, *failure) {
	if t.members != nil {
		return m.object(t, around, old)
	}
	if t.source == nil {
		return feel.Null(), nil
	}
	v, f := t.source.value(around)
	if f != nil {
		text := strings.Replace(f.text, "expression '"+t.source.source+"'", "expression '"+m.source+"'", 1)
		return v, &failure{kind: ioMappingError, text: text}
	}
	return v, nil
}

// object makes a new object, or one merged into the old one; merging into something else gives null, as in Zeebe.
func (m *mappings) object(t *target, around *madeScope, old feel.Value) (feel.Value, *failure) {
	if !old.IsNull() && old.Kind() != feel.KindContext {
		return feel.Null(), nil
	}
	made := &madeScope{around: around}
	for _, member := range t.members {
		before, _ := old.Entry(member.name)
		v, f := m.value(member, made, before)
		if f != nil {
			return v, f
		}
		made.entries = append(made.entries, feel.Entry{Name: member.name, Value: v})
	}
	var kept []feel.Entry
	for _, name := range old.Keys() {
		if findTarget(t.members, name) == nil {
			v, _ := old.Entry(name)
			kept = append(kept, feel.Entry{Name: name, Value: v})
		}
	}
	return feel.ContextOf(append(kept, made.entries...)...), nil
}

// madeScope shows what mappings have made so far before what is around.
type madeScope struct {
	around  feel.Scope
	entries []feel.Entry
}

// Lookup implements feel.Scope.
func (s *madeScope) Lookup(name string) (feel.Value, bool) {
	for i := len(s.entries) - 1; i >= 0; i-- {
		if s.entries[i].Name == name {
			return s.entries[i].Value, true
		}
	}
	return s.around.Lookup(name)
}

// applyInputs creates the local variables of an element.
func (e *Engine) applyInputs(in *instance) *failure {
	if in.node.inputs == nil {
		return nil
	}
	doc, f := in.node.inputs.evaluate(in, false)
	if f != nil {
		return f
	}
	in.setLocal(&doc)
	return nil
}

// applyOutputs brings the result of an element to the scopes around it. The result is the payload: the variables of the
// job, message, or other event that completed the element.
func (e *Engine) applyOutputs(in *instance) *failure {
	n := in.node
	switch {
	case n.outputs != nil:
		in.setLocal(&in.payload)
		in.payload = variables{} // after an incident the variables count as they are then
		doc, f := n.outputs.evaluate(in, true)
		if f != nil {
			return f
		}
		home := in.scope
		if in.loopIndex > 0 {
			home = in // the variable of the output element is local
		}
		propagate(home, &doc)
	case n.keepsPayload:
		in.setLocal(&in.payload)
	default:
		propagate(in, &in.payload)
	}
	return nil
}
