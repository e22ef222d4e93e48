package main

import (
	"strings"

	"patchbay/engine/expr"
	"patchbay/engine/feel"
	"patchbay/engine/inbound"
	"patchbay/protocols/bind"
)

func expressionsPage(f *facts, m *markdown) {
	m.paragraph(f.comments.about("engine/expr"))
	m.heading(2, "Slots of outbound connectors")
	m.paragraph("They are task headers. In FEEL the members of what is `.` in jq are variables.")
	for _, s := range expr.Slots() {
		slot(m, s)
	}
	m.heading(2, "Slots of inbound connectors")
	m.paragraph("They are properties with the binding `zeebe:property`. In FEEL the members of what is `.` in jq are variables.")
	for _, s := range inbound.Slots() {
		slot(m, s)
	}
	m.heading(2, "Slots of protocols")
	m.paragraph("These properties are expressions that the protocol evaluates itself:")
	m.table([]string{"Protocol", "Property", "Meaning"}, ownSlots(f))
	m.heading(2, "Functions")
	functions(m)
	m.heading(2, "jq")
	m.paragraph("jq's own functions: " + codes(jqFunctions()) + ".")
	m.paragraph("These do not compile:")
	m.table([]string{"Name", "Why"}, variables(expr.Refused(), ""))
	m.heading(2, "FEEL")
	for i, s := range f.comments.sections("engine/feel") {
		if i > 0 && !s.differs() {
			m.heading(3, s.title)
			m.paragraph(s.String())
		}
	}
	m.heading(3, "Built-in functions")
	m.table([]string{"Function", "Parameters"}, builtins())
}

func slot(m *markdown, s expr.Slot) {
	m.heading(3, s.Name)
	m.paragraph("Yields " + plain(s.Yields) + ". In jq `.` is " + plain(s.Dot) + ".")
	m.table([]string{"Variable", "Language", "Meaning"}, append(variables(s.Variables, "jq"), variables(s.Scope, "FEEL")...))
	var names []string
	for _, f := range s.Functions() {
		names = append(names, f.Name)
	}
	if names != nil {
		m.paragraph("Functions: " + codes(names) + ".")
	}
}

func variables(list []expr.Variable, language string) (rows [][]string) {
	for _, v := range list {
		row := []string{code(v.Name), language, capital(sentence(v.Doc))}
		if language == "" {
			row = []string{code(v.Name), capital(sentence(v.Doc))}
		}
		rows = append(rows, row)
	}
	return rows
}

// ownSlots are the properties of inbound connectors whose names say that they
// are expressions (see protocols.Protocol.Deferred).
func ownSlots(f *facts) (rows [][]string) {
	for _, p := range f.protocols {
		if p.Properties == nil {
			continue
		}
		for _, field := range bind.Fields(p.Properties()) {
			if strings.HasSuffix(field.Name, "Expression") || strings.HasSuffix(field.Name, "Locator") {
				rows = append(rows, []string{p.Name, code(field.Name), sentence(field.Doc)})
			}
		}
	}
	return rows
}

// functions describes those that templates have beyond the languages' own.
func functions(m *markdown) {
	m.paragraph("Both languages have these in the slots that name them. jq separates arguments by `;`, FEEL by `,`.")
	var rows [][]string
	for _, f := range (expr.Slot{Decisions: true, Documents: true}).Functions() {
		var params []string
		for _, p := range f.Params {
			params = append(params, parameter(p))
		}
		rows = append(rows, []string{code(f.Name + "(" + strings.Join(params, "; ") + ")"), capital(sentence(f.Doc))})
	}
	m.table([]string{"Function", "Meaning"}, rows)
	m.paragraph("A parameter with `?` may be left out, together with all that follow it; after `=` stands what takes its place. " +
		"A Duration is an ISO 8601 text, or a number of seconds in jq, and a duration in FEEL.")
}

func parameter(p expr.Parameter) string {
	text := p.Name
	if p.Optional {
		text += "?"
	}
	text += ": " + p.Kind
	if p.Default != "" {
		text += " = " + p.Default
	}
	return text
}

// jqFunctions are jq's own, with the numbers of their arguments.
func jqFunctions() (names []string) {
	own := map[string]bool{}
	for _, f := range (expr.Slot{Decisions: true, Documents: true}).Functions() {
		own[f.Name] = true
	}
	for _, f := range expr.Functions(expr.JQ) {
		if !own[f.Text] {
			names = append(names, strings.Split(f.Detail, "\n")...)
		}
	}
	return names
}

// builtins are FEEL's own functions; the overloads of a name share a row.
func builtins() (rows [][]string) {
	for _, b := range feel.Builtins() {
		params := strings.Join(b.Params, ", ")
		if b.Variadic {
			params += "..."
		}
		params = code("(" + params + ")")
		if n := len(rows); n > 0 && rows[n-1][0] == code(b.Name) {
			rows[n-1][1] += ", " + params
			continue
		}
		rows = append(rows, []string{code(b.Name), params})
	}
	return rows
}
