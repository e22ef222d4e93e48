package mqtt

import (
	"io"
	"testing"

	"patchbay/protocols"
	"patchbay/protocols/bind"
)

const order = `{"id":12345678,"customer":"ACME Ltd.","items":[{"sku":"a-1","count":2},{"sku":"b-2","count":1}],"total":99.95}`

// BenchmarkPublish compares the pooled connection with one for each message. Both
// wait for the broker's confirmation (QoS 1).
func BenchmarkPublish(b *testing.B) {
	server := serve(b)
	variables := map[string]any{"servers": server.url(), "topic": "orders", "message": map[string]any{"value": order}}
	measure := func(name string, fresh bool) {
		b.Run(name, func(b *testing.B) {
			out, err := Protocol().Outbound(open())
			if err != nil {
				b.Fatal(err)
			}
			defer out.(io.Closer).Close()
			b.ReportAllocs()
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := publishOnce(b, out, fresh, variables); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
	measure("pooled", false)
	measure("a connection each", true)
}

func publishOnce(b *testing.B, pooled protocols.Outbound, fresh bool, variables map[string]any) error {
	in := Protocol().Input()
	if err := bind.Bind(variables, in); err != nil {
		return err
	}
	if !fresh {
		_, err := pooled.Execute(b.Context(), protocols.Call{Input: in})
		return err
	}
	p, err := driver{}.Publication(b.Context(), open().WithDefaults(), in)
	if err != nil {
		return err
	}
	producer, err := p.Connect(b.Context())
	if err != nil {
		return err
	}
	defer producer.Close()
	_, err = producer.Publish(b.Context(), p.Message)
	return err
}
