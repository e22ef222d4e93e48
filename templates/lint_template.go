package templates

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"patchbay/engine/spell"
	"patchbay/schema"
)

// Limits of what a text may hold. The largest template known has 203
// properties; to hold one to the schema takes some 50 µs each.
const (
	maxTemplates   = 1_000
	maxProperties  = 2_000
	maxPropertySum = 20_000
)

// sizeViolations says which templates of a text are too large to be looked at.
func sizeViolations(d *schema.Document) []schema.Violation {
	list, isArray := d.Value.([]any)
	if !isArray {
		list = []any{d.Value}
	}
	if len(list) > maxTemplates {
		return tooMany(d, "", fmt.Sprintf("%d templates, more than the %d that are allowed in a file", len(list), maxTemplates))
	}
	sum := 0
	for i, value := range list {
		pointer := ""
		if isArray {
			pointer = fmt.Sprintf("/%d", i)
		}
		properties, _ := object{value}.get("properties").value.([]any)
		if sum += len(properties); len(properties) > maxProperties {
			return tooMany(d, pointer, fmt.Sprintf("the template has %d properties, more than the %d that are allowed", len(properties), maxProperties))
		}
		if sum > maxPropertySum {
			return tooMany(d, pointer, fmt.Sprintf("the templates have more than the %d properties that are allowed in a file", maxPropertySum))
		}
	}
	return nil
}

func tooMany(d *schema.Document, pointer, message string) []schema.Violation {
	line, column := d.Position(pointer)
	return []schema.Violation{{Pointer: pointer, Line: line, Column: column, Message: message}}
}

// identity looks at what names a template.
func (l *linter) identity() {
	l.schemaKey(l.value.text("$schema"))
	l.id()
	l.versionRange(l.value.get("version").value)
	l.version()
}

const schemaPackage = "@camunda/zeebe-element-templates-json-schema"

func (l *linter) schemaKey(url string) {
	if !strings.Contains(url, schemaPackage) {
		l.warn("/$schema", "no-schema", "", "modelers pass over a template whose $schema is not that of Zeebe templates",
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
	if f, err := number.Float64(); number != "" && (err != nil || f < 0 || f > maxVersion) {
		l.add("/version", SeverityError, "version-range", "", fmt.Sprintf("version %.30s is out of range: 0 to %d", number, maxVersion), "count up from 1")
	}
}

func (l *linter) version() {
	t := l.template
	if !t.HasVersion {
		l.warn("", "no-version", "", "the template has no version, so it can never be raised", `add "version": 1`)
	}
	if l.options.Published == nil {
		return
	}
	if published := l.options.Published(t.ID); published != nil && t.Version <= published.Version && string(t.Raw) != string(published.Raw) {
		l.warn("/version", "version-not-raised", "", fmt.Sprintf("version %d is published already", published.Version),
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
			l.warn(fmt.Sprintf("/properties/%d/group", i), "unknown-group", p.Title(), fmt.Sprintf("there is no group %q", p.Group), "add it to groups")
		}
	}
}

// types checks that somebody serves what the template makes.
func (l *linter) types() {
	t, checker := l.template, l.options.Checker
	if checker == nil {
		return
	}
	protocols, types := checker.Served()
	if name := t.Protocol(); name != "" {
		if !slices.Contains(protocols, name) {
			l.add(l.pointerTo("protocol"), SeverityError, "unknown-protocol", "protocol", fmt.Sprintf("there is no protocol %q", name), protocolFix(name, protocols))
		}
		return
	}
	kind := t.JobType()
	if inbound := t.Inbound(); inbound != "" {
		kind = inbound
	}
	if kind != "" && l.reads == nil {
		l.warn("/properties", "unknown-type", "", fmt.Sprintf("nothing here serves the type %q%s", kind, typo(kind, types)),
			`name a protocol with a hidden zeebe:taskHeader "protocol", or rename the type in the configuration`)
	}
}

// typo suggests the type that is meant by one with a letter or two wrong. Types
// have much in common, so that more would not be a misspelling.
func typo(kind string, types []string) string {
	if near := spell.Nearest(kind, types); near != "" && spell.Distance(strings.ToLower(near), strings.ToLower(kind)) <= 2 {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

func protocolFix(name string, all []string) string {
	return "name one of " + strings.Join(all, ", ") + spell.DidYouMean(name, all)
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

// results checks that the answer of an outbound connector can go somewhere,
// and that whoever maps it is told what there is to map.
func (l *linter) results() {
	t := l.template
	there := false
	for i, p := range t.Properties {
		s := p.Binding.slot()
		if s.name == "resultExpression" && slots.at(s) {
			l.resultHelp(fmt.Sprintf("/properties/%d", i), p)
		}
		there = there || s.place == "zeebe:taskHeader" && (s.name == "resultExpression" || s.name == "resultVariable") || s.place == "zeebe:output"
	}
	if !there && t.JobType() != "" && t.Inbound() == "" {
		l.warn("/properties", "no-result", "", "the connector's answer is lost: no property is bound to the task header resultExpression or resultVariable",
			"add one, with a description of what it sees")
	}
}

func (l *linter) resultHelp(pointer string, p *Property) {
	if p.Type != "Hidden" && p.Description == "" && p.Tooltip == "" {
		l.warn(pointer, "no-result-help", p.Title(), "a modeler's user is not told what the result expression sees", "add a description, with an example of the answer")
	}
}
