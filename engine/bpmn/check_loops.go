package bpmn

import "strings"

// passThrough tells whether a token leaves the element without waiting for anything outside.
func passThrough(el *Element) bool {
	switch el.Type {
	case TypeTask, TypeManualTask, TypeExclusiveGateway, TypeParallelGateway, TypeInclusiveGateway:
		return true
	case TypeScriptTask:
		return el.Script != nil
	case TypeStartEvent, TypeSubProcess:
		return true
	case TypeIntermediateThrowEvent:
		return !el.Is(EventMessage)
	case TypeEndEvent:
		return false
	}
	return false
}

// StraightThroughLoop gives the ids of a loop that would run for ever without a wait state, nil when there is none.
func (p *Process) StraightThroughLoop() []string {
	s := &loopSearch{done: map[*Element]bool{}, open: map[*Element]int{}}
	for _, wanted := range []bool{true, false} { // activities first: Zeebe names a loop from its first activity on
		for _, el := range p.Elements {
			if activity(el) != wanted {
				continue
			}
			if loop := s.visit(el); loop != nil {
				return loop
			}
		}
	}
	return nil
}

// loopSearch is a depth-first search that keeps its path.
type loopSearch struct {
	done map[*Element]bool
	open map[*Element]int
	path []string
}

func (s *loopSearch) visit(el *Element) []string {
	if !passThrough(el) || s.done[el] {
		return nil
	}
	if at, ok := s.open[el]; ok {
		return append(append([]string{}, s.path[at:]...), el.ID)
	}
	s.open[el] = len(s.path)
	s.path = append(s.path, el.ID)
	for _, next := range successors(el) {
		if loop := s.visit(next); loop != nil {
			return loop
		}
	}
	s.path = s.path[:len(s.path)-1]
	delete(s.open, el)
	s.done[el] = true
	return nil
}

// successors gives where a token goes on: into a sub-process, along the flows, or out of the sub-process at its end.
func successors(el *Element) []*Element {
	if el.Type == TypeSubProcess {
		return starts(el)
	}
	out := followers(el)
	if len(el.Outgoing) == 0 && !el.Is(EventLink) {
		out = append(out, leave(el.Scope)...)
	}
	if el.Is(EventLink) && el.Type == TypeIntermediateThrowEvent {
		out = append(out, linkTargets(el)...)
	}
	return out
}

func linkTargets(el *Element) []*Element {
	var out []*Element
	for _, c := range el.Scope.Children {
		if c.Type == TypeIntermediateCatchEvent && c.Is(EventLink) && c.Event().Link == el.Event().Link {
			out = append(out, followers(c)...)
		}
	}
	return out
}

// followers gives where the flows of an element lead.
func followers(el *Element) []*Element {
	var out []*Element
	for _, f := range el.Outgoing {
		if f.Target != nil {
			out = append(out, afterEnd(f.Target)...)
		}
	}
	return out
}

func afterEnd(target *Element) []*Element {
	if target.Type == TypeEndEvent && target.Event() == nil {
		return leave(target.Scope)
	}
	return []*Element{target}
}

// leave gives what follows a sub-process that has ended.
func leave(scope *Element) []*Element {
	if scope == nil || scope.Type != TypeSubProcess || scope.TriggeredByEvent {
		return nil
	}
	return followers(scope)
}

// LoopProblem words a loop as Zeebe does.
func LoopProblem(loop []string) string {
	return "Processes are not allowed to contain a straight-through processing loop: " + strings.Join(loop, " > ")
}
