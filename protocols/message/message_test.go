package message

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/protocoltest"
)

// engine is a workflow engine that notes the messages.
type engine struct {
	got []protocols.Message
	err error
	// hangs makes it wait for the context's end.
	hangs bool
}

func (e *engine) Publish(ctx context.Context, m protocols.Message) (int64, error) {
	e.got = append(e.got, m)
	if e.hangs {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return int64(len(e.got)), e.err
}

// correlating is an engine that can correlate.
type correlating struct{ engine }

func (c *correlating) Correlate(_ context.Context, m protocols.Message) (int64, int64, error) {
	c.got = append(c.got, m)
	return 7, 8, c.err
}

func send(t *testing.T, messages protocols.Messages, variables map[string]any) (any, error) {
	t.Helper()
	in := bind.New[Input]()
	if err := bind.Bind(variables, in); err != nil {
		t.Fatal(err)
	}
	out, err := Protocol().Outbound(protocols.Host{Messages: messages})
	if err != nil {
		t.Fatal(err)
	}
	got, err := out.Execute(t.Context(), protocols.Call{Input: in, TenantID: "own"})
	return got.Value, err
}

func TestMessages(t *testing.T) {
	correlate := map[string]any{"messageName": "m", "correlationKey": 12, "correlationType": map[string]any{"type": "correlate"}}
	tests := map[string]struct {
		in   map[string]any
		want protocols.Message
	}{
		"least": {map[string]any{"messageName": "m"},
			protocols.Message{Name: "m", TenantID: "own", TTL: time.Hour, Variables: map[string]any{}}},
		"all": {map[string]any{"messageName": "m", "correlationKey": "k", "variables": map[string]any{"a": nil}, "tenantId": "t",
			"correlationType": map[string]any{"type": "PUBLISH", "timeToLive": "PT0S", "messageId": "i"}, "requestTimeout": "PT1M"},
			protocols.Message{Name: "m", CorrelationKey: "k", TenantID: "t", ID: "i", Variables: map[string]any{"a": nil}}},
		"correlate": {correlate,
			protocols.Message{Name: "m", CorrelationKey: "12", TenantID: "own", Variables: map[string]any{}}},
	}
	for name, tt := range tests {
		e := &engine{}
		got, err := send(t, e, tt.in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]any{"messageKey": int64(1), "tenantId": tt.want.TenantID}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff([]protocols.Message{tt.want}, e.got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	got, err := send(t, &correlating{}, correlate)
	if diff := cmp.Diff(map[string]any{"messageKey": int64(7), "processInstanceKey": int64(8), "tenantId": "own"}, got); diff != "" || err != nil {
		t.Errorf("correlator: %v %s", err, diff)
	}
}

func TestErrors(t *testing.T) {
	least := map[string]any{"messageName": "m"}
	if _, err := send(t, nil, least); !protocols.IsInputError(err) {
		t.Errorf("no engine: got %v", err)
	}
	known := &protocols.Error{Code: "NOT_FOUND", Message: "x"}
	if _, err := send(t, &engine{err: known}, least); err != known {
		t.Errorf("known error: got %v", err)
	}
	var e *protocols.Error
	if _, err := send(t, &engine{err: errors.New("away")}, least); !errors.As(err, &e) || e.Message != "send message: away" || !e.Temporary {
		t.Errorf("other error: got %v", err)
	}
	late := map[string]any{"messageName": "m", "requestTimeout": "PT0.001S"}
	if _, err := send(t, &engine{hangs: true}, late); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("late: got %v", err)
	}
}

func TestIdempotent(t *testing.T) {
	for _, c := range []correlation{{Type: "publish"}, {Type: "publish", MessageID: "i"}, {Type: "correlate", MessageID: "i"}} {
		want := c == correlation{Type: "publish", MessageID: "i"}
		if got := (&sender{}).Idempotent(protocols.Call{Input: &Input{Correlation: c}}); got != want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

func TestSuite(t *testing.T) {
	protocoltest.Suite{
		Protocol: Protocol(),
		Host:     protocols.Host{Messages: &engine{hangs: true}},
		Hang:     func(testing.TB) map[string]any { return map[string]any{"messageName": "m"} },
		Wrong: map[string]map[string]any{
			"messageName":                {},
			"variables":                  {"messageName": "m", "variables": "x"},
			"correlationType.type":       {"messageName": "m", "correlationType": map[string]any{"type": "shout"}},
			"correlationType.timeToLive": {"messageName": "m", "correlationType": map[string]any{"timeToLive": "1h"}},
		},
	}.Run(t)
}
