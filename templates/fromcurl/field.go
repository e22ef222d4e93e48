package fromcurl

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"patchbay/templates"
)

// builder gathers what a template holds.
type builder struct {
	*request
	id, name, description string
	// scope is the variable that holds the fields.
	scope   string
	fields  []property
	taken   map[string]bool
	secrets []string
}

// reference is a field as the request expression names it.
type reference struct {
	path string
	// secret fields hold a reference to a secret, which must stay as it is.
	secret bool
}

// encoded is the field as a part of a URL.
func (r reference) encoded() string {
	if r.secret {
		return `\(` + r.path + `)`
	}
	return `\(` + r.path + ` | @uri)`
}

// fieldOf returns a new field for what has that name in the request.
func (b *builder) fieldOf(name, group string) property {
	id := b.unique(camel(name))
	text := label(name)
	if number, again := strings.CutPrefix(id, camel(name)); again && number != "" && !reserved[camel(name)] {
		text += " " + number
	}
	if group == groupHeaders {
		text = shorten(name, 2*maxName)
	}
	return property{ID: id, Label: text, Group: group, Type: "String", Feel: "optional", Binding: binding{Type: "zeebe:input", Name: b.scope + "." + id}}
}

func (b *builder) add(f property) reference {
	b.fields = append(b.fields, f)
	text, _ := f.Value.(string)
	return reference{"." + f.ID, strings.Contains(text, "{{secrets.")}
}

// text adds a field for a text. One that may be left out is optional, others
// must not be empty.
func (b *builder) text(name, group, value string, optional bool) reference {
	f := b.fieldOf(name, group)
	if strings.ContainsAny(value, "\n\r") {
		f.Type = "Text"
	}
	if value = b.withoutSecrets(name, value); value != "" {
		f.Value = value
	}
	if strings.HasPrefix(value, "=") { // would be FEEL
		f.Value = "=" + literal(value)
	}
	if f.Optional = optional; !optional {
		f.Constraints = notEmpty
	}
	return b.add(f)
}

// secret adds a field for what is a secret, whatever its value looks like.
func (b *builder) secret(name, group, value string) reference {
	f := b.fieldOf(name, group)
	f.Value, f.Constraints = b.secretFor(name, value), notEmpty
	return b.add(f)
}

// expression adds a field for a value that is no text: JSON, which is FEEL too.
func (b *builder) expression(name, group, value, description string) reference {
	f := b.fieldOf(name, group)
	f.Type, f.Feel, f.Description, f.Optional = "Text", "required", description, true
	if value != "" {
		f.Value = "=" + value
	}
	return b.add(f)
}

var variables = regexp.MustCompile(variableBegin + "([A-Za-z_][A-Za-z0-9_]*)" + variableEnd)

// withoutSecrets puts references in the place of what is secret. A shell
// variable that is the whole value, and does not look like a secret, leaves the
// value empty, for the modeler's user to give.
func (b *builder) withoutSecrets(name, value string) string {
	if pageToken.MatchString(name) { // it only sounds like one
		name = ""
	}
	if all := variables.FindString(value); all != "" && all == value {
		variable := variableName(value)
		if !templates.LooksSecret(variable, "x") && !templates.LooksSecret(name, "x") {
			return ""
		}
	}
	if value = b.withoutVariables(value); templates.LooksSecret(name, value) {
		return b.secretFor(name, value)
	}
	return value
}

// withoutVariables puts references to secrets, which are environment variables
// as well, in the place of shell variables.
func (b *builder) withoutVariables(value string) string {
	return variables.ReplaceAllStringFunc(value, func(match string) string { return b.named(variableName(match)) })
}

func variableName(match string) string {
	return strings.TrimSuffix(strings.TrimPrefix(match, variableBegin), variableEnd)
}

// secretFor returns the reference to a new secret; a shell variable gives it
// its name.
func (b *builder) secretFor(name, value string) string {
	if variables.MatchString(value) {
		return b.withoutVariables(value)
	}
	if strings.Contains(value, "{{secrets.") {
		return value
	}
	words := wordsOf(name)
	if len(words) > 1 && strings.EqualFold(words[0], "x") {
		words = words[1:]
	}
	return b.named(strings.ToUpper(strings.Join(append(wordsOf(b.scope), words...), "_")))
}

func (b *builder) named(secret string) string {
	if !slices.Contains(b.secrets, secret) {
		b.secrets = append(b.secrets, secret)
	}
	return "{{secrets." + secret + "}}"
}

// unique returns an id that no other field has.
func (b *builder) unique(id string) string {
	for n := 2; b.taken[id] || reserved[id]; n++ {
		id = fmt.Sprintf("%s%d", strings.TrimRight(id, "0123456789"), n)
	}
	b.taken[id] = true
	return id
}

// reserved are the ids of the other properties, and the words of FEEL that
// cannot be names.
var reserved = map[string]bool{
	"resultExpression": true, "errorExpression": true, "retries": true, "retryBackoff": true,
	"if": true, "then": true, "else": true, "for": true, "in": true, "return": true, "some": true, "every": true, "satisfies": true, "function": true,
	"null": true, "true": true, "false": true, "and": true, "or": true, "not": true, "between": true, "instance": true, "of": true, "external": true, "item": true,
}

// wordsOf takes a name apart into words: at what is no letter or digit, and
// before an upper-case letter after a lower-case one.
func wordsOf(name string) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, string(word))
		}
		word = nil
	}
	for _, r := range name {
		if r > unicode.MaxASCII || !isLetter(byte(r)) && !isDigit(byte(r)) || r == '_' {
			flush()
			continue
		}
		if unicode.IsUpper(r) && len(word) > 0 && unicode.IsLower(word[len(word)-1]) {
			flush()
		}
		word = append(word, r)
	}
	flush()
	return words
}

// maxName is how many letters of a name an id keeps.
const maxName = 40

// camel makes an id of a name: "X-Api-Key" becomes xApiKey.
func camel(name string) string {
	var id strings.Builder
	for i, word := range wordsOf(name) {
		word = strings.ToLower(word)
		if i > 0 {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		id.WriteString(word)
	}
	text := id.String()
	switch {
	case text == "":
		return "value"
	case isDigit(text[0]):
		text = "value" + text
	}
	return text[:min(len(text), maxName)]
}

// label makes a name that people read.
func label(name string) string {
	words := wordsOf(name)
	if len(words) > 1 && strings.EqualFold(words[0], "x") { // of a header that is no standard one
		words = words[1:]
	}
	if len(words) == 0 {
		return "Value"
	}
	text := spelled(words)
	return capitalised(text[:min(len(text), 2*maxName)])
}
