package templates

import (
	"encoding/json"
	"fmt"
	"strings"
)

// decode builds a template from JSON that the schema has accepted. Keys that
// it does not know are left alone, as the modelers do.
func decode(value any, raw []byte) *Template {
	o := object{value}
	version := o.get("version")
	t := &Template{
		Raw: raw, ID: o.text("id"), Name: o.text("name"), HasVersion: version.value != nil, Version: int64(version.number()),
		Description: o.text("description"), DocumentationRef: o.text("documentationRef"), Keywords: o.get("keywords").texts(),
		AppliesTo: o.get("appliesTo").texts(), ElementType: o.get("elementType").text("value"),
		EventDefinition: o.get("elementType").text("eventDefinition"), Icon: o.get("icon").text("contents"),
		Engines: map[string]string{}, Category: o.get("category").text("id"),
		OutputsVisible: o.get("entriesVisible").flag("outputs"),
	}
	deprecated := o.get("deprecated")
	t.Deprecated = deprecated.value != nil && deprecated.value != false
	t.DeprecationMessage, t.DeprecationRef = deprecated.text("message"), deprecated.text("documentationRef")
	for name, engine := range o.get("engines").members() {
		t.Engines[name], _ = engine.(string)
	}
	for _, g := range o.get("groups").items() {
		t.Groups = append(t.Groups, Group{g.text("id"), g.text("label"), g.text("tooltip"), g.get("openByDefault").value != false})
	}
	for _, p := range o.get("properties").items() {
		t.Properties = append(t.Properties, decodeProperty(p))
	}
	for _, p := range o.get("presets").items() {
		preset := Preset{ID: p.text("id"), Values: map[string]any{}}
		for id, value := range p.get("properties").members() {
			preset.Values[id] = scalar(value)
		}
		t.Presets = append(t.Presets, preset)
	}
	return t
}

func decodeProperty(o object) *Property {
	p := &Property{
		ID: o.text("id"), Label: o.text("label"), Description: o.text("description"), Tooltip: o.text("tooltip"),
		Placeholder: o.text("placeholder"), Group: o.text("group"), Type: o.text("type"), Value: scalar(o.get("value").value),
		Generated: o.get("generatedValue").text("type") == "uuid", Feel: o.text("feel"), Language: o.text("language"),
		Optional: o.flag("optional"), Condition: decodeCondition(o.get("condition")), Binding: decodeBinding(o.get("binding")),
		Constraints: decodeConstraints(o.get("constraints")),
	}
	for _, c := range o.get("choices").items() {
		p.Choices = append(p.Choices, Choice{c.text("name"), c.text("value"), decodeCondition(c.get("condition"))})
	}
	return p
}

func decodeBinding(o object) Binding {
	b := Binding{
		Type: o.text("type"), Name: o.text("name"), Source: o.text("source"), Key: o.text("key"), Property: o.text("property"),
		LinkName: o.text("linkName"), EventType: o.text("eventType"), Retries: o.text("retries"),
	}
	for _, h := range o.get("headers").items() {
		b.Headers = append(b.Headers, Header{h.text("key"), h.text("value")})
	}
	return b
}

func decodeConstraints(o object) Constraints {
	c := Constraints{NotEmpty: o.flag("notEmpty"), Pattern: o.text("pattern")}
	for key, limit := range map[string]**float64{"minLength": &c.MinLength, "maxLength": &c.MaxLength} {
		if n, is := scalar(o.get(key).value).(float64); is {
			*limit = &n
		}
	}
	if pattern := o.get("pattern"); c.Pattern == "" {
		c.Pattern, c.Message = pattern.text("value"), pattern.text("message")
	}
	return c
}

func decodeCondition(o object) *Condition {
	if o.value == nil {
		return nil
	}
	c := &Condition{Property: o.text("property"), Equals: scalar(o.get("equals").value)}
	for _, item := range o.get("allMatch").items() {
		c.AllMatch = append(c.AllMatch, *decodeCondition(item))
	}
	if list, is := o.get("oneOf").value.([]any); is {
		c.OneOf = make([]any, len(list))
		for i, item := range list {
			c.OneOf[i] = scalar(item)
		}
	}
	for key, flag := range map[string]**bool{"isActive": &c.IsActive, "isEmpty": &c.IsEmpty} {
		if value, is := o.get(key).value.(bool); is {
			*flag = &value
		}
	}
	return c
}

// object reads a JSON value whose shape the schema has checked; what is absent
// gives zero values.
type object struct{ value any }

func (o object) get(key string) object {
	m, _ := o.value.(map[string]any)
	return object{m[key]}
}

func (o object) text(key string) string {
	s, _ := o.get(key).value.(string)
	return s
}

func (o object) flag(key string) bool {
	b, _ := o.get(key).value.(bool)
	return b
}

func (o object) number() float64 {
	f, _ := scalar(o.value).(float64)
	return f
}

func (o object) members() map[string]any {
	m, _ := o.value.(map[string]any)
	return m
}

func (o object) items() []object {
	list, _ := o.value.([]any)
	items := make([]object, len(list))
	for i, value := range list {
		items[i] = object{value}
	}
	return items
}

func (o object) texts() []string {
	var texts []string
	for _, item := range o.items() {
		if s, is := item.value.(string); is {
			texts = append(texts, s)
		}
	}
	return texts
}

// scalar turns a JSON value into a property's value. Arrays and objects, which
// users may give, become their JSON text.
func scalar(value any) any {
	switch value := value.(type) {
	case nil, string, bool, float64:
		return value
	case json.Number:
		f, _ := value.Float64()
		return f
	case int:
		return float64(value)
	case int64:
		return float64(value)
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
