package embedded

import (
	"bytes"
	"fmt"

	"patchbay/engine/feel"
)

// loopBehaviour is the body of a multi-instance activity: it runs its inner activity once for each item.
type loopBehaviour struct{}

// loopState is what a body knows of its run.
type loopState struct {
	items                         []feel.Value
	results                       [][]byte // items of the output collection
	written                       []byte   // the collection as it was last written
	created, completed, cancelled int
	done                          bool // the completion condition holds
}

func (loopBehaviour) enter(e *Engine, in *instance) *failure {
	spec := in.node.loop
	items, f := spec.input.list(in)
	if f != nil {
		return f
	}
	subs, f := e.prepare(in)
	if f != nil {
		return f
	}
	in.loop = &loopState{items: items, results: make([][]byte, len(items))}
	if spec.outputCollection != "" {
		for i := range in.loop.results {
			in.loop.results[i] = jsonNull
		}
		in.loop.written = in.loop.collection()
		in.vars.set(spec.outputCollection, in.loop.written)
	}
	e.activated(in, subs)
	switch {
	case len(items) == 0:
		e.finishLoop(in)
	case spec.sequential:
		e.iterate(in, 1)
	default:
		for i := range items {
			e.iterate(in, i+1)
		}
	}
	return nil
}

func (l *loopState) collection() []byte {
	out := []byte{'['}
	for i, r := range l.results {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, r...)
	}
	return append(out, ']')
}

// iterate starts the inner activity for one item.
func (e *Engine) iterate(body *instance, index int) {
	spec := body.node.loop
	in := e.create(body.node.inner, body)
	in.loopIndex = index
	body.loop.created++
	if spec.outputVariable != "" {
		in.vars.set(spec.outputVariable, jsonNull)
	}
	if spec.inputElement != "" {
		in.vars.set(spec.inputElement, body.loop.items[index-1].EngineJSON())
	}
	in.vars.set("loopCounter", jsonInt(index))
	e.push(step{op: opActivate, in: in})
}

// collect takes the output element of an inner instance that completes and looks at the completion condition.
func (e *Engine) collect(in *instance) *failure {
	if in.loopIndex == 0 {
		return nil
	}
	body := in.scope
	spec := body.node.loop
	if spec.outputCollection != "" && spec.outputElement != nil {
		v, f := spec.outputElement.value(in)
		if f != nil {
			return f
		}
		if f := body.collectOne(spec.outputCollection, in.loopIndex-1, v.EngineJSON()); f != nil {
			return f
		}
	}
	if spec.completion == nil {
		return nil
	}
	done, f := spec.completion.truth(feel.Chain(body.loop.counters(body), in))
	body.loop.done = done
	return f
}

// collectOne sets one item of the output collection. The collection is a variable like any other: what else was written
// to it, for example by a called process, stays.
func (in *instance) collectOne(name string, at int, value []byte) *failure {
	l, v := in.loop, in.vars.find(name)
	if !bytes.Equal(v.json, l.written) {
		if v.json[0] != '[' {
			return extractError(fmt.Sprintf("Unable to update an item in output collection '%s' at position %d because the type of the output collection is: %s. "+
				"This may happen when multiple BPMN elements write to the same variable.", name, at+1, v.feel().TypeName()))
		}
		l.results = splitArray(v.json)
	}
	for len(l.results) <= at {
		l.results = append(l.results, jsonNull)
	}
	l.results[at] = value
	l.written = l.collection()
	in.vars.set(name, l.written)
	return nil
}

// counters are the variables that a completion condition sees besides those of the instance that just completes.
func (l *loopState) counters(body *instance) feel.Map {
	return feel.Map{
		"numberOfInstances":           feel.FromGo(l.created),
		"numberOfActiveInstances":     feel.FromGo(body.count - 1),
		"numberOfCompletedInstances":  feel.FromGo(l.completed + 1),
		"numberOfTerminatedInstances": feel.FromGo(l.cancelled),
	}
}

// iterated goes on after an inner instance has completed or was terminated.
func (e *Engine) iterated(body *instance, in *instance) {
	l := body.loop
	if in.phase == completed {
		l.completed++
	} else {
		l.cancelled++
	}
	switch {
	case body.phase != active:
	case l.done && body.count > 0:
		e.terminateChildren(body)
	case !l.done && body.node.loop.sequential && in.loopIndex < len(l.items):
		e.iterate(body, in.loopIndex+1)
	case body.count == 0:
		e.finishLoop(body)
	}
}

func (e *Engine) finishLoop(body *instance) {
	body.payload = variables{}
	if name := body.node.loop.outputCollection; name != "" {
		body.payload.set(name, body.vars.find(name).json)
	}
	e.finish(body)
}
