package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"patchbay/engine/zeebe/embedded"
)

const process = `<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d">
<bpmn:process id="order" name="Order" isExecutable="true"><bpmn:startEvent id="s"/><bpmn:receiveTask id="r" messageRef="m"/><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="r"/></bpmn:process>
<bpmn:message id="m" name="paid"><bpmn:extensionElements><zeebe:subscription correlationKey="=k"/></bpmn:extensionElements></bpmn:message></bpmn:definitions>`

// serve gives a handler over an engine with three instances: two wait for a message, one has an incident.
func serve(t *testing.T) http.Handler {
	t.Helper()
	e := embedded.New(embedded.Options{})
	conn, err := grpc.NewClient("passthrough:engine", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(e.DialContext))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		e.Close()
	})
	c := pb.NewGatewayClient(conn)
	if _, err := c.DeployResource(context.Background(), &pb.DeployResourceRequest{Resources: []*pb.Resource{{Name: "order.bpmn", Content: []byte(process)}}}); err != nil {
		t.Fatal(err)
	}
	for _, variables := range []string{`{"k":"a","n":1.0}`, `{"k":"b"}`, `{}`} {
		if _, err := c.CreateProcessInstance(context.Background(), &pb.CreateProcessInstanceRequest{BpmnProcessId: "order", Version: -1, Variables: variables}); err != nil {
			t.Fatal(err)
		}
	}
	return Handler(e, "8.8.0")
}

type answer struct {
	status int
	kind   string
	text   string
	Items  []map[string]any
	Page   map[string]any
}

func ask(t *testing.T, h http.Handler, method, path, body string) answer {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	a := answer{status: w.Code, kind: w.Header().Get("Content-Type"), text: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &a) // not every answer is a search result
	return a
}

func TestSearch(t *testing.T) {
	h := serve(t)
	for name, c := range map[string]struct {
		resource, body string
		want           int
	}{
		"definitions":          {"process-definitions", `{"filter":{"isLatestVersion":true,"processDefinitionId":"order"}}`, 1},
		"no such definition":   {"process-definitions", `{"filter":{"processDefinitionId":"nope"}}`, 0},
		"no body":              {"process-instances", ``, 3},
		"active":               {"process-instances", `{"filter":{"state":"active"}}`, 3},
		"with incident":        {"process-instances", `{"filter":{"hasIncident":true}}`, 1},
		"in":                   {"element-instances", `{"filter":{"type":{"$in":["RECEIVE_TASK","START_EVENT"]}}}`, 6},
		"not equal":            {"element-instances", `{"filter":{"type":{"$neq":"PROCESS"}}}`, 6},
		"like":                 {"element-instances", `{"filter":{"elementId":{"$like":"o*"}}}`, 3},
		"exists":               {"element-instances", `{"filter":{"endDate":{"$exists":true}}}`, 3},
		"variables":            {"variables", `{"filter":{"name":"k"}}`, 2},
		"greater":              {"variables", `{"filter":{"name":"k","value":{"$gt":"\"a\""}}}`, 1},
		"incidents":            {"incidents", `{"filter":{"errorType":"EXTRACT_VALUE_ERROR","state":"ACTIVE"}}`, 1},
		"subscriptions":        {"message-subscriptions", `{"filter":{"messageName":"paid","messageSubscriptionState":"CREATED"}}`, 2},
		"several at once":      {"message-subscriptions", `{"filter":{"messageName":"paid","correlationKey":"b"}}`, 1},
		"limit":                {"process-instances", `{"page":{"limit":2}}`, 2},
		"from":                 {"process-instances", `{"page":{"from":2}}`, 1},
		"beyond the last page": {"process-instances", `{"page":{"from":9}}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			a := ask(t, h, "POST", "/v2/"+c.resource+"/search", c.body)
			if a.status != http.StatusOK || len(a.Items) != c.want {
				t.Errorf("got %d, %s", a.status, a.text)
			}
		})
	}
}

func TestSearchRefuses(t *testing.T) {
	h := serve(t)
	for body, want := range map[string]string{
		`{"filter":{"nope":1}}`:               "Request property [filter.nope] cannot be parsed",
		`{"filters":{}}`:                      "Request property [filters] cannot be parsed",
		`{"filter":{"state":{"$near":1}}}`:    "Request property [filter.state.$near] cannot be parsed",
		`{"sort":[{"field":"nope"}]}`:         "unknown value",
		`{"page":{"limit":10001}}`:            "page.limit must be between 0 and 10000",
		`{"page":{"from":-1}}`:                "must not be negative",
		`{"page":{"after":"x","before":"y"}}`: "exclude each other",
		`{"filter":`:                          "no search request",
		`[]`:                                  "no search request",
	} {
		a := ask(t, h, "POST", "/v2/process-instances/search", body)
		if a.status != http.StatusBadRequest || a.kind != "application/problem+json" || !strings.Contains(a.text, want) {
			t.Errorf("%s: got %d %s, want %q", body, a.status, a.text, want)
		}
	}
}

func TestPaging(t *testing.T) {
	h := serve(t)
	var keys []string
	for cursor := ""; ; {
		a := ask(t, h, "POST", "/v2/process-instances/search", `{"sort":[{"field":"processInstanceKey","order":"DESC"}],"page":{"limit":1,"after":"`+cursor+`"}}`)
		if len(a.Items) == 0 {
			break
		}
		keys = append(keys, a.Items[0]["processInstanceKey"].(string))
		cursor = a.Page["endCursor"].(string)
		if a.Page["totalItems"] != 3.0 {
			t.Errorf("page %v", a.Page)
		}
	}
	if len(keys) != 3 || keys[0] < keys[1] || keys[1] < keys[2] {
		t.Errorf("keys %v", keys)
	}
}

func TestGet(t *testing.T) {
	h := serve(t)
	key := ask(t, h, "POST", "/v2/process-definitions/search", "").Items[0]["processDefinitionKey"].(string)
	for path, want := range map[string]string{
		"/v2/process-definitions/" + key:          `"processDefinitionId":"order"`,
		"/v2/process-definitions/" + key + "/xml": "bpmn:receiveTask",
		"/v2/topology": `"gatewayVersion":"8.8.0"`,
	} {
		if a := ask(t, h, "GET", path, ""); a.status != http.StatusOK || !strings.Contains(a.text, want) {
			t.Errorf("%s: got %d %s", path, a.status, a.text)
		}
	}
	for _, path := range []string{"/v2/process-definitions/1", "/v2/process-definitions/1/xml", "/v2/incidents/1", "/v2/jobs/search"} {
		if a := ask(t, h, "GET", path, ""); a.status != http.StatusNotFound || a.kind != "application/problem+json" {
			t.Errorf("%s: got %d %s", path, a.status, a.text)
		}
	}
}
