package templates

import (
	"fmt"
	"strings"
)

// Doubts are what is in an expression that compiles, but can hardly be meant.
type Doubts struct {
	// Unknown are the FEEL functions that it calls and nobody defines.
	Unknown []UnknownFunction
	// Functions are the names of those that there are; needed with Unknown.
	Functions []string
	// Misfits are calls of FEEL functions with parameters that these do not take.
	Misfits []Misfit
	// Assigning are the conditions of jq that assign where they should compare.
	Assigning []string
	// Deciding are the functions that it calls and that have an effect in error
	// expressions only.
	Deciding []string
	// Keys are the paths of the keys of the object that it yields, as far as they
	// are written down, each before those below it.
	Keys [][]string
}

// Misfit is a call of a function with parameters that it does not take.
type Misfit struct {
	Name, Place string
	// Takes are what the function takes: "substring(string, start position)".
	Takes []string
}

// UnknownFunction is a call of a function that nobody defines.
type UnknownFunction struct {
	Name string
	// Place is the line and the column in the expression: "1:5".
	Place string
}

// maxConditionText is how much of a condition is told, in characters.
const maxConditionText = 80

func (p property) doubts(below string, d Doubts) {
	for _, f := range d.Unknown {
		p.warn(below, "unknown-function", fmt.Sprintf("a call yields null: %s: unknown FEEL function %q%s", f.Place, f.Name, p.suggestion(f.Name, d.Functions)),
			"correct the name; patchbay eval tries expressions")
	}
	for _, f := range d.Misfits {
		p.warn(below, "wrong-arguments", fmt.Sprintf("a call yields null: %s: %q takes other arguments: %s", f.Place, f.Name, strings.Join(f.Takes, ", ")),
			"correct the arguments; patchbay eval tries expressions")
	}
	for _, condition := range d.Assigning {
		if text := []rune(condition); len(text) > maxConditionText {
			condition = string(text[:maxConditionText]) + "..."
		}
		p.warn(below, "assigning-condition", fmt.Sprintf("the condition %s does not compare: = assigns in jq", condition), "to compare, write ==")
	}
}

// misplaced looks for functions that decide on errors where nothing does. jq
// has them in error expressions only, so that it would not compile.
func (p property) misplaced(below, source string, d Doubts) {
	if s := p.Binding.slot(); len(d.Deciding) == 0 || s.name == "errorExpression" && slots.at(s) {
		return
	}
	severity := SeverityWarning
	if p.template.Protocol() != "" && !strings.HasPrefix(source, "=") {
		severity = SeverityError
	}
	p.add(p.pointer+below, severity, "misplaced-function", p.Title(), fmt.Sprintf("%s has an effect in errorExpression only", strings.Join(d.Deciding, ", ")),
		"move it to a property that is bound to the task header errorExpression")
}

// requestKeys looks for keys of what a request expression yields that are no
// inputs: they are merged over the input, and nobody reads them.
func (p property) requestKeys(below string, d Doubts) {
	if s := p.Binding.slot(); s.place != "zeebe:taskHeader" || s.name != "requestExpression" || p.reads == nil {
		return
	}
	inputs, told := newNameSet(p.reads.Inputs), ""
	for _, path := range d.Keys {
		name := strings.Join(path, ".")
		if !inputs.lacks(name) || told != "" && strings.HasPrefix(name, told+".") {
			continue
		}
		told = name
		p.warn(below, "unknown-input", fmt.Sprintf("%s has no input %q%s", p.reads.By, name, p.suggestion(name, inputs.list)), "correct the key or remove it")
	}
}
