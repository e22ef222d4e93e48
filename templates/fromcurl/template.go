package fromcurl

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The JSON of the parts of a template, in the order in which people write it.
type (
	group struct {
		ID            string `json:"id"`
		Label         string `json:"label"`
		OpenByDefault *bool  `json:"openByDefault,omitempty"`
	}
	property struct {
		ID          string         `json:"id,omitempty"`
		Label       string         `json:"label,omitempty"`
		Description string         `json:"description,omitempty"`
		Group       string         `json:"group,omitempty"`
		Type        string         `json:"type"`
		Value       any            `json:"value,omitempty"`
		Feel        string         `json:"feel,omitempty"`
		Optional    bool           `json:"optional,omitempty"`
		Constraints map[string]any `json:"constraints,omitempty"`
		Binding     binding        `json:"binding"`
	}
)

type binding struct {
	Type     string `json:"type"`
	Name     string `json:"name,omitempty"`
	Key      string `json:"key,omitempty"`
	Property string `json:"property,omitempty"`
}

// Groups of the form, in its order.
const (
	groupPath    = "path"
	groupQuery   = "query"
	groupHeaders = "headers"
	groupBody    = "body"
	groupOutput  = "output"
	groupService = "service"
	groupRetries = "retries"
)

var groups = []group{
	{ID: groupPath, Label: "Path"}, {ID: groupQuery, Label: "Query"}, {ID: groupBody, Label: "Body"}, {ID: groupHeaders, Label: "Headers"},
	{ID: groupOutput, Label: "Output"}, {ID: groupService, Label: "Service", OpenByDefault: new(bool)}, {ID: groupRetries, Label: "Retries", OpenByDefault: new(bool)},
}

func hidden(value string, to binding) property {
	return property{Type: "Hidden", Value: value, Binding: to}
}

func taskHeader(key string) binding { return binding{Type: "zeebe:taskHeader", Key: key} }

func taskDefinition(name string) binding {
	return binding{Type: "zeebe:taskDefinition", Property: name}
}

var notEmpty = map[string]any{"notEmpty": true}

// marshal writes the whole template: what the form asks for between the parts
// that every template has.
func (b *builder) marshal(request string) ([]byte, error) {
	properties := []property{
		hidden(b.id+":1", taskDefinition("type")),
		hidden("rest", taskHeader("protocol")),
		hidden(request, taskHeader("requestExpression")),
	}
	var used []group
	for _, g := range groups {
		shown := g.ID == groupOutput || g.ID == groupRetries
		for _, f := range b.fields {
			if f.Group == g.ID {
				properties = append(properties, f)
				shown = true
			}
		}
		if shown {
			used = append(used, g)
		}
	}
	return write(append(b.head(),
		member{"groups", list(used)},
		member{"properties", list(append(properties, output()...))},
	))
}

// head are the members before the lists.
func (b *builder) head() []member {
	return []member{
		{"$schema", "https://unpkg.com/@camunda/zeebe-element-templates-json-schema/resources/schema.json"},
		{"name", b.name}, {"id", b.id}, {"version", 1}, {"description", b.description},
		{"appliesTo", []string{"bpmn:Task"}}, {"elementType", map[string]string{"value": "bpmn:ServiceTask"}}, {"engines", map[string]string{"camunda": "^8.3"}},
	}
}

// output are the properties that say what becomes of the answer.
func output() []property {
	return []property{
		{ID: "resultExpression", Label: "Result expression", Group: groupOutput, Type: "Text", Value: "{response: .body}", Binding: taskHeader("resultExpression"), Constraints: notEmpty,
			Description: "What of the answer {status, headers, body} the process keeps: an object of process variables, in jq, or in FEEL after =."},
		{ID: "errorExpression", Label: "Error expression", Group: groupOutput, Type: "Text", Optional: true, Binding: taskHeader("errorExpression"),
			Description: `BPMN errors, in jq: if $error.code == "404" then bpmnError("NOT_FOUND") else empty end`},
		{ID: "retries", Label: "Retries", Group: groupRetries, Type: "String", Value: "3", Feel: "optional", Constraints: notEmpty, Binding: taskDefinition("retries"),
			Description: "How often the job is tried before it becomes an incident."},
		{ID: "retryBackoff", Label: "Retry back-off", Group: groupRetries, Type: "String", Value: "PT10S", Constraints: notEmpty, Binding: taskHeader("retryBackoff"),
			Description: "How long a failed job waits, as an ISO 8601 duration."},
	}
}

// member is one of the JSON object that a template is.
type member struct {
	name  string
	value any
}

// lines is an array that is written an item a line.
type lines []any

func list[T any](items []T) lines {
	all := make(lines, len(items))
	for i, item := range items {
		all[i] = item
	}
	return all
}

// write writes a template as people do: a member a line, and an item a line.
func write(members []member) ([]byte, error) {
	var out bytes.Buffer
	for i, m := range members {
		out.WriteString([]string{"{", ","}[min(i, 1)] + "\n  " + literal(m.name) + ": ")
		items, isList := m.value.(lines)
		if !isList {
			if err := compact(&out, m.value); err != nil {
				return nil, err
			}
			continue
		}
		for j, item := range items {
			out.WriteString([]string{"[", ","}[min(j, 1)] + "\n    ")
			if err := compact(&out, item); err != nil {
				return nil, err
			}
		}
		out.WriteString("\n  ]")
	}
	out.WriteString("\n}\n")
	return out.Bytes(), nil
}

func compact(out *bytes.Buffer, value any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return fmt.Errorf("write the template: %w", err)
	}
	out.Truncate(out.Len() - 1) // the line's end
	return nil
}

// literal writes a text as a string of jq and of FEEL, which are those of JSON.
func literal(text string) string {
	var out bytes.Buffer
	_ = compact(&out, text) // a string always is JSON
	return out.String()
}
