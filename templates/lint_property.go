package templates

import (
	"fmt"
	"slices"
	"strings"

	"patchbay/engine/spell"
)

// property is one property that is looked at.
type property struct {
	*linter
	pointer string
	*Property
}

func (p property) warn(below, rule, message, fix string) {
	p.linter.warn(p.pointer+below, rule, p.Title(), message, fix)
}

func (p property) conditions() {
	p.condition("/condition", p.Condition)
	for i, c := range p.Choices {
		p.condition(fmt.Sprintf("/choices/%d/condition", i), c.Condition)
	}
}

func (p property) condition(below string, c *Condition) {
	if c == nil {
		return
	}
	for i := range c.AllMatch {
		p.condition(fmt.Sprintf("%s/allMatch/%d", below, i), &c.AllMatch[i])
	}
	if c.AllMatch == nil && p.byID[c.Property] == nil {
		p.warn(below+"/property", "unknown-condition", fmt.Sprintf("no property has the id %q%s", c.Property, p.suggestion(c.Property, p.ids)), "the condition is never met; name an id")
	}
}

// maxSuggested is for how many unknown names of a template another is looked for.
const maxSuggested = 20

func (l *linter) suggestion(name string, all []string) string {
	if l.suggested++; l.suggested > maxSuggested {
		return ""
	}
	return spell.DidYouMean(name, all)
}

func (p property) choices() {
	value, isText := p.Value.(string)
	if p.Type != "Dropdown" || !isText || value == "" {
		return
	}
	if !slices.ContainsFunc(p.Choices, func(c Choice) bool { return c.Value == value }) {
		p.warn("/value", "unknown-choice", fmt.Sprintf("the default %q is none of the choices: %s", value, p.choiceList()), "let the default be one of them")
	}
}

func (p property) constraints() {
	if p.Constraints.Pattern == "" {
		return
	}
	if _, err := compilePattern(p.Constraints.Pattern); err != nil {
		p.warn("/constraints/pattern", "broken-pattern", "the pattern does not compile: "+err.Error(), "it is not checked until it does")
	}
}

// expressionSlots are the task headers and properties that hold expressions.
type expressionSlots map[string]bool

var slots = expressionSlots{
	"requestExpression": true, "resultExpression": true, "errorExpression": true,
	"activationCondition": true, "inbound.activationCondition": true, "correlationKeyExpression": true, "messageIdExpression": true,
	"inbound.responseExpression": true, "inbound.verificationExpression": true, "inbound.responseBodyExpression": true,
	"inbound.auth.jwt.permissionsExpression": true,
	"itemsExpression":                        true, "itemIdExpression": true, "cursorExpression": true, "moreExpression": true,
}

// at reports whether a slot holds an expression in any language.
func (e expressionSlots) at(s slot) bool {
	return e[s.name] && (s.place == "zeebe:taskHeader" || s.place == "zeebe:property")
}

// expressions compiles what is an expression in defaults, choices and sources.
func (p property) expressions() {
	source, _ := p.fixedValue().(string)
	p.expression("/value", source)
	for i, c := range p.Choices {
		p.expression(fmt.Sprintf("/choices/%d/value", i), c.Value)
	}
	if strings.HasPrefix(p.Binding.Source, "=") {
		p.compile("/binding/source", p.Binding.Source)
	}
}

// expression compiles a value if it is evaluated: in a slot for expressions, or
// as FEEL wherever that is written. In other task headers it is plain text.
func (p property) expression(below, source string) {
	source = strings.TrimSpace(source)
	s := p.Binding.slot()
	isFEEL := strings.HasPrefix(source, "=") && (s.place != "zeebe:taskHeader" || p.Feel != "")
	if source != "" && source != "=" && (isFEEL || slots.at(s)) {
		p.compile(below, source)
	}
}

func (p property) compile(below, source string) {
	if p.options.Checker == nil {
		return
	}
	doubts, err := p.options.Checker.CheckExpression(source)
	if err != nil {
		severity := SeverityWarning
		if p.template.Protocol() != "" {
			severity = SeverityError
		}
		p.add(p.pointer+below, severity, "broken-expression", p.Title(), "the expression does not compile: "+err.Error(), "correct it; patchbay eval tries expressions")
	}
	p.doubts(below, doubts)
	p.misplaced(below, source, doubts)
	p.requestKeys(below, doubts)
}

// presets compiles the expressions that presets give.
func (l *linter) presets() {
	for i, preset := range l.template.Presets {
		for id, value := range preset.Values {
			source, isText := value.(string)
			if p := l.byID[id]; p != nil && isText {
				property{l, fmt.Sprintf("/presets/%d/properties", i), p}.expression("/"+pointerToken(id), source)
			}
		}
	}
}
