package templates

import (
	"cmp"
	"errors"
	"fmt"
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
	// Fix says what to do.
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
	// jq, and says what is wrong with it, or what is doubtful.
	CheckExpression(source string) (Doubts, error)
	// Served are the names of all protocols, and the job types and inbound types
	// that they serve without being named by a template.
	Served() (protocols, types []string)
	// Reads returns what is read of what a template binds; nil when nobody here
	// serves it.
	Reads(t *Template) *Reads
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
	findings := tooManyFindings(d)
	if len(findings) == 0 {
		findings = append(violationFindings("schema", schema.Templates(d)), duplicateKeys(d)...)
	}
	var list []*Template
	if !HasErrors(findings) {
		list = decodeAll(d, text)
		findings = append(findings, ruleFindings(d, list, o)...)
	}
	if HasErrors(findings) {
		list = nil
	}
	return list, inOrder(findings)
}

// maxFindings is how many findings of a text are told; errors go first.
const maxFindings = 1000

// inOrder sorts by place, and leaves out what nobody would read.
func inOrder(findings []Finding) []Finding {
	if len(findings) > maxFindings {
		slices.SortStableFunc(findings, func(a, b Finding) int { return strings.Compare(a.Severity, b.Severity) })
		findings = findings[:maxFindings:maxFindings]
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return findings
}

func duplicateKeys(d *schema.Document) []Finding {
	var findings []Finding
	for _, pointer := range d.Duplicates() {
		line, column := d.Position(pointer)
		findings = append(findings, Finding{
			Pointer: pointer, Line: line, Column: column, Severity: SeverityWarning, Rule: "duplicate-key",
			Message: "the key appears twice in its object, and only the last one counts", Fix: "remove one",
		})
	}
	return findings
}

// HasErrors reports whether one of the findings is an error.
func HasErrors(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == SeverityError })
}

func syntaxFinding(err error) Finding {
	f := Finding{Line: 1, Column: 1, Severity: SeverityError, Rule: "syntax", Message: err.Error(), Fix: "correct the text there"}
	var syntax *schema.SyntaxError
	if errors.As(err, &syntax) {
		f.Line, f.Column, f.Message = syntax.Line, syntax.Column, syntax.Message
	}
	return f
}

func tooManyFindings(d *schema.Document) []Finding {
	findings := violationFindings("too-many", sizeViolations(d))
	for i := range findings {
		findings[i].Fix = "split it"
	}
	return findings
}

func violationFindings(rule string, violations []schema.Violation) []Finding {
	var findings []Finding
	for _, v := range violations {
		findings = append(findings, Finding{
			Pointer: v.Pointer, Line: v.Line, Column: v.Column, Severity: SeverityError, Rule: rule, Message: v.Message, Property: v.Property,
			Fix: "change it, since modelers refuse it as well",
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
		l := linter{document: d, options: o, template: t, value: object{values[i]}}
		if isArray {
			l.base = fmt.Sprintf("/%d", i)
		}
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
	value    object
	findings []Finding

	// byID holds the first property with an id, bound all by what they are
	// bound to, and ids all ids there are.
	byID  map[string]*Property
	ids   []string
	bound bindings
	// reads is what is read of the template's bindings; nil when nobody here
	// serves it, or nothing is known.
	reads *Reads
	// suggested counts the unknown names for which another was suggested.
	suggested int
}

func (l *linter) run() {
	if l.options.Checker != nil {
		l.reads = l.options.Checker.Reads(l.template)
	}
	l.identity()
	l.groups()
	l.types()
	l.results()
	l.unknownKeys()
	l.index()
	for i, p := range l.template.Properties {
		at := property{l, fmt.Sprintf("/properties/%d", i), p}
		at.conditions()
		at.duplicates()
		at.choices()
		at.constraints()
		at.secrets()
		at.expressions()
	}
	l.presets()
	l.unread()
}

// index makes what the rules look up, so that they need not search.
func (l *linter) index() {
	l.byID, l.bound = map[string]*Property{}, bindings{}
	for _, p := range l.template.Properties {
		if _, taken := l.byID[p.ID]; p.ID != "" && !taken {
			l.byID[p.ID] = p
			l.ids = append(l.ids, p.ID)
		}
	}
}

func (l *linter) add(pointer, severity, rule, property, message, fix string) {
	pointer = l.base + pointer
	line, column := l.document.Position(pointer)
	l.findings = append(l.findings, Finding{pointer, line, column, severity, rule, message, fix, property})
}

func (l *linter) warn(pointer, rule, property, message, fix string) {
	l.add(pointer, SeverityWarning, rule, property, message, fix)
}
