package server

import (
	"context"
	"log/slog"

	"patchbay/engine"
	"patchbay/server/tracing"
)

// observe measures and traces every attempt, and logs those that an operator should see.
func (s *Server) observe(ctx context.Context, r *engine.Record) {
	template, version := s.elements.template(ctx, r.Job)
	s.metrics.called(r, template)
	level, message := slog.LevelDebug, "job completed"
	attrs := []slog.Attr{
		slog.Int64("job", r.Job.Key), slog.String("type", r.Job.Type), slog.String("process", r.Job.BpmnProcessID),
		slog.String("element", r.Job.ElementID), slog.Int64("instance", r.Job.ProcessInstanceKey),
		slog.Duration("took", r.Duration), slog.Int("status", r.Status),
	}
	switch o := r.Outcome.(type) {
	case engine.Fail:
		level, message = slog.LevelWarn, "job failed"
		attrs = append(attrs, slog.Int("retries", int(o.Retries)), slog.String("error", o.Message))
	case engine.ThrowError:
		level, message = slog.LevelInfo, "job threw a BPMN error"
		attrs = append(attrs, slog.String("code", o.Code))
	}
	if r.Error != nil && r.Error.Reason != "" {
		attrs = append(attrs, slog.String("reason", r.Error.Reason))
	}
	if s.tracing != nil {
		attrs = append(attrs, slog.String("trace", tracing.TraceID(ctx)))
		s.tracing.Done(ctx, r, template, version)
	}
	s.log.LogAttrs(ctx, level, message, attrs...)
}
