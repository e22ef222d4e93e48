package policy

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"patchbay/protocols"
)

// Retry repeats a call that failed for a reason that may pass. Only calls that
// may be repeated are: those of an idempotent method, those that never reached
// the server, and all others when NonIdempotent says so. A wait that would not
// end before the job's lock does is not begun: the call's error stands, and
// the job's own retries take over.
type Retry struct {
	Attempts      int           `bind:"attempts" default:"3" doc:"How often the call is made at most, the first time included; 1 to 20."`
	Statuses      []string      `bind:"statuses" doc:"Statuses to retry on, such as 503 or 5xx; 408, 429, 500, 502, 503 and 504 if none is given. A connection that fails or times out is retried in any case."`
	InitialDelay  time.Duration `bind:"initialDelay" default:"PT0.5S" doc:"The wait before the first repetition; it grows by the factor each time."`
	Factor        float64       `bind:"factor" default:"2" doc:"By what the wait grows; at least 1."`
	MaxDelay      time.Duration `bind:"maxDelay" default:"PT30S" doc:"The longest wait. What a server asks for with Retry-After or a rate limit's reset may be longer."`
	Jitter        float64       `bind:"jitter" default:"0.2" doc:"The part of each wait that is left to chance, 0 to 1."`
	NonIdempotent bool          `bind:"nonIdempotent" doc:"Also repeats calls such as POST that may have had their effect."`
}

var defaultStatuses = []string{"408", "429", "500", "502", "503", "504"}

// Validate checks what the tags cannot say.
func (r *Retry) Validate() error {
	switch {
	case r.Attempts < 1 || r.Attempts > 20:
		return wrong("attempts", "expected 1 to 20 but got %d", r.Attempts)
	case r.InitialDelay < 0:
		return wrong("initialDelay", "expected no negative duration")
	case r.MaxDelay < 0:
		return wrong("maxDelay", "expected no negative duration")
	case !(r.Factor >= 1):
		return wrong("factor", "expected at least 1 but got %v", r.Factor)
	case !(r.Jitter >= 0 && r.Jitter <= 1):
		return wrong("jitter", "expected 0 to 1 but got %v", r.Jitter)
	}
	for i, s := range r.Statuses {
		if !isStatus(s) {
			return wrong(fmt.Sprintf("statuses[%d]", i), "expected a status such as 503 or 5xx but got %q", s)
		}
	}
	return nil
}

func wrong(path, format string, args ...any) error {
	return &protocols.InputError{Path: path, Message: fmt.Sprintf(format, args...)}
}

func isStatus(s string) bool {
	digits := strings.TrimRight(strings.ToLower(s), "x")
	n, err := strconv.Atoi(digits)
	return len(s) == 3 && err == nil && n >= 1
}

// matches compares a status with a pattern such as 5xx.
func matches(pattern string, status int) bool {
	digits := strings.TrimRight(strings.ToLower(pattern), "x")
	return strings.HasPrefix(strconv.Itoa(status), digits)
}

func (r *Retry) do(ctx context.Context, t Target, call Call) (protocols.Output, error) {
	clock := t.Clock.WithDefaults()
	for attempt := 1; ; attempt++ {
		out, err := call(ctx)
		if err == nil || attempt >= r.Attempts || !r.repeats(t, err) {
			return out, err
		}
		wait := r.delay(attempt, err, clock.Random())
		if end, ok := ctx.Deadline(); ok && !clock.Now().Add(wait).Before(end) {
			return out, err
		}
		if clock.Sleep(ctx, wait) != nil {
			return out, err
		}
	}
}

// repeats tells whether the call may be made again after this error.
func (r *Retry) repeats(t Target, err error) bool {
	var e *protocols.Error
	if !errors.As(err, &e) || !r.passes(e) {
		return false
	}
	return e.Unsent || r.NonIdempotent || t.Idempotent != nil && t.Idempotent()
}

// passes tells whether the error is of a kind that may pass.
func (r *Retry) passes(e *protocols.Error) bool {
	if e.Status == 0 {
		return e.Temporary || e.Unsent
	}
	statuses := r.Statuses
	if len(statuses) == 0 {
		statuses = defaultStatuses
	}
	for _, s := range statuses {
		if matches(s, e.Status) {
			return true
		}
	}
	return false
}

// delay is the wait after the given attempt: exponential, cut, and jittered
// downwards, but never less than the server asked for.
func (r *Retry) delay(attempt int, err error, random float64) time.Duration {
	d := float64(r.InitialDelay) * math.Pow(r.Factor, float64(attempt-1))
	d = min(d, float64(r.MaxDelay))
	d -= d * r.Jitter * random
	wait := time.Duration(d)
	var e *protocols.Error
	if errors.As(err, &e) {
		wait = max(wait, e.RetryAfter)
	}
	return wait
}
