package embedded

import (
	"fmt"
	"strings"

	"patchbay/engine/bpmn"
)

// throwError is an error end event.
type throwError struct{}

func (throwError) enter(e *Engine, in *instance) *failure {
	code, f := in.node.code.text(in)
	if f != nil {
		return f
	}
	found, known := findError(in, code)
	if found.catch == nil {
		return uncaught(code, "", known)
	}
	e.activated(in, nil)
	e.trigger(found.host, found.catch, variables{}) // an end event throws no variables
	return nil
}

// throwEscalation is an escalation throw or end event.
type throwEscalation struct{}

func (throwEscalation) enter(e *Engine, in *instance) *failure {
	code, f := in.node.code.text(in)
	if f != nil {
		return f
	}
	e.activated(in, nil)
	found := findEscalation(in, code)
	if found.catch != nil {
		e.trigger(found.host, found.catch, variables{})
	}
	if found.catch == nil || !found.catch.interrupts {
		e.finish(in)
	}
	return nil
}

// caught is where an error or escalation is caught: the event, and the instance that it is attached to or that it is in.
type caught struct {
	host  *instance
	catch *node
}

// handlers calls yield with every event of that kind that can catch something thrown in from, nearest first, through
// sub-processes and call activities, until yield says no. An error does not leave a scope that an event sub-process has
// interrupted, except to the process that called this one; so it was observed in Zeebe 8.8.
func handlers(from *instance, kind bpmn.EventKind, yield func(caught) bool) {
	for at := from; at != nil; at = outer(at) {
		if !at.alive() {
			return
		}
		if at.interrupted && kind == bpmn.EventError {
			if at = at.process.caller; at == nil {
				return
			}
		}
		if !at.interrupted && !yieldKind(at, at.node.subEvents, kind, yield) || !yieldKind(at, at.node.catches, kind, yield) {
			return
		}
	}
}

func yieldKind(at *instance, catches []*node, kind bpmn.EventKind, yield func(caught) bool) bool {
	for _, n := range catches {
		if n.catch.kind == kind && n != at.node && !yield(caught{at, n}) {
			return false
		}
	}
	return true
}

// outer is the scope around an instance, or the call activity that started its process instance.
func outer(in *instance) *instance {
	if in.scope != nil {
		return in.scope
	}
	return in.process.caller
}

// findError takes the nearest instance that catches the code or everything; there the code itself goes first. It also gives
// the codes that were passed by.
func findError(from *instance, code string) (found caught, known []string) {
	handlers(from, bpmn.EventError, func(c caught) bool {
		if found.catch != nil && c.host != found.host {
			return false
		}
		known = append(known, c.catch.catch.code)
		return found.take(c, code)
	})
	return found, known
}

// findEscalation goes by the same rule.
func findEscalation(from *instance, code string) (found caught) {
	handlers(from, bpmn.EventEscalation, func(c caught) bool {
		if found.catch != nil && c.host != found.host {
			return false
		}
		return found.take(c, code)
	})
	return found
}

// take keeps a handler of the code, or one of everything while there is none yet. It tells whether to look on.
func (c *caught) take(other caught, code string) bool {
	own := other.catch.catch.code
	if own == code || own == "" && c.catch == nil {
		*c = other
	}
	return own != code
}

func uncaught(code, message string, known []string) *failure {
	with := ""
	if message != "" {
		with = fmt.Sprintf(" with message '%s'", message)
	}
	available := "No error events are available in the scope."
	if len(known) > 0 {
		available = fmt.Sprintf("Available error events are [%s]", strings.Join(known, ", "))
	}
	return &failure{
		kind: unhandledErrorEvent,
		text: fmt.Sprintf("Expected to throw an error event with the code '%s'%s, but it was not caught. %s", code, with, available),
	}
}
