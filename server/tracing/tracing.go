// Package tracing sends OpenTelemetry traces: a span for every attempt at a
// job, below it one for each HTTP request, and the trace's id in the request's
// headers, so that the called service continues it.
//
// It is off until the environment names a collector, and costs nothing then.
// The variables are those of the OpenTelemetry specification:
//
//	OTEL_EXPORTER_OTLP_ENDPOINT   http://collector:4318; _TRACES_ENDPOINT, _HEADERS, _TIMEOUT, _CERTIFICATE ... count too
//	OTEL_TRACES_EXPORTER          otlp or none; otlp alone means http://localhost:4318
//	OTEL_SERVICE_NAME             patchbay by default; OTEL_RESOURCE_ATTRIBUTES adds more
//	OTEL_TRACES_SAMPLER           and _ARG: which traces are kept; all by default
//	OTEL_BSP_*, OTEL_SPAN_*       sizes and times of the batches, limits of a span
//	OTEL_SDK_DISABLED             true turns all off
//
// Traces go over HTTP in protobuf (OTEL_EXPORTER_OTLP_PROTOCOL http/protobuf).
// A span holds no variables, no bodies, no headers and no queries, and secrets
// are masked in what is left.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracing makes and sends spans. It is safe for concurrent use.
type Tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// Environment looks up a variable, as os.LookupEnv does. The exporter and the
// SDK read the process's environment themselves; this one only decides.
type Environment func(name string) (value string, ok bool)

// endpoints are the variables that name a collector.
var endpoints = []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"}

// Open starts tracing as the environment says; nil when it asks for none. An
// error names a setting that cannot be met; a collector that is away is none.
func Open(ctx context.Context, env Environment, version string, log *slog.Logger) (*Tracing, error) {
	if wanted, err := wanted(env); !wanted || err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the exporter of traces: %w", err)
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "patchbay"), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(&patient{SpanExporter: exporter, log: log}), sdk.WithResource(about))
	return &Tracing{provider: provider, tracer: provider.Tracer("patchbay", trace.WithInstrumentationVersion(version))}, nil
}

// wanted reports whether the environment asks for traces.
func wanted(env Environment) (bool, error) {
	get := func(name string) string {
		value, _ := env(name)
		return strings.TrimSpace(value)
	}
	exporter := get("OTEL_TRACES_EXPORTER")
	named := slices.ContainsFunc(endpoints, func(name string) bool { return get(name) != "" })
	switch {
	case strings.EqualFold(get("OTEL_SDK_DISABLED"), "true"), exporter == "none", exporter == "" && !named:
		return false, nil
	case exporter != "" && exporter != "otlp":
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER %q: traces are sent as otlp only, or none", exporter)
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if protocol := get(name); protocol != "" {
			if protocol != "http/protobuf" {
				return false, fmt.Errorf("%s %q: traces are sent as http/protobuf only (a collector listens for it on port 4318)", name, protocol)
			}
			break
		}
	}
	return true, nil
}

// Close sends what is left, as long as ctx lets it.
func (t *Tracing) Close(ctx context.Context) error {
	if err := t.provider.Shutdown(ctx); err != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("send the last traces: %w", err)
	}
	return nil
}

// patient logs that a collector is away once, and not with every batch that is
// lost.
type patient struct {
	sdk.SpanExporter
	log  *slog.Logger
	away atomic.Bool
}

// ExportSpans sends a batch.
func (p *patient) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := p.SpanExporter.ExportSpans(ctx, spans)
	if was := p.away.Swap(err != nil); err != nil && !was {
		p.log.Warn("traces are lost, since the collector does not take them", "error", err)
	} else if err == nil && was {
		p.log.Info("the collector takes traces again")
	}
	return nil
}
