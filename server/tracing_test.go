package server_test

import (
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collected are the spans that reached a collector, by name.
type collected struct {
	mu       sync.Mutex
	spans    map[string][]*traces.Span
	resource map[string]string
	raw      []byte
	refuse   bool
}

func (c *collected) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var request collector.ExportTraceServiceRequest
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := proto.Unmarshal(body, &request); err != nil || c.refuse {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.raw = append(c.raw, body...)
	for _, r := range request.ResourceSpans {
		c.resource = attributes(r.Resource.Attributes)
		for _, s := range r.ScopeSpans {
			for _, span := range s.Spans {
				c.spans[span.Name] = append(c.spans[span.Name], span)
			}
		}
	}
}

func attributes(list []*common.KeyValue) map[string]string {
	out := map[string]string{}
	for _, kv := range list {
		out[kv.Key] = kv.Value.GetStringValue()
		if out[kv.Key] == "" {
			out[kv.Key] = strings.TrimPrefix(kv.Value.String(), "int_value:")
		}
	}
	return out
}

// TestTracing follows a job to its HTTP request and over to the server that is
// called, and finds no secret on the way.
func TestTracing(t *testing.T) {
	c := &collected{spans: map[string][]*traces.Span{}}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", web(t, c.ServeHTTP).URL)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	t.Setenv("SECRET_TOKEN", "very-secret-token")
	parents := make(chan string, 1)
	target := web(t, func(w http.ResponseWriter, r *http.Request) {
		parents <- r.Header.Get("Traceparent")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "no coffee")
	})
	var log strings.Builder
	s := serve(t, config(t, nil), slog.New(slog.NewTextHandler(&log, nil)))
	x := call(target.URL + "/bot{{secrets.TOKEN}}/send?key={{secrets.TOKEN}}")
	client := connect(t, gatewayOf(s))
	deployTo(t, s, x.process("p"))
	instance := start(t, client, "p", "{}")
	parent := <-parents
	eventually(t, func() string {
		if _, text := s.get("/metrics"); !strings.Contains(text, `patchbay_jobs_finished_total{result="failed"`) {
			return "the job did not end"
		}
		return ""
	})
	s.stop() // sends what is left

	if len(c.spans["job io.camunda:http-json:1"]) != 1 || len(c.spans["GET"]) != 1 {
		t.Fatalf("spans %v", c.spans)
	}
	job, get := c.spans["job io.camunda:http-json:1"][0], c.spans["GET"][0]
	if !strings.HasPrefix(parent, "00-"+hex.EncodeToString(get.TraceId)+"-"+hex.EncodeToString(get.SpanId)) {
		t.Errorf("the server was called with traceparent %q, the span is %x in %x", parent, get.SpanId, get.TraceId)
	}
	if string(get.ParentSpanId) != string(job.SpanId) || string(get.TraceId) != string(job.TraceId) {
		t.Error("the request's span is not below the job's")
	}
	for span, want := range map[*traces.Span]map[string]string{
		job: {"zeebe.job.type": "io.camunda:http-json:1", "zeebe.element.id": "task", "zeebe.process.id": "p", "patchbay.protocol": "rest",
			"patchbay.outcome": "failed", "patchbay.attempts": "1", "http.response.status_code": "418", "error.type": "418"},
		get: {"http.request.method": "GET", "url.full": target.URL + "/bot***/send", "http.response.status_code": "418", "error.type": "418"},
	} {
		got := attributes(span.Attributes)
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s: %s is %q, expected %q", span.Name, name, got[name], value)
			}
		}
		if span.Status.GetCode() != traces.Status_STATUS_CODE_ERROR {
			t.Errorf("%s: status %v", span.Name, span.Status)
		}
	}
	if c.resource["service.name"] != "patchbay" || c.resource["deployment.environment.name"] != "test" {
		t.Errorf("resource %v", c.resource)
	}
	if strings.Contains(string(c.raw), "very-secret") || strings.Contains(log.String(), "very-secret") {
		t.Error("a secret left the process")
	}
	if want := "trace=" + hex.EncodeToString(job.TraceId); !strings.Contains(log.String(), want) || instance.Key == 0 {
		t.Errorf("no %s in the log:\n%s", want, log.String())
	}
}

// TestTraceparent shows that requests carry nothing when nobody asks for traces,
// and that a traceparent of the template's own stays when somebody does.
func TestTraceparent(t *testing.T) {
	parents := make(chan string, 1)
	target := web(t, func(_ http.ResponseWriter, r *http.Request) { parents <- r.Header.Get("Traceparent") })
	const own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	tests := map[string]struct {
		exporter, header, want string
	}{
		"off":        {exporter: "none"},
		"not asked":  {},
		"own header": {exporter: "otlp", header: own, want: own},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := &collected{spans: map[string][]*traces.Span{}, refuse: true}
			t.Setenv("OTEL_TRACES_EXPORTER", tt.exporter)
			if tt.exporter != "" {
				t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", web(t, c.ServeHTTP).URL)
			}
			s := serve(t, config(t, nil), quiet)
			x := call(target.URL)
			if tt.header != "" {
				x.inputs = append(x.inputs, [2]string{"headers.traceparent", tt.header})
			}
			deployTo(t, s, x.process("p"))
			finish(t, connect(t, gatewayOf(s)), "p", "{}")
			if got := <-parents; got != tt.want {
				t.Errorf("traceparent %q", got)
			}
		})
	}
}
