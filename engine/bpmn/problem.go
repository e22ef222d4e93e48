package bpmn

import (
	"fmt"
	"strings"
)

// Problem is one thing that a deployment refuses.
type Problem struct {
	Place
	Message string
	Schema  bool // the BPMN schema itself forbids it
}

// Problems are all problems of one file.
type Problems []Problem

// String gives the text as Zeebe writes it: schema problems alone when there are any, else a list by element.
func (ps Problems) String() string {
	if text := ps.schemaText(); text != "" {
		return text
	}
	var order []string
	byPath := map[string][]string{}
	for _, p := range ps {
		if byPath[p.Path] == nil {
			order = append(order, p.Path)
		}
		byPath[p.Path] = append(byPath[p.Path], p.Message)
	}
	var b strings.Builder
	for _, path := range order {
		fmt.Fprintf(&b, "- Element: %s\n", path)
		for _, m := range byPath[path] {
			fmt.Fprintf(&b, "    - ERROR: %s\n", m)
		}
	}
	return b.String()
}

func (ps Problems) schemaText() string {
	var lines []string
	for _, p := range ps {
		if p.Schema {
			lines = append(lines, fmt.Sprintf("Error: URI=null Line=%d: %s", p.Line, p.Message))
		}
	}
	return strings.Join(lines, "\n")
}
