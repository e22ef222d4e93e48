package nats

import (
	cryptorand "crypto/rand"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"patchbay/protocols/queue"
	"patchbay/protocols/queue/queuetest"
)

// input are the variables of a job.
func input(servers, mode, subject string, m queue.Message) map[string]any {
	headers := map[string]any{}
	for _, h := range m.Headers {
		headers[h.Name] = string(h.Value)
	}
	return map[string]any{"servers": servers, "mode": mode, "subject": subject, "message": map[string]any{"value": string(m.Value), "headers": headers}}
}

func suite(b *broker, mode string) queuetest.Suite {
	return queuetest.Suite{
		Protocol: Protocol(),
		Driver:   driver{},
		Host:     open(),
		Input: func(target string, m queue.Message) map[string]any {
			return input(b.url(), mode, target, m)
		},
		Body: func(event any) string { return queuetest.Text(event, "message", "body") },
	}
}

func TestJetStream(t *testing.T) {
	b := serve(t, nil)
	s := suite(b, modeJetStream)
	s.Target = b.stream
	s.Properties = func(target string) map[string]any {
		return map[string]any{"servers": b.url(), "subject": target, "consumer": "connector"}
	}
	s.Restart = b.restart
	unknown := map[string]any{"servers": b.url(), "subject": "nobody.keeps.this"}
	s.Wrong = map[string]map[string]any{
		"a subject without a stream": unknown,
		"an unknown stream":          {"servers": b.url(), "subject": "a", "stream": "NONE"},
		"no server":                  {"servers": "nats://127.0.0.1:1", "subject": "a"},
	}
	s.WrongInput = map[string]queuetest.WrongInput{
		"no stream":             {Variables: input(b.url(), modeJetStream, "nobody.keeps.this", queue.Message{Value: []byte("x")}), Code: CodeNoStream},
		"no server":             {Variables: input("nats://127.0.0.1:1", modeJetStream, "a", queue.Message{Value: []byte("x")}), Code: queue.CodeConnection},
		"a wildcard":            {Variables: input(b.url(), modeJetStream, "a.*", queue.Message{Value: []byte("x")})},
		"a password in the URL": {Variables: input("nats://u:p@127.0.0.1:1", modeJetStream, "a", queue.Message{Value: []byte("x")})},
		"a message too large":   {Variables: input(b.url(), modeJetStream, "a", queue.Message{Value: make([]byte, 2<<20)}), Code: queue.CodeTooLarge},
	}
	s.Run(t)
}

func TestCore(t *testing.T) {
	b := serve(t, func(o *server.Options) { o.JetStream = false })
	s := suite(b, modeCore)
	s.Target = func(testing.TB) string { return "test." + cryptorand.Text() }
	s.Properties = func(target string) map[string]any {
		return map[string]any{"servers": b.url(), "mode": modeCore, "subject": target}
	}
	s.Forgets = true
	s.WrongInput = map[string]queuetest.WrongInput{
		"a message too large": {Variables: input(b.url(), modeCore, "a", queue.Message{Value: make([]byte, 2<<20)}), Code: queue.CodeTooLarge},
		"no JetStream":        {Variables: input(b.url(), modeJetStream, "a", queue.Message{Value: []byte("x")}), Code: CodeNoStream},
	}
	s.Run(t)
}
