package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/gatewaytest"
	"patchbay/server"
)

// event is the body of every webhook.
const event = `{"event":"order.paid","order":{"id":"o-4711","total":124.5,"items":[{"sku":"A-1","count":2},{"sku":"B-7","count":1}]},"note":"Please deliver before noon."}`

// process is a definition with a webhook start event and three webhook catch
// events, at paths that begin with its id.
func process(id string) []byte {
	var nodes strings.Builder
	fmt.Fprintf(&nodes, `<bpmn:startEvent id="start">%s</bpmn:startEvent>`, webhook(id, `={order: request.body.order}`, ""))
	for i := range 3 {
		name := fmt.Sprintf("%s-%d", id, i)
		fmt.Fprintf(&nodes, `<bpmn:intermediateCatchEvent id="catch%d">%s<bpmn:messageEventDefinition messageRef="m"/></bpmn:intermediateCatchEvent>`,
			i, webhook(name, `={paid: request.body.event}`, `<zeebe:property name="correlationKeyExpression" value="=request.body.order.id"/>`))
	}
	for i, ends := range [][2]string{{"start", "catch0"}, {"catch0", "catch1"}, {"catch1", "catch2"}, {"catch2", "end"}} {
		fmt.Fprintf(&nodes, `<bpmn:sequenceFlow id="f%d" sourceRef=%q targetRef=%q/>`, i, ends[0], ends[1])
	}
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">
<bpmn:message id="m" name="paid"><bpmn:extensionElements><zeebe:subscription correlationKey="=order.id"/></bpmn:extensionElements></bpmn:message>
<bpmn:process id=%q isExecutable="true">%s<bpmn:endEvent id="end"/></bpmn:process></bpmn:definitions>`, id, nodes.String())
}

func webhook(path, result, more string) string {
	return fmt.Sprintf(`<bpmn:extensionElements><zeebe:properties><zeebe:property name="inbound.type" value="io.camunda:webhook:1"/>
<zeebe:property name="inbound.context" value=%q/><zeebe:property name="inbound.method" value="post"/>
<zeebe:property name="resultExpression" value=%q/>%s</zeebe:properties></bpmn:extensionElements>`, path, result, more)
}

// BenchmarkWebhook starts process instances at a gateway by HTTP over 16
// connections: a handler written by hand, and the webhook connector.
func BenchmarkWebhook(b *testing.B) {
	b.Run("hand-written", func(b *testing.B) {
		remote := gatewaytest.StartRemote(b)
		measureWebhook(b, handWritten(b, remote.Gateway))
	})
	b.Run("patchbay", func(b *testing.B) {
		remote := gatewaytest.StartRemote(b)
		folder := b.TempDir()
		write(b, folder, "order")
		s := serve(b, server.Config{Gateway: remote.Gateway, Definitions: folder})
		measureWebhook(b, "http://"+s.Address()+"/inbound/order")
	})
}

func write(b *testing.B, folder, id string) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(folder, id+".bpmn"), process(id), 0o600); err != nil {
		b.Fatal(err)
	}
}

// measureWebhook sends b.N events as fast as they are answered, then a quarter
// of them at half that rate.
func measureWebhook(b *testing.B, url string) {
	s := startSender(b)
	s.send(b, sending{URL: url, Connections: 16, Requests: 2000, Body: event})
	used := cpuTime(b)
	b.ResetTimer()
	all := s.send(b, sending{URL: url, Connections: 16, Requests: b.N, Body: event})
	b.StopTimer()
	rate := float64(b.N) / all.All.Seconds()
	b.ReportMetric(rate, "requests/s")
	b.ReportMetric(float64((cpuTime(b)-used).Microseconds())/float64(b.N), "cpu-µs/request")
	b.ReportMetric(residentMB(os.Getpid()), "rss-MB")
	half := s.send(b, sending{URL: url, Connections: 16, Requests: b.N/4 + 1, Body: event, Rate: int(rate/2) + 1})
	b.ReportMetric(milliseconds(half.P99), "half-p99-ms")
}

// handWritten serves what one would write for one webhook, without a model: it
// decodes the event and creates an instance with a part of it.
func handWritten(b *testing.B, gateway string) (url string) {
	b.Helper()
	conn, err := grpc.NewClient(gateway, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: bare{pb.NewGatewayClient(conn)}, ReadHeaderTimeout: patience}
	ended := make(chan error)
	go func() { ended <- server.Serve(l) }()
	b.Cleanup(func() {
		_ = server.Close()
		<-ended
		_ = conn.Close()
	})
	return "http://" + l.Addr().String() + "/"
}

type bare struct{ gateway pb.GatewayClient }

func (h bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.create(r); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (h bare) create(r *http.Request) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, 10<<20))
	if err != nil {
		return err
	}
	var event map[string]any
	if err := json.Unmarshal(body, &event); err != nil {
		return err
	}
	variables, err := json.Marshal(map[string]any{"order": event["order"]})
	if err != nil {
		return err
	}
	_, err = h.gateway.CreateProcessInstance(r.Context(), &pb.CreateProcessInstanceRequest{BpmnProcessId: "order", Version: -1, Variables: string(variables)})
	return err
}

// BenchmarkDeployed is the time from a deployment to the webhook's first
// answer: of the embedded engine, and through the gateway proxy.
func BenchmarkDeployed(b *testing.B) {
	b.Run("embedded", func(b *testing.B) {
		s := serve(b, server.Config{})
		measureDeployed(b, s.EngineAddress(), s.Address())
	})
	b.Run("proxy", func(b *testing.B) {
		gateway := serve(b, server.Config{})
		s := serve(b, server.Config{Gateway: gateway.EngineAddress(), ProxyListen: "127.0.0.1:0"})
		measureDeployed(b, s.ProxyAddress(), s.Address())
	})
}

func measureDeployed(b *testing.B, gateway, address string) {
	client, err := zeebe.Dial(b.Context(), zeebe.Options{Address: gateway, Plaintext: true})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	var longest time.Duration
	b.ResetTimer()
	for i := range b.N {
		id := fmt.Sprintf("order-%d", i)
		began := time.Now()
		if _, err := client.Deploy(b.Context(), "", zeebe.Resource{Name: id + ".bpmn", Content: process(id)}); err != nil {
			b.Fatal(err)
		}
		await(b, http.MethodPost, "http://"+address+"/inbound/"+id)
		longest = max(longest, time.Since(began))
	}
	b.ReportMetric(milliseconds(longest), "longest-ms")
}

// BenchmarkActivate starts a server for 2,000 inbound elements in 500
// definitions.
func BenchmarkActivate(b *testing.B) {
	folder := b.TempDir()
	for i := range 500 {
		write(b, folder, fmt.Sprintf("process-%d", i))
	}
	remote := gatewaytest.StartRemote(b)
	b.ResetTimer()
	s := serve(b, server.Config{Gateway: remote.Gateway, Definitions: folder})
	b.StopTimer()
	await(b, http.MethodPost, "http://"+s.Address()+"/inbound/process-499")
	b.ReportMetric(residentMB(os.Getpid()), "rss-MB")
	b.ReportMetric(b.Elapsed().Seconds(), "seconds")
}
