package templates

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dlclark/regexp2"

	"patchbay/engine/secret"
)

// Checks are the constraints that the values of running jobs are held to. They
// may be used by many goroutines.
type Checks struct {
	template *Template
	ids      propertyIDs
	patterns map[*Property]*regexp2.Regexp
	names    map[string]bool
}

// Running are the values that a job has of the properties of its element's
// template. Other bindings than inputs, task headers and the job type are not
// known at run time.
type Running struct {
	JobType string
	Headers map[string]string
	// Variables are the job's, decoded from JSON.
	Variables map[string]any
}

// Checks returns the template's constraints; nil if jobs need not be checked.
func (t *Template) Checks() *Checks {
	c := &Checks{template: t, ids: idsOf(t.Properties), patterns: map[*Property]*regexp2.Regexp{}, names: map[string]bool{}}
	for _, p := range t.Properties {
		if p.Binding.Type == "zeebe:input" {
			root, _, _ := strings.Cut(p.Binding.Name, ".")
			c.names[root] = true
		}
		if !p.constrained() {
			continue
		}
		c.patterns[p] = nil
		if re, err := compilePattern(p.Constraints.Pattern); err == nil && p.Constraints.Pattern != "" {
			c.patterns[p] = re
		}
	}
	if len(c.patterns) == 0 {
		return nil
	}
	return c
}

// constrained reports whether the property has a constraint on a value that
// running jobs know.
func (p *Property) constrained() bool {
	c := p.Constraints
	known := p.Binding.Type == "zeebe:input" || p.Binding.Type == "zeebe:taskHeader"
	return known && p.Type != "Hidden" && (c.NotEmpty || c.MinLength != nil || c.MaxLength != nil || c.Pattern != "")
}

// Names are the variables that Violations looks at.
func (c *Checks) Names() map[string]bool { return c.names }

// Violations says which constraints the values break, each with the label of
// its property. Only properties whose conditions hold are checked. A value with
// a reference to a secret in it is not known: it only counts as one that is
// there.
func (c *Checks) Violations(r Running) (list []string) {
	activity := runningActivity{r, c.ids, map[*Property]verdict{}}
	for _, p := range c.template.Properties {
		if _, ok := c.patterns[p]; !ok {
			continue
		}
		value, _ := r.value(p)
		message := c.violation(p, value)
		if message != "" && activity.active(p) == yes {
			list = append(list, fmt.Sprintf("%q (%s): %s", p.label(), p.Binding.slot().name, message))
		}
	}
	return list
}

func (p *Property) label() string {
	if p.Label != "" {
		return p.Label
	}
	return p.Title()
}

func (c *Checks) violation(p *Property, value any) string {
	s, isText := plainText(value)
	if p.Constraints.NotEmpty && (value == nil || isText && strings.TrimSpace(s) == "") {
		return "a value is required"
	}
	if s == "" || len(secret.Names(s)) > 0 {
		return ""
	}
	limits := p.Constraints
	limits.Pattern = ""
	if message := limits.violation(s); message != "" {
		return message
	}
	re := c.patterns[p]
	if re == nil {
		return ""
	}
	if matched, err := re.MatchString(s); matched || err != nil {
		return ""
	}
	if p.Constraints.Message != "" {
		return p.Constraints.Message
	}
	return fmt.Sprintf("must match the pattern %s", p.Constraints.Pattern)
}

// plainText is the text of a scalar; objects and lists have none.
func plainText(value any) (string, bool) {
	switch value := value.(type) {
	case nil, map[string]any, []any:
		return "", false
	case json.Number:
		return value.String(), true
	}
	return text(scalar(value)), true
}

// value returns what a property has; known is false for places that running
// jobs do not see.
func (r Running) value(p *Property) (value any, known bool) {
	switch b := p.Binding; b.Type {
	case "zeebe:input":
		value = r.Variables
		for step := range strings.SplitSeq(b.Name, ".") {
			object, _ := value.(map[string]any)
			value = object[step]
		}
		return value, true
	case "zeebe:taskHeader":
		if text, ok := r.Headers[b.Key]; ok {
			return text, true
		}
		return nil, true
	case "zeebe:taskDefinition:type":
		return r.JobType, true
	case "zeebe:taskDefinition":
		return r.JobType, b.Property == "type"
	}
	return nil, false
}

// verdict is what is known of a condition.
type verdict int

const (
	no verdict = iota
	yes
	unknown
)

func verdictOf(holds bool) verdict {
	if holds {
		return yes
	}
	return no
}

// runningActivity is activity in a running job.
type runningActivity struct {
	Running
	ids   propertyIDs
	known map[*Property]verdict
}

// active tells whether a property is active.
func (r runningActivity) active(p *Property) verdict {
	result, looked := r.known[p]
	if !looked {
		r.known[p] = no
		result = r.holds(p.Condition)
		r.known[p] = result
	}
	return result
}

func (r runningActivity) holds(c *Condition) verdict {
	if c == nil {
		return yes
	}
	if c.AllMatch == nil {
		return r.simplyHolds(c)
	}
	result := yes
	for i := range c.AllMatch {
		switch r.simplyHolds(&c.AllMatch[i]) {
		case no:
			return no
		case unknown:
			result = unknown
		}
	}
	return result
}

func (r runningActivity) simplyHolds(c *Condition) verdict {
	related := r.ids[c.Property]
	if related == nil {
		return verdictOf(c.IsActive != nil && !*c.IsActive)
	}
	if c.IsActive != nil {
		active := r.active(related)
		if active == unknown {
			return unknown
		}
		return verdictOf((active == yes) == *c.IsActive)
	}
	value, known := r.value(related)
	switch {
	case !known:
		return unknown
	case c.IsEmpty != nil:
		return verdictOf((value == nil || value == "") == *c.IsEmpty)
	case c.Equals != nil:
		return verdictOf(related.same(value, c.Equals))
	}
	for _, choice := range c.OneOf {
		if related.same(value, choice) {
			return yes
		}
	}
	return no
}

// same compares a running value with one that a template names. Both may be
// written as a text.
func (p *Property) same(value, want any) bool {
	has, isText := plainText(value)
	wanted := strings.TrimPrefix(text(want), "=")
	if p.Type == "Number" {
		return isText && number(has) == number(wanted)
	}
	return isText && strings.TrimPrefix(has, "=") == wanted
}
