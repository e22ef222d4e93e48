package server

import (
	"context"
	"log/slog"

	"patchbay/engine"
	"patchbay/server/tracing"
)

// observe measures, keeps and traces every attempt, and logs those that an operator
// should see.
func (s *Server) observe(ctx context.Context, r *engine.Record) {
	template, version := s.elements.template(ctx, r.Job)
	s.metrics.called(r, template)
	s.calls.add(callOf(r, template, version))
	if s.tracing != nil {
		s.tracing.Done(ctx, r, template, version)
	}
	s.logAttempt(ctx, r)
}

func (s *Server) logAttempt(ctx context.Context, r *engine.Record) {
	level, message, more := consequence(r.Outcome)
	if !s.log.Enabled(ctx, level) { // most jobs complete, and nobody reads that
		return
	}
	attrs := append([]slog.Attr{
		slog.Int64("jobKey", r.Job.Key), slog.String("jobType", r.Job.Type), slog.String("bpmnProcessId", r.Job.BpmnProcessID),
		slog.String("elementId", r.Job.ElementID), slog.Int64("processInstanceKey", r.Job.ProcessInstanceKey),
		slog.Duration("took", r.Duration), slog.Int("status", r.Status),
	}, more...)
	if r.Error != nil && r.Error.Reason != "" {
		attrs = append(attrs, slog.String("reason", r.Error.Reason))
	}
	if id := tracing.TraceID(ctx); id != "" {
		attrs = append(attrs, slog.String("trace", id))
	}
	s.log.LogAttrs(ctx, level, message, attrs...)
}

// consequence is how loudly an outcome is told, and what is told of it.
func consequence(o engine.Outcome) (level slog.Level, message string, attrs []slog.Attr) {
	switch o := o.(type) {
	case engine.Fail:
		return slog.LevelWarn, "job failed", []slog.Attr{slog.Int("retries", int(o.Retries)), slog.String("error", o.Message)}
	case engine.ThrowError:
		return slog.LevelInfo, "job threw a BPMN error", []slog.Attr{slog.String("code", o.Code)}
	case nil:
		return slog.LevelInfo, "job given back", nil
	}
	return slog.LevelDebug, "job completed", nil
}
