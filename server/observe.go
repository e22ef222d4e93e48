package server

import (
	"context"
	"log/slog"

	"patchbay/engine"
)

// observe measures every attempt and logs those that an operator should see.
func (s *Server) observe(ctx context.Context, r *engine.Record) {
	s.metrics.called(ctx, r)
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
	s.log.LogAttrs(ctx, level, message, attrs...)
}
