package conformance

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"patchbay/engine/bpmn"
	"patchbay/engine/expr"
	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/protocoltest"
	"patchbay/protocols/queue/kafka"
	"patchbay/templates"
)

// kafkaRig is a Kafka and a schema registry in the process.
type kafkaRig struct {
	cluster  *kfake.Cluster
	servers  string
	registry string
}

// kafkaSchema is the schema of every value, number 1 in the registry.
const kafkaSchema = `{"type":"record","name":"Paid","fields":[{"name":"order","type":"long"},{"name":"note","type":["null","string"],"default":null}]}`

func newKafkaRig(t *testing.T) kafkaRig {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, _ = io.WriteString(w, `{"id":1}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"schema": kafkaSchema})
	}))
	t.Cleanup(registry.Close)
	return kafkaRig{cluster, strings.Join(cluster.ListenAddrs(), ","), registry.URL}
}

func (k kafkaRig) topic(t *testing.T) string {
	name := "t" + rand.Text()
	if err := k.cluster.CreateTopic(name, 1, nil); err != nil {
		t.Fatal(err)
	}
	return name
}

// record waits for the first record of a topic.
func (k kafkaRig) record(t *testing.T, topic string) *kgo.Record {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(k.servers), kgo.ConsumeTopics(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		if list := fetches.Records(); len(list) > 0 {
			return list[0]
		}
	}
}

// kafkaCase is one way to use the templates: how the value is written.
type kafkaCase struct {
	from   int64 // the first version of the outbound and the inbound template
	in     int64
	values map[string]any
	frame  int  // bytes before the value
	avro   bool // or else JSON
}

func (k kafkaRig) cases() map[string]kafkaCase {
	schema := "=" + kafkaSchema
	return map[string]kafkaCase{
		"no schema": {1, 1, nil, 0, false},
		"inline":    {5, 6, map[string]any{"schemaStrategy.type": "inlineSchema", "schemaStrategy.avro.schema": schema}, 0, true},
		"registry": {5, 6, map[string]any{"schemaStrategy.type": "schemaRegistry", "schemaStrategy.schemaType": "avro", "schemaStrategy.schema": schema,
			"schemaStrategy.schemaRegistryUrl": k.registry}, 5, true},
		"JSON registry": {5, 6, map[string]any{"schemaStrategy.type": "schemaRegistry", "schemaStrategy.schemaType": "json", "schemaStrategy.schema": schema,
			"schemaStrategy.schemaRegistryUrl": k.registry}, 5, false},
		"former Avro": {4, 5, map[string]any{"serializationType": "avro", "avro.schema": schema}, 0, true},
	}
}

// covers reports whether a version has what the case needs.
func (c kafkaCase) covers(t *templates.Template, from int64) bool {
	if _, former := c.values["serializationType"]; former {
		return t.Version == from
	}
	return t.Version >= from
}

// only keeps the values that a version has a property for.
func only(t *templates.Template, values map[string]any) map[string]any {
	out := map[string]any{}
	for _, p := range t.Properties {
		name := cmp.Or(p.ID, p.Binding.Name, p.Binding.Key)
		if v, given := values[name]; given {
			out[name] = v
		}
	}
	return out
}

func merged(list ...map[string]any) map[string]any {
	out := map[string]any{}
	for _, values := range list {
		for name, v := range values {
			out[name] = v
		}
	}
	return out
}

// read decodes what was published.
func (c kafkaCase) read(t *testing.T, content []byte) (v any) {
	t.Helper()
	content = content[c.frame:]
	if !c.avro {
		if err := json.Unmarshal(content, &v); err != nil {
			t.Fatalf("%q: %v", content, err)
		}
		return v
	}
	if _, err := avro.MustParse(kafkaSchema).Decode(content, &v); err != nil {
		t.Fatalf("%q: %v", content, err)
	}
	return v
}

// TestCorpusKafka applies every version of Camunda's Kafka templates: what the
// outbound one publishes is compared, and the inbound ones receive it.
func TestCorpusKafka(t *testing.T) {
	corpus := openCorpus(t)
	k := newKafkaRig(t)
	r := newRig(t, nil)
	count := 0
	for name, c := range k.cases() {
		for _, version := range corpus.versions(t, "io.camunda.connectors.KAFKA.v1") {
			if c.covers(version, c.from) {
				count++
				t.Run(fmt.Sprintf("outbound/%d/%s", version.Version, name), func(t *testing.T) { k.publish(t, r, version, c) })
			}
		}
		for _, id := range []string{"KafkaBoundary", "KafkaIntermediate", "KafkaReceive", "KafkaMessageStart", "KAFKA"} {
			for _, version := range corpus.versions(t, "io.camunda.connectors.inbound."+id+".v1") {
				if c.covers(version, c.in) {
					count++
					t.Run(fmt.Sprintf("inbound/%s/%d/%s", id, version.Version, name), func(t *testing.T) { k.receive(t, version, c) })
				}
			}
		}
	}
	t.Logf("%d uses of templates", count)
}

func (k kafkaRig) publish(t *testing.T, r *rig, version *templates.Template, c kafkaCase) {
	topic := k.topic(t)
	p := process{ID: "kafka_" + topic, Template: version, Rewrite: func(source string) string { return source },
		Values: only(version, merged(c.values, map[string]any{
			"topic.bootstrapServers": k.servers, "topic.topicName": topic, "message.key": "k-1", "message.value": `={order: 7, note: "<&>"}`,
			"headers": `={"source": "shop"}`, "additionalProperties": `={"client.id": "test", "max.poll.records": 1}`, "resultVariable": "sent",
		}))}
	o := r.run(t, p.write(t), p.ID, []byte(`{}`))
	if !o.Completed {
		t.Fatalf("it did not complete: %+v", o.Incidents)
	}
	sent, _ := o.Variables["sent"].(map[string]any)
	if sent["topic"] != topic || sent["confirmed"] != true || fmt.Sprint(sent["partition"], sent["offset"]) != "0 0" {
		t.Errorf("the result is %v", sent)
	}
	got := k.record(t, topic)
	if string(got.Key) != "k-1" || version.Version >= 3 && (len(got.Headers) != 1 || got.Headers[0].Key != "source" || string(got.Headers[0].Value) != "shop") {
		t.Errorf("key %q, headers %v", got.Key, got.Headers)
	}
	if diff := gocmp.Diff(`{"note":"<&>","order":7}`, kafkaText(t, c.read(t, got.Value))); diff != "" {
		t.Error(diff)
	}
}

// kafkaText is a value as JSON.
func kafkaText(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

// receive publishes a value as a service task does, and compares the event that
// an applied template makes of it.
func (k kafkaRig) receive(t *testing.T, version *templates.Template, c kafkaCase) {
	topic := k.topic(t)
	values := only(version, merged(c.values, map[string]any{
		"topic.bootstrapServers": k.servers, "topic.topicName": topic, "groupId": "g-" + topic, "autoOffsetReset": "earliest",
		"additionalProperties": `={"client.id": "test"}`, "offsets": "=[0]", "correlationKeyProcess": "=key", "correlationKey": "=key",
		"correlationKeyPayload": "=value.order", "correlationKeyExpression": "=value.order",
	}))
	nested := kafkaProperties(t, version, values)
	p := kafka.Protocol()
	properties := p.Properties()
	if err := bind.Bind(nested, properties); err != nil {
		t.Fatal(err)
	}
	host := protocols.Host{Dial: (&net.Dialer{}).DialContext, Shared: &protocols.Shared{}}
	k.send(t, host, topic, c)
	in, err := p.Inbound(protocoltest.NewInboundHost(t).Host(host), properties)
	if err != nil {
		t.Fatal(err)
	}
	defer in.(io.Closer).Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var got protocols.Event
	err = in.Receive(ctx, func() {}, func(_ context.Context, e protocols.Event) (protocols.Correlation, error) {
		got = e
		cancel()
		return protocols.Correlation{Matched: true}, nil
	})
	if err != nil || got.MessageID != topic+"-0-0" {
		t.Fatalf("got the message %q, %v", got.MessageID, err)
	}
	event := got.Value.(map[string]any)
	delete(event, "timestamp")
	delete(event, "rawValue")
	want := fmt.Sprintf(`{"headers":{"source":"shop"},"key":"k-1","offset":0,"partition":0,"topic":%q,"value":{"note":"<&>","order":7}}`, topic)
	if diff := gocmp.Diff(want, kafkaText(t, event)); diff != "" {
		t.Error(diff)
	}
}

// send publishes a value as the case says.
func (k kafkaRig) send(t *testing.T, h protocols.Host, topic string, c kafkaCase) {
	t.Helper()
	strategy := map[string]any{}
	for name, v := range c.values {
		if short, ok := strings.CutPrefix(name, "schemaStrategy."); ok {
			strategy[strings.TrimPrefix(short, "avro.")] = strings.TrimPrefix(fmt.Sprint(v), "=")
		}
	}
	if _, former := c.values["serializationType"]; former {
		strategy = map[string]any{"type": "inlineSchema", "schema": kafkaSchema}
	}
	p := kafka.Protocol()
	input := p.Input()
	if err := bind.Bind(map[string]any{"topic": map[string]any{"bootstrapServers": k.servers, "topicName": topic}, "schemaStrategy": strategy,
		"message": map[string]any{"key": "k-1", "value": map[string]any{"order": 7, "note": "<&>"}}, "headers": map[string]any{"source": "shop"}}, input); err != nil {
		t.Fatal(err)
	}
	out, err := p.Outbound(h)
	if err != nil {
		t.Fatal(err)
	}
	defer out.(io.Closer).Close()
	if _, err := out.Execute(t.Context(), protocols.Call{Input: input}); err != nil {
		t.Fatal(err)
	}
}

// kafkaFrames are the elements that the templates are for, by the type that
// they become.
var kafkaFrames = map[string]string{
	"bpmn:StartEvent":             `<bpmn:startEvent id="connector"/>`,
	"bpmn:IntermediateCatchEvent": `<bpmn:intermediateCatchEvent id="connector"/>`,
	"bpmn:ReceiveTask":            `<bpmn:receiveTask id="connector"/>`,
	"bpmn:BoundaryEvent":          `<bpmn:task id="task"/><bpmn:boundaryEvent id="connector" attachedToRef="task"/>`,
}

// kafkaProperties applies a template and gives the element's properties as
// the engine gives them to a protocol.
func kafkaProperties(t *testing.T, version *templates.Template, values map[string]any) map[string]any {
	t.Helper()
	frame := kafkaFrames[version.ElementType]
	if frame == "" {
		t.Fatalf("no element for %s, which becomes %q", version.Ref(), version.ElementType)
	}
	draft, err := bpmn.Edit(fmt.Appendf(nil, `<bpmn:definitions xmlns:bpmn=%q xmlns:zeebe=%q id="file" targetNamespace="conformance"><bpmn:process id="p" isExecutable="true">%s</bpmn:process></bpmn:definitions>`,
		bpmn.Namespace, bpmn.ZeebeNamespace, frame))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := templates.Apply(draft, "connector", version, templates.ApplyOptions{Values: values}); err != nil {
		t.Fatalf("apply %s: %v", version.Ref(), err)
	}
	read, err := bpmn.Read(draft.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	nested := map[string]any{}
	for _, p := range read.Element("connector").Properties {
		nestAt(nested, p.Name, evaluated(t, p.Name, p.Value))
	}
	return nested
}

// evaluated is a property's value: expressions are evaluated but for those that
// the engine keeps for events.
func evaluated(t *testing.T, name, source string) any {
	t.Helper()
	if !strings.HasPrefix(source, "=") || strings.HasSuffix(name, "Expression") {
		return source
	}
	got, err := expr.Eval(t.Context(), source, []byte("{}"))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return got.Value
}

// nestAt puts a value below a dotted name.
func nestAt(out map[string]any, name string, v any) {
	top, rest, nested := strings.Cut(name, ".")
	if !nested {
		out[top] = v
		return
	}
	inner, _ := out[top].(map[string]any)
	if inner == nil {
		inner = map[string]any{}
		out[top] = inner
	}
	nestAt(inner, rest, v)
}
