package inbound

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"patchbay/engine/secret"
	"patchbay/protocols"
	"patchbay/protocols/all"
	"patchbay/protocols/httpx"
	"patchbay/protocols/value"
)

// tried tries an element of process p.
func tried(t *testing.T, node, sample string, variables map[string]any, stub string) *TrialResult {
	t.Helper()
	stubs, err := httpx.ParseStubs([]byte(stub))
	if err != nil {
		t.Fatal(err)
	}
	registry, err := protocols.NewRegistry(all.Protocols()...)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Registry: registry, Secrets: secret.Map{"KEY": "s3cr3t-key"}, Host: protocols.Host{
		WrapTransport: func(next http.RoundTripper) http.RoundTripper { return stubs.Wrap(next) }}}
	r, err := Try(t.Context(), o, Trial{BPMN: bpmnOf(node, aMessage), Process: "p", Sample: []byte(sample), Variables: variables})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// steps writes down what a trial did.
func (r *TrialResult) steps(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, x := range r.Exchanges {
		b.WriteString("asked " + x.Method + " " + x.URL + "\n")
	}
	for _, e := range r.Evaluations {
		b.WriteString(e.Slot + " " + asJSON(t, e.Value))
		if e.Err != nil {
			b.WriteString(" error " + e.Err.Error())
		}
		b.WriteString(strings.Join(append([]string{""}, e.Warnings...), " warning ") + "\n")
	}
	for _, e := range r.Events {
		b.WriteString(string(e.Outcome))
		if c := e.Command; c != nil {
			b.WriteString(" " + strings.Join([]string{c.MessageName, c.CorrelationKey, c.MessageID, asJSON(t, c.Variables)}, " "))
		}
		b.WriteString("\n")
	}
	if r.Answer != nil {
		b.WriteString("answered " + asJSON(t, json.Number(http.StatusText(r.Answer.Status))) + " " + string(r.Answer.Body) + "\n")
	}
	if r.Err != nil {
		b.WriteString("error " + r.Err.Error() + "\n")
	}
	return b.String()
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	if n, is := v.(json.Number); is {
		return n.String()
	}
	text, err := value.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTry(t *testing.T) {
	hook := []string{propType, "io.camunda:webhook:1", "inbound.context", "c"}
	poll := []string{propType, "io.camunda:http-polling:1", "url", "https://api.example/items", "method", "get"}
	queue := []string{propType, "patchbay:memory-queue-inbound:1", "queue", "q"}
	with := func(base []string, more ...string) []string { return append(append([]string{}, base...), more...) }
	items := `[{"request": {"url": "https://api.example/items"}, "response": {"body": [{"id": 1}, {"id": 2}]}},
		{"request": {"url": "https://api.example/42"}, "response": {"body": {"state": "done"}}}]`
	for _, c := range []struct {
		name, node, sample string
		variables          map[string]any
		want               []string
	}{
		{"a webhook starts an instance", start("s", with(hook, propCondition, "=request.body.ok", propResult, "{id: .request.body.id}",
			"inbound.responseExpression", "={statusCode: 202, body: {key: correlation.processInstanceKey}}")...),
			`{"body": {"ok": true, "id": 1.50}}`, nil,
			[]string{"activationCondition true\n", `resultExpression {"id":1.50}`, `inbound.responseExpression {"body":{"key":2251799813685250},"statusCode":202}`,
				`correlated    {"id":1.50}`, `answered Accepted {"key":2251799813685250}`}},
		{"a webhook whose condition is not met", start("s", with(hook, propCondition, "=request.body.nothing")...), `{"body": {}}`, nil,
			[]string{"activationCondition null warning ", "not_met\n", "answered Unprocessable Entity", "error no activation condition is met"}},
		{"a webhook continues an instance", catch("s", with(hook, propKey, "=request.body.id", propMessageID, ".request.headers[\"x-id\"]", propVariable, "event")...),
			`{"body": {"id": 7}, "headers": {"X-Id": "d1"}, "params": {"a": "b"}}`, nil,
			[]string{"correlationKeyExpression 7\n", `messageIdExpression "d1"`, `correlated paid 7 d1 {"event":{`, `"params":{"a":"b"}`}},
		{"a webhook without a key", catch("s", with(hook, propKey, "=request.body.nothing")...), `{}`, nil,
			[]string{"correlationKeyExpression null", "rejected\n", "no correlation key"}},
		{"a key that is missing in the model", catch("s", hook...), `{}`, nil, []string{"the property correlationKeyExpression is missing"}},
		{"an expression that fails", start("s", with(hook, propResult, "error(\"no\")")...), `{}`, nil,
			[]string{"resultExpression null error", "rejected\n", "answered Unprocessable Entity"}},
		{"a challenge", start("s", with(hook, "inbound.verificationExpression", "={body: {challenge: request.body.challenge}}")...), `{"body": {"challenge": "x"}}`, nil,
			[]string{`inbound.verificationExpression {"body":{"challenge":"x"}}`, `answered OK {"challenge":"x"}`}},
		{"a signed webhook", start("s", with(hook, "inbound.signature.scheme", "github", "inbound.signature.secrets", "{{secrets.KEY}}", propResult, "{key: \"s3cr3t-key\"}")...),
			`{"body": {}, "sign": true}`, nil, []string{`correlated    {"key":"***"}`}},
		{"an unsigned webhook", start("s", with(hook, "inbound.signature.scheme", "github", "inbound.signature.secrets", "{{secrets.KEY}}")...),
			`{"body": {}}`, nil, []string{"answered Unauthorized", "error answered 401: the signature is missing"}},
		{"a secret that is not there", start("s", with(hook, "inbound.signature.scheme", "github", "inbound.signature.secrets", "{{secrets.NONE}}")...),
			`{}`, nil, []string{"error inbound.signature.secrets: ", "NONE"}},
		{"a message", messageStart("s", with(queue, propKey, "=message.body.id", propMessageID, "=message.key", propResult, "{order: .message.body}")...),
			`{"body": {"id": "o1"}, "key": "k", "headers": {"a": "b"}}`, nil,
			[]string{`resultExpression {"order":{"id":"o1"}}`, `correlationKeyExpression "o1"`, `correlated paid o1 k {"order":{"id":"o1"}}`}},
		{"a message with a member that there is not", start("s", queue...), `{"value": 1}`, nil, []string{`error event: "value" is not known here`}},
		{"a poll that starts instances", start("s", with(poll, "itemsExpression", "=body", "itemIdExpression", "=item.id", "schedule", "@yearly", propResult, "{item: .item}")...),
			`{}`, nil, []string{"asked GET https://api.example/items", "itemsExpression [", "itemIdExpression 1", `correlated    {"item":{"id":1}}`, `correlated    {"item":{"id":2}}`}},
		{"a poll for an instance", catch("s", propType, "io.camunda:http-polling:1", "url", "=\"https://api.example/\" + string(id)", propCondition, "=body.state = \"done\"", propKey, "=body.state"),
			`{}`, map[string]any{"id": json.Number("42")}, []string{"asked GET https://api.example/42", "correlated paid done s2251799813685252"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := tried(t, c.node, c.sample, c.variables, items).steps(t)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
			if strings.Contains(got, "s3cr3t-key") {
				t.Errorf("the secret is in\n%s", got)
			}
		})
	}
}

// TestTryNothing tells what is wrong with the file.
func TestTryNothing(t *testing.T) {
	registry, _ := protocols.NewRegistry(all.Protocols()...)
	for _, c := range []struct{ node, want string }{
		{`<bpmn:startEvent id="s"/>`, "has no inbound element"},
		{start("s", propType, "acme:other:1"), "is not served here"},
	} {
		if _, err := Try(t.Context(), Options{Registry: registry}, Trial{BPMN: bpmnOf(c.node), Process: "p", Sample: []byte("{}")}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, expected %s", err, c.want)
		}
	}
}
