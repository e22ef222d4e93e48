package server

import (
	"patchbay/engine/expr"
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
func (checker) CheckExpression(source string) error {
	slot := expr.ErrorExpression
	slot.Name = ""
	_, err := expr.Compile(slot, source, expr.Limits{})
	return err
}

// HasProtocol implements templates.Checker.
func (checker) HasProtocol(name string) bool {
	_, ok := registry().ByName(name)
	return ok
}

// HasType implements templates.Checker.
func (checker) HasType(name string) bool {
	_, outbound := registry().ByJobType(name)
	_, inbound := registry().ByInboundType(name)
	return outbound || inbound
}
