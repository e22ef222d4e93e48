package amqp

import (
	"context"
	"encoding/json"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"patchbay/protocols"
	"patchbay/protocols/protocoltest"
)

const order = `{"id":12345678,"customer":"ACME Ltd.","items":[{"sku":"a-1","count":2},{"sku":"b-2","count":1}],"total":99.95}`

// BenchmarkPublish compares the engine, whose publications are confirmed, with
// what Camunda's runtime does: a connection for each message, unconfirmed.
func BenchmarkPublish(b *testing.B) {
	r := node(b)
	target := r.queue(b, amqp.Table{"x-max-length": 1000})
	b.Run("pooled and confirmed", func(b *testing.B) {
		publish := publisher(b, protocoltest.Host(b))
		b.SetParallelism(64)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := publish(b.Context(), job(r.uri, "", target, order)); err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	})
	b.Run("a connection each", func(b *testing.B) {
		b.SetParallelism(64)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := publishOnce(b.Context(), r.uri, target); err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	})
}

func publishOnce(ctx context.Context, uri, target string) error {
	conn, err := amqp.Dial(uri)
	if err != nil {
		return err
	}
	defer conn.Close()
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	return channel.PublishWithContext(ctx, "", target, false, false, amqp.Publishing{Body: []byte(order)})
}

// fill publishes numbered messages.
func fill(b *testing.B, r rabbit, target string, count int) {
	publish := publisher(b, protocoltest.Host(b))
	var all sync.WaitGroup
	var next atomic.Int64
	for range 64 {
		all.Go(func() {
			for next.Add(1) <= int64(count) {
				if _, err := publish(b.Context(), job(r.uri, "", target, order)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// countdown is a handler that calls done at the last message.
func countdown(count int, done func()) protocols.Handler {
	var left atomic.Int64
	left.Store(int64(count))
	return func(context.Context, protocols.Event) (protocols.Correlation, error) {
		if left.Add(-1) == 0 {
			done()
		}
		return protocols.Correlation{Matched: true}, nil
	}
}

// BenchmarkReceive compares the engine with a consumer written by hand, which
// has the same handler, prefetch and parallelism.
func BenchmarkReceive(b *testing.B) {
	r := node(b)
	b.Run("engine", func(b *testing.B) {
		target := r.queue(b, nil)
		fill(b, r, target, b.N)
		in := inbound(b, protocoltest.NewInboundHost(b).Host(protocoltest.Host(b)), map[string]any{"authentication": map[string]any{"uri": r.uri}, "queueName": target})
		ctx, cancel := context.WithCancel(b.Context())
		b.ResetTimer()
		if err := in.Receive(ctx, func() {}, countdown(b.N, cancel)); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	})
	b.Run("by hand", func(b *testing.B) {
		target := r.queue(b, nil)
		fill(b, r, target, b.N)
		channel := r.admin(b)
		if err := channel.Qos(32, 0, false); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		deliveries, err := channel.Consume(target, "", false, false, false, false, nil)
		if err != nil {
			b.Fatal(err)
		}
		done := make(chan struct{})
		handle := countdown(b.N, func() { close(done) })
		byHand(b, deliveries, handle, done)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	})
}

func byHand(b *testing.B, deliveries <-chan amqp.Delivery, handle protocols.Handler, done <-chan struct{}) {
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for {
				select {
				case d := <-deliveries:
					var body any
					if err := json.Unmarshal(d.Body, &body); err != nil {
						b.Error(err)
					}
					_, _ = handle(b.Context(), protocols.Event{Value: body, MessageID: d.MessageId})
					if err := d.Ack(false); err != nil {
						b.Error(err)
					}
				case <-done:
					return
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkMemory publishes and receives, and reports how much larger the heap
// is after a tenth and after nine tenths of the messages than before: a million
// messages with -benchtime 1000000x.
func BenchmarkMemory(b *testing.B) {
	r := node(b)
	target := r.queue(b, nil)
	in := inbound(b, protocoltest.NewInboundHost(b).Host(protocoltest.Host(b)), map[string]any{"authentication": map[string]any{"uri": r.uri}, "queueName": target})
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	before := heap()
	var early, late uint64
	var handled atomic.Int64
	b.ResetTimer()
	var filling sync.WaitGroup
	filling.Go(func() { fill(b, r, target, b.N) })
	err := in.Receive(ctx, func() {}, func(context.Context, protocols.Event) (protocols.Correlation, error) {
		switch handled.Add(1) {
		case int64(b.N / 10):
			early = heap()
		case int64(b.N * 9 / 10):
			late = heap()
		case int64(b.N):
			cancel()
		}
		return protocols.Correlation{Matched: true}, nil
	})
	filling.Wait()
	if err != nil {
		b.Error(err)
	}
	for name, size := range map[string]uint64{"early-MB": early, "late-MB": late} {
		b.ReportMetric((float64(size)-float64(before))/(1<<20), name)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkEvent is what a delivery costs without a broker.
func BenchmarkEvent(b *testing.B) {
	d := amqp.Delivery{ConsumerTag: "tag", RoutingKey: "k", MessageId: "m", DeliveryMode: 2, ContentType: "application/json", Headers: amqp.Table{"a": "x", "n": int32(1)}, Body: []byte(order)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (decoder{1 << 20}).decode(b.Context(), incoming(&d)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOutgoing is what a publication costs without a broker.
func BenchmarkOutgoing(b *testing.B) {
	in, err := bound(job("amqp://u:p@h", "e", "k", order))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		p, err := driver{}.Publication(b.Context(), protocols.Host{}, in)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := newOutgoing(p.Message); err != nil {
			b.Fatal(strconv.Itoa(n), err)
		}
	}
}
