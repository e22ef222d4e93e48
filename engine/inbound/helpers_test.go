package inbound

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"patchbay/engine/expr"
	"patchbay/engine/secret"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/source"
	"patchbay/protocols"
	"patchbay/protocols/bind"
)

// bpmnOf wraps flow nodes and root elements into a file with process p.
func bpmnOf(nodes string, roots ...string) []byte {
	return fmt.Appendf(nil, `<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d">
%s
<bpmn:process id="p" name="The process" isExecutable="true">
%s
</bpmn:process>
</bpmn:definitions>`, strings.Join(roots, "\n"), nodes)
}

// props are a node's extension elements: names and values in turn.
func props(pairs ...string) string {
	var b strings.Builder
	b.WriteString("<bpmn:extensionElements><zeebe:properties>")
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, `<zeebe:property name=%q value="%s"/>`, pairs[i], escape.Replace(pairs[i+1]))
	}
	b.WriteString("</zeebe:properties></bpmn:extensionElements>")
	return b.String()
}

var escape = strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;")

const aMessage = `<bpmn:message id="m" name="paid"/>`

func start(id string, pairs ...string) string {
	return fmt.Sprintf(`<bpmn:startEvent id=%q>%s</bpmn:startEvent>`, id, props(pairs...))
}

func catch(id string, pairs ...string) string {
	return fmt.Sprintf(`<bpmn:intermediateCatchEvent id=%q>%s<bpmn:messageEventDefinition messageRef="m"/></bpmn:intermediateCatchEvent>`, id, props(pairs...))
}

func messageStart(id string, pairs ...string) string {
	return fmt.Sprintf(`<bpmn:startEvent id=%q>%s<bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent>`, id, props(pairs...))
}

// found returns the elements of a file with one process, version 1 and key 1.
func found(t testing.TB, xml []byte) []*element {
	t.Helper()
	f := &finder{expr.NewCache(0, expr.Limits{})}
	list, err := f.find(source.Process{ID: "p"}, source.Definition{Key: 1, Version: 1, Latest: true}, xml)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// fakeGateway takes commands and notes them.
type fakeGateway struct {
	mu       sync.Mutex
	err      error
	created  []zeebe.NewInstance
	awaited  int
	messages []protocols.Message
}

func (g *fakeGateway) CreateInstance(_ context.Context, n zeebe.NewInstance) (zeebe.Instance, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return zeebe.Instance{}, g.err
	}
	g.created = append(g.created, n)
	return zeebe.Instance{Key: int64(100 + len(g.created)), ProcessID: n.ProcessID, Version: n.Version, TenantID: n.TenantID}, nil
}

func (g *fakeGateway) CreateInstanceWithResult(ctx context.Context, n zeebe.NewInstance, _ ...string) (zeebe.Instance, error) {
	i, err := g.CreateInstance(ctx, n)
	g.awaited++
	i.Variables = json.RawMessage(`{"total":12.50}`)
	return i, err
}

func (g *fakeGateway) Publish(_ context.Context, m protocols.Message) (int64, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return 0, g.err
	}
	g.messages = append(g.messages, m)
	return int64(500 + len(g.messages)), nil
}

func (g *fakeGateway) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = err
}

// wire is what the fake protocol listens on: its listeners by their address.
type wire struct {
	mu        sync.Mutex
	listeners map[string][]*fakeListener
	opened    []string       // addresses in the order of their listeners
	paused    map[string]int // by address, how many tell of a pause
	down      map[string]error
	linger    chan struct{} // when not nil, a listener ends only after it
}

func newWire() *wire {
	return &wire{listeners: map[string][]*fakeListener{}, down: map[string]error{}, paused: map[string]int{}}
}

type fakeProperties struct {
	Address string `bind:"address,required"`
	Auth    struct {
		Password string `bind:"password,secret"`
	} `bind:"auth"`
}

type fakeListener struct {
	wire       *wire
	host       protocols.InboundHost
	properties *fakeProperties
	handle     protocols.Handler
}

func (l *fakeListener) Receive(ctx context.Context, ready func(), handle protocols.Handler) error {
	if strings.HasPrefix(l.properties.Address, "panic") {
		panic("the listener fell over")
	}
	if err := l.wire.add(l, handle); err != nil {
		return err
	}
	ready()
	<-ctx.Done()
	l.wire.remove(l)
	if l.wire.linger != nil {
		<-l.wire.linger
	}
	return nil
}

func (w *wire) add(l *fakeListener, handle protocols.Handler) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	address := l.properties.Address
	if err := w.down[address]; err != nil {
		return err
	}
	l.handle = handle
	w.listeners[address] = append(w.listeners[address], l)
	w.opened = append(w.opened, address)
	return nil
}

func (w *wire) remove(l *fakeListener) {
	w.mu.Lock()
	defer w.mu.Unlock()
	address := l.properties.Address
	w.listeners[address] = slices.DeleteFunc(w.listeners[address], func(other *fakeListener) bool { return other == l })
	if len(w.listeners[address]) == 0 {
		delete(w.listeners, address)
	}
}

