package policy

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
	"patchbay/protocols/bind"
)

// stage is a clock that tests wind, and a log of the waits.
type stage struct {
	now   time.Time
	waits []time.Duration
}

func (s *stage) clock(random float64) Clock {
	return Clock{
		Now: func() time.Time { return s.now },
		Sleep: func(_ context.Context, d time.Duration) error {
			s.waits = append(s.waits, d)
			s.now = s.now.Add(d)
			return nil
		},
		Random: func() float64 { return random },
	}
}

func status(code int) error { return &protocols.Error{Status: code, Message: "no"} }

// play runs a policy against a row of answers; the last one repeats.
func play(ctx context.Context, r *Retry, s *stage, idempotent bool, random float64, answers ...error) (attempts int, err error) {
	n := 0
	_, attempts, err = Policies{Retry: r}.Do(ctx, Target{Clock: s.clock(random), Idempotent: func() bool { return idempotent }},
		func(context.Context) (protocols.Output, error) {
			err := answers[min(n, len(answers)-1)]
			n++
			return protocols.Output{}, err
		})
	return attempts, err
}

func defaults(change func(*Retry)) *Retry {
	r := &Retry{}
	bind.Defaults(r)
	if change != nil {
		change(r)
	}
	return r
}

var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func TestRetry(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	tests := []struct {
		name       string
		retry      *Retry
		idempotent bool
		random     float64
		answers    []error
		attempts   int
		waits      []time.Duration
		fails      bool
	}{
		{"no policy", nil, true, 0, []error{status(503)}, 1, nil, true},
		{"success", defaults(nil), true, 0, []error{nil}, 1, nil, false},
		{"recovers", defaults(nil), true, 0, []error{status(503), nil}, 2, []time.Duration{500 * ms}, false},
		{"gives up", defaults(nil), true, 0, []error{status(503)}, 3, []time.Duration{500 * ms, s}, true},
		{"jitter", defaults(nil), true, 0.5, []error{status(503)}, 3, []time.Duration{450 * ms, 900 * ms}, true},
		{"cap", defaults(func(r *Retry) { r.Attempts = 5; r.MaxDelay = 2 * s }), true, 0, []error{status(500)}, 5, []time.Duration{500 * ms, s, 2 * s, 2 * s}, true},
		{"not that status", defaults(nil), true, 0, []error{status(404)}, 1, nil, true},
		{"own statuses", defaults(func(r *Retry) { r.Statuses = []string{"404", "5xx"} }), true, 0, []error{status(404), status(599), status(429)}, 3, []time.Duration{500 * ms, s}, true},
		{"not idempotent", defaults(nil), false, 0, []error{status(503)}, 1, nil, true},
		{"not idempotent but told so", defaults(func(r *Retry) { r.NonIdempotent = true }), false, 0, []error{status(503), nil}, 2, []time.Duration{500 * ms}, false},
		{"unsent", defaults(nil), false, 0, []error{&protocols.Error{Unsent: true}, nil}, 2, []time.Duration{500 * ms}, false},
		{"temporary", defaults(nil), true, 0, []error{&protocols.Error{Temporary: true}, nil}, 2, []time.Duration{500 * ms}, false},
		{"not temporary", defaults(nil), true, 0, []error{&protocols.Error{}}, 1, nil, true},
		{"other error", defaults(nil), true, 0, []error{errors.New("x")}, 1, nil, true},
		{"input error", defaults(nil), true, 0, []error{&protocols.InputError{}}, 1, nil, true},
		{"retry-after", defaults(nil), true, 0, []error{&protocols.Error{Status: 429, RetryAfter: 40 * s}, nil}, 2, []time.Duration{40 * s}, false},
		{"shorter retry-after", defaults(nil), true, 0, []error{&protocols.Error{Status: 429, RetryAfter: 1}, nil}, 2, []time.Duration{500 * ms}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := &stage{now: epoch}
			attempts, err := play(context.Background(), tt.retry, st, tt.idempotent, tt.random, tt.answers...)
			if attempts != tt.attempts || (err != nil) != tt.fails || !cmp.Equal(st.waits, tt.waits) {
				t.Errorf("attempts %d, waits %v, error %v; want %d, %v, %v", attempts, st.waits, err, tt.attempts, tt.waits, tt.fails)
			}
		})
	}
}

func TestRetryNeverPassesTheDeadline(t *testing.T) {
	// The deadline is far in the future for the context, near for the clock.
	end := time.Now().Add(time.Hour)
	ctx, cancel := context.WithDeadline(context.Background(), end)
	defer cancel()
	st := &stage{now: end.Add(-time.Second)}
	attempts, err := play(ctx, defaults(func(r *Retry) { r.Attempts = 10 }), st, true, 0, status(503))
	if attempts != 2 || err == nil || !cmp.Equal(st.waits, []time.Duration{500 * time.Millisecond}) {
		t.Errorf("attempts %d, waits %v, error %v", attempts, st.waits, err)
	}
	st = &stage{now: end.Add(-time.Minute)}
	if attempts, _ := play(ctx, defaults(nil), st, true, 0, &protocols.Error{Status: 429, RetryAfter: time.Hour}); attempts != 1 {
		t.Errorf("waited for an hour: %d attempts", attempts)
	}
}

func TestRetryStopsWaitingWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	_, _, err := Policies{Retry: defaults(nil)}.Do(ctx, Target{Idempotent: func() bool { return true }}, func(context.Context) (protocols.Output, error) {
		calls++
		cancel()
		return protocols.Output{}, status(503)
	})
	if calls != 1 || err == nil {
		t.Errorf("%d calls, error %v", calls, err)
	}
}

func TestBinding(t *testing.T) {
	p, err := Bind(map[string]any{"callPolicy": map[string]any{"retry": map[string]any{
		"attempts": "5", "statuses": []any{"429", "5xx"}, "initialDelay": "PT2S", "nonIdempotent": "true",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	want := &Retry{
		Attempts: 5, Statuses: []string{"429", "5xx"}, InitialDelay: 2 * time.Second, Factor: 2, MaxDelay: 30 * time.Second, Jitter: 0.2, NonIdempotent: true,
	}
	if diff := cmp.Diff(want, p.Retry); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNoPolicyIsInForceUnlessGiven(t *testing.T) {
	for _, variables := range []map[string]any{nil, {"attempts": 3}, {"callPolicy": map[string]any{}}, {"callPolicy": map[string]any{"retry": nil}}} {
		if p, err := Bind(variables); err != nil || p.Retry != nil {
			t.Errorf("%v: %+v, %v", variables, p, err)
		}
	}
	if _, err := Bind(map[string]any{"callPolicy": "retry"}); !protocols.IsInputError(err) {
		t.Errorf("a text as policies: %v", err)
	}
}

func TestBindingRefuses(t *testing.T) {
	for name, values := range map[string]map[string]any{
		"attempts": {"attempts": 0}, "statuses[1]": {"statuses": []any{"500", "abc"}}, "factor": {"factor": 0.5}, "jitter": {"jitter": 2},
		"initialDelay": {"initialDelay": "-PT1S"}, "maxDelay": {"maxDelay": "soon"},
	} {
		_, err := Bind(map[string]any{"callPolicy": map[string]any{"retry": values}})
		var input *protocols.InputError
		if !errors.As(err, &input) || input.Path != "callPolicy.retry."+name {
			t.Errorf("%v: %v", values, err)
		}
	}
}
