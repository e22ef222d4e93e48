package browsertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// harms are texts that run where a page takes them for markup, script or an
// address. Each counts what it did in the page.
var harms = []string{
	`<script>window.harmed = 1</script>`,
	`<img src=x onerror="window.harmed = 1">`,
	`"><svg onload="window.harmed = 1">`,
	`<a href="javascript:window.harmed = 1">here</a>`,
	`[here](javascript:window.harmed=1)`,
	`javascript:window.harmed=1`,
	`data:text/html,<script>parent.harmed=1</script>`,
	`'); window.harmed = 1; //`,
	`${window.harmed = 1}{{constructor.constructor('window.harmed=1')()}}`,
	`__proto__`,
	`</textarea></pre><script>window.harmed = 1</script>`,
}

// hostile is a template with a harm in every field.
func hostile(n int, harm string) string {
	fields := map[string]any{
		"id": fmt.Sprintf("hostile-%02d %s", n, harm), "name": harm, "version": 1, "description": harm, "documentationRef": "https://example.com/?" + harm, "keywords": []string{harm},
		"appliesTo": []string{"bpmn:Task"}, "elementType": map[string]any{"value": "bpmn:ServiceTask"}, "icon": map[string]any{"contents": "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='window.harmed=1'>" + harm + "</svg>"},
		"category": map[string]any{"id": harm, "name": harm}, "deprecated": map[string]any{"message": harm},
		"groups":  []any{map[string]any{"id": harm, "label": harm, "tooltip": harm}},
		"presets": []any{map[string]any{"id": harm, "name": harm, "properties": map[string]any{harm: harm}}},
		"properties": []any{
			map[string]any{"type": "Hidden", "value": harm, "binding": map[string]any{"type": "zeebe:taskDefinition", "property": "type"}},
			map[string]any{"id": harm, "label": harm, "description": harm, "tooltip": harm, "placeholder": harm, "group": harm, "type": "String", "value": harm, "feel": "optional",
				"constraints": map[string]any{"pattern": map[string]any{"value": "^never$", "message": harm}}, "binding": map[string]any{"type": "zeebe:input", "name": "url"}},
			map[string]any{"type": "Hidden", "value": "rest", "binding": map[string]any{"type": "zeebe:taskHeader", "key": "protocol"}},
			map[string]any{"id": "__proto__", "label": harm, "type": "Dropdown", "value": harm, "choices": []any{map[string]any{"name": harm, "value": harm}},
				"binding": map[string]any{"type": "zeebe:taskHeader", "key": harm}},
			map[string]any{"id": "constructor", "label": harm, "type": "Text", "description": harm, "value": harm, "binding": map[string]any{"type": "zeebe:input", "name": "b"}},
		},
	}
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err) // strings and maps are always JSON
	}
	return string(text)
}

// TestHostile shows templates that want to do harm in every view.
func TestHostile(t *testing.T) {
	s := newSite(t)
	p := s.newPage(wide)
	p.expect("status of 422") // some cannot be tried, as the browser tells
	published := 0
	for i, harm := range harms {
		p.open("#/new")
		p.fill("Template, JSON", strings.ReplaceAll(hostile(i, harm), "https://example.com/?", ""))
		p.see("[aria-label=Findings]", "must begin with https://")
		p.unharmed(harm)
		text := hostile(i, harm)
		status, answer := s.post("/api/v1/templates", "application/json", text)
		if status == 201 {
			published++
		} else if status >= 500 {
			t.Errorf("%s: %d %s", harm, status, answer)
		}
		p.open("#/new")
		p.fill("Template, JSON", text)
		p.see("[aria-label=Findings]", "warning")
		p.fill("curl command", harm)
		p.unharmed(harm)
	}
	if published == 0 {
		t.Fatal("no hostile template could be published, so none is shown")
	}
	p.open("#/templates?text=hostile")
	p.until(fmt.Sprintf(`document.querySelectorAll('.card').length === %d`, published))
	p.unharmed("catalog")
	p.shoot("hostile-catalog")
	addresses := ask[[]string](p, `[...document.querySelectorAll('.card a')].map((a) => a.getAttribute('href'))`)
	for _, address := range addresses {
		for _, tab := range []string{"", "?tab=json", "?tab=use", "?tab=versions"} {
			p.open(address + tab)
			p.until(`document.querySelector('[role=tabpanel]:not([hidden])')?.innerText.length > 20`)
			p.unharmed(address)
		}
		p.open(address)
		p.see(".form", "mend")
		ask[bool](p, `[...document.querySelectorAll('.tip, .fx')].forEach((b) => b.click()) ?? true`)
		p.click("Run")
		p.until(`document.querySelector('.result').innerText.length > 0`)
		p.unharmed(address)
	}
	p.shoot("hostile-form")
	p.open("#/templates/patchbay.webhook.start/1")
	p.fill("Path", "hostile")
	p.fill("Result expression", `{"<img src=x onerror=window.harmed=1>": .request.body, "__proto__": .request.headers}`)
	p.fill("Response", `{body: .request.body, headers: {"X-A": "<script>window.harmed=1</script>"}}`)
	p.fill("Body", strings.Join(harms, "\n"))
	p.run()
	p.see(".trace", "Answer to the sender 200")
	p.unharmed("an event")
	p.open("#/playground")
	p.fill("Context, JSON", `{"__proto__": {"harmed": 1}, "<img src=x onerror=window.harmed=1>": 2}`)
	p.fill("Expression, FEEL when it begins with =, else jq", ".")
	p.see(".answer", "onerror")
	p.unharmed("playground")
}

// unharmed checks that no text became more than a text.
func (p *page) unharmed(where string) {
	p.Helper()
	state := ask[[]string](p, `[
		String(window.harmed), String({}.harmed), String(document.querySelectorAll('main script, main svg, main iframe, main object, main embed').length),
		[...document.querySelectorAll('[href], [src]')].map((e) => e.getAttribute('href') ?? e.getAttribute('src')).filter((a) => /^\s*(javascript|data:text|vbscript)/i.test(a)).join(),
		String([...document.querySelectorAll('*')].flatMap((e) => e.getAttributeNames()).filter((a) => a.startsWith('on')).length),
	]`)
	if got := strings.Join(state, "|"); got != "undefined|undefined|0||0" {
		p.Errorf("%s did harm: %s", where, got)
	}
}
