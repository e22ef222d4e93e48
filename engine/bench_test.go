package engine

import (
	"context"
	"encoding/json"
	"testing"

	"patchbay/protocols"
)

// idle is a protocol that answers at once, so that what is measured is the
// pipeline alone.
type idle struct{ out protocols.Output }

func (i *idle) Execute(context.Context, protocols.Call) (protocols.Output, error) { return i.out, nil }

type idleInput struct {
	URL     string            `bind:"url,required" doc:"Where to."`
	Method  string            `bind:"method,required" enum:"GET POST PUT" default:"GET" doc:"How."`
	Headers map[string]string `bind:"headers" doc:"Headers."`
	Body    any               `bind:"body" doc:"What."`
	Auth    struct {
		Type  string `bind:"type" doc:"Kind."`
		Token string `bind:"token,secret" doc:"Token."`
	} `bind:"authentication" doc:"Who."`
	Timeout int `bind:"connectionTimeoutInSeconds" default:"20" doc:"How long."`
}

const benchVariables = `{"url":"https://api.example.com/v1/orders/4711","method":"POST","headers":{"Content-Type":"application/json","X-Request-Id":"a1b2c3"},` +
	`"body":{"customer":{"id":4711,"name":"Ada Lovelace","vip":true},"items":[{"sku":"A-1","count":2,"price":12.50},{"sku":"B-7","count":1,"price":99.00}]},` +
	`"authentication":{"type":"bearer","token":"{{secrets.TOKEN}}"},"orderId":"o-4711","total":124.00,"approved":null,"note":"Please deliver before noon, thank you."}`

func benchmarkHandle(b *testing.B, headers ...string) {
	line := &idle{protocols.Output{Value: map[string]any{
		"status": 200, "reason": "OK", "document": nil,
		"headers": map[string]any{"Content-Type": "application/json", "Content-Length": "80", "Date": "Mon, 01 Jan 2024 00:00:00 GMT"},
		"body":    map[string]any{"id": "o-1", "state": "accepted", "total": json.Number("124.00"), "items": []any{json.Number("1"), json.Number("2")}},
	}}}
	r, err := protocols.NewRegistry(protocols.Protocol{
		Name: "idle", JobTypes: []string{"fake:1"}, Input: func() any { return &idleInput{} },
		Outbound: func(protocols.Host) (protocols.Outbound, error) { return line, nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	e := start(b, &fake{}, func(o *Options) { o.Registry = r })
	job := jobOf(benchVariables, append(headers, "elementTemplateId", "io.camunda.connectors.HttpJson.v2", "elementTemplateVersion", "12", "retryBackoff", "PT30S")...)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := e.Handle(b.Context(), job).(Complete); !ok {
			b.Fatal("not completed")
		}
	}
}

func BenchmarkHandleJQ(b *testing.B) {
	benchmarkHandle(b, "resultExpression", `{orderId: .body.id, state: .body.state, total: .body.total}`,
		"errorExpression", `if .body.state == "rejected" then bpmnError("REJECTED"; .body.why) else null end`)
}

func BenchmarkHandleFEEL(b *testing.B) {
	benchmarkHandle(b, "resultExpression", `={orderId: response.body.id, state: response.body.state, total: response.body.total}`,
		"errorExpression", `=if response.body.state = "rejected" then bpmnError("REJECTED", response.body.why) else null`)
}

func BenchmarkHandleResultVariable(b *testing.B) { benchmarkHandle(b, "resultVariable", "res") }
