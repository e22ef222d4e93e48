package main

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"

	"patchbay/engine"
	"patchbay/engine/inbound"
	"patchbay/engine/policy"
	"patchbay/protocols"
	"patchbay/protocols/bind"
)

func protocolsPage(f *facts, m *markdown) {
	m.paragraph("A protocol makes the calls of outbound connectors, or listens for inbound ones. A template chooses one by its job type or its inbound type, " +
		"or names it in a hidden property `protocol` and brings a type of its own.")
	for _, p := range f.protocols {
		m.item("[" + p.Name + "](#" + p.Name + "): " + sentence(p.Doc))
	}
	m.heading(2, "Every outbound connector")
	m.paragraph("These task headers are read, which a template writes with the binding `zeebe:taskHeader`:")
	named(m, "Task header", engine.TaskHeaders())
	m.paragraph("Beside the protocol's own inputs there are these, which say what is done about a call beyond making it once:")
	fields(m, "Input", &policy.Input{})
	m.heading(2, "Every inbound connector")
	m.paragraph("These properties are read, which a template writes with the binding `zeebe:property`:")
	named(m, "Property", inbound.Properties())
	for _, p := range f.protocols {
		protocol(f, m, p)
	}
}

func protocol(f *facts, m *markdown, p protocols.Protocol) {
	m.heading(2, p.Name)
	m.paragraph(cmp.Or(f.comments.about(folderOf(p)), sentence(p.Doc)))
	if p.Outbound != nil {
		types(m, "Job type", p.JobTypes)
		fields(m, "Input", p.Input())
		named(m, "Response", p.Response)
		named(m, "Error code", p.Codes)
	}
	if p.Inbound != nil {
		types(m, "Inbound type", p.InboundTypes)
		fields(m, "Property", p.Properties())
		named(m, "Event", p.Event)
		named(m, "Answer", p.Answers)
		named(m, "Made-up event", p.Sample)
	}
	for _, s := range f.comments.sections(folderOf(p))[1:] {
		if !s.differs() {
			m.heading(3, s.title)
			m.paragraph(s.String())
		}
	}
}

func types(m *markdown, what string, list []string) {
	if len(list) > 1 {
		what += "s"
	}
	if len(list) > 0 {
		m.paragraph(what + ": " + codes(list))
	}
}

// folderOf returns the folder of the repository that a protocol lives in.
func folderOf(p protocols.Protocol) string {
	input := p.Input
	if input == nil {
		input = p.Properties
	}
	_, folder, _ := strings.Cut(reflect.TypeOf(input()).Elem().PkgPath(), "/")
	return folder
}

func named(m *markdown, what string, list []protocols.Named) {
	var rows [][]string
	for _, n := range list {
		rows = append(rows, []string{code(n.Name), sentence(n.Doc)})
	}
	m.table([]string{what, "Meaning"}, rows)
}

// fields lists an input struct by what its tags say. The fields of an object
// follow it with dotted names, unless those of another were the same.
func fields(m *markdown, what string, input any) {
	var rows [][]string
	shown := map[string]string{}
	list := bind.Fields(input)
	for i := 0; i < len(list); i++ {
		f := list[i]
		meaning := sentence(f.Doc)
		if n, shape := members(list[i+1:], f.Name+"."); n > 0 {
			if other, again := shown[shape]; again {
				meaning += " It has the members of " + code(other) + "."
				i += n
			}
			shown[shape] = f.Name
		}
		rows = append(rows, []string{code(f.Name), f.Type, code(f.Default), constraints(f), meaning})
	}
	m.table([]string{what, "Type", "Default", "Constraints", "Meaning"}, rows)
}

// members counts the fields with a prefix that a list begins with, and returns
// what they are without it.
func members(list []bind.Field, prefix string) (n int, shape string) {
	for ; n < len(list) && strings.HasPrefix(list[n].Name, prefix); n++ {
		f := list[n]
		f.Name = strings.TrimPrefix(f.Name, prefix)
		shape += fmt.Sprintln(f)
	}
	return n, shape
}

func constraints(f bind.Field) string {
	var list []string
	if f.Required {
		list = append(list, "required")
	}
	if len(f.Enum) > 0 {
		list = append(list, "one of "+codes(f.Enum))
	}
	switch {
	case f.Expected != "":
		list = append(list, f.Expected)
	case f.Pattern != "":
		list = append(list, "matches "+code(f.Pattern))
	}
	if f.Secret {
		list = append(list, "secret")
	}
	if sibling, values, ok := strings.Cut(f.When, "="); ok {
		object := f.Name[:strings.LastIndex(f.Name, ".")+1]
		list = append(list, "only if "+code(object+sibling)+" is "+strings.ReplaceAll(codes(strings.Split(values, "|")), ", ", " or "))
	}
	return strings.Join(list, "; ")
}
