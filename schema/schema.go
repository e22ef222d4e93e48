// Package schema holds our JSON Schema for connector templates and says what
// breaks it: where, which property, and why.
//
// It accepts what Camunda's schema for Zeebe element templates accepts (npm
// @camunda/zeebe-element-templates-json-schema 0.46) and refuses what that one
// refuses; the text is our own.
package schema

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Violation is a rule that a template breaks.
type Violation struct {
	// Pointer is the JSON pointer (RFC 6901) to the value, from the root of
	// the text: "/properties/0/binding/type", in an array "/2/properties/0".
	Pointer string
	// Line and Column are where the value begins, both counted from 1.
	Line, Column int
	// Message says what is expected.
	Message string
	// Property names the template property concerned: its id, else its label,
	// else what it is bound to. Empty when none is concerned.
	Property string
}

//go:embed element-template.schema.json
var elementTemplate []byte

//go:embed template-test.schema.json
var templateTest []byte

// The schemas ready for use; they never change.
var (
	templateSchema = sync.OnceValue(func() validator { return compile(elementTemplate) })
	testSchema     = sync.OnceValue(func() validator { return compile(templateTest) })
)

type validator struct {
	schema *jsonschema.Schema
	// text is the schema as JSON, where the messages stand.
	text any
}

func compile(text []byte) validator {
	const address = "https://patchbay.invalid/schema.json"
	var v validator
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(address, bytes.NewReader(text)); err != nil {
		panic(err) // the schema is part of the program
	}
	v.schema = compiler.MustCompile(address)
	if err := json.Unmarshal(text, &v.text); err != nil {
		panic(err)
	}
	return v
}

// maxViolations is how many are looked for; nobody reads more.
const maxViolations = 1000

// Templates returns every rule that a text breaks which holds one connector
// template or an array of them, in the order of the text; none means that all
// are valid. After some 1,000 it ends. It may be called by many goroutines at once.
func Templates(d *Document) []Violation {
	list, isArray := d.Value.([]any)
	if !isArray {
		return templateAt(d, "", d.Value)
	}
	var all []Violation
	for i, template := range list {
		if all = append(all, templateAt(d, "/"+strconv.Itoa(i), template)...); len(all) >= maxViolations {
			return all
		}
	}
	return all
}

func templateAt(d *Document, base string, template any) []Violation {
	found := newCollector(d, base, template)
	templateSchema().check(template, found)
	found.ownConditions()
	return found.sorted()
}

// Tests returns every rule that a file with tests of a template breaks, in the
// order of the text.
func Tests(d *Document) []Violation {
	found := newCollector(d, "", d.Value)
	testSchema().check(d.Value, found)
	return found.sorted()
}

func (v validator) check(value any, found *collector) {
	if err, broken := v.schema.Validate(value).(*jsonschema.ValidationError); broken {
		v.collect(err, found)
	}
}

// collect walks down to the rules that were broken, skipping the schemas that
// only lead there. Of alternatives none is the culprit: there it stops.
func (v validator) collect(err *jsonschema.ValidationError, found *collector) {
	if len(found.list) >= maxViolations {
		return
	}
	keyword := err.KeywordLocation[strings.LastIndexByte(err.KeywordLocation, '/')+1:]
	choice := keyword == "anyOf" || keyword == "oneOf" || keyword == "contains"
	if len(err.Causes) == 0 || choice {
		found.add(unescape(err.InstanceLocation), v.message(err, keyword))
		return
	}
	for _, cause := range err.Causes {
		v.collect(cause, found)
	}
}

// message returns the text nearest to the broken rule, else the general one.
func (v validator) message(err *jsonschema.ValidationError, keyword string) string {
	_, fragment, _ := strings.Cut(err.AbsoluteKeywordLocation, "#")
	text := ""
	node := v.text
	for _, token := range tokens(unescape(fragment)) {
		node = member(node, token)
		if m, has := member(node, "x-message").(string); has {
			text = m
		}
	}
	if text != "" && keyword != "type" {
		return text
	}
	return plain(err.Message)
}

// plain rewords the validator's texts that need it.
func plain(message string) string {
	if names, ok := strings.CutPrefix(message, "missing properties: "); ok {
		return "missing " + strings.ReplaceAll(names, "'", `"`)
	}
	return strings.ReplaceAll(message, "'", `"`)
}

// collector gathers the violations of one template.
type collector struct {
	document *Document
	base     string
	template any
	list     []Violation
	seen     map[Violation]bool
}

func newCollector(d *Document, base string, template any) *collector {
	return &collector{document: d, base: base, template: template, seen: map[Violation]bool{}}
}

func (c *collector) add(pointer, message string) {
	v := Violation{Pointer: c.base + pointer, Message: message, Property: c.property(pointer)}
	v.Line, v.Column = c.document.Position(v.Pointer)
	if !c.seen[v] {
		c.seen[v] = true
		c.list = append(c.list, v)
	}
}

// ownConditions adds the one rule that JSON Schema cannot express: a
// property's condition must not depend on the property itself.
func (c *collector) ownConditions() {
	properties, _ := member(c.template, "properties").([]any)
	for i, property := range properties {
		id, hasID := member(property, "id").(string)
		if hasID && member(member(property, "condition"), "property") == id {
			c.add(fmt.Sprintf("/properties/%d/condition/property", i), "a property's condition must not depend on the property itself")
		}
	}
}

func (c *collector) sorted() []Violation {
	slices.SortStableFunc(c.list, func(a, b Violation) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return c.list
}

// property names the template property that a pointer leads to or into.
func (c *collector) property(pointer string) string {
	path := tokens(pointer)
	if len(path) < 2 || path[0] != "properties" {
		return ""
	}
	return Name(member(member(c.template, "properties"), path[1]))
}

// Name says what to call a template property, given as JSON values: its id,
// else its label, else what it is bound to; empty if it has none of these.
func Name(property any) string {
	binding := member(property, "binding")
	for _, name := range []any{
		member(property, "id"), member(property, "label"),
		member(binding, "name"), member(binding, "key"), member(binding, "property"),
	} {
		if text, is := name.(string); is && text != "" {
			return text
		}
	}
	return ""
}

// member returns a member of an object or an item of an array, else nil.
func member(value any, token string) any {
	switch value := value.(type) {
	case map[string]any:
		return value[token]
	case []any:
		if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(value) {
			return value[i]
		}
	}
	return nil
}

// tokens splits a JSON pointer into unescaped tokens.
func tokens(pointer string) []string {
	if pointer == "" {
		return nil
	}
	parts := strings.Split(pointer[1:], "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
	}
	return parts
}

// unescape takes the percent encoding off a pointer from the validator.
func unescape(pointer string) string {
	if plain, err := url.PathUnescape(pointer); err == nil {
		return plain
	}
	return pointer
}
