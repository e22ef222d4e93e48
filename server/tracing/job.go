package tracing

import (
	"context"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"patchbay/engine"
)

// Started begins the span of an attempt; see engine.Observer.
func (t *Tracing) Started(ctx context.Context, job *engine.Job) context.Context {
	ctx, _ = t.tracer.Start(ctx, "job "+job.Type, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		attribute.String("zeebe.job.type", job.Type), attribute.Int64("zeebe.job.key", job.Key), attribute.Int("zeebe.job.retries", int(job.Retries)),
		attribute.String("zeebe.element.id", job.ElementID), attribute.String("zeebe.process.id", job.BpmnProcessID),
		attribute.Int("zeebe.process.version", int(job.ProcessVersion)), attribute.Int64("zeebe.process_instance.key", job.ProcessInstanceKey)))
	return ctx
}

// Done ends the span of an attempt. template is the id of the element's
// template where the catalog knows it, else empty.
func (t *Tracing) Done(ctx context.Context, r *engine.Record, template string, version int64) {
	span := trace.SpanFromContext(ctx)
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("patchbay.protocol", r.Protocol), attribute.String("patchbay.outcome", outcome(r.Outcome)),
		attribute.Int("patchbay.attempts", r.Attempts))
	if template != "" {
		span.SetAttributes(attribute.String("patchbay.template.id", template), attribute.Int64("patchbay.template.version", version))
	}
	if r.Status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", r.Status))
	}
	if e := r.Error; e != nil {
		span.SetAttributes(attribute.String("error.type", firstOf(e.Code, e.Type)))
		if e.Reason != "" {
			span.SetAttributes(attribute.String("patchbay.error.reason", e.Reason))
		}
	}
	if failed, ok := r.Outcome.(engine.Fail); ok {
		span.SetStatus(codes.Error, failed.Message)
	}
}

// outcome names what became of a job.
func outcome(o engine.Outcome) string {
	switch o := o.(type) {
	case engine.Complete:
		return "completed"
	case engine.Fail:
		return "failed"
	case engine.ThrowError:
		return "bpmn_error " + strconv.Quote(o.Code)
	}
	return "none"
}

func firstOf(list ...string) string {
	for _, text := range list {
		if text != "" {
			return text
		}
	}
	return "other"
}

// TraceID is the id of the trace that ctx belongs to, for logs; empty where
// there is none.
func TraceID(ctx context.Context) string {
	if s := trace.SpanContextFromContext(ctx); s.IsValid() {
		return s.TraceID().String()
	}
	return ""
}
