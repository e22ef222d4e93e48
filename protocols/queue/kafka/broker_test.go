package kafka

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"patchbay/protocols"
	"patchbay/protocols/queue"
	"patchbay/protocols/queue/queuetest"
)

// broker is a Kafka that testdata/broker/broker.sh runs.
type broker struct {
	servers string
	folder  string
	adm     *kadm.Client
}

// realBroker finds the one that runs.
func realBroker(t testing.TB) broker {
	t.Helper()
	folder := os.Getenv("PATCHBAY_KAFKA")
	if folder == "" {
		t.Skip("PATCHBAY_KAFKA names no folder of a Kafka broker; .ci/kafka starts one")
	}
	b := broker{folder: folder}
	b.servers = b.read(t, "address")
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.servers))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	b.adm = kadm.NewClient(cl)
	return b
}

func (b broker) read(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(b.folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(content))
}

func (b broker) do(t testing.TB, verb string) {
	if out, err := exec.Command("testdata/broker/broker.sh", verb, b.folder).CombinedOutput(); err != nil {
		t.Errorf("%s the broker: %v\n%s", verb, err, out)
	}
}

// restart kills it and starts it again.
func (b broker) restart(t testing.TB) {
	b.do(t, "kill")
	b.do(t, "start")
}

func (b broker) topic(t testing.TB, partitions int32) string {
	t.Helper()
	name := "t" + rand.Text()
	if _, err := b.adm.CreateTopic(t.Context(), partitions, 1, nil, name); err != nil {
		t.Fatal(err)
	}
	b.awaitTopic(t, name)
	return name
}

// awaitTopic waits until the broker serves a topic that its controller has
// made.
func (b broker) awaitTopic(t testing.TB, name string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		list, err := b.adm.ListEndOffsets(t.Context(), name)
		if err == nil && list.Error() == nil && len(list[name]) > 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the topic %s is not there: %v", name, err)
		}
	}
}

func (b broker) suite() queuetest.Suite {
	return queuetest.Suite{
		Protocol:   Protocol(),
		Driver:     driver{},
		Host:       testHost(),
		Target:     func(t testing.TB) string { return b.topic(t, 1) },
		Input:      func(target string, m queue.Message) map[string]any { return input(b.servers, target, m) },
		Properties: func(target string) map[string]any { return properties(b.servers, target) },
		Body:       func(event any) string { return queuetest.Text(event, "rawValue") },
		Restart:    b.restart,
	}
}

func TestBrokerSuite(t *testing.T) {
	b := realBroker(t)
	s := b.suite()
	s.Wrong = map[string]map[string]any{"an unknown topic": properties(b.servers, "unknown")}
	s.WrongInput = map[string]queuetest.WrongInput{
		"an unknown topic": {Variables: input(b.servers, "unknown", queue.Message{Value: []byte("x")}), Code: CodeFail},
		"too much":         {Variables: input(b.servers, b.topic(t, 1), queue.Message{Value: []byte(strings.Repeat("x", 2<<20))}), Code: CodeFail},
	}
	s.Run(t)
}

func TestBrokerLogin(t *testing.T) {
	b := realBroker(t)
	topic := b.topic(t, 1)
	servers := b.read(t, "sasl")
	account := func(mechanism, name, password string) map[string]any {
		return map[string]any{"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": mechanism,
			"sasl.jaas.config": `x.LoginModule required username="` + name + `" password="` + password + `";`}
	}
	publish := publisher(t, testHost())
	for _, good := range []map[string]any{
		account("PLAIN", "plain", "plain-secret"), account("SCRAM-SHA-256", "scram", "scram-secret"), account("SCRAM-SHA-512", "scram", "scram-secret"),
	} {
		if _, err := publish(with(input(servers, topic, queue.Message{Value: []byte("x")}), map[string]any{"additionalProperties": good})); err != nil {
			t.Errorf("%s: %v", good["sasl.mechanism"], err)
		}
		c := openConsumer(t, testHost(), with(properties(servers, topic), map[string]any{"additionalProperties": good, "groupId": rand.Text()}))
		c.ack(t, c.next(t))
	}
	for _, wrong := range []map[string]any{account("PLAIN", "plain", "hush"), account("SCRAM-SHA-256", "scram", "hush"), account("SCRAM-SHA-512", "nobody", "hush")} {
		_, err := publish(with(input(servers, topic, queue.Message{Value: []byte("x")}), map[string]any{"additionalProperties": wrong}))
		var e *protocols.Error
		if !errors.As(err, &e) || e.Code != CodeFail || e.Variables["kafkaError"] != "SASL_AUTHENTICATION_FAILED" || strings.Contains(e.Message, "hush") {
			t.Errorf("%s with a wrong password: got %+v", wrong["sasl.mechanism"], err)
		}
		if err := openError(t, with(properties(servers, topic), map[string]any{"additionalProperties": wrong})); err == nil || !strings.Contains(err.Error(), "SASL_AUTHENTICATION_FAILED") {
			t.Errorf("%s with a wrong password: a connector ends with %v", wrong["sasl.mechanism"], err)
		}
	}
}

