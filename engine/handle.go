package engine

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"patchbay/engine/expr"
	"patchbay/engine/feel"
	"patchbay/engine/policy"
	"patchbay/engine/secret"
	"patchbay/protocols"
	"patchbay/protocols/value"
)

// attempt is one run of a job through the pipeline.
type attempt struct {
	*Engine
	job     *Job
	vars    variables
	masker  secret.Masker
	record  *Record
	line    *line
	turn    turn
	backoff time.Duration

	request, result, errors program

	// response is the answer of a call that succeeded.
	response any
	// outputs are the variables that the mapping made; encoded is their JSON.
	outputs map[string]any
	encoded []byte

	// seen is the response as FEEL.
	seen feel.Value
}

// Handle runs one job and returns what becomes of it. It never panics.
//
// ctx ends when the job's lock does; without a deadline of its own it gets the
// job's. When it is cancelled while the call is under way, the outcome is nil:
// the process shuts down, and the job is handed out again.
func (e *Engine) Handle(ctx context.Context, job Job) Outcome {
	a := &attempt{Engine: e, job: &job, vars: variables{raw: job.Variables}, turn: turn{room: e.answers}}
	defer a.turn.end()
	ctx = a.begin(ctx)
	if _, ok := ctx.Deadline(); !ok && !job.Deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, job.Deadline)
		defer cancel()
	}
	err := a.run(ctx)
	var out Outcome
	if err == nil || ctx.Err() != context.Canceled {
		// What was called has happened: the decision no longer depends on ctx.
		out = a.decided(context.WithoutCancel(ctx), err)
	}
	a.end(ctx, out)
	return out
}

// decided is decide, with a panic made a failure.
func (a *attempt) decided(ctx context.Context, err error) (out Outcome) {
	defer func() {
		if r := recover(); r != nil {
			out = a.fail(a.broken(a.panicked(r), nil))
		}
	}()
	return a.decide(ctx, err)
}

// panicked logs a panic and makes an error of it.
func (a *attempt) panicked(r any) error {
	a.log().Error("panic in connector", "panic", a.masker.Text(fmt.Sprint(r)), "stack", string(debug.Stack()))
	return fmt.Errorf("panic in connector: %v", r)
}

// run goes through the steps up to the output variables.
func (a *attempt) run(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = a.panicked(r)
		}
	}()
	wrong := a.compile() // first, as the error expression judges what else is wrong
	if a.backoff, err = retryBackoff(a.job.Headers); err != nil {
		return err
	}
	if wrong != nil {
		return wrong
	}
	if a.line, err = a.Engine.line(a.job); err != nil {
		return err
	}
	if a.record != nil {
		a.record.Protocol = a.line.Name
	}
	ctx, cancel, err := a.bound(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	call, policies, err := a.input(ctx)
	if err != nil {
		return err
	}
	if err := a.call(ctx, call, policies); err != nil {
		return err
	}
	return a.mapOutputs(context.WithoutCancel(ctx))
}

// bound applies the header jobTimeout: it moves the end of the job's lock, and
// the call ends with it.
func (a *attempt) bound(ctx context.Context) (context.Context, context.CancelFunc, error) {
	timeout, err := jobTimeout(a.job.Headers)
	if err != nil || timeout == 0 {
		return ctx, func() {}, err
	}
	if a.Extender != nil {
		ctx, cancel, err := a.Extender.ExtendJob(ctx, a.job.Key, timeout)
		if err != nil {
			return nil, nil, fmt.Errorf("extend the job by its jobTimeout: %w", err)
		}
		return ctx, cancel, nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	return ctx, cancel, nil
}

// call makes the call under its policies.
func (a *attempt) call(ctx context.Context, call protocols.Call, p policy.Policies) error {
	target := policy.Target{Clock: a.Clock, Idempotent: func() bool {
		i, ok := a.line.out.(protocols.Idempotent)
		return ok && i.Idempotent(call)
	}}
	out, attempts, err := p.Do(ctx, target, func(ctx context.Context) (protocols.Output, error) {
		out, err := a.line.out.Execute(ctx, call)
		if err != nil {
			a.turn.end() // the wait for a repetition may be long
		}
		return out, err
	})
	if a.record != nil {
		a.record.Attempts = attempts
	}
	if err != nil {
		return err
	}
	if value.HasLongNumber(out.Value) {
		return &protocols.Error{Message: fmt.Sprintf("the response holds a number of more than %d characters", value.MaxDigits)}
	}
	a.response = out.Value
	return nil
}

// program is the compiled expression of a header, or why it does not compile.
type program struct {
	*expr.Program
	err error
}

func (p program) isFEEL() bool { return p.Program != nil && p.Language() == expr.FEEL }

// compile compiles the job's expressions. A jq expression that does not
// compile ends the job before anything is called; FEEL is only looked at when
// its turn comes, as templates written for Camunda expect.
func (a *attempt) compile() (wrong error) {
	for _, p := range []struct {
		to   *program
		slot expr.Slot
	}{{&a.request, expr.RequestExpression}, {&a.result, expr.ResultExpression}, {&a.errors, expr.ErrorExpression}} {
		src, ok := a.job.Headers[p.slot.Name]
		if !ok || blank(src) {
			continue
		}
		p.to.Program, p.to.err = a.Expressions.Compile(p.slot, src)
		if p.to.err != nil && wrong == nil && expr.LanguageOf(src) == expr.JQ {
			wrong = p.to.err
		}
	}
	return wrong
}

func blank(s string) bool {
	for _, r := range s {
		if r != ' ' && r != '\t' && r != '\n' && r != '\r' {
			return false
		}
	}
	return true
}

func (a *attempt) log() *slog.Logger {
	log := a.Host.Log
	if log == nil {
		log = slog.Default()
	}
	return log.With("jobKey", a.job.Key, "jobType", a.job.Type, "elementId", a.job.ElementID, "processInstanceKey", a.job.ProcessInstanceKey)
}
