package tracing

import (
	"context"
	"net/http"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	sdk "go.opentelemetry.io/otel/sdk/trace"

	"patchbay/engine"
)

// answering answers every request without a network.
type answering struct{}

func (answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}

// BenchmarkJob is what traces add to a job with one request.
func BenchmarkJob(b *testing.B) {
	provider := sdk.NewTracerProvider(sdk.WithBatcher(&tracetest.NoopExporter{}))
	b.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	t := &Tracing{provider: provider, tracer: provider.Tracer("patchbay")}
	transport := t.Wrap(answering{})
	job := &engine.Job{Type: "io.camunda:http-json:1", ElementID: "task", BpmnProcessID: "p"}
	record := &engine.Record{Job: job, Protocol: "rest", Attempts: 1, Status: 200, Outcome: engine.Complete{}}
	b.ReportAllocs()
	for b.Loop() {
		ctx := t.Started(context.Background(), job)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example.com/v1/things?key=x", nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := transport.RoundTrip(req); err != nil {
			b.Fatal(err)
		}
		t.Done(ctx, record, "demo", 1)
	}
}
