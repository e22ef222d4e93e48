package all

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/httpx"
	"patchbay/protocols/protocoltest"
)

// Polling makes the requests of the REST protocol, which it knows by its
// interface alone; here they meet.
func TestPollingWithREST(t *testing.T) {
	stubs, err := httpx.ParseStubs([]byte(`[{
		"request":  {"method": "GET", "url": "https://api.example.com/orders/o%201?full=yes"},
		"response": {"headers": {"X-Page": "1"}, "body": {"state": "done"}}
	}]`))
	if err != nil {
		t.Fatal(err)
	}
	r, err := protocols.NewRegistry(Protocols()...)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := r.ByInboundType("io.camunda:http-polling:1")
	properties := p.Properties()
	if err := bind.Bind(map[string]any{
		"method": "get", "url": "=address", "queryParameters": `{"full":"yes"}`, "authentication": map[string]any{"type": "noAuth"},
		"connectionTimeoutInSeconds": "5", "httpRequestInterval": "PT1H", "followRedirects": "false",
	}, properties); err != nil {
		t.Fatal(err)
	}
	around := protocoltest.NewInboundHost(t)
	around.Wait("wait", protocols.WaitingInstance{ElementInstanceKey: 5, Variables: map[string]any{"address": "https://api.example.com/orders/o 1"}})
	host := around.Host(protocols.Host{WrapTransport: stubs.Wrap}, protocols.ElementRef{ElementID: "wait", ElementType: "receiveTask"})
	poll, err := p.Inbound(host, properties)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var event protocols.Event
	err = poll.Receive(ctx, func() {}, func(_ context.Context, e protocols.Event) (protocols.Correlation, error) {
		event = e
		cancel()
		return protocols.Correlation{Matched: true}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(event.Value)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"body":{"state":"done"},"document":null,"headers":{"Content-Type":"application/json","X-Page":"1"},"reason":"OK","status":200}`
	if diff := cmp.Diff(want, string(got)); diff != "" || event.MessageID != "wait5" {
		t.Errorf("message id %q: %s", event.MessageID, diff)
	}
}
