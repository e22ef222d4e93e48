package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	client "github.com/rabbitmq/amqp091-go"

	"patchbay/engine/bpmn"
	"patchbay/engine/secret"
	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/protocoltest"
	"patchbay/protocols/queue/amqp"
	"patchbay/protocols/queue/amqp/amqptest"
	"patchbay/templates"
)

// accounts are values that give a template the broker's address, in both ways.
func accounts(t testing.TB, b *amqptest.Broker) map[string]map[string]any {
	u, err := url.Parse(b.URI())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]map[string]any{
		"uri": {"authentication.authType": "uri", "authentication.uri": "{{secrets.BROKER}}"},
		"credentials": {"authentication.authType": "credentials", "authentication.userName": amqptest.User, "authentication.password": amqptest.Password,
			"routing.virtualHost": "/", "routing.hostName": u.Hostname(), "routing.port": u.Port()},
	}
}

// valued gives values to the properties that bind these names, whatever their
// ids are in a version; a version need not have the optional ones.
func valued(t testing.TB, version *templates.Template, optional string, layers ...map[string]any) map[string]any {
	t.Helper()
	out := map[string]any{}
	for _, values := range layers {
		for name, value := range values {
			if key := keyOf(version, name); key != "" {
				out[key] = value
			} else if !strings.Contains(optional, name) {
				t.Errorf("%s has no property for %s", version.Ref(), name)
			}
		}
	}
	return out
}

func keyOf(version *templates.Template, name string) string {
	for _, p := range version.Properties {
		switch {
		case p.Binding.Name != name:
		case p.ID != "":
			return p.ID
		default:
			return name
		}
	}
	return ""
}

// TestCorpusRabbitMQ publishes with every version of Camunda's template for
// RabbitMQ and looks at what the broker has got.
func TestCorpusRabbitMQ(t *testing.T) {
	corpus := openCorpus(t)
	b := amqptest.Start(t)
	b.Bind("orders", "new", "queue")
	conn, err := client.Dial(b.URI())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	channel, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	deliveries, err := channel.Consume("queue", "", true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, secret.Map{"BROKER": b.URI()})
	message := map[string]any{"routing.exchange": "orders", "routing.routingKey": "new", "message.body": `={"id": order, "note": "<&>"}`,
		"message.properties": `={"contentType": "application/json", "messageId": "m-" + string(order), "headers": {"attempt": 1}}`}
	for _, version := range corpus.versions(t, "io.camunda.connectors.RabbitMQ.v1") {
		for name, account := range accounts(t, b) {
			t.Run(fmt.Sprintf("%d/%s", version.Version, name), func(t *testing.T) {
				p := process{ID: fmt.Sprintf("rabbit_%s_%d", name, version.Version), Template: version, Rewrite: func(s string) string { return s },
					Values: valued(t, version, "", account, message)}
				p.Headers = map[string]string{"resultVariable": "published"}
				o := r.run(t, p.write(t), p.ID, []byte(`{"order": 17}`))
				want := map[string]any{"statusResult": "success", "confirmed": true, "exchange": "orders", "routingKey": "new", "messageId": "m-17"}
				if diff := gocmp.Diff(want, o.Variables["published"]); diff != "" || !o.Completed {
					t.Fatalf("it ended with %+v: %s", o.Incidents, diff)
				}
				d := <-deliveries
				if string(d.Body) != `{"id":17,"note":"<&>"}` || d.ContentType != "application/json" || d.MessageId != "m-17" || fmt.Sprint(d.Headers["attempt"]) != "1" {
					t.Errorf("the broker has got %q, %q, %q, %v", d.Body, d.ContentType, d.MessageId, d.Headers)
				}
			})
		}
	}
}

// rabbitElements are Camunda's inbound templates for RabbitMQ, with the element
// that each is for.
var rabbitElements = map[string]string{
	"StartEvent":   `<bpmn:startEvent id="connector"/>`,
	"MessageStart": `<bpmn:startEvent id="connector"/>`,
	"Intermediate": `<bpmn:intermediateCatchEvent id="connector"/>`,
	"Boundary":     `<bpmn:task id="work"/><bpmn:boundaryEvent id="connector" attachedToRef="work"/>`,
	"Receive":      `<bpmn:receiveTask id="connector"/>`,
}

