package memory

import (
	cryptorand "crypto/rand"
	"testing"

	"patchbay/protocols"
	"patchbay/protocols/queue"
	"patchbay/protocols/queue/queuetest"
)

func TestSuite(t *testing.T) {
	shared := &protocols.Shared{}
	broker, err := Shared(shared)
	if err != nil {
		t.Fatal(err)
	}
	queuetest.Suite{
		Protocol: Protocol(),
		Driver:   driver{},
		Host:     protocols.Host{Shared: shared},
		Target:   func(t testing.TB) string { return t.Name() + cryptorand.Text() },
		Input: func(target string, m queue.Message) map[string]any {
			headers := map[string]any{}
			for _, h := range m.Headers {
				headers[h.Name] = string(h.Value)
			}
			return map[string]any{"queue": target, "message": map[string]any{"key": string(m.Key), "value": string(m.Value), "headers": headers}}
		},
		Properties: func(target string) map[string]any { return map[string]any{"queue": target} },
		Body:       func(event any) string { return queuetest.Text(event, "message", "body") },
		Restart:    func(testing.TB) { broker.Restart() },
		WrongInput: map[string]queuetest.WrongInput{
			"no queue": {Variables: map[string]any{"message": map[string]any{"value": "x"}}},
			"no value": {Variables: map[string]any{"queue": "a"}},
		},
	}.Run(t)
}

func TestEndurance(t *testing.T) {
	shared := &protocols.Shared{}
	broker, err := Shared(shared)
	if err != nil {
		t.Fatal(err)
	}
	queuetest.Endurance{Messages: 2000, Restarts: 10, Suite: queuetest.Suite{
		Protocol: Protocol(),
		Host:     protocols.Host{Shared: shared},
		Target:   func(testing.TB) string { return "numbers" },
		Input: func(target string, m queue.Message) map[string]any {
			return map[string]any{"queue": target, "message": map[string]any{"value": string(m.Value)}}
		},
		Properties: func(target string) map[string]any { return map[string]any{"queue": target} },
		Body:       func(event any) string { return queuetest.Text(event, "message", "body") },
		Restart:    func(testing.TB) { broker.Restart() },
	}}.Run(t)
}