func (w *wire) pause(address string, by int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused[address] += by
}

// isPaused reports whether senders to an address are told of a pause, by one.
func (w *wire) isPaused(address string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.paused[address] == 1
}

func (w *wire) breakDown(address string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down[address] = err
}

// addresses lists where somebody listens.
func (w *wire) addresses() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.listeners))
}

func (w *wire) listener(address string) *fakeListener {
	w.mu.Lock()
	defer w.mu.Unlock()
	if list := w.listeners[address]; len(list) > 0 {
		return list[len(list)-1]
	}
	return nil
}

func (w *wire) protocol(name string, exclusive bool, scope ...string) protocols.Protocol {
	return protocols.Protocol{
		Name: name, InboundTypes: []string{"test:" + name}, Exclusive: exclusive, Scope: scope,
		Properties: func() any { p := &fakeProperties{}; bind.Defaults(p); return p },
		Inbound: func(h protocols.InboundHost, properties any) (protocols.Inbound, error) {
			return &fakeListener{wire: w, host: h, properties: properties.(*fakeProperties)}, nil
		},
		Paused: func(ctx context.Context, h protocols.InboundHost, properties any) error {
			address := properties.(*fakeProperties).Address
			w.pause(address, 1)
			<-ctx.Done()
			w.pause(address, -1)
			return nil
		},
	}
}

// bench is a manager on fakes, in a bubble of its own time.
type bench struct {
	*Manager
	t       *testing.T
	push    *source.Push
	wire    *wire
	gateway *fakeGateway
	cancel  context.CancelFunc
	ended   chan struct{}
}

// onBench runs a test on a manager that has started and knows of nothing.
func onBench(t *testing.T, change func(*Options), test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, push: source.NewPush("test"), wire: newWire(), gateway: &fakeGateway{}, ended: make(chan struct{})}
		registry, err := protocols.NewRegistry(b.wire.protocol("listen", false, "address", "auth"), b.wire.protocol("poll", true))
		if err != nil {
			t.Fatal(err)
		}
		o := Options{
			Registry: registry, Sources: []source.Source{b.push}, Gateway: b.gateway,
			Secrets: secret.Map{"TOKEN": "s3cret-token"}, Log: slog.New(slog.DiscardHandler),
		}
		if change != nil {
			change(&o)
		}
		b.Manager = NewManager(o)
		var ctx context.Context
		ctx, b.cancel = context.WithCancel(context.Background())
		go func() {
			defer close(b.ended)
			if err := b.Run(ctx); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		test(b)
		b.finish()
	})
}

func (b *bench) finish() {
	b.cancel()
	<-b.ended
}

// deploy makes these files the versions of process p that need listeners, the
// first of them with version and key 1, and waits until all is done.
func (b *bench) deploy(versions ...[]byte) {
	b.t.Helper()
	c := source.Change{Process: source.Process{ID: "p"}}
	for i, xml := range versions {
		if xml == nil {
			continue
		}
		c.Definitions = append(c.Definitions, source.Definition{Key: int64(i + 1), Version: int32(i + 1),
			XML: func(context.Context) ([]byte, error) { return xml, nil }})
	}
	b.push.Set(c)
	synctest.Wait()
}

// states describes all executables, one word each: element@version=state.
func (b *bench) states() string {
	var words []string
	for _, s := range b.Executables() {
		var elements []string
		for _, e := range s.Elements {
			elements = append(elements, fmt.Sprintf("%s@%d", e.ElementID, e.Version))
		}
		words = append(words, strings.Join(elements, "+")+"="+string(s.State))
	}
	return strings.Join(words, " ")
}

func (b *bench) expect(want string) {
	b.t.Helper()
	if got := b.states(); got != want {
		b.t.Errorf("executables are\n  %s\nwant\n  %s", got, want)
	}
}

// only returns the only executable.
func (b *bench) only() Status {
	b.t.Helper()
	list := b.Executables()
	if len(list) != 1 {
		b.t.Fatalf("%d executables: %s", len(list), b.states())
	}
	return list[0]
}

// send hands an event to the listener on an address.
func (b *bench) send(address string, value any) (protocols.Correlation, error) {
	b.t.Helper()
	l := b.wire.listener(address)
	if l == nil {
		b.t.Fatalf("nobody listens on %q, only on %q", address, b.wire.addresses())
	}
	return l.handle(context.Background(), protocols.Event{Value: value})
}

// activity joins an executable's activity.
func activityOf(s Status) string {
	var lines []string
	for _, e := range s.Activity {
		lines = append(lines, cmp.Or(e.Severity, "?")+" "+e.Message)
	}
	return strings.Join(lines, "\n")
}

func codeOfRejection(err error) string {
	var r *protocols.Rejected
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}
