package bench

import (
	"context"
	"fmt"
	"testing"

	"patchbay/engine/zeebe/gatewaytest"
	"patchbay/server"
)

const restType = "io.camunda:http-json:1"

// pipelines are the task headers of a job whose answer's body becomes the
// variable "answer", in each language; and the shortest, which keeps the whole
// response.
var pipelines = []struct{ name, headers string }{
	{"feel", `{"resultExpression":"={answer: response.body}","errorExpression":"=if error.code = \"404\" then bpmnError(\"GONE\", \"no such order\") else null"}`},
	{"jq", `{"resultExpression":"{answer: .body}","errorExpression":"if .code? == \"404\" then bpmnError(\"GONE\"; \"no such order\") else null end"}`},
	{"variable", `{"resultVariable":"answer"}`},
}

func orders(target, query string) string {
	return fmt.Sprintf(`{"method":"POST","url":"%s/orders%s","body":{"id":17,"items":["a","b","c"]}}`, target, query)
}

// BenchmarkPipeline takes jobs of a gateway, makes one HTTP call each and
// completes them, 100 at once: the worker written by hand, and the server with
// the REST protocol.
func BenchmarkPipeline(b *testing.B) {
	b.Run("hand-written", func(b *testing.B) {
		remote := gatewaytest.StartRemote(b)
		ctx, cancel := context.WithCancel(b.Context())
		ended := make(chan error)
		go func() { ended <- gatewaytest.HandWritten(ctx, remote.Gateway, restType, 100) }()
		remote.Measure(b, gatewaytest.Load{Type: restType, Headers: "{}", Variables: orders(remote.Target, "")})
		cancel()
		<-ended
	})
	for _, p := range pipelines {
		b.Run(p.name, func(b *testing.B) {
			remote := gatewaytest.StartRemote(b)
			serve(b, server.Config{Gateway: remote.Gateway})
			remote.Measure(b, gatewaytest.Load{Type: restType, Headers: p.headers, Variables: orders(remote.Target, "")})
		})
	}
}

// BenchmarkWaiting calls a target that answers after 50 ms, 100 calls at once:
// at most 2,000 a second.
func BenchmarkWaiting(b *testing.B) {
	remote := gatewaytest.StartRemote(b)
	serve(b, server.Config{Gateway: remote.Gateway})
	remote.Measure(b, gatewaytest.Load{Type: restType, Headers: pipelines[0].headers, Variables: orders(remote.Target, "?wait=50ms")})
}

// BenchmarkSlowTarget makes 500 calls a second of one connector, alone and
// while all calls of another hang.
func BenchmarkSlowTarget(b *testing.B) {
	for _, hanging := range []int{0, 5000} {
		b.Run(fmt.Sprintf("hanging-%d", hanging), func(b *testing.B) {
			remote := gatewaytest.StartRemote(b)
			serve(b, server.Config{Gateway: remote.Gateway, JobType: map[string]string{"orders:1": restType}})
			remote.Run(b, gatewaytest.Load{Type: restType, Jobs: hanging, Headers: pipelines[0].headers,
				Variables: orders(remote.Target, "?wait=5s"), Background: true})
			remote.Measure(b, gatewaytest.Load{Type: "orders:1", Headers: pipelines[0].headers, Variables: orders(remote.Target, ""), Rate: 500})
		})
	}
}
