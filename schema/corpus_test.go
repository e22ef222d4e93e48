package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// corpus is a folder with foreign templates (templates/*.json) and the schema
// that they were written for (schema.json).
func corpus(t testing.TB) string {
	folder := os.Getenv("PATCHBAY_CORPUS")
	if folder == "" {
		t.Skip("PATCHBAY_CORPUS names no folder with foreign templates")
	}
	return folder
}

func corpusTemplates(t testing.TB) map[string]any {
	files, err := filepath.Glob(filepath.Join(corpus(t), "templates", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no templates in %s: %v", corpus(t), err)
	}
	all := map[string]any{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Parse(raw)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		list, isArray := d.Value.([]any)
		if !isArray {
			list = []any{d.Value}
		}
		for i, template := range list {
			all[fmt.Sprintf("%s/%d", filepath.Base(file), i)] = template
		}
	}
	return all
}

func TestCorpusIsValid(t *testing.T) {
	templates := corpusTemplates(t)
	for name, template := range templates {
		for _, v := range templateAt(&Document{}, "", template) {
			t.Errorf("%s: %s %s", name, v.Pointer, v.Message)
		}
	}
	t.Logf("%d templates are valid", len(templates))
}

// TestSameVerdict changes the corpus at random and compares our verdict with
// that of the schema which the corpus was written for.
func TestSameVerdict(t *testing.T) {
	foreign := jsonschema.MustCompile(filepath.Join(corpus(t), "schema.json"))
	templates := corpusTemplates(t)
	names := slices.Sorted(maps.Keys(templates))
	random := rand.New(rand.NewPCG(1, 2))
	var accepted, refused, differ int
	for range 4000 {
		name := names[random.IntN(len(names))]
		template := mutate(random, small(random, templates[name]))
		ours := len(templateAt(&Document{}, "", template)) == 0
		theirs := foreign.Validate(template) == nil && !dependsOnItself(template)
		if ours == theirs {
			accepted, refused = count(ours, accepted, refused)
			continue
		}
		if differ++; differ <= 10 {
			text, _ := json.MarshalIndent(template, "", " ")
			t.Errorf("%s: ours %v, theirs %v\n%v\n%v\n%.3000s", name, ours, theirs, templateAt(&Document{}, "", template), foreign.Validate(template), text)
		}
	}
	t.Logf("%d accepted by both, %d refused by both, %d differ", accepted, refused, differ)
}

func count(ours bool, accepted, refused int) (int, int) {
	if ours {
		return accepted + 1, refused
	}
	return accepted, refused + 1
}

func dependsOnItself(template any) bool {
	c := newCollector(&Document{}, "", template)
	c.ownConditions()
	return len(c.list) > 0
}

// small copies a template with a few of its properties, so that one mutation
// has a chance to matter.
func small(random *rand.Rand, template any) map[string]any {
	text, _ := json.Marshal(template)
	var object map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	_ = decoder.Decode(&object)
	properties := object["properties"].([]any)
	random.Shuffle(len(properties), func(i, j int) { properties[i], properties[j] = properties[j], properties[i] })
	object["properties"] = properties[:min(len(properties), 1+random.IntN(5))]
	return object
}

func mutate(random *rand.Rand, template map[string]any) map[string]any {
	properties := template["properties"].([]any)
	for range 1 + random.IntN(3) {
		property, _ := properties[random.IntN(len(properties))].(map[string]any)
		mutations[random.IntN(len(mutations))](random, template, property)
	}
	return template
}

func pick[T any](random *rand.Rand, list ...T) T { return list[random.IntN(len(list))] }

var (
	bindingTypes = []string{
		"property", "zeebe:taskDefinition:type", "zeebe:input", "zeebe:output", "zeebe:property", "zeebe:taskHeader",
		"bpmn:Message#property", "bpmn:Message#zeebe:subscription#property", "zeebe:taskDefinition", "zeebe:calledElement",
		"zeebe:linkedResource", "zeebe:userTask", "zeebe:formDefinition", "zeebe:calledDecision", "zeebe:script",
		"zeebe:assignmentDefinition", "zeebe:priorityDefinition", "zeebe:jobPriorityDefinition", "zeebe:adHoc",
		"zeebe:taskSchedule", "zeebe:executionListener", "zeebe:taskListener", "bpmn:Signal#property",
		"bpmn:TimerEventDefinition#property", "bpmn:ConditionalEventDefinition#property",
		"bpmn:ConditionalEventDefinition#zeebe:conditionalFilter#property", "zeebe:agentDefinition", "other",
	}
	bindingNames = []string{
		"type", "retries", "processId", "bindingType", "versionTag", "propagateAllParentVariables", "propagateAllChildVariables",
		"businessId", "expression", "resultVariable", "formId", "externalReference", "decisionId", "assignee", "priority",
		"activeElementsCollection", "outputCollection", "outputElement", "dueDate", "name", "timeDate", "timeCycle", "timeDuration",
		"condition", "variableEvents", "start", "creating", "agentType", "resourceId", "completionCondition", "cancelRemainingInstances",
		"conditionExpression", "activationCondition", "correlationKey",
	}
	elements = []string{
		"bpmn:Task", "bpmn:ServiceTask", "bpmn:UserTask", "bpmn:CallActivity", "bpmn:ScriptTask", "bpmn:BusinessRuleTask", "bpmn:SendTask",
		"bpmn:ReceiveTask", "bpmn:StartEvent", "bpmn:IntermediateCatchEvent", "bpmn:IntermediateThrowEvent", "bpmn:BoundaryEvent",
		"bpmn:EndEvent", "bpmn:AdHocSubProcess", "bpmn:SequenceFlow", "bpmn:ComplexGateway", "bpmn:Process", "nonsense", "a:b",
	}
	propertyTypes = []string{"String", "Text", "Hidden", "Dropdown", "Boolean", "Number", "Configuration", "Other"}
	values        = []any{
		"x", "=x", "", true, false, json.Number("5"), json.Number("1.5"), json.Number("101"), nil, "latest", "versionTag", "deployment",
		"2030-01-31T12:00:00Z", "aiAgentTask", "external", "aiAgentSubProcess", "50", "=1\n2", []any{}, map[string]any{}, strings.Repeat("a", 300),
	}
	definitions = []any{
		"bpmn:MessageEventDefinition", "bpmn:SignalEventDefinition", "bpmn:TimerEventDefinition", "bpmn:ConditionalEventDefinition", "bpmn:ErrorEventDefinition",
	}
)

type mutation func(random *rand.Rand, template, property map[string]any)

var mutations = []mutation{
	func(r *rand.Rand, t, p map[string]any) { p["type"] = pick(r, propertyTypes...) },
	func(r *rand.Rand, t, p map[string]any) { delete(p, "type") },
	func(r *rand.Rand, t, p map[string]any) { p["value"] = pick(r, values...) },
	func(r *rand.Rand, t, p map[string]any) {
		delete(p, pick(r, "value", "feel", "optional", "choices", "condition", "constraints", "binding", "placeholder"))
	},
	func(r *rand.Rand, t, p map[string]any) {
		p["feel"] = pick[any](r, "optional", "required", "static", "other", nil)
	},
	func(r *rand.Rand, t, p map[string]any) { p["optional"] = pick[any](r, true, false, "true") },
	func(r *rand.Rand, t, p map[string]any) { p["language"] = pick[any](r, "json", nil) },
	func(r *rand.Rand, t, p map[string]any) { p["placeholder"] = pick[any](r, "x", true) },
	func(r *rand.Rand, t, p map[string]any) { p["tooltip"] = pick[any](r, "x", true) },
	func(r *rand.Rand, t, p map[string]any) { p["editable"] = pick[any](r, "x", true) },
	func(r *rand.Rand, t, p map[string]any) { p["configurationTemplate"] = pick[any](r, "x", true) },
	func(r *rand.Rand, t, p map[string]any) {
		p["generatedValue"] = pick[any](r, map[string]any{"type": "uuid"}, map[string]any{"type": "x"}, map[string]any{})
	},
	func(r *rand.Rand, t, p map[string]any) {
		p["constraints"] = pick[any](r, map[string]any{}, map[string]any{"notEmpty": true}, map[string]any{"notEmpty": false}, map[string]any{"pattern": map[string]any{"value": "x", "message": true}}, map[string]any{"maxLength": "x"}, "x")
	},
	func(r *rand.Rand, t, p map[string]any) {
		p["choices"] = pick[any](r, []any{}, []any{map[string]any{"name": "a"}}, []any{map[string]any{"name": "a", "value": pick(r, values...)}},
			[]any{map[string]any{"name": "a", "value": "b", "condition": map[string]any{"property": "a", "equals": "x"}}},
			[]any{map[string]any{"name": "a", "value": "b", "condition": map[string]any{"property": "a"}}})
	},
	func(r *rand.Rand, t, p map[string]any) {
		p["id"] = "me"
		p["condition"] = pick[any](r, map[string]any{"property": pick(r, "me", "you"), "equals": pick(r, values...)},
			map[string]any{"property": "you", "oneOf": []any{pick(r, values...)}},
			map[string]any{"property": "you", "isActive": true, "isEmpty": true},
			map[string]any{"property": "you", "isActive": pick[any](r, true, "x"), "type": pick(r, "simple", "x")},
			map[string]any{"allMatch": []any{}}, map[string]any{"allMatch": []any{map[string]any{"property": "you", "equals": "1"}}},
			map[string]any{"allMatch": []any{}, "property": "you", "equals": "1"},
			map[string]any{"allMatch": []any{map[string]any{"property": "me", "equals": "1"}}, "property": "you", "equals": "1"})
	},
	bind, bind, bind, bind,
	func(r *rand.Rand, t, p map[string]any) {
		if b, ok := p["binding"].(map[string]any); ok {
			b[pick(r, "retries", "eventType", "headers", "name", "key", "source", "linkName")] = pick[any](r, "3", "start", []any{}, []any{map[string]any{"key": "a", "value": "b"}}, []any{map[string]any{"key": "a"}}, true)
		}
	},
	func(r *rand.Rand, t, p map[string]any) {
		t["elementType"] = map[string]any{"value": pick(r, elements...), "eventDefinition": pick(r, definitions...)}
	},
	func(r *rand.Rand, t, p map[string]any) {
		t["elementType"] = map[string]any{"value": pick(r, elements...)}
	},
	func(r *rand.Rand, t, p map[string]any) {
		t["appliesTo"] = []any{pick(r, elements...)}
		delete(t, "elementType")
	},
	func(r *rand.Rand, t, p map[string]any) {
		t["entriesVisible"] = pick[any](r, true, "x", map[string]any{"outputs": true}, map[string]any{"executionListeners": false}, map[string]any{"taskListeners": pick(r, true, false)}, map[string]any{"x": true})
	},
	func(r *rand.Rand, t, p map[string]any) {
		delete(t, pick(r, "id", "name", "version", "appliesTo", "groups", "elementType", "icon"))
	},
	func(r *rand.Rand, t, p map[string]any) {
		t[pick(r, "id", "name", "version", "description", "documentationRef", "icon", "engines", "category", "keywords", "deprecated", "metadata", "isDefault", "groups", "presets", "$schema")] = pick(r, values...)
	},
	func(r *rand.Rand, t, p map[string]any) {
		t["steps"] = []any{pick(r, map[string]any{"name": "a"}, map[string]any{"name": "a", "presetId": "x"}, map[string]any{"name": "a", "steps": []any{}},
			map[string]any{"name": "a", "steps": []any{}, "presetId": "x"}, map[string]any{"name": "a", "steps": []any{map[string]any{"name": "b"}}})}
	},
	func(r *rand.Rand, t, p map[string]any) {
		c := map[string]any{"id": "c", "name": "c", "kind": pick(r, "CREDENTIAL", ""), "version": pick(r, json.Number("1"), json.Number("1.0"), json.Number("1.5")),
			"properties": []any{map[string]any{"type": pick(r, propertyTypes...), "binding": map[string]any{"type": "property", "name": "x"}}}}
		if r.IntN(3) == 0 {
			c["properties"].([]any)[0].(map[string]any)[pick(r, "feel", "optional", "secret", "value", "placeholder", "id")] = pick(r, values...)
		}
		t["configurationTemplates"] = []any{c}
	},
	func(r *rand.Rand, t, p map[string]any) {
		special := map[string]any{"type": pick(r, "Hidden", "String"), "value": pick(r, values...), "binding": map[string]any{"type": pick(r, bindingTypes...), "property": pick(r, bindingNames...)}}
		t["properties"] = append(t["properties"].([]any), special)
	},
}

func bind(r *rand.Rand, t, p map[string]any) {
	name := pick(r, bindingNames...)
	b := map[string]any{"type": pick(r, bindingTypes...), "name": name, "property": name, "eventType": name, "linkName": "x"}
	if r.IntN(3) > 0 {
		delete(b, "eventType")
	}
	delete(b, pick(r, "type", "name", "property", "x", "y", "z"))
	p["binding"] = b
	fit(r, t, b)
}

// fit gives the template the element that a binding needs, most of the time.
func fit(r *rand.Rand, t, b map[string]any) {
	element := map[string]string{
		"zeebe:calledElement": "bpmn:CallActivity", "zeebe:userTask": "bpmn:UserTask", "zeebe:script": "bpmn:ScriptTask",
		"zeebe:calledDecision": "bpmn:BusinessRuleTask", "zeebe:adHoc": "bpmn:AdHocSubProcess", "zeebe:taskListener": "bpmn:UserTask",
		"zeebe:formDefinition": "bpmn:UserTask", "zeebe:agentDefinition": "bpmn:ServiceTask",
	}
	event := map[string]string{"bpmn:Signal#property": "Signal", "bpmn:TimerEventDefinition#property": "Timer", "bpmn:ConditionalEventDefinition#property": "Conditional"}
	kind, _ := b["type"].(string)
	switch {
	case r.IntN(4) == 0:
	case element[kind] != "":
		t["elementType"] = map[string]any{"value": element[kind]}
	case event[kind] != "":
		t["elementType"] = map[string]any{"value": "bpmn:IntermediateCatchEvent", "eventDefinition": "bpmn:" + event[kind] + "EventDefinition"}
	}
	if strings.HasPrefix(kind, "zeebe:form") && r.IntN(3) > 0 {
		t["properties"] = append(t["properties"].([]any), map[string]any{"type": "Hidden", "binding": map[string]any{"type": "zeebe:userTask"}})
	}
}

func BenchmarkTemplates(b *testing.B) {
	raw := []byte("[")
	for _, template := range corpusTemplates(b) {
		if text, _ := json.Marshal(template); len(text) > len(raw) {
			raw = text
		}
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		d, err := Parse(raw)
		if err != nil {
			b.Fatal(err)
		}
		if list := Templates(d); len(list) > 0 {
			b.Fatal(list)
		}
	}
}
