package engine

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/engine/secret"
	"patchbay/protocols"
)

// fakeInput is the input of the fake protocol.
type fakeInput struct {
	URL   string         `bind:"url,required" doc:"Where to."`
	Body  any            `bind:"body" doc:"What."`
	Count int            `bind:"count" doc:"How many."`
	Auth  map[string]any `bind:"authentication" doc:"Who."`
}

// fake is a protocol whose answer a test gives.
type fake struct {
	answer     func(ctx context.Context, in *fakeInput) (any, error)
	idempotent bool
	inputs     []fakeInput
	calls      []protocols.Call
	closed     int
}

func (f *fake) Execute(ctx context.Context, call protocols.Call) (protocols.Output, error) {
	in := call.Input.(*fakeInput)
	f.inputs = append(f.inputs, *in)
	f.calls = append(f.calls, call)
	v, err := f.answer(ctx, in)
	return protocols.Output{Value: v}, err
}

func (f *fake) Idempotent(protocols.Call) bool { return f.idempotent }
func (f *fake) Close() error                   { f.closed++; return nil }

func (f *fake) protocol() protocols.Protocol {
	return protocols.Protocol{
		Name:     "fake",
		JobTypes: []string{"fake:1"},
		Input:    func() any { return &fakeInput{} },
		Outbound: func(protocols.Host) (protocols.Outbound, error) { return f, nil },
	}
}

var ok = map[string]any{
	"status":  json.Number("200"),
	"reason":  "OK",
	"headers": map[string]any{"Etag": "W/1", "Content-Type": "application/json"},
	"body":    map[string]any{"id": "o-1", "total": json.Number("12345678901234567890"), "items": []any{json.Number("1"), json.Number("2.50")}},
}

func notFound() error {
	return &protocols.Error{Code: "404", Message: "Not Found", Status: 404, Variables: map[string]any{
		"response": map[string]any{"headers": map[string]any{"X-Id": "7"}, "body": map[string]any{"code": "NO_ITEM"}},
	}}
}

func answer(v any) func(context.Context, *fakeInput) (any, error) {
	return func(context.Context, *fakeInput) (any, error) { return v, nil }
}

func fails(err error) func(context.Context, *fakeInput) (any, error) {
	return func(context.Context, *fakeInput) (any, error) { return nil, err }
}

// start returns an engine with the fake protocol.
func start(t testing.TB, f *fake, change func(*Options)) *Engine {
	t.Helper()
	r, err := protocols.NewRegistry(f.protocol())
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Registry: r, Host: protocols.Host{Log: slog.New(slog.DiscardHandler)}, Secrets: secret.Chain{secret.Map{"TOKEN": "s3cret!"}, secret.Env{Prefix: "SECRET_", Lookup: func(string) (string, bool) { return "", false }}}}
	if change != nil {
		change(&o)
	}
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func jobOf(vars string, headers ...string) Job {
	h := map[string]string{}
	for i := 0; i+1 < len(headers); i += 2 {
		h[headers[i]] = headers[i+1]
	}
	return Job{
		Key: 7, Type: "fake:1", ElementID: "task", BpmnProcessID: "order", ProcessInstanceKey: 4, Retries: 3,
		Headers: h, Variables: json.RawMessage(vars),
	}
}

const orderVariables = `{"url":"https://a.example/x","customer":{"name":"Ada"},"n":3}`

