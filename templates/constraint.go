package templates

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/dlclark/regexp2"
)

// patternTime is how long a pattern may look at one value. A hostile pattern
// is cut off, and counts as one that matches.
const patternTime = 100 * time.Millisecond

// check returns what is wrong with the values that the element has now, and
// which values of the user had no effect.
func check(s *state, all, now []*Property) []Warning {
	var warnings []Warning
	seen := map[slot]bool{}
	for _, p := range now {
		at := p.Binding.slot()
		if seen[at] || p.Type == "Hidden" {
			continue
		}
		seen[at] = true
		if message := p.violation(s.value(p.Binding)); message != "" {
			warnings = append(warnings, Warning{p.Title(), message})
		}
	}
	for _, p := range all {
		taken := func(q *Property) bool {
			return q.user && q.ID == p.ID && p.ID != "" || q.Binding.slot() == p.Binding.slot()
		}
		if p.user && !slices.ContainsFunc(now, taken) {
			warnings = append(warnings, Warning{p.Title(), "the value has no effect, since the property's condition is not met"})
		}
	}
	return slices.Compact(warnings)
}

// violation says which constraint a value breaks, or nothing.
func (p *Property) violation(value any) string {
	s := text(value)
	if p.Constraints.NotEmpty && strings.TrimSpace(s) == "" {
		return "a value is required"
	}
	isExpression := strings.HasPrefix(s, "=") && (p.Feel != "" || p.casts())
	if s == "" || isExpression {
		return ""
	}
	if p.Type == "Dropdown" && len(p.Choices) > 0 && !slices.ContainsFunc(p.Choices, func(c Choice) bool { return c.Value == s }) {
		return fmt.Sprintf("%q is none of its choices: %s", s, p.choiceList())
	}
	return p.Constraints.violation(s)
}

func (p *Property) choiceList() string {
	values := make([]string, len(p.Choices))
	for i, c := range p.Choices {
		values[i] = c.Value
	}
	return strings.Join(values, ", ")
}

func (c Constraints) violation(s string) string {
	length := float64(len(utf16.Encode([]rune(s))))
	switch {
	case c.MaxLength != nil && length > *c.MaxLength:
		return fmt.Sprintf("must have at most %s characters", numberText(*c.MaxLength))
	case c.MinLength != nil && length < *c.MinLength:
		return fmt.Sprintf("must have at least %s characters", numberText(*c.MinLength))
	case c.Pattern == "" || matches(c.Pattern, s):
		return ""
	case c.Message != "":
		return c.Message
	}
	return fmt.Sprintf("must match the pattern %s", c.Pattern)
}

// matches reports whether a JavaScript pattern matches somewhere. A pattern
// that does not compile or takes too long matches everything.
func matches(pattern, s string) bool {
	re, err := compilePattern(pattern)
	if err != nil {
		return true
	}
	matched, err := re.MatchString(s)
	return matched || err != nil
}

func compilePattern(pattern string) (*regexp2.Regexp, error) {
	re, err := regexp2.Compile(pattern, regexp2.ECMAScript|regexp2.Unicode)
	if err != nil {
		re, err = regexp2.Compile(pattern, regexp2.None)
	}
	if err != nil {
		return nil, err
	}
	re.MatchTimeout = patternTime
	return re, nil
}
