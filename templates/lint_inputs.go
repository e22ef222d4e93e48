package templates

import (
	"fmt"
	"regexp"
	"strings"

	"patchbay/engine/spell"
)

// Reads are the names that are read of what a template binds. A name that ends
// in ".*" stands for all below it.
type Reads struct {
	// By names who reads: "the protocol rest".
	By string
	// Inputs are read of the bindings zeebe:input, Headers of zeebe:taskHeader
	// and Properties of zeebe:property. nil means that nothing is known.
	Inputs, Headers, Properties []string
}

// unread looks for bindings that nobody reads: neither the protocol, nor an
// expression of the template as a variable, nor a condition, for which alone a
// choice of the form may be there.
func (l *linter) unread() {
	reads := l.reads
	if reads == nil {
		return
	}
	inputs, headers, properties := newNameSet(reads.Inputs), newNameSet(reads.Headers), newNameSet(reads.Properties)
	words, related := l.words(), l.related()
	for i, p := range l.template.Properties {
		at, s := fmt.Sprintf("/properties/%d/binding", i), p.Binding.slot()
		if related[p.ID] {
			continue
		}
		switch s.place {
		case "zeebe:input":
			root, _, _ := strings.Cut(s.name, ".")
			if inputs.lacks(s.name) && !words[root] {
				l.warn(at+"/name", "unknown-input", p.Title(), fmt.Sprintf("%s has no input %q, and no expression of the template uses it%s", reads.By, s.name, spell.DidYouMean(s.name, inputs.list)),
					"correct the name, use it in an expression, or remove the property")
			}
		case "zeebe:taskHeader":
			if near := spell.Nearest(s.name, headers.list); headers.lacks(s.name) && near != "" {
				l.warn(at+"/key", "unknown-header", p.Title(), fmt.Sprintf("%s does not read the task header %q (did you mean %q?)", reads.By, s.name, near), "correct the key")
			}
		case "zeebe:property":
			if properties.lacks(s.name) {
				l.warn(at+"/name", "unknown-input", p.Title(), fmt.Sprintf("%s has no property %q%s", reads.By, s.name, spell.DidYouMean(s.name, properties.list)), "correct the name or remove the property")
			}
		}
	}
}

// nameSet holds dotted names and what is open below them.
type nameSet struct {
	list  []string
	known map[string]bool
}

func newNameSet(names []string) nameSet {
	set := nameSet{known: map[string]bool{}}
	for _, name := range names {
		set.known[name] = true
		if !strings.HasSuffix(name, ".*") {
			set.list = append(set.list, name)
		}
	}
	return set
}

// lacks reports whether a name is none of a set that is not empty.
func (s nameSet) lacks(name string) bool {
	if len(s.list) == 0 || s.known[name] {
		return false
	}
	for above := name; ; {
		dot := strings.LastIndexByte(above, '.')
		if dot < 0 {
			return true
		}
		if above = above[:dot]; s.known[above+".*"] {
			return false
		}
	}
}

// related are the ids that conditions name.
func (l *linter) related() map[string]bool {
	ids := map[string]bool{}
	var add func(c *Condition)
	add = func(c *Condition) {
		if c == nil {
			return
		}
		for i := range c.AllMatch {
			add(&c.AllMatch[i])
		}
		if c.Property != "" {
			ids[c.Property] = true
		}
	}
	for _, p := range l.template.Properties {
		add(p.Condition)
		for _, c := range p.Choices {
			add(c.Condition)
		}
	}
	return ids
}

var identifier = regexp.MustCompile(`[\p{L}_][\p{L}\p{N}_]*`)

// words are all names in the template's expressions, where an input may be
// used as a variable.
func (l *linter) words() map[string]bool {
	words := map[string]bool{}
	add := func(source string, isExpression bool) {
		if isExpression || strings.HasPrefix(strings.TrimSpace(source), "=") {
			for _, word := range identifier.FindAllString(source, -1) {
				words[word] = true
			}
		}
	}
	for _, p := range l.template.Properties {
		source, _ := p.fixedValue().(string)
		add(source, slots.at(p.Binding.slot()))
		add(p.Binding.Source, true)
		for _, c := range p.Choices {
			add(c.Value, false)
		}
	}
	for _, preset := range l.template.Presets {
		for _, value := range preset.Values {
			source, _ := value.(string)
			add(source, false)
		}
	}
	return words
}
