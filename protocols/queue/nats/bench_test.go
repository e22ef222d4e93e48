package nats

import (
	"context"
	"io"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	natsgo "github.com/nats-io/nats.go"

	"patchbay/protocols"
	"patchbay/protocols/bind"
)

const order = `{"id":12345678,"customer":"ACME Ltd.","items":[{"sku":"a-1","count":2},{"sku":"b-2","count":1}],"total":99.95}`

// BenchmarkPublish compares the engine with a connection for each message. Both
// wait until the stream has stored it.
func BenchmarkPublish(b *testing.B) {
	server := serve(b, nil)
	subject := server.stream(b)
	measure := func(name string, publish func(context.Context) error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := publish(b.Context()); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
	out, err := Protocol().Outbound(open())
	if err != nil {
		b.Fatal(err)
	}
	defer out.(io.Closer).Close()
	measure("pooled", func(ctx context.Context) error {
		in := Protocol().Input()
		if err := bind.Bind(map[string]any{"servers": server.url(), "subject": subject, "message": map[string]any{"value": order}}, in); err != nil {
			return err
		}
		_, err := out.Execute(ctx, protocols.Call{Input: in})
		return err
	})
	measure("a connection each", func(ctx context.Context) error {
		nc, err := natsgo.Connect(server.url())
		if err != nil {
			return err
		}
		defer nc.Close()
		js, err := jetstream.New(nc)
		if err != nil {
			return err
		}
		_, err = js.Publish(ctx, subject, []byte(order))
		return err
	})
}
