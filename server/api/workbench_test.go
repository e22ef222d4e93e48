package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

const draft = `{"id": "x", "name": "X", "version": 1, "appliesTo": ["bpmn:Task"], "properties": [
  {"id": "kind", "type": "Dropdown", "value": "a", "choices": [{"name": "A", "value": "a"}, {"name": "B", "value": "b"}], "binding": {"type": "zeebe:input", "name": "kind"}},
  {"id": "more", "type": "String", "condition": {"property": "kind", "equals": "b"}, "constraints": {"notEmpty": true}, "binding": {"type": "zeebe:input", "name": "more"}}]}`

func TestWorkbench(t *testing.T) {
	tests := []struct {
		name, path, body string
		status           int
		want             string
	}{
		{"jq", "/api/v1/eval", `{"expr": ".a + 1", "context": {"a": 12345678901234567890}}`, 200, `"result":12345678901234567891`},
		{"FEEL", "/api/v1/eval", `{"expr": "=a.b", "context": {"a": {}}}`, 200, `"language":"FEEL","result":null,"warnings":["`},
		{"no context", "/api/v1/eval", `{"expr": "."}`, 200, `"result":null`},
		{"place of an error", "/api/v1/eval", `{"expr": "1 +\n foo"}`, 200, `"line":2,"column":2,`},
		{"hint", "/api/v1/eval", `{"expr": "sum(a.b[c = 1])"}`, 200, `"hint":"`},
		{"no place", "/api/v1/eval", `{"expr": "error(\"oh\")"}`, 200, `"error":{"message":"oh","in":"expression"}`},
		{"endless", "/api/v1/eval", `{"expr": "[range(infinite)]"}`, 200, `"error":{"message":"`},
		{"no JSON", "/api/v1/eval", `{"expr": `, 400, `no JSON`},
		{"unknown member", "/api/v1/eval", `{"expression": ".a"}`, 400, `unknown field \"expression\"`},
		{"unknown member of a trial", "/api/v1/try", `{"id": "patchbay.rest"}`, 400, `unknown field \"id\"`},
		{"two requests", "/api/v1/eval", `{"expr": "."} {"expr": "."}`, 400, `text follows the object`},
		{"wrong type", "/api/v1/eval", `{"expr": 1}`, 400, `no JSON of the expected form`},
		{"keys", "/api/v1/complete", `{"before": ".a.", "context": {"a": {"bc": 1}}}`, 200, `{"text":"bc","kind":"key","detail":"1"}`},
		{"nothing", "/api/v1/complete", `{"before": ".a."}`, 200, `"items":[]`},
		{"finding", "/api/v1/templates/lint", `{"id": 1}`, 200, `"severity":"error"`},
		{"syntax", "/api/v1/templates/lint", `{"id"`, 200, `"rule":"syntax"`},
		{"form", "/api/v1/templates/form", `{"template": ` + draft + `}`, 200, `"key":"kind","label":"kind","type":"Dropdown","value":"a"`},
		{"form with a value", "/api/v1/templates/form", `{"template": ` + draft + `, "values": {"kind": "b"}}`, 200, `"key":"more","label":"more","type":"String","value":null,"required":true,"problem":"a value is required"`},
		{"form of a published one", "/api/v1/templates/form", `{"templateId": "patchbay.rest", "templateVersion": 1}`, 200, `"id":"patchbay.rest"`},
		{"form of none", "/api/v1/templates/form", `{"templateId": "none"}`, 404, `no such template: \"none\"; GET /api/v1/templates lists`},
		{"form of another version", "/api/v1/templates/form", `{"templateId": "patchbay.rest"}`, 404, `patchbay.rest has no version 0; templateVersion 1 is its latest`},
		{"form of nothing", "/api/v1/templates/form", `{}`, 400, `expected template, or templateId and templateVersion`},
		{"form of a bad one", "/api/v1/templates/form", `{"template": {}}`, 422, `"pointer"`},
		{"form of an inbound one", "/api/v1/templates/form", `{"templateId": "patchbay.webhook.start", "templateVersion": 1}`, 200, `"event":[{"name":"body","doc":"What is sent."}]`},
		{"form of a deprecated one", "/api/v1/templates/form", `{"template": {"deprecated": {"message": "Too old.", "documentationRef": "https://x.y"}, ` + draft[1:] + `}`, 200,
			`"deprecated":true,"deprecationMessage":"Too old.","deprecationRef":"https://x.y"`},
		{"form with an unknown value", "/api/v1/templates/form", `{"template": ` + draft + `, "values": {"no": 1}}`, 422, `no property`},
	}
	r := newRig(t)
	for _, test := range tests {
		answer := r.ask(http.MethodPost, test.path, test.body)
		if answer.status != test.status || !strings.Contains(answer.body, test.want) {
			t.Errorf("%s: %d %s, want %d with %s", test.name, answer.status, answer.body, test.status, test.want)
		}
	}
}

type fakeCalls struct{ asked CallQuery }

func (f *fakeCalls) Recent(q CallQuery) []Call {
	f.asked = q
	return []Call{{Seq: 7, JobKey: 2251799813685281}}
}

func TestCalls(t *testing.T) {
	fake := &fakeCalls{}
	r := newRig(t, func(o *Options) { o.Calls = fake })
	body := r.expect(http.StatusOK, http.MethodGet, "/api/v1/calls?text=a&errors=true&after=5", "").body
	var list struct{ Items []map[string]any }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatal(body, err)
	}
	if list.Items[0]["jobKey"] != "2251799813685281" {
		t.Errorf("a key is not a text: %s", body)
	}
	if want := (CallQuery{Text: "a", Errors: true, After: 5, Limit: 100}); fake.asked != want {
		t.Errorf("asked for %+v, want %+v", fake.asked, want)
	}
}
