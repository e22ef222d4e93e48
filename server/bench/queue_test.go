package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	broker "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"patchbay/engine/zeebe/gatewaytest"
	"patchbay/server"
)

// brokerVariable makes the test binary a message broker.
const brokerVariable = "PATCHBAY_BENCH_BROKER"

// serveBroker runs a broker with streams until standard input ends. It prints
// its address.
func serveBroker() {
	folder, err := os.MkdirTemp("", "patchbay-bench")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	s, err := broker.NewServer(&broker.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: folder, NoSigs: true})
	if err != nil {
		panic(err)
	}
	s.Start()
	defer s.Shutdown()
	if !s.ReadyForConnections(patience) {
		panic("the broker does not start")
	}
	fmt.Println(s.ClientURL())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// The stream's name, its consumer, and how many messages are in hand at once.
const (
	paidStream = "orders"
	consumer   = "bench"
	inFlight   = 32
)

// startBroker starts the broker with a stream, as a process of its own.
func startBroker(b *testing.B) (url string, stream jetstream.Stream, js jetstream.JetStream) {
	b.Helper()
	_, stdout := startAgain(b, brokerVariable)
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	url = strings.TrimSpace(url)
	js = connect(b, url)
	stream, err = js.CreateStream(b.Context(), jetstream.StreamConfig{Name: paidStream, Subjects: []string{paidStream}, Storage: jetstream.MemoryStorage})
	if err != nil {
		b.Fatal(err)
	}
	_, err = stream.CreateConsumer(b.Context(), jetstream.ConsumerConfig{Durable: consumer, AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: inFlight, AckWait: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	return url, stream, js
}

func connect(b *testing.B, url string) jetstream.JetStream {
	b.Helper()
	conn, err := nats.Connect(url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		b.Fatal(err)
	}
	return js
}

// BenchmarkSubscription publishes the messages of a stream to a gateway: a
// consumer written by hand, and the NATS connector. Both have 32 in hand and
// acknowledge a message once the gateway has accepted it.
func BenchmarkSubscription(b *testing.B) {
	b.Run("hand-written", func(b *testing.B) {
		remote := gatewaytest.StartRemote(b)
		url, stream, js := startBroker(b)
		consumeByHand(b, remote.Gateway, connect(b, url))
		measureSubscription(b, stream, js)
	})
	b.Run("patchbay", func(b *testing.B) {
		remote := gatewaytest.StartRemote(b)
		url, stream, js := startBroker(b)
		folder := b.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "order.bpmn"), subscribing(url), 0o600); err != nil {
			b.Fatal(err)
		}
		serve(b, server.Config{Gateway: remote.Gateway, Definitions: folder})
		measureSubscription(b, stream, js)
	})
}

func subscribing(url string) []byte {
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">
<bpmn:message id="m" name="paid"/>
<bpmn:process id="order" isExecutable="true"><bpmn:startEvent id="start"><bpmn:extensionElements><zeebe:properties>
<zeebe:property name="inbound.type" value="patchbay:nats-inbound:1"/><zeebe:property name="servers" value=%q/>
<zeebe:property name="subject" value=%q/><zeebe:property name="consumer" value=%q/><zeebe:property name="consumption.maxInFlight" value="%d"/>
<zeebe:property name="resultExpression" value="={order: message.body.order}"/>
</zeebe:properties></bpmn:extensionElements><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent></bpmn:process></bpmn:definitions>`, url, paidStream, consumer, inFlight)
}

// measureSubscription fills the stream while nobody is measured, and measures
// how long its consumer takes from a point on where it is under way.
func measureSubscription(b *testing.B, stream jetstream.Stream, js jetstream.JetStream) {
	const warm = 2000
	publishAll(b, js, warm)
	awaitAcknowledged(b, stream, warm)
	used := cpuTime(b)
	b.ResetTimer()
	begun := time.Now()
	publishAll(b, js, b.N)
	awaitAcknowledged(b, stream, uint64(warm+b.N))
	took := time.Since(begun)
	b.StopTimer()
	b.ReportMetric(float64(b.N)/took.Seconds(), "messages/s")
	b.ReportMetric(float64((cpuTime(b)-used).Microseconds())/float64(b.N), "cpu-µs/message")
	b.ReportMetric(residentMB(os.Getpid()), "rss-MB")
}

func publishAll(b *testing.B, js jetstream.JetStream, count int) {
	b.Helper()
	for range count {
		if _, err := js.PublishAsync(paidStream, []byte(event)); err != nil {
			b.Fatal(err)
		}
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-time.After(patience):
		b.Fatal("the broker confirms nothing")
	}
}

// awaitAcknowledged waits until the consumer has acknowledged the first count
// messages of the stream.
func awaitAcknowledged(b *testing.B, stream jetstream.Stream, count uint64) {
	b.Helper()
	c, err := stream.Consumer(b.Context(), consumer)
	if err != nil {
		b.Fatal(err)
	}
	for end := time.Now().Add(4 * patience); ; time.Sleep(2 * time.Millisecond) {
		info, err := c.Info(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if info.AckFloor.Stream >= count {
			return
		}
		if time.Now().After(end) {
			b.Fatalf("%d of %d messages are acknowledged", info.AckFloor.Stream, count)
		}
	}
}

// consumeByHand is what one would write for one subscription, without a model:
// it decodes a message and publishes a part of it under the stream's sequence.
func consumeByHand(b *testing.B, gateway string, js jetstream.JetStream) {
	b.Helper()
	conn, err := grpc.NewClient(gateway, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	c, err := js.Consumer(b.Context(), paidStream, consumer)
	if err != nil {
		b.Fatal(err)
	}
	client, slots := pb.NewGatewayClient(conn), make(chan struct{}, inFlight)
	consuming, err := c.Consume(func(m jetstream.Msg) {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			if err := publishByHand(client, m); err != nil {
				b.Error(err)
			}
		}()
	}, jetstream.PullMaxMessages(inFlight))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(consuming.Stop)
}

func publishByHand(client pb.GatewayClient, m jetstream.Msg) error {
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	var event map[string]any
	if err := json.Unmarshal(m.Data(), &event); err != nil {
		return err
	}
	variables, err := json.Marshal(map[string]any{"order": event["order"]})
	if err != nil {
		return err
	}
	_, err = client.PublishMessage(context.Background(), &pb.PublishMessageRequest{Name: "paid", TimeToLive: time.Hour.Milliseconds(),
		MessageId: paidStream + "-" + strconv.FormatUint(meta.Sequence.Stream, 10), Variables: string(variables)})
	if err != nil {
		return err
	}
	return m.Ack()
}
