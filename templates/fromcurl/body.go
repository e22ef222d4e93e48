package fromcurl

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"patchbay/schema"
	"patchbay/templates"
)

const (
	jsonType      = "application/json"
	formType      = "application/x-www-form-urlencoded"
	multipartType = "multipart/form-data"
)

// contentType is that of the command's headers, in lower case, without its
// parameters.
func (b *builder) contentType() string {
	for _, h := range b.headers {
		if strings.EqualFold(h.name, "Content-Type") {
			kind, _, _ := strings.Cut(strings.ToLower(h.value), ";")
			return strings.TrimSpace(kind)
		}
	}
	return ""
}

func (b *builder) setContentType(kind string) {
	b.headers = slices.DeleteFunc(slices.Clone(b.headers), func(p pair) bool { return strings.EqualFold(p.name, "Content-Type") })
	b.headers = append(b.headers, pair{name: "Content-Type", value: kind})
}

// body writes the body, and adds its fields.
func (b *builder) body() ([]string, error) {
	switch {
	case len(b.parts) > 0:
		b.setContentType(multipartType)
		return []string{"body: " + b.form(b.parts)}, nil
	case len(b.data) == 0:
		return nil, nil
	}
	kind := b.contentType()
	if b.json {
		if kind == "" {
			kind = jsonType
			b.setContentType(kind)
		}
		if !slices.ContainsFunc(b.headers, func(p pair) bool { return strings.EqualFold(p.name, "Accept") }) {
			b.headers = append(b.headers, pair{name: "Accept", value: jsonType})
		}
	}
	text := b.joined()
	if kind == "" && (strings.HasPrefix(strings.TrimSpace(text), "{") || strings.HasPrefix(strings.TrimSpace(text), "[")) && jsonText(text) != nil {
		b.note("curl sends this JSON as a form, because the command has no header Content-Type; the template sends it as JSON.")
		kind = jsonType
		b.setContentType(kind)
	}
	if strings.HasSuffix(kind, "json") {
		if d := jsonText(text); d != nil {
			return b.jsonBody(d), nil
		}
		b.note("The body is no JSON, so the template sends it as one text.")
		return []string{"body: " + b.text("body", groupBody, text, true).path}, nil
	}
	if kind == "" || kind == formType {
		if list := b.formPairs(); list != nil {
			b.setContentType(formType)
			return []string{"body: " + b.form(list)}, nil
		}
		b.setContentType(formType)
	}
	return []string{"body: " + b.text("body", groupBody, text, true).path}, nil
}

// joined is the body as curl sends it.
func (b *builder) joined() string {
	separator := "&"
	if b.json {
		separator = ""
	}
	parts := make([]string, len(b.data))
	for i, p := range b.data {
		parts[i] = p.value
		if p.named {
			parts[i] = url.QueryEscape(p.value)
			if p.name != "" {
				parts[i] = p.name + "=" + parts[i]
			}
		}
	}
	return strings.Join(parts, separator)
}

// formPairs are the fields of a form; nil if the body is something else.
func (b *builder) formPairs() []pair {
	var list []pair
	for _, p := range b.data {
		if p.named {
			list = append(list, p)
		} else {
			list = append(list, pairsOf(p.value, p.at)...)
		}
	}
	if slices.ContainsFunc(list, func(p pair) bool { return !p.named || p.name == "" }) {
		return nil
	}
	return list
}

// form writes the fields of a form as an object; one that comes several times
// becomes a list.
func (b *builder) form(list []pair) string {
	values := map[string][]string{}
	var names []string
	for _, p := range list {
		if values[p.name] == nil {
			names = append(names, p.name)
		}
		values[p.name] = append(values[p.name], b.part(p))
	}
	members := make([]string, len(names))
	for i, name := range names {
		value := values[name][0]
		if len(values[name]) > 1 {
			value = "[" + strings.Join(values[name], ", ") + "]"
		}
		members[i] = literal(plain(name)) + ": " + value
	}
	return object(members, true)
}

func (b *builder) part(p pair) string {
	if !p.file {
		return b.bodyText(p.name, p.value).path
	}
	b.note("The file of " + plain(p.name) + " is a document of the process: choose it in the field " + label(p.name) + ".")
	return b.expression(p.name, groupBody, "", "A document, as connectors and forms make them: =documents[1]").path
}

