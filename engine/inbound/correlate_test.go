package inbound

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/engine/zeebe"
	"patchbay/protocols"
	"patchbay/protocols/value"
)

func decoded(t testing.TB, text string) any {
	t.Helper()
	v, err := value.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// correlate lets the elements of a file, as one group, take an event.
func correlate(t testing.TB, g Gateway, xml []byte, eventJSON string) (protocols.Correlation, error) {
	t.Helper()
	c := &correlator{gateway: g, ttl: time.Hour}
	ev := newEvent(decoded(t, eventJSON))
	e, err := choose(t.Context(), &group{elements: found(t, xml)}, ev)
	if e == nil || err != nil {
		return protocols.Correlation{}, err
	}
	return c.act(t.Context(), e, ev, protocols.Event{MessageID: "listener-id"})
}

// Each mapping is written in both languages.
func TestCorrelates(t *testing.T) {
	const event = `{"request":{"body":{"id":7,"total":12.50,"tags":["a"]},"headers":{"x-id":"h1"}}}`
	all := map[string]any{"request": decoded(t, `{"body":{"id":7,"total":12.50,"tags":["a"]},"headers":{"x-id":"h1"}}`)}
	tests := map[string]struct {
		node, node2 func(id string, pairs ...string) string
		feel, jq    []string
		created     map[string]any // nil: a message
		message     protocols.Message
	}{
		"plain start": {node: start, created: map[string]any{}},
		"whole event": {node: start, feel: []string{"resultVariable", "event"}, created: map[string]any{"event": any(all)}},
		"result": {node: start,
			feel:    []string{"resultExpression", `={order: request.body.id, same: response.request.body.total}`},
			jq:      []string{"resultExpression", `{order: .request.body.id, same: .request.body.total}`},
			created: map[string]any{"order": 7.0, "same": 12.5}},
		"result over variable": {node: start,
			feel:    []string{"resultVariable", "a", "resultExpression", `={a: 1}`},
			jq:      []string{"resultVariable", "a", "resultExpression", `{a: 1}`},
			created: map[string]any{"a": 1.0}},
		"null is nothing": {node: start, feel: []string{"resultExpression", "=null"}, jq: []string{"resultExpression", "empty"}, created: map[string]any{}},
		"condition": {node: start,
			feel:    []string{"activationCondition", `=request.body.total > 10 and request.headers.X-Id = null or request.headers.x-id = "h1"`},
			jq:      []string{"activationCondition", `.request.body.total > 10 and .request.headers["x-id"] == "h1"`},
			created: map[string]any{}},
		"message start without a key": {node: messageStart, message: protocols.Message{Name: "paid", ID: "listener-id", TTL: time.Hour}},
		"catch": {node: catch,
			feel:    []string{"correlationKeyExpression", "=request.body.id", "messageIdExpression", `="m" + string(request.body.id)`, "messageTtl", "PT5S"},
			jq:      []string{"correlationKeyExpression", ".request.body.id", "messageIdExpression", `"m\(.request.body.id)"`, "messageTtl", "PT5S"},
			message: protocols.Message{Name: "paid", CorrelationKey: "7", ID: "m7", TTL: 5 * time.Second}},
		"key of an object": {node: catch,
			feel:    []string{"correlationKeyExpression", "=request.body.tags"},
			jq:      []string{"correlationKeyExpression", ".request.body.tags"},
			message: protocols.Message{Name: "paid", CorrelationKey: `["a"]`, ID: "listener-id", TTL: time.Hour}},
	}
	for name, tt := range tests {
		for language, pairs := range map[string][]string{"FEEL": tt.feel, "jq": tt.jq} {
			if pairs == nil && language == "jq" {
				continue
			}
			t.Run(name+" in "+language, func(t *testing.T) {
				g := &fakeGateway{}
				out, err := correlate(t, g, bpmnOf(tt.node("e", append([]string{listens, "t"}, pairs...)...), aMessage), event)
				if err != nil || !out.Matched {
					t.Fatalf("%+v, %v", out, err)
				}
				if tt.created == nil {
					tt.message.Variables = map[string]any{}
					if diff := cmp.Diff([]protocols.Message{tt.message}, g.messages); diff != "" || out.MessageKey != 501 {
						t.Error(diff)
					}
					return
				}
				if len(g.created) != 1 || out.ProcessInstanceKey != 101 || g.created[0].Version != 1 || g.created[0].ProcessID != "p" {
					t.Fatalf("created %+v", g.created)
				}
				want, err := value.Append(nil, tt.created)
				if err != nil {
					t.Fatal(err)
				}
				got := string(g.created[0].Variables)
				if got == "" {
					got = "{}"
				}
				if strings.ReplaceAll(got, "12.50", "12.5") != strings.ReplaceAll(string(want), "12.50", "12.5") {
					t.Errorf("variables %s, want %s", got, want)
				}
			})
		}
	}
}

func TestSynchronousStart(t *testing.T) {
	g := &fakeGateway{}
	out, err := correlate(t, g, bpmnOf(start("e", listens, "t", "synchronousResponse", "true")), `{}`)
	if err != nil || g.awaited != 1 {
		t.Fatal(err, g.awaited)
	}
	if diff := cmp.Diff(map[string]any{"total": decoded(t, "12.50")}, out.Variables); diff != "" {
		t.Error(diff)
	}
}

func TestChoosesOneElement(t *testing.T) {
	const never, always = "=false", "=true"
	tests := map[string]struct {
		nodes, want, code string
	}{
		"the one that is met":       {start("a", listens, "t", "activationCondition", never) + start("b", listens, "t", "activationCondition", always), "b", ""},
		"jq counts true alone":      {start("a", listens, "t", "activationCondition", "1") + start("b", listens, "t", "activationCondition", "true"), "b", ""},
		"none":                      {start("a", listens, "t", "activationCondition", never), "", protocols.CodeConditionNotMet},
		"null is not met":           {start("a", listens, "t", "activationCondition", "=nope"), "", protocols.CodeConditionNotMet},
		"none, but consumed by one": {start("a", listens, "t", "activationCondition", never) + start("b", listens, "t", "activationCondition", never, "consumeUnmatchedEvents", "true"), "", ""},
		"two starts":                {start("a", listens, "t") + start("b", listens, "t"), "", protocols.CodeInvalidInput},
		"start and catch":           {start("a", listens, "t") + catch("b", listens, "t", "correlationKeyExpression", "=1"), "", protocols.CodeInvalidInput},
		"two that wait alike":       {catch("a", listens, "t", "correlationKeyExpression", "=1") + catch("b", listens, "t", "correlationKeyExpression", "1.0"), "a", ""},
		"two keys":                  {catch("a", listens, "t", "correlationKeyExpression", "=1") + catch("b", listens, "t", "correlationKeyExpression", "=2"), "", protocols.CodeInvalidInput},
		"a condition that fails":    {start("a", listens, "t", "activationCondition", `.a.b.c | error("no")`), "", protocols.CodeInvalidInput},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			elements := found(t, bpmnOf(tt.nodes, aMessage))
			e, err := choose(t.Context(), &group{elements: elements}, newEvent(map[string]any{}))
			got := ""
			if e != nil {
				got = e.ElementID
			}
			if got != tt.want || codeOfRejection(err) != tt.code {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestRejects(t *testing.T) {
	key := []string{listens, "t", "correlationKeyExpression", "=id"}
	large := `{"id":"1","text":"` + strings.Repeat("x", 3<<19) + `"}`
	tests := map[string]struct{ node, event, want string }{
		"no key":            {catch("e", key...), `{}`, "no correlation key"},
		"null as a key":     {catch("e", key...), `{"id":null}`, "no correlation key"},
		"result of a list":  {start("e", listens, "t", "resultExpression", "=[1]"), `{}`, "expected an object but got array [1]"},
		"result that fails": {start("e", listens, "t", "resultExpression", `error("no")`), `{}`, "resultExpression: "},
		"message id fails":  {messageStart("e", listens, "t", "messageIdExpression", `error("no")`), `{}`, "messageIdExpression: "},
		"too large":         {start("e", listens, "t", "resultVariable", "r"), large, "more than the limit of 1572864"},
		"too large message": {catch("e", append(key, "resultVariable", "r")...), large, "more than the limit of 1572864"},
		"document":          {start("e", listens, "t", "resultExpression", `={file: createDocument("aGk=")}`), `{}`, "there is no document store"},
		"reserved":          {start("e", listens, "t", "resultVariable", "r"), `{"camunda.function.type":"x"}`, "reserved"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := &fakeGateway{}
			_, err := correlate(t, g, bpmnOf(tt.node, aMessage), tt.event)
			if codeOfRejection(err) != protocols.CodeInvalidInput || !strings.Contains(err.Error(), tt.want) || len(g.created)+len(g.messages) != 0 {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestKeyText(t *testing.T) {
	for text, want := range map[string]string{
		`"a"`: "a", `7`: "7", `7.0`: "7", `7e2`: "700", `2.5`: "2.5", `true`: "true", `""`: "", `{"b":1,"a":[null]}`: `{"a":[null],"b":1}`,
		`12345678901234567890`: "12345678901234567890", `1e400`: "1e400",
	} {
		if got, ok, err := keyText(decoded(t, text)); got != want || !ok || err != nil {
			t.Errorf("%s: got %q, %v, %v", text, got, ok, err)
		}
	}
	if _, ok, _ := keyText(nil); ok {
		t.Error("null is a key")
	}
	if got, _, _ := keyText(int64(7)); got != "7" {
		t.Error(got)
	}
	if got, _, _ := keyText(7.0); got != "7" {
		t.Error(got)
	}
}

// What the gateway says decides whether an event may come again.
func TestGatewayErrors(t *testing.T) {
	for code, want := range map[string]string{
		"INVALID_ARGUMENT": "INVALID_ARGUMENT", "NOT_FOUND": "NOT_FOUND", "FAILED_PRECONDITION": "FAILED_PRECONDITION",
		"UNAVAILABLE": "", "INTERNAL": "", "PERMISSION_DENIED": "", "DEADLINE_EXCEEDED": "",
	} {
		g := &fakeGateway{err: &zeebe.Error{Op: "start", Code: code, Message: "m"}}
		_, err := correlate(t, g, bpmnOf(start("e", listens, "t")), `{}`)
		var transient *protocols.Error
		if codeOfRejection(err) != want || want == "" && (!errors.As(err, &transient) || transient.Code != code) {
			t.Errorf("%s: got %#v", code, err)
		}
	}
	g := &fakeGateway{err: &zeebe.Error{Code: "RESOURCE_EXHAUSTED", Message: "message larger than max (5 vs. 4)"}}
	if _, err := correlate(t, g, bpmnOf(start("e", listens, "t")), `{}`); codeOfRejection(err) != "RESOURCE_EXHAUSTED" {
		t.Error(err)
	}
	g = &fakeGateway{err: &zeebe.Error{Op: "publish", Code: "ALREADY_EXISTS"}}
	out, err := correlate(t, g, bpmnOf(messageStart("e", listens, "t"), aMessage), `{}`)
	if err != nil || !out.Duplicate || !out.Matched {
		t.Errorf("a message that was published before: %+v, %v", out, err)
	}
	g = &fakeGateway{err: context.DeadlineExceeded}
	if _, err := correlate(t, g, bpmnOf(start("e", listens, "t")), `{}`); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestHeadersInAnyCase(t *testing.T) {
	g := &fakeGateway{}
	xml := bpmnOf(start("e", listens, "t", "resultExpression", `={a: request.headers.ETag, b: headers.ETag, c: response.headers.ETag, d: response.request.headers.ETag}`))
	if _, err := correlate(t, g, xml, `{"request":{"headers":{"etag":"x"}},"headers":{"Etag":"y"}}`); err != nil {
		t.Fatal(err)
	}
	if got := string(g.created[0].Variables); got != `{"a":"x","b":"y","c":"y","d":"x"}` {
		t.Error(got)
	}
}

// documents is a store that keeps nothing.
type documents struct{ protocols.Documents }

func (documents) Create(_ context.Context, info protocols.DocumentInfo, body io.Reader) (protocols.DocumentInfo, error) {
	data, err := io.ReadAll(body)
	info.StoreID, info.ID, info.Size = "memory", "d1:"+string(data), int64(len(data))
	return info, err
}

func TestResultCreatesDocuments(t *testing.T) {
	g := &fakeGateway{}
	for _, text := range []string{`={file: createDocument({content: data, name: "a.txt"})}`, `{file: createDocument({content: .data, name: "a.txt"})}`} {
		ev := newEvent(map[string]any{"data": "aGk="})
		e := found(t, bpmnOf(start("e", listens, "t", "resultExpression", text)))[0]
		if _, err := (&correlator{gateway: g, documents: documents{}}).act(t.Context(), e, ev, protocols.Event{}); err != nil {
			t.Fatal(err)
		}
		if got := string(g.created[len(g.created)-1].Variables); !strings.Contains(got, `"documentId":"d1:hi"`) || !strings.Contains(got, `"fileName":"a.txt"`) {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func BenchmarkCorrelate(b *testing.B) {
	for language, pairs := range map[string][]string{
		"FEEL": {"activationCondition", `=request.body.type = "order"`, "resultExpression", "={order: request.body.id}"},
		"jq":   {"activationCondition", `.request.body.type == "order"`, "resultExpression", "{order: .request.body.id}"},
	} {
		b.Run(language, func(b *testing.B) {
			g := &group{elements: found(b, bpmnOf(start("e", append(pairs, listens, "t")...)))}
			v := decoded(b, `{"request":{"body":{"type":"order","id":7,"lines":[{"a":1},{"b":2}]},"headers":{"content-type":"application/json","x":"y"},"params":{}}}`)
			c := &correlator{gateway: noGateway{}, ttl: time.Hour}
			b.ReportAllocs()
			for b.Loop() {
				ev := newEvent(v)
				e, err := choose(b.Context(), g, ev)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.act(b.Context(), e, ev, protocols.Event{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// noGateway accepts everything and keeps nothing.
type noGateway struct{}

func (noGateway) CreateInstance(context.Context, zeebe.NewInstance) (zeebe.Instance, error) {
	return zeebe.Instance{Key: 1}, nil
}

func (noGateway) CreateInstanceWithResult(context.Context, zeebe.NewInstance, ...string) (zeebe.Instance, error) {
	return zeebe.Instance{Key: 1}, nil
}

func (noGateway) Publish(context.Context, protocols.Message) (int64, error) { return 1, nil }
