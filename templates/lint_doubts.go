package templates

import "fmt"

// Doubts are what is in an expression that compiles, but can hardly be meant.
type Doubts struct {
	// Unknown are the FEEL functions that it calls and nobody defines.
	Unknown []UnknownFunction
	// Functions are the names of those that there are; needed with Unknown.
	Functions []string
	// Assigning are the conditions of jq that assign where they should compare.
	Assigning []string
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
	for _, condition := range d.Assigning {
		if text := []rune(condition); len(text) > maxConditionText {
			condition = string(text[:maxConditionText]) + "..."
		}
		p.warn(below, "assigning-condition", fmt.Sprintf("the condition %s does not compare: = assigns in jq", condition), "to compare, write ==")
	}
}