// bodyText is a field for a text of the body. A key for the service is a secret.
func (b *builder) bodyText(name, value string) reference {
	if serviceKey.MatchString(name) && value != "" {
		return b.secret(name, groupService, value)
	}
	return b.text(name, groupBody, value, true)
}

// jsonText reads JSON in which shell variables stand within texts only; nil if
// it is none.
func jsonText(text string) *schema.Document {
	d, err := schema.Parse([]byte(text))
	if err != nil {
		return nil
	}
	return d
}

// maxLeaves is up to how many values a body has a field for each.
const maxLeaves = 60

func (b *builder) jsonBody(d *schema.Document) []string {
	members, isObject := d.Value.(map[string]any)
	if !isObject || len(members) == 0 || leaves(d.Value) > maxLeaves {
		return []string{"body: " + b.expression("body", groupBody, b.cleaned("", d.Value), "The whole body, in FEEL.").path}
	}
	return []string{"body: " + b.value("", d.Value, 1, d, ""), "ignoreNullValues: true"}
}

func leaves(value any) int {
	object, is := value.(map[string]any)
	if !is {
		return 1
	}
	sum := 0
	for _, member := range object {
		sum += leaves(member)
	}
	return sum
}

// value writes a JSON value whose single values are fields. An object keeps the
// order of its members, and a list is one field.
func (b *builder) value(name string, value any, depth int, d *schema.Document, pointer string) string {
	switch value := value.(type) {
	case map[string]any:
		if len(value) > 0 {
			return b.members(name, value, depth, d, pointer)
		}
		return "{}"
	case []any:
		return b.expression(name, groupBody, b.cleaned(name, value), "A list, in FEEL.").path
	case string:
		return b.bodyText(name, value).path
	case nil:
		return b.text(name, groupBody, "", true).path
	}
	f := b.fieldOf(name, groupBody)
	f.Value = value
	switch value := value.(type) {
	case bool:
		f.Type = "Boolean"
	case json.Number:
		if f.Type = "Number"; !roundTrips(value) {
			f.Type, f.Feel, f.Value = "String", "required", "="+value.String()
		}
	}
	return b.add(f).path
}

// roundTrips reports whether a modeler keeps all digits of a number.
func roundTrips(n json.Number) bool {
	f, err := n.Float64()
	if err != nil {
		return false
	}
	text, err := json.Marshal(f)
	return err == nil && string(text) == n.String()
}

func (b *builder) members(name string, object map[string]any, depth int, d *schema.Document, pointer string) string {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	at := func(key string) string { return pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }
	slices.SortFunc(keys, func(x, y string) int {
		lineX, columnX := d.Position(at(x))
		lineY, columnY := d.Position(at(y))
		if lineX != lineY {
			return lineX - lineY
		}
		return columnX - columnY
	})
	indent := strings.Repeat("  ", depth)
	lines := make([]string, len(keys))
	for i, key := range keys {
		lines[i] = indent + "  " + literal(plain(key)) + ": " + b.value(nameOf(name, key, object[key]), object[key], depth+1, d, at(key))
	}
	return "{\n" + strings.Join(lines, ",\n") + "\n" + indent + "}"
}

// nameOf names what a key of a body holds. An object whose key says nothing
// takes the name of what is around it.
func nameOf(around, key string, value any) string {
	if _, isObject := value.(map[string]any); isObject && hasWord(wrappers, strings.ToLower(key)) {
		return around
	}
	return strings.TrimSpace(around + " " + key)
}

// cleaned is a value as JSON, without what is secret in it.
func (b *builder) cleaned(name string, value any) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(b.clean(name, value)) // it was JSON before
	return strings.TrimSpace(out.String())
}

func (b *builder) clean(name string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(value))
		for key, member := range value {
			out[plain(key)] = b.clean(key, member)
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = b.clean(name, item)
		}
		return out
	case string:
		if value = b.withoutVariables(value); templates.LooksSecret(name, value) {
			return b.secretFor(name, value)
		}
		return value
	}
	return value
}
