package kafka

import (
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/queue"
)

// publisher returns what runs jobs.
func publisher(t testing.TB, h protocols.Host) func(variables map[string]any) (map[string]any, error) {
	t.Helper()
	out, err := Protocol().Outbound(h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.(io.Closer).Close() })
	return func(variables map[string]any) (map[string]any, error) {
		in := bind.New[Input]()
		if err := bind.Bind(variables, in); err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		got, err := out.Execute(ctx, protocols.Call{Input: in})
		if err != nil {
			return nil, err
		}
		return got.Value.(map[string]any), nil
	}
}

// with returns variables with more of them.
func with(variables map[string]any, more map[string]any) map[string]any {
	out := maps.Clone(variables)
	maps.Copy(out, more)
	return out
}

// records reads count records of a topic as another client sees them.
func records(t testing.TB, f *fake, topic string, count int, opts ...kgo.Opt) (list []*kgo.Record) {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(f.cluster.ListenAddrs()...), kgo.ConsumeTopics(topic)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for len(list) < count {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("%d of %d records: %v", len(list), count, err)
		}
		list = append(list, fetches.Records()...)
	}
	return list
}

func TestPublish(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	topic := f.topic(t, 1)
	publish := publisher(t, testHost())
	for i, message := range []map[string]any{
		{"key": "k", "value": "text"},
		{"value": map[string]any{"a": "<&>", "b": []any{1, nil}}},
		{"key": map[string]any{"id": 1}, "value": 12},
		{"key": "", "value": ""},
	} {
		got, err := publish(map[string]any{"topic": map[string]any{"bootstrapServers": f.servers(), "topicName": topic}, "message": message,
			"headers": map[string]any{"b": "ü", "a": nil, "n": 7}})
		if err != nil {
			t.Fatal(err)
		}
		if since := time.Since(time.UnixMilli(got["timestamp"].(int64))); since < 0 || since > time.Minute {
			t.Errorf("the timestamp is %v", got["timestamp"])
		}
		delete(got, "timestamp")
		if diff := cmp.Diff(map[string]any{"topic": topic, "partition": int64(0), "offset": int64(i), "confirmed": true}, got); diff != "" {
			t.Error(diff)
		}
	}
	type seen struct{ Key, Value string }
	var got []seen
	for _, r := range records(t, f, topic, 4) {
		key := string(r.Key)
		if r.Key == nil {
			key = "none"
		}
		got = append(got, seen{key, string(r.Value)})
		if h := r.Headers; len(h) != 3 || h[0].Key != "a" || h[0].Value != nil || string(h[1].Value) != "ü" || string(h[2].Value) != "7" {
			t.Errorf("the headers are %v", h)
		}
	}
	want := []seen{{"k", "text"}, {"none", `{"a":"<&>","b":[1,null]}`}, {`{"id":1}`, "12"}, {"", ""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Publications with the same settings share a producer, others do not.
func TestProducersArePooled(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	topics := []string{f.topic(t, 1), f.topic(t, 1)}
	seen := f.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}, Observe: true, Count: -1})
	publish := publisher(t, testHost())
	var all sync.WaitGroup
	for n := range 40 {
		all.Go(func() {
			if _, err := publish(input(f.servers(), topics[n%2], queue.Message{Value: []byte("x")})); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := seen.Hits(); n != 1 {
		t.Errorf("%d producers were opened for 40 messages, want 1", n)
	}
	if _, err := publish(with(input(f.servers(), topics[0], queue.Message{Value: []byte("x")}), map[string]any{"additionalProperties": `{"linger.ms": 1}`})); err != nil {
		t.Fatal(err)
	}
	if n := seen.Hits(); n != 2 {
		t.Errorf("%d producers were opened for two configurations, want 2", n)
	}
}

func TestPublishFails(t *testing.T) {
	t.Parallel()
	f := newFake(t, kfake.BrokerConfigs(map[string]string{"message.max.bytes": "2000"}))
	topic := f.topic(t, 1)
	publish := publisher(t, testHost())
	fault := func(e *kerr.Error) func() {
		h := f.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: e, Count: -1})
		return h.Remove
	}
	for name, test := range map[string]struct {
		variables map[string]any
		err       *kerr.Error
		kafka     string
		temporary bool
	}{
		"a message over the broker's limit":  {input(f.servers(), topic, queue.Message{Value: []byte(strings.Repeat("x", 3000))}), nil, "MESSAGE_TOO_LARGE", false},
		"a message over the client's limit":  {input(f.servers(), topic, queue.Message{Value: []byte(strings.Repeat("x", 2000000))}), nil, "MESSAGE_TOO_LARGE", false},
		"an unknown topic":                   {input(f.servers(), "unknown", queue.Message{Value: []byte("x")}), nil, "UNKNOWN_TOPIC_OR_PARTITION", true},
		"no permission":                      {input(f.servers(), topic, queue.Message{Value: []byte("x")}), kerr.TopicAuthorizationFailed, "TOPIC_AUTHORIZATION_FAILED", false},
		"too few replicas":                   {with(input(f.servers(), topic, queue.Message{Value: []byte("x")}), map[string]any{"additionalProperties": map[string]any{"retries": 0}}), kerr.NotEnoughReplicas, "NOT_ENOUGH_REPLICAS", true},
		"nobody there":                       {input("127.0.0.1:1", topic, queue.Message{Value: []byte("x")}), nil, "NETWORK_EXCEPTION", true},
		"an address that nobody can resolve": {input("nowhere.invalid:9092", topic, queue.Message{Value: []byte("x")}), nil, "NETWORK_EXCEPTION", true},
	} {
		t.Run(name, func(t *testing.T) {
			if test.err != nil {
				defer fault(test.err)()
			}
			_, err := publish(test.variables)
			var e *protocols.Error
			if !errors.As(err, &e) || e.Code != CodeFail || e.Variables["kafkaError"] != test.kafka || e.Temporary != test.temporary || !strings.HasPrefix(e.Message, "Error during Kafka Producer execution; error message: [") {
				t.Errorf("got %+v", err)
			}
		})
	}
	t.Run("an address that is not allowed", func(t *testing.T) {
		_, err := publisher(t, protocols.Host{})(input("127.0.0.1:9092", topic, queue.Message{Value: []byte("x")}))
		if !protocols.IsInputError(err) || !strings.Contains(err.Error(), "allow-") {
			t.Errorf("got %v, want an input error that names the flag", err)
		}
	})
}

// A broker that a cluster names is dialled under the guard as well.
func TestAdvertisedBrokersAreGuarded(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.cluster.KeepControl()
	f.cluster.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		resp := req.ResponseKind().(*kmsg.MetadataResponse)
		broker := kmsg.NewMetadataResponseBroker()
		broker.NodeID, broker.Host, broker.Port = 0, "169.254.169.254", 80
		resp.Brokers = append(resp.Brokers, broker)
		for _, wanted := range req.(*kmsg.MetadataRequest).Topics {
			topic := kmsg.NewMetadataResponseTopic()
			topic.Topic, topic.TopicID = wanted.Topic, wanted.TopicID
			partition := kmsg.NewMetadataResponseTopicPartition()
			partition.Replicas, partition.ISR = []int32{0}, []int32{0}
			topic.Partitions = append(topic.Partitions, partition)
			resp.Topics = append(resp.Topics, topic)
		}
		return resp, nil, true
	})
	topic := f.topic(t, 1)
	_, err := publisher(t, allowLoopback(t))(with(input(f.servers(), topic, queue.Message{Value: []byte("x")}), map[string]any{"additionalProperties": map[string]any{"delivery.timeout.ms": 1000}}))
	if err == nil {
		t.Fatal("it was published")
	}
	t.Log(err)
	if !strings.Contains(err.Error(), "169.254.169.254") {
		t.Errorf("got %v, want an error about the address", err)
	}
}