func TestBrokerTLS(t *testing.T) {
	b := realBroker(t)
	topic := b.topic(t, 1)
	publish := publisher(t, testHost())
	job := func(more map[string]any) map[string]any {
		return with(input(b.read(t, "tls"), topic, queue.Message{Value: []byte("x")}), map[string]any{"additionalProperties": with(map[string]any{"security.protocol": "SSL"}, more)})
	}
	if _, err := publish(job(map[string]any{"ssl.truststore.certificates": b.read(t, "ca.pem"), "ssl.truststore.type": "PEM"})); err != nil {
		t.Error(err)
	}
	for name, wrong := range map[string]map[string]any{"an unknown authority": job(nil), "no TLS": job(map[string]any{"security.protocol": "PLAINTEXT"}),
		"TLS where there is none": with(input(b.servers, topic, queue.Message{Value: []byte("x")}), map[string]any{"additionalProperties": map[string]any{"security.protocol": "SSL"}})} {
		_, err := publish(wrong)
		var e *protocols.Error
		if !errors.As(err, &e) || e.Code != CodeFail {
			t.Errorf("%s: got %v", name, err)
		}
		t.Logf("%s: %v", name, err)
	}
}

func TestBrokerTransactions(t *testing.T) {
	b := realBroker(t)
	topic := b.topic(t, 1)
	publish := publisher(t, testHost())
	job := with(input(b.servers, topic, queue.Message{Value: []byte("x")}), map[string]any{"additionalProperties": map[string]any{"transactional.id": topic}})
	c := openConsumer(t, testHost(), with(properties(b.servers, topic), map[string]any{"additionalProperties": map[string]any{"isolation.level": "read_committed"}}))
	for range 3 {
		if _, err := publish(job); err != nil {
			t.Fatal(err)
		}
		c.ack(t, c.next(t))
	}
	fence, err := kgo.NewClient(kgo.SeedBrokers(b.servers), kgo.TransactionalID(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer fence.Close()
	if _, _, err := fence.ProducerID(t.Context()); err != nil {
		t.Fatal(err)
	}
	for try := 0; ; try++ {
		if _, err := publish(job); err == nil {
			break
		} else if try == 2 {
			t.Fatalf("after it was fenced off: %v", err)
		}
	}
	c.ack(t, c.next(t))
	c.nothing(t)
}

// Consumers come and go under load: nothing is lost.
func TestBrokerRebalance(t *testing.T) {
	b := realBroker(t)
	topic := b.topic(t, 6)
	const count = 3000
	var mu sync.Mutex
	seen := map[string]int{}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	consume := func() opened {
		c := openConsumer(t, testHost(), properties(b.servers, topic))
		all.Go(func() {
			for {
				d, err := c.Next(ctx)
				if err != nil {
					return
				}
				mu.Lock()
				seen[string(d.Value)]++
				mu.Unlock()
				_ = c.Ack(ctx, d)
			}
		})
		return c
	}
	send := func(from, to int) {
		for n := from; n < to; n += 100 {
			list := make([]*kgo.Record, 0, 100)
			for i := n; i < n+100; i++ {
				list = append(list, &kgo.Record{Topic: topic, Key: keyText(i), Value: keyText(i)})
			}
			if err := b.client(t).ProduceSync(ctx, list...).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	total := func() (n, twice int) {
		mu.Lock()
		defer mu.Unlock()
		for _, times := range seen {
			if times > 1 {
				twice++
			}
		}
		return len(seen), twice
	}
	first := consume()
	send(0, 1000)
	second := consume()
	send(1000, 2000)
	_ = first.Close()
	consume()
	send(2000, count)
	_ = second.Close()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		n, twice := total()
		if n == count {
			t.Logf("%d messages came twice", twice)
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d messages came", n, count)
		}
	}
}

func (b broker) client(t testing.TB) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.servers))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func keyText(n int) []byte { return []byte(strings.Repeat("k", n%3) + time.Duration(n).String()) }

// A connector that waits for a broker listens by itself once it is there.
func TestBrokerAway(t *testing.T) {
	b := realBroker(t)
	topic := b.topic(t, 1)
	b.do(t, "kill")
	began := time.Now()
	if err := openError(t, properties(b.servers, topic)); err == nil || time.Since(began) > 30*time.Second {
		t.Errorf("got %v after %s, want an error within 30 seconds", err, time.Since(began))
	} else {
		t.Logf("%v after %s", err, time.Since(began))
	}
	began = time.Now()
	_, err := publisher(t, testHost())(input(b.servers, topic, queue.Message{Value: []byte("x")}))
	var e *protocols.Error
	if !errors.As(err, &e) || e.Code != CodeFail || !e.Temporary || time.Since(began) > 30*time.Second {
		t.Errorf("publish: got %+v after %s", err, time.Since(began))
	}
	b.do(t, "start")
	if _, err := publisher(t, testHost())(input(b.servers, topic, queue.Message{Value: []byte("x")})); err != nil {
		t.Error(err)
	}
	c := openConsumer(t, testHost(), properties(b.servers, topic))
	c.ack(t, c.next(t))
}

// TestBrokerEndurance kills the broker again and again under load.
func TestBrokerEndurance(t *testing.T) {
	b := realBroker(t)
	s := b.suite()
	s.Target = func(t testing.TB) string { return b.topic(t, 4) }
	queuetest.Endurance{Suite: s, Messages: 100_000, Restarts: 20}.Run(t)
}

// TestBrokerPoorNetwork counts numbered messages over a connection that is slow,
// or breaks off in the middle of a frame.
func TestBrokerPoorNetwork(t *testing.T) {
	b := realBroker(t)
	queuetest.NewNetwork(t, b.servers).Over(queuetest.Endurance{Suite: b.suite()}).Run(t)
}
