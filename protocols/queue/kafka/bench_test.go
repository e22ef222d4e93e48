package kafka

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/protocoltest"
	"patchbay/protocols/queue"
	"patchbay/protocols/value"
)

// The benchmarks run on the Kafka in the process, and on a real one where
// PATCHBAY_KAFKA names its folder.

// measured is a broker to measure with.
func measured(b *testing.B) (servers string, topic func(partitions int32) string) {
	b.Helper()
	if os.Getenv("PATCHBAY_KAFKA") != "" {
		real := realBroker(b)
		return real.servers, func(partitions int32) string { return real.topic(b, partitions) }
	}
	f := newFake(b)
	return f.servers(), func(partitions int32) string { return f.topic(b, partitions) }
}

const jobsAtOnce = 32

// BenchmarkPublish publishes by 32 jobs at once: over the pooled producer, and
// with a producer for each message as Camunda's connector does it.
func BenchmarkPublish(b *testing.B) {
	servers, newTopic := measured(b)
	variables := func(topic string) map[string]any {
		return input(servers, topic, queue.Message{Key: []byte("k"), Value: []byte(`{"order":17,"state":"paid"}`)})
	}
	b.Run("pooled", func(b *testing.B) {
		publish := publisher(b, testHost())
		benchmarkJobs(b, variables(newTopic(4)), publish)
	})
	b.Run("one-each", func(b *testing.B) {
		benchmarkJobs(b, variables(newTopic(4)), func(v map[string]any) (map[string]any, error) {
			out, err := Protocol().Outbound(testHost())
			if err != nil {
				return nil, err
			}
			defer out.(io.Closer).Close()
			in := bind.New[Input]()
			if err := bind.Bind(v, in); err != nil {
				return nil, err
			}
			_, err = out.Execute(context.Background(), protocols.Call{Input: in})
			return nil, err
		})
	})
}

func benchmarkJobs(b *testing.B, variables map[string]any, publish func(map[string]any) (map[string]any, error)) {
	b.ReportAllocs()
	if _, err := publish(variables); err != nil {
		b.Fatal(err)
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	b.ResetTimer()
	for range jobsAtOnce {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := publish(variables); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// fill publishes count messages to the topic's partitions in turn.
func fill(b *testing.B, servers, topic string, count int) {
	b.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(servers), kgo.MaxBufferedRecords(20_000), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	for n := range count {
		cl.Produce(context.Background(), &kgo.Record{Topic: topic, Key: fmt.Append(nil, n%1000), Value: fmt.Appendf(nil, `{"order":%d,"state":"paid"}`, n)}, func(_ *kgo.Record, err error) {
			if err != nil {
				b.Error(err)
			}
		})
	}
	if err := cl.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// gatewayTime stands for the call to the gateway.
const gatewayTime = 200 * time.Microsecond

// accept is what both consumers do with a message: they call the gateway.
func accept(v any) {
	_ = v.(map[string]any)["order"]
	time.Sleep(gatewayTime)
}

// BenchmarkReceive takes messages of eight partitions and hands each to a
// gateway before its offset is committed: a consumer written by hand with a
// goroutine for each partition, and the connector.
func BenchmarkReceive(b *testing.B) {
	servers, newTopic := measured(b)
	const partitions = 8
	b.Run("hand-written", func(b *testing.B) {
		topic := newTopic(partitions)
		fill(b, servers, topic, b.N)
		b.ReportAllocs()
		b.ResetTimer()
		consumeByHand(b, servers, topic, b.N)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	})
	for _, ordering := range []string{orderPartition, orderKey, orderNone} {
		b.Run("patchbay-"+ordering, func(b *testing.B) {
			topic := newTopic(partitions)
			fill(b, servers, topic, b.N)
			b.ReportAllocs()
			b.ResetTimer()
			consume(b, with(properties(servers, topic), map[string]any{"ordering": ordering}), b.N, func(e protocols.Event) { accept(e.Value.(map[string]any)["value"]) })
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// consumeByHand is what one would write: each poll's partitions are handled at
// once, each in its order, and committed together.
func consumeByHand(b *testing.B, servers, topic string, count int) {
	b.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(servers), kgo.ConsumeTopics(topic), kgo.ConsumerGroup(rand.Text()), kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	for done := 0; done < count; {
		fetches := cl.PollRecords(context.Background(), polled)
		var all sync.WaitGroup
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			all.Go(func() {
				for _, r := range p.Records {
					v, err := value.Decode(r.Value)
					if err != nil {
						b.Error(err)
						return
					}
					accept(v)
				}
			})
		})
		all.Wait()
		if err := cl.CommitRecords(context.Background(), fetches.Records()...); err != nil {
			b.Fatal(err)
		}
		done += fetches.NumRecords()
	}
}

// consume runs the connector until it has handled count messages.
func consume(b *testing.B, nested map[string]any, count int, handle func(protocols.Event)) {
	b.Helper()
	p := bind.New[Properties]()
	if err := bind.Bind(nested, p); err != nil {
		b.Fatal(err)
	}
	in, err := Protocol().Inbound(protocoltest.NewInboundHost(b).Host(testHost()), p)
	if err != nil {
		b.Fatal(err)
	}
	defer in.(io.Closer).Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var handled atomic.Int64
	if err := in.Receive(ctx, func() {}, func(_ context.Context, e protocols.Event) (protocols.Correlation, error) {
		handle(e)
		if handled.Add(1) == int64(count) {
			cancel()
		}
		return protocols.Correlation{Matched: true}, nil
	}); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkMemory receives, and reports the heap after a tenth and after nine
// tenths of the messages. Run it with -benchtime 1000000x, on a real broker: one
// in the process has its messages on the same heap.
func BenchmarkMemory(b *testing.B) {
	servers, newTopic := measured(b)
	topic := newTopic(8)
	fill(b, servers, topic, b.N)
	before := heap()
	var handled atomic.Int64
	var early, late uint64
	b.ResetTimer()
	consume(b, properties(servers, topic), b.N, func(protocols.Event) {
		switch handled.Add(1) {
		case int64(b.N / 10):
			early = heap()
		case int64(b.N * 9 / 10):
			late = heap()
		}
	})
	b.ReportMetric(float64(early-before)/(1<<20), "early-MB")
	b.ReportMetric(float64(late-before)/(1<<20), "late-MB")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkDecode makes events.
func BenchmarkDecode(b *testing.B) {
	given, err := newSettings(at(nil), nil)
	if err != nil {
		b.Fatal(err)
	}
	inline, err := newCodec(testHost(), strategy{Type: inlineSchema, Schema: order}, given)
	if err != nil {
		b.Fatal(err)
	}
	encoded, err := inline.encode(b.Context(), "t", map[string]any{"id": 1, "note": "x", "lines": []any{map[string]any{"sku": "a"}}})
	if err != nil {
		b.Fatal(err)
	}
	for name, of := range map[string]struct {
		codec   *codec
		content []byte
	}{
		"JSON": {&codec{strategy: strategy{Type: noSchema}}, []byte(`{"id":1,"note":"x","lines":[{"sku":"a"}],"at":0,"ratio":0.5}`)},
		"Avro": {inline, encoded},
		"text": {&codec{strategy: strategy{Type: noSchema}}, []byte(strings.Repeat("text ", 20))},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			m := queue.Message{Target: "t", Key: []byte("17"), Value: of.content}
			for b.Loop() {
				if _, err := event(b.Context(), of.codec, m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
