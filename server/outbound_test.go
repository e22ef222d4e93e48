package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/embedded/rest"
	"patchbay/server"
	"patchbay/templates"
)

// constrained is a template with constraints of all kinds.
func constrained(id string, version int) string {
	return fmt.Sprintf(`{"name": "Constrained", "id": %q, "version": %d, "appliesTo": ["bpmn:Task"], "elementType": {"value": "bpmn:ServiceTask"}, "properties": [
{"type": "Hidden", "value": "io.camunda:http-json:1", "binding": {"type": "zeebe:taskDefinition", "property": "type"}},
{"id": "code", "label": "Postal code", "type": "String", "feel": "optional", "constraints": {"notEmpty": true, "minLength": 5, "maxLength": 5,
  "pattern": {"value": "^[0-9]+$", "message": "must be digits"}}, "binding": {"type": "zeebe:input", "name": "place.code"}},
{"id": "kind", "label": "Kind", "type": "Dropdown", "choices": [{"name": "A", "value": "a"}, {"name": "B", "value": "b"}], "binding": {"type": "zeebe:input", "name": "kind"}},
{"id": "reason", "label": "Why B", "type": "String", "constraints": {"notEmpty": true}, "condition": {"property": "kind", "equals": "b"},
  "binding": {"type": "zeebe:input", "name": "reason"}}]}`, id, version)
}

func TestConstraints(t *testing.T) {
	target := web(t, func(http.ResponseWriter, *http.Request) {})
	list, err := templates.Parse([]byte(constrained("demo.constrained", 3)))
	if err != nil {
		t.Fatal(err)
	}
	header := [][2]string{{"elementTemplateId", "demo.constrained"}, {"elementTemplateVersion", "3"}}
	tests := map[string]struct {
		headers   [][2]string
		template  string
		variables string
		want      string // of the incident; empty if it completes
	}{
		"good":             {headers: header, variables: `{"c": "10115", "kind": "a"}`},
		"missing":          {headers: header, variables: `{"c": null, "kind": "a"}`, want: `template demo.constrained@3: "Postal code" (place.code): a value is required`},
		"blank":            {headers: header, variables: `{"c": " ", "kind": "a"}`, want: `"Postal code" (place.code): a value is required`},
		"short":            {headers: header, variables: `{"c": "101", "kind": "a"}`, want: `must have at least 5 characters`},
		"long":             {headers: header, variables: `{"c": 101150, "kind": "a"}`, want: `must have at most 5 characters`},
		"pattern":          {headers: header, variables: `{"c": "1011x", "kind": "a"}`, want: `"Postal code" (place.code): must be digits`},
		"condition met":    {headers: header, variables: `{"c": "10115", "kind": "b"}`, want: `"Why B" (reason): a value is required`},
		"both":             {headers: header, variables: `{"c": "1", "kind": "b"}`, want: `characters; "Why B" (reason): a value is required`},
		"secret":           {headers: header, variables: `{"c": "{{secrets.CODE}}", "kind": "a"}`},
		"model's template": {template: `zeebe:modelerTemplate="demo.constrained" zeebe:modelerTemplateVersion="3"`, variables: `{"c": "1011x", "kind": "a"}`, want: "must be digits"},
		"other version":    {template: `zeebe:modelerTemplate="demo.constrained" zeebe:modelerTemplateVersion="2"`, variables: `{"c": "1011x"}`},
		"no template":      {variables: `{"c": "1011x"}`},
		"broken version":   {headers: [][2]string{{"elementTemplateId", "demo.constrained"}, {"elementTemplateVersion", "three"}}, variables: `{"c": "1011x"}`},
	}
	file := func(name string) zeebe.Resource {
		x := call(target.URL, tests[name].headers...)
		x.template = tests[name].template
		x.inputs = append(x.inputs, [2]string{"place.code", "=c"})
		return x.process("p_" + strings.Map(func(r rune) rune {
			if r < 'a' || r > 'z' {
				return '_'
			}
			return r
		}, name))
	}
	for name, tt := range tests {
		t.Run("run "+name, func(t *testing.T) {
			result, err := server.Run{Files: []zeebe.Resource{file(name)}, Templates: list, Variables: []byte(tt.variables), Allow: []string{"loopback"}, Log: quiet}.Do(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(result.Incidents) > 0 {
				got = result.Incidents[0].Message
			}
			if tt.want == "" && result.State != server.RunCompleted || !strings.Contains(got, tt.want) {
				t.Errorf("%s %q", result.State, got)
			}
		})
	}
	t.Run("serve", func(t *testing.T) {
		g := startGateway(t)
		s := serve(t, config(t, func(c *server.Config) { c.Gateway = g.address }), quiet)
		c := g.client()
		x := file("pattern")
		deployTo(t, c, x)
		id := strings.TrimSuffix(x.Name, ".bpmn")
		finish(t, c, id, tests["pattern"].variables) // the catalog does not know the template
		if status, body := answer(t, http.MethodPost, "http://"+s.Address()+"/api/v1/templates", constrained("demo.constrained", 3)); status != http.StatusCreated {
			t.Fatalf("publish: %d %s", status, body)
		}
		s.await("/api/v1/templates/demo.constrained/versions/3", http.StatusOK)
		var got string
		for got == "" { // the template reaches jobs a moment after it was published
			i := start(t, c, id, tests["pattern"].variables)
			got = g.outcome(i.Key)
		}
		if want := `template demo.constrained@3: "Postal code" (place.code): must be digits`; got != want {
			t.Errorf("incident %q", got)
		}
	})
}

// TestSecretsOfRemoteModels shows that a definition that was deployed through
// patchbay, or that the cluster's API knows, limits the secrets of its elements
// to those that its author wrote; elsewhere the setting decides.
func TestSecretsOfRemoteModels(t *testing.T) {
	t.Setenv("SECRET_OWN", "own-value")
	t.Setenv("SECRET_OTHER", "other-value")
	target := web(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"own": %q, "asked": %q}`, r.Header.Get("Own"), r.Header.Get("Asked"))
	})
	x := call(target.URL, [2]string{"resultExpression", "{own: .body.own, asked: .body.asked}"})
	x.inputs = append(x.inputs, [2]string{"headers.own", "{{secrets.OWN}}"}, [2]string{"headers.asked", "=data"})
	const asks = `{"data": "{{secrets.OTHER}}"}`
	const refused = `"asked":"{{secrets.OTHER}}","own":"own-value"`
	tests := map[string]struct {
		setting string
		api     bool // the cluster's REST API is known
		through bool // deployed through patchbay
		want    string
	}{
		"deployed through patchbay": {setting: "any", through: true, want: refused},
		"known to the API":          {setting: "any", api: true, want: refused},
		"unknown, any":              {setting: "any", want: `"asked":"other-value","own":"own-value"`},
		"unknown, model":            {setting: "model", want: `"asked":"{{secrets.OTHER}}","own":"{{secrets.OWN}}"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := startGateway(t)
			c := g.client()
			api := web(t, rest.Handler(g.Engine, "8.8.0").ServeHTTP)
			s := serve(t, config(t, func(c *server.Config) {
				c.Gateway, c.SecretNames = g.address, tt.setting
				if tt.api {
					c.RESTAddress = api.URL
				}
			}), quiet)
			if tt.through {
				deployTo(t, s, x.process("p"))
			} else {
				deployTo(t, c, x.process("p"))
			}
			if got := finish(t, c, "p", asks); !strings.Contains(got, tt.want) {
				t.Errorf("got %s", got)
			}
		})
	}
}

