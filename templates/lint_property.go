package templates

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// property is one property that is looked at.
type property struct {
	*linter
	pointer string
	*Property
}

func (p property) warn(below, rule, message, fix string) {
	p.add(p.pointer+below, SeverityWarning, rule, p.Title(), message, fix)
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
	if c.AllMatch == nil && p.template.Property(c.Property) == nil {
		p.warn(below+"/property", "unknown-condition", fmt.Sprintf("no property has the id %q%s", c.Property, similarID(c.Property, p.template)), "the condition is never met; name an id")
	}
}

func similarID(id string, t *Template) string {
	for _, p := range t.Properties {
		if p.ID != "" && distance(strings.ToLower(p.ID), strings.ToLower(id)) <= 2 {
			return fmt.Sprintf(" (did you mean %q?)", p.ID)
		}
	}
	return ""
}

// duplicates looks for earlier properties with the same binding that may be
// active at the same time.
func (p property) duplicates(earlier []*Property) {
	for _, q := range earlier {
		if q.ID != "" && q.ID == p.ID && q.Binding.slot() != p.Binding.slot() {
			p.warn("/id", "duplicate-id", fmt.Sprintf("the id %q is taken by another property", p.ID), "conditions see only the first one; rename one of them")
			break
		}
	}
	place := p.Binding.slot().place
	if place == "zeebe:executionListener" || place == "zeebe:taskListener" {
		return
	}
	for _, q := range earlier {
		same := q.Binding.slot() == p.Binding.slot()
		if same && (q.Condition == nil || p.Condition == nil || sameCondition(q.Condition, p.Condition)) {
			p.warn("/binding", "duplicate-binding", fmt.Sprintf("%q is bound to the same place, and both may be active at once", q.Title()), "give them conditions that exclude each other")
			return
		}
	}
}

func (p property) choices() {
	value, isText := p.Value.(string)
	if p.Type != "Dropdown" || !isText || value == "" {
		return
	}
	if !slices.ContainsFunc(p.Choices, func(c Choice) bool { return c.Value == value }) {
		p.warn("/value", "unknown-choice", fmt.Sprintf("the default %q is none of the choices: %s", value, p.choiceList()), "")
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

var (
	secretName  = regexp.MustCompile(`(?i)(passwords?|passwd|passphrase|secrets?|tokens?|api[-_ ]?keys?|private[-_ ]?keys?|secret[-_ ]?(access)?[-_ ]?keys?)$`)
	secretValue = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(gh[pousr]_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|xox[abprs]-[A-Za-z0-9-]{10,}|glpat-[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,})`)
)

func (p property) secrets() {
	value, isText := p.Value.(string)
	named := secretName.MatchString(p.Binding.slot().name) && (p.Type == "String" || p.Type == "Text" || p.Type == "" || p.Type == "Hidden")
	plain := isText && strings.TrimSpace(value) != "" && !strings.HasPrefix(value, "=") && !strings.Contains(value, "secrets.")
	if plain && named || secretValue.MatchString(value) {
		p.warn("/value", "clear-secret", "the default looks like a secret in clear text", "write {{secrets.NAME}} and give the secret to the server")
	}
}

// slots are the task headers and properties that hold expressions.
var slots = map[string]bool{
	"requestExpression": true, "resultExpression": true, "errorExpression": true,
	"activationCondition": true, "inbound.activationCondition": true, "correlationKeyExpression": true, "messageIdExpression": true,
	"inbound.responseExpression": true, "inbound.verificationExpression": true, "inbound.responseBodyExpression": true,
}

// expressions compiles the defaults that are expressions.
func (p property) expressions() {
	source, isText := p.fixedValue().(string)
	checker := p.options.Checker
	if !isText || checker == nil {
		return
	}
	source = strings.TrimSpace(source)
	s := p.Binding.slot()
	isSlot := slots[s.name] && (s.place == "zeebe:taskHeader" || s.place == "zeebe:property")
	isFEEL := strings.HasPrefix(source, "=") && (s.place == "zeebe:input" || p.Feel != "")
	if source == "" || source == "=" || !isSlot && !isFEEL {
		return
	}
	if err := checker.CheckExpression(source); err != nil {
		severity := SeverityWarning
		if p.template.Protocol() != "" {
			severity = SeverityError
		}
		p.add(p.pointer+"/value", severity, "broken-expression", p.Title(), err.Error(), "")
	}
}
