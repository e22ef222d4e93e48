package embedded

import (
	"strings"
	"time"

	"patchbay/engine/bpmn"
	"patchbay/engine/feel"
)

// mapping is one zeebe:input or zeebe:output.
type mapping struct {
	source *expression // nil gives null
	path   []string
}

// mappings are all of one kind, evaluated in order; later ones see what earlier ones made.
type mappings struct {
	list []mapping
	// source is the one FEEL context that Zeebe makes of all mappings; its error texts show it.
	source string
}

func compileMappings(list []bpmn.Mapping, clock func() time.Time, complain func(bpmn.Place, error)) *mappings {
	if len(list) == 0 {
		return nil
	}
	m := &mappings{}
	var parts []string
	for _, b := range list {
		one := mapping{path: strings.Split(b.Target, ".")}
		text := "null"
		if b.Source != "" {
			x, err := compileExpression(b.Source, clock)
			if err != nil {
				complain(b.Place, syntaxError(b.Source, err))
				continue
			}
			one.source, text = x, x.literal()
		}
		m.list = append(m.list, one)
		parts = append(parts, b.Target+":"+text)
	}
	m.source = "{" + strings.Join(parts, ",") + "}"
	return m
}

// literal gives the expression as FEEL text.
func (x *expression) literal() string {
	if x.program == nil {
		return `"` + x.source + `"`
	}
	return x.source
}

// evaluate gives the mapped variables. With base, a nested target is merged into the object that base finds under its
// first name; without, it makes a new object.
func (m *mappings) evaluate(in *instance, merge bool) (variables, *failure) {
	made := &objects{under: in, merge: merge}
	for i := range m.list {
		if f := m.evaluateOne(&m.list[i], made); f != nil {
			return variables{}, f
		}
	}
	return made.variables(), nil
}

func (m *mappings) evaluateOne(one *mapping, made *objects) *failure {
	value := feel.Value{}
	if one.source != nil {
		v, f := one.source.value(made)
		if f != nil {
			text := strings.Replace(f.text, "the expression '"+one.source.source+"'", "the expression '"+m.source+"'", 1)
			return &failure{kind: ioMappingError, text: text}
		}
		value = v
	}
	made.put(one.path, value)
	return nil
}

// objects is the growing result of mappings: a tree whose inner nodes are objects.
type objects struct {
	under *instance
	merge bool
	roots []*object
}

type object struct {
	name    string
	value   feel.Value // of a leaf
	members []*object  // of an object
	inner   bool
}

// Lookup gives what was mapped before, else the variable.
func (o *objects) Lookup(name string) (feel.Value, bool) {
	for _, r := range o.roots {
		if r.name == name {
			return r.feel(), true
		}
	}
	return o.under.Lookup(name)
}

func (o *objects) put(path []string, value feel.Value) {
	at := &o.roots
	for i, name := range path {
		next := findObject(*at, name)
		if next == nil {
			next = &object{name: name}
			if i == 0 && o.merge && len(path) > 1 {
				next.take(o.under.lookup(name))
			}
			*at = append(*at, next)
		}
		if i == len(path)-1 {
			next.value, next.inner, next.members = value, false, nil
			return
		}
		next.open()
		at = &next.members
	}
}

func findObject(list []*object, name string) *object {
	for _, o := range list {
		if o.name == name {
			return o
		}
	}
	return nil
}

func (o *object) take(v *variable) {
	if v != nil {
		o.value = v.feel()
	}
}

// open makes the node an object, with the members of the object that it holds already.
func (o *object) open() {
	if o.inner {
		return
	}
	o.inner = true
	text := o.value.JSON()
	if len(text) > 0 && text[0] == '{' {
		splitObject(text, func(name string, value []byte) {
			v, _ := feel.FromJSON(value)
			o.members = append(o.members, &object{name: name, value: v})
		})
	}
}

func (o *object) json() []byte {
	if !o.inner {
		return o.value.JSON()
	}
	out := []byte{'{'}
	for _, m := range o.members {
		out = appendMember(out, m.name, m.json())
	}
	return append(out, '}')
}

func (o *object) feel() feel.Value {
	if !o.inner {
		return o.value
	}
	v, _ := feel.FromJSON(o.json())
	return v
}

func (o *objects) variables() variables {
	var out variables
	for _, r := range o.roots {
		out.set(r.name, r.json())
	}
	return out
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
		doc, f := n.outputs.evaluate(in, true)
		if f != nil {
			return f
		}
		if in.loopIndex > 0 {
			in.setLocal(&doc) // an inner instance of a multi-instance keeps its results to itself
		} else {
			propagate(in.scope, &doc)
		}
	case n.keepsPayload:
		in.setLocal(&in.payload)
	case n.skipsOwnScope:
		propagate(in.scope, &in.payload)
	default:
		propagate(in, &in.payload)
	}
	return nil
}
