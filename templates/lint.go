package templates

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

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
		l.id()
		l.versionRange(object{values[i]}.get("version").value)
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

// Limits of what names a template. Modelers are JavaScript, in which greater
// versions lose digits; the longest id known has some 80 characters.
const (
	maxVersion = 1<<53 - 1
	maxID      = 255
)

// id checks that the id can stand in the path of a URL and in a database.
func (l *linter) id() {
	id, message := l.template.ID, ""
	switch {
	case id == "":
		message = "the id is empty"
	case len(id) > maxID:
		message = fmt.Sprintf("the id has %d bytes, more than the %d that are allowed", len(id), maxID)
	case id == "." || id == ".." || strings.ContainsFunc(id, unicode.IsControl):
		message = fmt.Sprintf("%q cannot be an id, because it cannot stand in a path", id)
	default:
		return
	}
	l.add("/id", SeverityError, "id", "", message, `give it a name such as "com.example.rates"`)
}

func (l *linter) versionRange(value any) {
	number, _ := value.(json.Number)
	if f, err := number.Float64(); number != "" && (err != nil || math.Abs(f) > maxVersion) {
		l.add("/version", SeverityError, "version-range", "", fmt.Sprintf("version %.30s is out of range: at most %d", number, maxVersion), "")
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
