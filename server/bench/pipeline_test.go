package bench

import (
	"fmt"
	"os"
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

// beside starts the workers, warms them up, and measures them in turns, b.N
// jobs each time: what else the machine does meanwhile then befalls all alike.
func beside(b *testing.B, rounds int, query string, workers ...*worker) {
	b.Helper()
	remote := gatewaytest.StartRemote(b)
	variables := orders(remote.Target, query)
	for _, w := range workers {
		w.start(b, remote.Gateway)
		remote.Run(b, gatewaytest.Load{Type: w.Name, Jobs: max(warmUp, w.warmUp), Headers: w.Headers, Variables: variables})
	}
	for range rounds {
		for _, w := range workers {
			b.Run(w.Name, func(b *testing.B) { w.measure(b, remote, variables) })
		}
	}
}

// BenchmarkPipeline takes jobs of a gateway, makes one HTTP call each and
// completes them, 100 at once: the worker written by hand, and the server with
// the REST protocol and each way to write the mapping.
func BenchmarkPipeline(b *testing.B) {
	binary := build(b)
	workers := []*worker{handWrittenWorker()}
	for _, p := range pipelines {
		workers = append(workers, patchbay(p.name, p.headers, binary))
	}
	beside(b, 15, "", workers...)
}

// BenchmarkJava does the same with Camunda's Java runtime, where it is present.
// Its compiler needs tens of thousands of calls to warm up.
func BenchmarkJava(b *testing.B) {
	script := os.Getenv(javaVariable)
	if script == "" {
		b.Skipf("%s names no script that starts the Java runtime", javaVariable)
	}
	headers := pipelines[0].headers
	beside(b, 5, "", patchbay("patchbay", headers, build(b)), javaRuntime(headers, script))
}

// BenchmarkWaiting calls a target that answers after 50 ms, 100 calls at once:
// at most 2,000 a second.
func BenchmarkWaiting(b *testing.B) {
	beside(b, 3, "?wait=50ms", handWrittenWorker(), patchbay("patchbay", pipelines[0].headers, build(b)))
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