func TestAcks(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	publish := publisher(t, testHost())
	for acks, confirmed := range map[string]bool{"0": false, "1": true, "all": true} {
		topic := f.topic(t, 1)
		got, err := publish(with(input(f.servers(), topic, queue.Message{Value: []byte("x")}), map[string]any{"additionalProperties": map[string]any{"acks": acks, "compression.type": "gzip"}}))
		if err != nil || got["confirmed"] != confirmed {
			t.Errorf("acks=%s: got %v, %v", acks, got, err)
		}
		records(t, f, topic, 1)
	}
}

// Each message has a transaction of its own, however many come at once.
func TestTransactions(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	topic := f.topic(t, 1)
	publish := publisher(t, testHost())
	variables := with(input(f.servers(), topic, queue.Message{Value: []byte("x")}), map[string]any{"additionalProperties": map[string]any{"transactional.id": "tx"}})
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if _, err := publish(variables); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	records(t, f, topic, 5, kgo.FetchIsolationLevel(kgo.ReadCommitted()))

	// One that another producer has fenced off is replaced.
	other, err := kgo.NewClient(kgo.SeedBrokers(f.cluster.ListenAddrs()...), kgo.TransactionalID("tx"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, _, err := other.ProducerID(t.Context()); err != nil {
		t.Fatal(err)
	}
	for try := 0; ; try++ {
		if _, err := publish(variables); err == nil {
			break
		} else if try == 2 {
			t.Fatalf("after it was fenced off: %v", err)
		}
	}

	// What is not confirmed is aborted.
	fault := f.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed, Count: 1})
	if _, err := publish(variables); err == nil {
		t.Error("got no error")
	}
	fault.Remove()
	if _, err := publish(variables); err != nil {
		t.Errorf("after an aborted transaction: %v", err)
	}
	if n := len(records(t, f, topic, 7, kgo.FetchIsolationLevel(kgo.ReadCommitted()))); n != 7 {
		t.Errorf("%d records are committed, want 7", n)
	}
}