// TestCorrelate sends a message to what waits for it, over the embedded engine
// and over the REST API of a cluster.
func TestCorrelate(t *testing.T) {
	send := task{jobType: "io.camunda:sendMessage:1", headers: [][2]string{{"resultVariable", "sent"}}, inputs: [][2]string{
		{"messageName", "greeting"}, {"correlationKey", "=key"}, {"correlationType.type", "correlate"}, {"variables", "={hello: key}"}}}
	embedded := func(t *testing.T) (*zeebe.Client, func(int64) string) {
		s := serve(t, config(t, nil), quiet)
		return connect(t, gatewayOf(s)), func(int64) string { return "" }
	}
	remote := func(t *testing.T) (*zeebe.Client, func(int64) string) {
		g := startGateway(t)
		api := web(t, rest.Handler(g.Engine, "8.8.0").ServeHTTP)
		serve(t, config(t, func(c *server.Config) { c.Gateway, c.RESTAddress = g.address, api.URL }), quiet)
		return g.client(), g.incident
	}
	for name, open := range map[string]func(*testing.T) (*zeebe.Client, func(int64) string){"embedded": embedded, "remote": remote} {
		t.Run(name, func(t *testing.T) {
			c, incident := open(t)
			deployTo(t, c, send.process("send"), zeebe.Resource{Name: "greeted.bpmn", Content: []byte(greeted)})
			waiting := start(t, c, "greeted", `{"key": "k1"}`)
			got := finish(t, c, "send", `{"key": "k1"}`)
			if !strings.Contains(got, fmt.Sprintf(`"processInstanceKey":%d`, waiting.Key)) || !strings.Contains(got, `"messageKey":`) {
				t.Errorf("result %s", got)
			}
			nobody := start(t, c, "send", `{"key": "k2"}`)
			if text := incident(nobody.Key); name == "remote" && !strings.Contains(text, "greeting") {
				t.Errorf("incident %q", text)
			}
			caught := send
			caught.headers = append(caught.headers, [2]string{"errorExpression", `ignoreError({code: $error.code})`})
			deployTo(t, c, caught.process("caught"))
			if got := finish(t, c, "caught", `{"key": "k2"}`); !strings.Contains(got, `"code":"NOT_FOUND"`) {
				t.Errorf("nobody waits: %s", got)
			}
		})
	}
}

const greeted = `<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="t">
<bpmn:message id="m" name="greeting"><bpmn:extensionElements><zeebe:subscription correlationKey="=key"/></bpmn:extensionElements></bpmn:message>
<bpmn:process id="greeted" isExecutable="true"><bpmn:startEvent id="start"/><bpmn:intermediateCatchEvent id="wait"><bpmn:messageEventDefinition messageRef="m"/></bpmn:intermediateCatchEvent>
<bpmn:endEvent id="end"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="wait"/><bpmn:sequenceFlow id="f2" sourceRef="wait" targetRef="end"/></bpmn:process></bpmn:definitions>`
