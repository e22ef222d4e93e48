package server

import (
	"fmt"
	"slices"
	"sync"

	"patchbay/engine"
	"patchbay/engine/expr"
	"patchbay/engine/inbound"
	"patchbay/engine/policy"
	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/templates"
)

// Inspect reads the text of templates and says what is wrong with it, as far
// as this program can run them; no template comes back when a finding is an
// error. published, which may be nil, returns the highest published version of
// a template.
func Inspect(text []byte, published func(id string) *templates.Template) ([]*templates.Template, []templates.Finding) {
	return templates.Inspect(text, templates.LintOptions{Checker: checker{}, Published: published})
}

// checker knows what the program can run; see templates.Checker.
type checker struct{}

// CheckExpression compiles for a slot that allows what any does.
func (checker) CheckExpression(source string) (templates.Doubts, error) {
	slot := expr.ErrorExpression
	slot.Name = ""
	p, err := expr.Compile(slot, source, expr.Limits{})
	if err != nil {
		return templates.Doubts{}, err
	}
	doubts := templates.Doubts{Assigning: p.AssigningConditions(), Deciding: p.Decisions(), Keys: p.LiteralKeys()}
	for _, m := range p.MisfitCalls() {
		misfit := templates.Misfit{Name: m.Name, Place: fmt.Sprintf("%d:%d", m.Line, m.Column)}
		for _, s := range m.Takes {
			misfit.Takes = append(misfit.Takes, s.String())
		}
		doubts.Misfits = append(doubts.Misfits, misfit)
	}
	for _, f := range p.UnknownFunctions() {
		doubts.Unknown = append(doubts.Unknown, templates.UnknownFunction{Name: f.Name, Place: fmt.Sprintf("%d:%d", f.Line, f.Column)})
		doubts.Functions = p.FunctionNames()
	}
	return doubts, nil
}

// Served implements templates.Checker.
func (checker) Served() (protocols, types []string) {
	for _, p := range registry().Protocols() {
		types = slices.Concat(types, p.JobTypes, p.InboundTypes)
	}
	return registry().Names(), types
}

// Reads implements templates.Checker.
func (checker) Reads(t *templates.Template) *templates.Reads {
	if kind := t.Inbound(); kind != "" {
		if p, ok := registry().ByInboundType(kind); ok {
			return inboundReads()[p.Name]
		}
	}
	p, ok := registry().ByName(t.Protocol())
	if !ok {
		p, ok = registry().ByJobType(t.JobType())
	}
	switch {
	case !ok:
		return nil
	case p.Input == nil:
		return inboundReads()[p.Name]
	}
	return outboundReads()[p.Name]
}

// subtype tells templates of one inbound.type apart, for modelers alone.
const subtype = "inbound.subtype"

// What the protocols read never changes.
var (
	outboundReads = sync.OnceValue(func() map[string]*templates.Reads {
		return readsOf(func(r *templates.Reads, p protocols.Protocol) {
			if p.Input != nil {
				r.Inputs, r.Headers = slices.Concat(names(p.Input()), names(&policy.Input{})), engine.Headers()
			}
		})
	})
	inboundReads = sync.OnceValue(func() map[string]*templates.Reads {
		return readsOf(func(r *templates.Reads, p protocols.Protocol) {
			if p.Properties != nil {
				r.Properties = slices.Concat(names(p.Properties()), inbound.Keywords(), []string{subtype})
			}
		})
	})
)

func readsOf(fill func(*templates.Reads, protocols.Protocol)) map[string]*templates.Reads {
	all := map[string]*templates.Reads{}
	for _, p := range registry().Protocols() {
		r := &templates.Reads{By: "the protocol " + p.Name}
		fill(r, p)
		all[p.Name] = r
	}
	return all
}

// names are the names of an input struct's fields; below those that hold
// anything everything is open.
func names(input any) []string {
	var list []string
	for _, f := range bind.Fields(input) {
		list = append(list, f.Name)
		if f.Type == "map" || f.Type == "any" || f.Type == "list" {
			list = append(list, f.Name+".*")
		}
	}
	return list
}
