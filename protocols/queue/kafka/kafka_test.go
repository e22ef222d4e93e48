package kafka

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"patchbay/protocols"
	"patchbay/protocols/queue"
	"patchbay/protocols/queue/queuetest"
)

// fake is a Kafka in the process.
type fake struct {
	cluster *kfake.Cluster
	options []kfake.Opt
	ports   []int
}

func newFake(t testing.TB, options ...kfake.Opt) *fake {
	t.Helper()
	f := &fake{options: append([]kfake.Opt{kfake.NumBrokers(1), kfake.DataDir(t.TempDir()), kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"})}, options...)}
	f.start(t)
	t.Cleanup(func() { f.cluster.Close() })
	return f
}

func (f *fake) start(t testing.TB) {
	t.Helper()
	options := f.options
	if f.ports != nil {
		for _, port := range f.ports {
			_ = queuetest.Listen(t, fmt.Sprint("127.0.0.1:", port)).Close()
		}
		options = append(options[:len(options):len(options)], kfake.Ports(f.ports...))
	}
	cluster, err := kfake.NewCluster(options...)
	if err != nil {
		t.Fatal(err)
	}
	f.cluster = cluster
	f.ports = nil
	for _, address := range cluster.ListenAddrs() {
		_, port, _ := net.SplitHostPort(address)
		var n int
		fmt.Sscan(port, &n)
		f.ports = append(f.ports, n)
	}
}

// restart ends the broker with all connections and starts it again where it
// was.
func (f *fake) restart(t testing.TB) {
	f.cluster.Close()
	f.start(t)
}

func (f *fake) servers() string { return strings.Join(f.cluster.ListenAddrs(), ",") }

func (f *fake) topic(t testing.TB, partitions int32) string {
	t.Helper()
	name := "t" + rand.Text()
	if err := f.cluster.CreateTopic(name, partitions, nil); err != nil {
		t.Fatal(err)
	}
	return name
}

// open lets everything through.
func open(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func testHost() protocols.Host { return protocols.Host{Dial: open, Shared: &protocols.Shared{}} }

// input are a job's variables.
func input(servers, topic string, m queue.Message) map[string]any {
	headers := map[string]any{}
	for _, h := range m.Headers {
		headers[h.Name] = string(h.Value)
	}
	message := map[string]any{"value": string(m.Value)}
	if m.Key != nil {
		message["key"] = string(m.Key)
	}
	return map[string]any{"topic": map[string]any{"bootstrapServers": servers, "topicName": topic}, "message": message, "headers": headers}
}

// properties are those of a connector that receives all of a topic.
func properties(servers, topic string) map[string]any {
	return map[string]any{"topic": map[string]any{"bootstrapServers": servers, "topicName": topic}, "autoOffsetReset": "earliest", "groupId": "g-" + topic}
}

// fakeSuite is the suite for a Kafka in the process.
func fakeSuite(f *fake) queuetest.Suite {
	servers := f.servers()
	return queuetest.Suite{
		Protocol:   Protocol(),
		Driver:     driver{},
		Host:       testHost(),
		Target:     func(t testing.TB) string { return f.topic(t, 1) },
		Input:      func(target string, m queue.Message) map[string]any { return input(servers, target, m) },
		Properties: func(target string) map[string]any { return properties(servers, target) },
		Body:       func(event any) string { return queuetest.Text(event, "rawValue") },
		Restart:    f.restart,
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	s := fakeSuite(newFake(t))
	s.Wrong = map[string]map[string]any{
		"an unknown topic": s.Properties("unknown"),
		"no broker there":  properties("127.0.0.1:1", "t"),
	}
	s.WrongInput = map[string]queuetest.WrongInput{
		"no topic":         {Variables: with(s.Input("", queue.Message{Value: []byte("x")}), map[string]any{"topic": map[string]any{}})},
		"an unknown topic": {Variables: s.Input("unknown", queue.Message{Value: []byte("x")}), Code: CodeFail},
		"no broker there":  {Variables: input("127.0.0.1:1", "t", queue.Message{Value: []byte("x")}), Code: CodeFail},
	}
	s.Run(t)
}

// TestEndurance is a short one; .ci/kafka runs a long one on a real broker.
func TestEndurance(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := fakeSuite(f)
	s.Target = func(t testing.TB) string { return f.topic(t, 4) }
	queuetest.Endurance{Suite: s, Messages: 4000, Restarts: 4}.Run(t)
}
