package main

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"patchbay/templates"
)

func templatesPage(f *facts, m *markdown) {
	m.paragraph("They are in the catalog from the start, beside those that are published, and each lies with its tests in the folder `templates`.")
	var rows [][]string
	for _, t := range templates.BuiltIn() {
		rows = append(rows, []string{"[" + code(t.ID) + "](#" + anchor(t) + ")", version(t), plain(t.Name), f.protocolOf(t), code(cmp.Or(t.Inbound(), t.JobType())), codes(t.AppliesTo)})
	}
	m.table([]string{"Template", "Version", "Name", "Protocol", "Type", "Applies to"}, rows)
	for _, t := range templates.BuiltIn() {
		m.heading(2, t.Ref())
		m.paragraph(sentence(t.Description))
		var rows [][]string
		for _, p := range t.Properties {
			rows = append(rows, []string{code(p.ID), plain(p.Label), binding(p.Binding), code(shortened(p.Value)), requirements(p), sentence(p.Description)})
		}
		m.table([]string{"Property", "Label", "Binding", "Value", "Constraints", "Meaning"}, rows)
	}
}

// anchor is what a heading is linked by: lower case, without punctuation.
func anchor(t *templates.Template) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(".@:/", r) {
			return -1
		}
		return r
	}, strings.ToLower(t.Ref()))
}

func version(t *templates.Template) string {
	if !t.HasVersion {
		return "none"
	}
	return fmt.Sprint(t.Version)
}

// protocolOf returns the protocol that serves a template: the one that it names,
// else the one that has its type built in.
func (f *facts) protocolOf(t *templates.Template) string {
	if name := t.Protocol(); name != "" {
		return name
	}
	for _, p := range f.protocols {
		for _, has := range append(append([]string{}, p.JobTypes...), p.InboundTypes...) {
			if has == t.JobType() || has == t.Inbound() {
				return p.Name
			}
		}
	}
	return ""
}

func binding(b templates.Binding) string {
	return code(strings.TrimSpace(b.Type + " " + cmp.Or(b.Name, b.Key, b.Source, b.Property)))
}

// longest is how much of a value is shown, in characters.
const longest = 60

func shortened(value any) string {
	if value == nil {
		return ""
	}
	text := fmt.Sprint(value)
	if utf8.RuneCountInString(text) > longest {
		text = string([]rune(text)[:longest]) + "…"
	}
	return text
}

func requirements(p *templates.Property) string {
	var list []string
	if p.Type == "Hidden" {
		list = append(list, "hidden")
	}
	if p.Constraints.NotEmpty {
		list = append(list, "required")
	}
	var choices []string
	for _, c := range p.Choices {
		choices = append(choices, c.Value)
	}
	if choices != nil {
		list = append(list, "one of "+codes(choices))
	}
	if p.Feel != "" {
		list = append(list, "FEEL "+p.Feel)
	}
	if p.Constraints.Pattern != "" {
		list = append(list, "matches "+code(p.Constraints.Pattern))
	}
	return strings.Join(list, "; ")
}
