package templates

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"patchbay/schema"
)

// Severities of a finding.
const (
	SeverityError   = "error"
	SeverityWarning = "warning"
)

// Finding is something wrong with a template.
type Finding struct {
	// Pointer is the JSON pointer to the value, from the root of the file.
	Pointer string `json:"pointer"`
	// Line and Column count from 1; columns count characters.
	Line   int `json:"line"`
	Column int `json:"column"`
	// Severity is SeverityError, with which a template is refused, or
	// SeverityWarning.
	Severity string `json:"severity"`
	// Rule names the rule: "schema", "unknown-condition", ...
	Rule    string `json:"rule"`
	Message string `json:"message"`
	// Fix says what to do; it may be empty.
	Fix string `json:"fix,omitempty"`
	// Property names the property concerned; it may be empty.
	Property string `json:"property,omitempty"`
}

// String returns "line:column: severity: pointer: message; fix".
func (f Finding) String() string {
	s := fmt.Sprintf("%d:%d: %s: %s: %s", f.Line, f.Column, f.Severity, pointerText(f.Pointer), f.Message)
	if f.Fix != "" {
		s += "; " + f.Fix
	}
	return s
}

// Checker knows what the program can run.
type Checker interface {
	// CheckExpression compiles an expression, FEEL if it begins with "=", else
	// jq, and says what is wrong with it.
	CheckExpression(source string) error
	// HasProtocol reports whether there is a protocol of that name.
	HasProtocol(name string) bool
	// HasType reports whether a job type, or the type of an inbound connector,
	// is served without a template that brings it.
	HasType(name string) bool
}

// LintOptions says what Lint can look at.
type LintOptions struct {
	// Checker is nil when nothing is known of protocols and expressions; then
	// they are not checked.
	Checker Checker
	// Published returns the highest published version of a template, or nil.
	// It may be nil.
	Published func(id string) *Template
}

// Lint returns what is wrong with a file that holds one template or an array
// of them, in the order of the text. What the modelers refuse is an error, and
// so is what cannot work in a template that names its own protocol; all else
// is a warning.
func Lint(text []byte, o LintOptions) []Finding {
	_, findings := Inspect(text, o)
	return findings
}

// Inspect is Lint that also returns the templates, so that who needs both
// validates once. There are none when a finding is an error.
func Inspect(text []byte, o LintOptions) ([]*Template, []Finding) {
	d, err := schema.Parse(text)
	if err != nil {
		return nil, []Finding{syntaxFinding(err)}
	}
	findings := schemaFindings(d)
	for _, pointer := range d.Duplicates() {
		line, column := d.Position(pointer)
		findings = append(findings, Finding{
			Pointer: pointer, Line: line, Column: column, Severity: SeverityWarning, Rule: "duplicate-key",
			Message: "the key appears twice in its object, and only the last one counts", Fix: "remove one",
		})
	}
	var list []*Template
	if !HasErrors(findings) {
		list = decodeAll(d, text)
		findings = append(findings, ruleFindings(d, list, o)...)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	if HasErrors(findings) {
		list = nil
	}
	return list, findings
}

// HasErrors reports whether one of the findings is an error.
func HasErrors(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == SeverityError })
}

func syntaxFinding(err error) Finding {
	f := Finding{Line: 1, Column: 1, Severity: SeverityError, Rule: "syntax", Message: err.Error()}
	var syntax *schema.SyntaxError
	if errors.As(err, &syntax) {
		f.Line, f.Column, f.Message = syntax.Line, syntax.Column, syntax.Message
	}
	return f
}

func schemaFindings(d *schema.Document) []Finding {
	var findings []Finding
	for _, v := range schema.Templates(d) {
		findings = append(findings, Finding{
			Pointer: v.Pointer, Line: v.Line, Column: v.Column, Severity: SeverityError, Rule: "schema", Message: v.Message, Property: v.Property,
		})
	}
	return findings
}

