package mqtt

import (
	cryptorand "crypto/rand"
	"fmt"
	"maps"
	"testing"

	"patchbay/protocols/queue"
	"patchbay/protocols/queue/queuetest"
)

// job are the variables of a job, with what else it gives.
func (b *broker) job(topic string, m queue.Message, more map[string]any) map[string]any {
	headers := map[string]any{}
	for _, h := range m.Headers {
		headers[h.Name] = string(h.Value)
	}
	out := map[string]any{"servers": b.url(), "topic": topic, "message": map[string]any{"value": string(m.Value), "headers": headers}}
	maps.Copy(out, more)
	return out
}

// with returns a copy with further members, names and values in turn.
func with(base map[string]any, pairs ...any) map[string]any {
	out := maps.Clone(base)
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

// suite runs over one version and quality of service.
func suite(b *broker, version, qos string) queuetest.Suite {
	setting := map[string]any{"version": version, "qos": qos}
	properties := func(target string) map[string]any {
		// A session belongs to a client id, so each target has its own. The broker
		// stalls when it may not send more (mochi-mqtt 2.7.9 forgets to count what
		// it then sends), so it may send a burst.
		return with(setting, "servers", b.url(), "topic", target, "clientId", target[5:], "consumption", map[string]any{"maxInFlight": 2000})
	}
	return queuetest.Suite{
		Protocol: Protocol(),
		Driver:   driver{},
		Host:     open(),
		Target:   func(testing.TB) string { return "test/" + cryptorand.Text() },
		Input: func(target string, m queue.Message) map[string]any {
			return b.job(target, m, setting)
		},
		Properties: properties,
		Sharing: func(target string, n int) map[string]any {
			return with(properties(target), "clientId", fmt.Sprint(target[5:], n), "group", "readers")
		},
		Body:      func(event any) string { return queuetest.Text(event, "message", "body") },
		Restart:   b.restart,
		Shuffles:  true,
		NoHeaders: version == version311,
	}
}

func TestSuites(t *testing.T) {
	b := serve(t)
	for _, version := range []string{version5, version311} {
		for _, qos := range []string{"0", "1", "2"} {
			t.Run(version+" QoS "+qos, func(t *testing.T) {
				s := suite(b, version, qos)
				if qos == "0" {
					s.Forgets, s.Restart = true, nil
				}
				s.Run(t)
			})
		}
	}
}