// TestCorpusRabbitMQInbound receives with every version of Camunda's inbound
// templates for RabbitMQ.
func TestCorpusRabbitMQInbound(t *testing.T) {
	corpus := openCorpus(t)
	b := amqptest.Start(t)
	values := map[string]any{"queueName": "queue", "exclusive": "false", "consumerTag": "tag", "correlationKey": "=id", "correlationKeyExpression": "=message.body.id"}
	for kind, element := range rabbitElements {
		for _, version := range corpus.versions(t, "io.camunda.connectors.inbound.RabbitMQ."+kind+".v1") {
			for name, account := range accounts(t, b) {
				t.Run(fmt.Sprintf("%s/%d/%s", kind, version.Version, name), func(t *testing.T) {
					own := valued(t, version, "correlationKey correlationKeyExpression", account, values)
					if version.Property("correlationRequired") != nil {
						own["correlationRequired"] = "required"
					}
					received(t, b, inboundProperties(t, b, version, element, own))
				})
			}
		}
	}
}

// inboundProperties applies a template and returns the properties as a connector
// gets them.
func inboundProperties(t *testing.T, b *amqptest.Broker, version *templates.Template, element string, values map[string]any) map[string]any {
	t.Helper()
	draft, err := bpmn.Edit(fmt.Appendf(nil, `<bpmn:definitions xmlns:bpmn=%q xmlns:zeebe=%q id="file" targetNamespace="conformance"><bpmn:process id="p" isExecutable="true">%s</bpmn:process></bpmn:definitions>`,
		bpmn.Namespace, bpmn.ZeebeNamespace, element))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := templates.Apply(draft, "connector", version, templates.ApplyOptions{Values: values}); err != nil {
		t.Fatal(err)
	}
	definitions, err := bpmn.Read(draft.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	tree := map[string]any{}
	for _, p := range definitions.Element("connector").Properties {
		at := tree
		steps := strings.Split(p.Name, ".")
		for _, step := range steps[:len(steps)-1] {
			if at[step] == nil {
				at[step] = map[string]any{}
			}
			at = at[step].(map[string]any)
		}
		at[steps[len(steps)-1]] = strings.ReplaceAll(p.Value, "{{secrets.BROKER}}", b.URI())
	}
	if got := tree["inbound"]; gocmp.Diff(got, map[string]any{"type": "io.camunda:connector-rabbitmq-inbound:1"}) != "" {
		t.Errorf("inbound is %v", got)
	}
	return tree
}

// received receives one message with these properties.
func received(t *testing.T, b *amqptest.Broker, properties map[string]any) {
	t.Helper()
	b.Delete("queue")
	b.Declare("queue")
	p := amqp.Protocol()
	config := p.Properties()
	if err := bind.Bind(properties, config); err != nil {
		t.Fatal(err)
	}
	in, err := p.Inbound(protocoltest.NewInboundHost(t).Host(protocoltest.Host(t)), config)
	if err != nil {
		t.Fatal(err)
	}
	defer in.(io.Closer).Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var event protocols.Event
	var sent error
	err = in.Receive(ctx, func() { sent = send(b) }, func(_ context.Context, e protocols.Event) (protocols.Correlation, error) {
		event = e
		cancel()
		return protocols.Correlation{Matched: true}, nil
	})
	if err = errors.Join(err, sent); err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(event.Value)
	const want = `{"message":{"body":{"id":17},"consumerTag":"tag","properties":{"contentType":"application/json","headers":{"attempt":1},"messageId":"m-17"}}}`
	if string(text) != want || event.MessageID != "m-17" {
		t.Errorf("got %s with id %q, want %s", text, event.MessageID, want)
	}
}

func send(b *amqptest.Broker) error {
	conn, err := client.Dial(b.URI())
	if err != nil {
		return err
	}
	defer conn.Close()
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	return channel.Publish("", "queue", false, false, client.Publishing{ContentType: "application/json", MessageId: "m-17", Headers: client.Table{"attempt": int32(1)}, Body: []byte(`{"id": 17}`)})
}