func ruleFindings(d *schema.Document, list []*Template, o LintOptions) []Finding {
	values, isArray := d.Value.([]any)
	if !isArray {
		values = []any{d.Value}
	}
	var findings []Finding
	for i, t := range list {
		l := linter{document: d, options: o, template: t}
		if isArray {
			l.base = fmt.Sprintf("/%d", i)
		}
		l.schemaKey(object{values[i]}.text("$schema"))
		l.run()
		findings = append(findings, l.findings...)
	}
	return findings
}

// linter looks at one template.
type linter struct {
	document *schema.Document
	options  LintOptions
	base     string
	template *Template
	findings []Finding
}

func (l *linter) run() {
	l.version()
	l.groups()
	l.types()
	l.results()
	for i, p := range l.template.Properties {
		at := property{l, fmt.Sprintf("/properties/%d", i), p}
		at.conditions()
		at.duplicates(l.template.Properties[:i])
		at.choices()
		at.constraints()
		at.secrets()
		at.expressions()
	}
}

func (l *linter) add(pointer, severity, rule, property, message, fix string) {
	pointer = l.base + pointer
	line, column := l.document.Position(pointer)
	l.findings = append(l.findings, Finding{pointer, line, column, severity, rule, message, fix, property})
}

const schemaPackage = "@camunda/zeebe-element-templates-json-schema"

func (l *linter) schemaKey(url string) {
	if !strings.Contains(url, schemaPackage) {
		l.add("/$schema", SeverityWarning, "no-schema", "", "modelers pass over a template whose $schema is not that of Zeebe templates",
			"let $schema be a URL of "+schemaPackage)
	}
}

func (l *linter) version() {
	t := l.template
	if !t.HasVersion {
		l.add("", SeverityWarning, "no-version", "", "the template has no version, so it can never be raised", `add "version": 1`)
	}
	if l.options.Published == nil {
		return
	}
	if published := l.options.Published(t.ID); published != nil && t.Version <= published.Version && string(t.Raw) != string(published.Raw) {
		l.add("/version", SeverityWarning, "version-not-raised", "", fmt.Sprintf("version %d is published already", published.Version),
			fmt.Sprintf("raise the version to %d", published.Version+1))
	}
}

func (l *linter) groups() {
	known := map[string]bool{"": true}
	for _, g := range l.template.Groups {
		known[g.ID] = true
	}
	for i, p := range l.template.Properties {
		if !known[p.Group] {
			l.add(fmt.Sprintf("/properties/%d/group", i), SeverityWarning, "unknown-group", p.Title(), fmt.Sprintf("there is no group %q", p.Group), "add it to groups")
		}
	}
}

// types checks that somebody serves what the template makes.
func (l *linter) types() {
	t, checker := l.template, l.options.Checker
	if checker == nil {
		return
	}
	if name := t.Protocol(); name != "" {
		if !checker.HasProtocol(name) {
			l.add(l.pointerTo("protocol"), SeverityError, "unknown-protocol", "protocol", fmt.Sprintf("there is no protocol %q", name), "")
		}
		return
	}
	kind, rule := t.JobType(), "/properties"
	if inbound := t.Inbound(); inbound != "" {
		kind = inbound
	}
	if kind != "" && !checker.HasType(kind) {
		l.add(rule, SeverityWarning, "unknown-type", "", fmt.Sprintf("nothing here serves the type %q", kind),
			`name a protocol with a hidden zeebe:taskHeader "protocol", or rename the type in the configuration`)
	}
}

// pointerTo leads to the value of the first property bound by a name.
func (l *linter) pointerTo(name string) string {
	for i, p := range l.template.Properties {
		if p.Binding.slot().name == name {
			return fmt.Sprintf("/properties/%d/value", i)
		}
	}
	return ""
}

// results checks that the answer of an outbound connector can go somewhere.
func (l *linter) results() {
	t := l.template
	if t.JobType() == "" || t.Inbound() != "" {
		return
	}
	for _, p := range t.Properties {
		s := p.Binding.slot()
		if s.place == "zeebe:taskHeader" && (s.name == "resultExpression" || s.name == "resultVariable") || s.place == "zeebe:output" {
			return
		}
	}
	l.add("/properties", SeverityWarning, "no-result", "", "the connector's answer is lost: no property is bound to the task header resultExpression or resultVariable",
		"add one, with a description of what it sees")
}

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
