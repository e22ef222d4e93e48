package kafka

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/protocoltest"
)

// letters is a list of dead letters.
type letters chan protocols.DeadLetter

// Add implements protocols.DeadLetters.
func (l letters) Add(_ context.Context, letter protocols.DeadLetter) error {
	l <- letter
	return nil
}

// listening is a connector with what it has handled.
type listening struct {
	protocols.Inbound
	events  chan protocols.Event
	letters letters
}

func listen(t *testing.T, nested map[string]any) listening {
	t.Helper()
	p := bind.New[Properties]()
	if err := bind.Bind(nested, p); err != nil {
		t.Fatal(err)
	}
	l := listening{events: make(chan protocols.Event, 100), letters: make(letters, 100)}
	host := protocoltest.NewInboundHost(t).Host(testHost())
	host.DeadLetters = l.letters
	in, err := Protocol().Inbound(host, p)
	if err != nil {
		t.Fatal(err)
	}
	l.Inbound = in
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- in.Receive(ctx, func() {}, l.handle) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Receive: %v", err)
		}
		_ = in.(io.Closer).Close()
	})
	return l
}

func (l listening) handle(_ context.Context, e protocols.Event) (protocols.Correlation, error) {
	l.events <- e
	return protocols.Correlation{Matched: true}, nil
}

func produce(t *testing.T, f *fake, topic string, values ...string) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(f.cluster.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	for _, v := range values {
		r := &kgo.Record{Topic: topic, Key: []byte{0xff}, Value: []byte(v), Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("1")}}}
		if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// What cannot be decoded becomes a dead letter, and those behind it come. The
// letter has all of the message, so that it can be replayed.
func TestUndecodable(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	topic := f.topic(t, 1)
	produce(t, f, topic, "\x02a", "\xff\xff\xff\xff\xff\xff", "\x02b")
	l := listen(t, with(properties(f.servers(), topic), map[string]any{"schemaStrategy": map[string]any{"type": "inlineSchema", "schema": `"string"`}}))
	if first, second := <-l.events, <-l.events; first.Value.(map[string]any)["value"] != "a" || second.Value.(map[string]any)["value"] != "b" {
		t.Errorf("got %v and %v, want a and b", first.Value, second.Value)
	}
	letter := <-l.letters
	if letter.Code != protocols.CodeInvalidInput || letter.MessageID != topic+"-0-1" || !strings.Contains(string(letter.Content), `"valueBase64":"////////"`) {
		t.Errorf("the letter is %+v, %s", letter, letter.Content)
	}
	mended := strings.Replace(string(letter.Content), `"valueBase64":"////////"`, `"valueBase64":"AmM="`, 1)
	if err := l.Inbound.(protocols.Replayer).Replay(t.Context(), []byte(mended), l.handle); err != nil {
		t.Fatal(err)
	}
	replayed := (<-l.events).Value.(map[string]any)
	if got := comparable(t, replayed); !strings.Contains(got, `"offset":1,"partition":0`) || replayed["value"] != "c" || replayed["key"] != "/w==" {
		t.Errorf("replayed %s", got)
	}
}

// A registry that is away holds messages up, and none is lost.
func TestRegistryAway(t *testing.T) {
	t.Parallel()
	f, registry := newFake(t), newRegistryServer(t)
	registry.schemas = []map[string]any{{"schema": `"string"`}}
	registry.mu.Lock()
	registry.answer = http.StatusServiceUnavailable
	registry.mu.Unlock()
	topic := f.topic(t, 1)
	produce(t, f, topic, "\x00\x00\x00\x00\x01\x02a")
	l := listen(t, with(properties(f.servers(), topic), map[string]any{
		"schemaStrategy": map[string]any{"type": "schemaRegistry", "schemaType": "avro", "schemaRegistryUrl": registry.URL},
		"consumption":    map[string]any{"retryFirst": "PT0.01S", "retryMost": "PT0.05S"},
	}))
	for asked := 0; asked < 2; time.Sleep(time.Millisecond) {
		registry.mu.Lock()
		asked = len(registry.asked)
		registry.mu.Unlock()
	}
	registry.mu.Lock()
	registry.answer = 0
	registry.mu.Unlock()
	if e := <-l.events; e.Value.(map[string]any)["value"] != "a" {
		t.Errorf("got %v", e.Value)
	}
	if len(l.letters) > 0 {
		t.Error("there is a dead letter")
	}
}

// A declared target keeps key, value and headers, and says what was wrong.
func TestDeadLetterTopic(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	topic, dead := f.topic(t, 1), f.topic(t, 1)
	produce(t, f, topic, "\xff\xff\xff\xff\xff\xff")
	listen(t, with(properties(f.servers(), topic), map[string]any{
		"schemaStrategy": map[string]any{"type": "inlineSchema", "schema": `"string"`}, "consumption": map[string]any{"deadLetter": dead},
	}))
	r := records(t, f, dead, 1)[0]
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[h.Key] = string(h.Value)
	}
	if string(r.Key) != "\xff" || string(r.Value) != "\xff\xff\xff\xff\xff\xff" || headers["h"] != "1" || headers["patchbay-error-code"] != protocols.CodeInvalidInput || headers["patchbay-error"] == "" {
		t.Errorf("got key %q, value %q, headers %v", r.Key, r.Value, headers)
	}
}