// want compares an outcome; variables are compared as JSON values.
func want(t *testing.T, got, want Outcome) {
	t.Helper()
	if diff := cmp.Diff(plain(t, want), plain(t, got)); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

func plain(t *testing.T, o Outcome) any {
	t.Helper()
	read := func(raw json.RawMessage) (v any) {
		if raw == nil {
			return nil
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatalf("variables %q: %v", raw, err)
		}
		return v
	}
	switch o := o.(type) {
	case Complete:
		return map[string]any{"complete": read(o.Variables)}
	case Fail:
		return map[string]any{"fail": read(o.Variables), "retries": o.Retries, "message": o.Message, "backoff": o.Backoff}
	case ThrowError:
		return map[string]any{"error": read(o.Variables), "code": o.Code, "message": o.Message}
	}
	return nil
}

func raw(s string) json.RawMessage { return json.RawMessage(s) }

func TestOutcomes(t *testing.T) {
	const notFoundError = `{"type":"io.camunda.connector.api.error.ConnectorException","code":"404","message":"Not Found",
		"variables":{"response":{"headers":{"X-Id":"7"},"body":{"code":"NO_ITEM"}}}}`
	tests := []struct {
		name    string
		answer  func(context.Context, *fakeInput) (any, error)
		headers []string
		want    Outcome
	}{
		{"no mapping", answer(ok), nil, Complete{raw(`{}`)}},
		{"result variable", answer("x"), []string{"resultVariable", "res"}, Complete{raw(`{"res":"x"}`)}},
		{"null response", answer(nil), []string{"resultVariable", "res"}, Complete{raw(`{"res":null}`)}},
		{"jq result", answer(ok), []string{"resultExpression", "{id: .body.id, who: $vars.customer.name, key: $job.key}"},
			Complete{raw(`{"id":"o-1","who":"Ada","key":7}`)}},
		{"expression wins over variable", answer("x"), []string{"resultVariable", "a", "resultExpression", "{a: 1, b: null}"},
			Complete{raw(`{"a":1,"b":null}`)}},
		{"jq null", answer(ok), []string{"resultExpression", "null"}, Complete{raw(`{}`)}},
		{"jq no output", answer(ok), []string{"resultExpression", "empty"}, Complete{raw(`{}`)}},
		{"jq list", answer(ok), []string{"resultExpression", "[1]"}, Fail{
			Retries: 0, Message: "Result expression must return a JSON object, but got array. Evaluated value: [1]",
			Variables: raw(`{"error":{"type":"io.camunda.connector.api.error.ConnectorInputException","message":"Result expression must return a JSON object, but got array. Evaluated value: [1]"}}`)}},
		{"failure", fails(notFound()), []string{"retryBackoff", "PT30S"},
			Fail{Retries: 2, Message: "Not Found", Backoff: 30 * time.Second, Variables: raw(`{"error":` + notFoundError + `}`)}},
		{"failure without code", fails(errors.New("boom")), nil,
			Fail{Retries: 2, Message: "boom", Variables: raw(`{"error":{"type":"io.camunda.connector.api.error.ConnectorException","message":"boom"}}`)}},
		{"input error", fails(&protocols.InputError{Path: "url", Message: "expected an http(s) URL"}), []string{"retryBackoff", "PT1S"},
			Fail{Retries: 0, Message: "url: expected an http(s) URL", Backoff: time.Second, Variables: raw(
				`{"error":{"type":"io.camunda.connector.api.error.ConnectorInputException","message":"url: expected an http(s) URL"}}`)}},
		{"bad back-off", answer(ok), []string{"retryBackoff", "10s"}, Fail{
			Retries: 0, Message: "Failed to parse retry backoff header. Expected ISO-8601 duration, e.g. PT5M, got: 10s", Variables: raw(
				`{"error":{"type":"io.camunda.connector.runtime.core.error.InvalidBackOffDurationException","message":"Failed to parse retry backoff header. Expected ISO-8601 duration, e.g. PT5M, got: 10s"}}`)}},
		{"bpmn error", fails(notFound()), []string{"errorExpression", `if $error.code == "404" then bpmnError("NF"; $error.message; {why: $error.variables.response.body.code}) else null end`},
			ThrowError{"NF", "Not Found", raw(`{"why":"NO_ITEM"}`)}},
		{"bpmn error of a success", answer(ok), []string{"errorExpression", `if .status == 200 then bpmnError("SEEN") else null end`},
			ThrowError{"SEEN", "", raw(`{}`)}},
		{"not that error", fails(notFound()), []string{"errorExpression", `if $error.code == "409" then bpmnError("C") else empty end`},
			Fail{Retries: 2, Message: "Not Found", Variables: raw(`{"error":` + notFoundError + `}`)}},
		{"job error", fails(notFound()), []string{"retryBackoff", "PT30S", "errorExpression", `jobError("wait"; {a: 1}; $job.retries - 1; "PT10S")`},
			Fail{Retries: 2, Message: "wait", Backoff: 10 * time.Second, Variables: raw(`{"a":1,"error":"wait"}`)}},
		{"job error by default", fails(notFound()), []string{"retryBackoff", "PT30S", "errorExpression", `jobError("give up")`},
			Fail{Message: "give up", Variables: raw(`{"error":"give up"}`)}},
		{"ignored", fails(notFound()), []string{"resultVariable", "r", "errorExpression", `ignoreError({found: false})`}, Complete{raw(`{"found":false}`)}},
		{"ignored without variables", fails(notFound()), []string{"errorExpression", `ignoreError`}, Complete{raw(`{}`)}},
		{"by hand", fails(notFound()), []string{"errorExpression", `{errorType: "bpmnError", errorCode: 5, extra: true}`}, ThrowError{"5", "", raw(`{}`)}},
		{"by hand without code", answer(ok), []string{"errorExpression", `{errorType: "bpmnError", errorCode: null}`}, Complete{raw(`{}`)}},
		{"unknown kind", answer(ok), []string{"errorExpression", `{errorType: "oops"}`}, Fail{
			Message: `Cannot parse '{"errorType":"oops"}' as an error: errorType must be bpmnError, jobError or ignoreError.`,
			Variables: raw(`{"error":{"type":"io.camunda.connector.api.error.ConnectorInputException",
				"message":"Cannot parse '{\"errorType\":\"oops\"}' as an error: errorType must be bpmnError, jobError or ignoreError."}}`)}},
		{"overlaid response", answer(ok), []string{"resultExpression", "{x: 1}", "errorExpression", `bpmnError("E"; "m"; {s: .status, x: .x})`},
			ThrowError{"E", "m", raw(`{"s":200,"x":1}`)}},
		{"forbidden literal", answer(ok), []string{"resultExpression", `{a: "camunda.function.type"}`}, Fail{
			Message:   "The connector result contains a forbidden literal 'camunda.function.type'.",
			Variables: raw(`{"error":{"type":"io.camunda.connector.api.error.ConnectorInputException","message":"The connector result contains a forbidden literal 'camunda.function.type'."}}`)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := start(t, &fake{answer: tt.answer}, nil)
			want(t, e.Handle(context.Background(), jobOf(orderVariables, tt.headers...)), tt.want)
		})
	}
}

func TestDigitsSurvive(t *testing.T) {
	e := start(t, &fake{answer: answer(ok)}, nil)
	got := e.Handle(context.Background(), jobOf(orderVariables, "resultExpression", "{t: .body.total, i: .body.items}"))
	if s := string(got.(Complete).Variables); s != `{"i":[1,2.50],"t":12345678901234567890}` {
		t.Errorf("variables = %s", s)
	}
}

func TestRequestExpression(t *testing.T) {
	f := &fake{answer: answer(nil)}
	e := start(t, f, nil)
	job := jobOf(`{"url":"https://a.example","body":{"a":1,"deep":{"x":1,"y":2}},"n":3}`,
		"requestExpression", `{count: (.n * 2), body: {deep: {y: $vars.n}, k: $job.elementId}, authentication: {token: "{{secrets.TOKEN}}"}}`)
	want(t, e.Handle(context.Background(), job), Complete{raw(`{}`)})
	in := f.inputs[0]
	body := map[string]any{"a": json.Number("1"), "deep": map[string]any{"x": json.Number("1"), "y": json.Number("3")}, "k": "task"}
	if diff := cmp.Diff(fakeInput{URL: "https://a.example", Count: 6, Body: body, Auth: map[string]any{"token": "s3cret!"}}, in); diff != "" {
		t.Errorf("input (-want +got):\n%s", diff)
	}
}

func TestSyntaxErrorOfJQCallsNothing(t *testing.T) {
	f := &fake{answer: answer(ok)}
	e := start(t, f, nil)
	got := e.Handle(context.Background(), jobOf(orderVariables, "resultExpression", "{id: .body.id,,}")).(Fail)
	if len(f.inputs) != 0 {
		t.Errorf("%d calls were made", len(f.inputs))
	}
	wantText := "resultExpression:1:15: unexpected token \",\"\n    {id: .body.id,,}\n                  ^"
	if got.Message != wantText || got.Retries != 0 {
		t.Errorf("got retries %d and\n%s\nwant\n%s", got.Retries, got.Message, wantText)
	}
}

func TestSecretsStayInside(t *testing.T) {
	f := &fake{answer: fails(&protocols.Error{Code: "401", Message: "denied: Bearer s3cret! and czNjcmV0IQ== and s3cret%21", Variables: map[string]any{"sent": []any{"s3cret!"}}})}
	e := start(t, f, nil)
	got := e.Handle(context.Background(), jobOf(`{"url":"https://a.example","body":{"t":"Bearer {{ secrets.TOKEN }}","h":"my.secrets.io"}}`,
		"errorExpression", `jobError($error.message; {v: $error.variables, u: $vars.body.t})`)).(Fail)
	if f.inputs[0].Body.(map[string]any)["t"] != "Bearer s3cret!" {
		t.Errorf("input = %v", f.inputs[0].Body)
	}
	if got.Message != "denied: Bearer *** and *** and ***" {
		t.Errorf("message = %s", got.Message)
	}
	if strings.Contains(string(got.Variables), "s3cret!") || !strings.Contains(string(got.Variables), "{{ secrets.TOKEN }}") {
		t.Errorf("variables = %s", got.Variables)
	}
}

func TestMissingSecret(t *testing.T) {
	e := start(t, &fake{answer: answer(ok)}, nil)
	got := e.Handle(context.Background(), jobOf(`{"url":"{{secrets.NOPE}}"}`)).(Fail)
	want(t, got, Fail{
		Message:   "Secret with name 'NOPE' is not available\nset the environment variable SECRET_NOPE",
		Variables: raw(`{"error":{"type":"io.camunda.connector.api.error.ConnectorInputException","message":"Secret with name 'NOPE' is not available"}}`),
	})
}

func TestUnknownProtocol(t *testing.T) {
	e := start(t, &fake{answer: answer(ok)}, nil)
	job := jobOf(orderVariables)
	job.Type = "other"
	got := e.Handle(context.Background(), job).(Fail)
	if got.Retries != 0 || !strings.Contains(got.Message, `no protocol serves the job type "other"`) || !strings.Contains(got.Message, "fake") {
		t.Errorf("got %d, %s", got.Retries, got.Message)
	}
}

func TestPanicFailsTheJob(t *testing.T) {
	e := start(t, &fake{answer: func(context.Context, *fakeInput) (any, error) { panic("oh") }}, nil)
	got := e.Handle(context.Background(), jobOf(orderVariables)).(Fail)
	if got.Retries != 2 || got.Message != "panic in connector: oh" {
		t.Errorf("got %d, %s", got.Retries, got.Message)
	}
}

func TestShutdownAbandonsTheJob(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	e := start(t, &fake{answer: func(context.Context, *fakeInput) (any, error) { cancel(); return nil, ctx.Err() }}, nil)
	if got := e.Handle(ctx, jobOf(orderVariables)); got != nil {
		t.Errorf("outcome = %v", got)
	}
}
