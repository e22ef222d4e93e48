package api

import (
	"errors"
	"fmt"
	"net/http"

	"patchbay/schema"
	"patchbay/templates"
)

// refused lists the errors of a text; warnings refuse nothing.
func refused(findings []templates.Finding) error {
	p := problem(http.StatusUnprocessableEntity, "")
	for _, f := range findings {
		if f.Severity == templates.SeverityError {
			p.Errors = append(p.Errors, Finding{f.Pointer, f.Message, f.Property, f.Line, f.Column, f.Severity, f.Fix})
		}
	}
	p.Detail = "the template breaks " + count(len(p.Errors), "rule")
	return p
}

// publishProblem is what a publisher is told about a text without errors.
func publishProblem(err error) error {
	var conflict *templates.ConflictError
	var late *templates.OrderError
	switch {
	case errors.As(err, &conflict):
		p := problem(http.StatusConflict, err.Error())
		p.Changes, p.Differences = compare(conflict.Existing, conflict.New)
		return p
	case errors.As(err, &late):
		return problem(http.StatusConflict, err.Error())
	}
	return problem(http.StatusInternalServerError, err.Error())
}

// compare says what differs between two texts of one version.
func compare(existing, text []byte) ([]templates.Change, []templates.Difference) {
	before, errBefore := templates.Parse(existing)
	after, errAfter := templates.Parse(text)
	if errBefore != nil || errAfter != nil || len(before) != 1 || len(after) != 1 {
		return nil, nil
	}
	return templates.Compare(before[0], after[0]), templates.Differences(existing, text)
}

func count(n int, noun string) string {
	if n == 1 {
		return "one " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// brokenTests says what is wrong with a file of cases.
func brokenTests(err error) error {
	p := problem(http.StatusUnprocessableEntity, "the tests are no file of cases")
	var syntax *schema.SyntaxError
	var invalid *templates.InvalidError
	switch {
	case errors.As(err, &syntax):
		p.Errors = []Finding{{Message: "tests: " + syntax.Message, Line: syntax.Line, Column: syntax.Column, Severity: templates.SeverityError}}
	case errors.As(err, &invalid):
		for _, v := range invalid.Violations {
			p.Errors = append(p.Errors, Finding{Pointer: v.Pointer, Message: "tests: " + v.Message, Line: v.Line, Column: v.Column, Severity: templates.SeverityError})
		}
	default:
		p.Detail += ": " + err.Error()
	}
	return p
}
