package inbound

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/engine/secret"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/source"
	"patchbay/protocols"
)

func TestActivatesAndDeactivates(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		if b.Ready() {
			t.Error("ready before the first scan")
		}
		b.push.Scanned()
		synctest.Wait()
		if !b.Ready() {
			t.Error("not ready although nothing is deployed")
		}
		b.deploy(bpmnOf(start("s", "inbound.type", "test:listen", "address", "a")))
		b.expect("s@1=active")
		if got := b.wire.addresses(); len(got) != 1 || got[0] != "a" {
			t.Errorf("listeners: %q", got)
		}
		out, err := b.send("a", map[string]any{})
		if err != nil || out.ProcessInstanceKey != 101 || out.Element.ElementID != "s" {
			t.Errorf("%+v, %v", out, err)
		}
		b.deploy()
		b.expect("")
		if got := b.wire.addresses(); len(got) != 0 {
			t.Errorf("still listening: %q", got)
		}
	})
}

func TestFailuresAreTriedAgainForEver(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.wire.breakDown("a", errors.New("the broker is away"))
		b.deploy(bpmnOf(start("s", "inbound.type", "test:listen", "address", "a") + start("good", "inbound.type", "test:listen", "address", "b")))
		b.push.Scanned()
		b.expect("good@1=active s@1=backing_off")
		if !b.Ready() {
			t.Error("one that fails keeps the server from being ready")
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		b.expect("good@1=active s@1=backing_off")
		if h := b.Executables()[1].Health; h.Status != Down || h.Error != "the broker is away" {
			t.Errorf("health %+v", h)
		}
		b.wire.breakDown("a", nil)
		time.Sleep(2 * lastBackoff)
		synctest.Wait()
		b.expect("good@1=active s@1=active")
		if text := activityOf(b.Executables()[1]); strings.Count(text, "the broker is away") != 1 || !strings.Contains(text, "INFO up") {
			t.Errorf("activity:\n%s", text)
		}
	})
}

var auto = []string{listens, "test:listen", "deduplicationMode", "AUTO", "correlationKeyExpression", "=id"}

func with(base []string, pairs ...string) []string {
	return append(append([]string{}, base...), pairs...)
}

func TestNewVersions(t *testing.T) {
	at := func(address string, pairs ...string) []byte {
		return bpmnOf(start("s", with(auto, append(pairs, "address", address)...)...)+catch("c", with(auto, "address", address+"-c")...), aMessage)
	}
	onBench(t, nil, func(b *bench) {
		b.deploy(at("a"))
		b.expect("c@1=active s@1=active")
		ids := []string{b.Executables()[0].ID, b.Executables()[1].ID}
		opened := len(b.wire.opened)

		b.deploy(nil, at("a", "resultVariable", "r")) // the same listeners
		b.expect("c@2=active s@2=active")
		if b.Executables()[0].ID != ids[0] || b.Executables()[1].ID != ids[1] || len(b.wire.opened) != opened {
			t.Errorf("listeners were opened again: %q", b.wire.opened)
		}
		if out, err := b.send("a", map[string]any{"x": 1}); err != nil || out.Element.Version != 2 || string(b.gateway.created[0].Variables) != `{"r":{"x":1}}` {
			t.Errorf("%+v, %v, %s", out, err, b.gateway.created[0].Variables)
		}
		if text := activityOf(b.Executables()[1]); !strings.Contains(text, "updated without a restart for version 2") {
			t.Errorf("activity:\n%s", text)
		}

		b.deploy(at("a"), at("a")) // instances of version 1 still wait
		b.expect("c@2+c@1=active s@2=active")
		b.deploy(at("a"), nil, at("b"))
		b.expect("c@3=active s@3=active c@1=active")
		if got := strings.Join(b.wire.addresses(), " "); got != "a-c b b-c" {
			t.Errorf("listening on %s", got)
		}
		b.deploy(nil, nil, at("b"))
		b.expect("c@3=active s@3=active")
		b.deploy(at("a")) // version 3 was deleted
		b.expect("c@1=active s@1=active")
	})
}

func TestManualIDKeepsOlderListeners(t *testing.T) {
	version := func(address string) []byte {
		return bpmnOf(catch("c", listens, "test:listen", "deduplicationMode", "MANUAL", "deduplicationId", "mine", "correlationKeyExpression", "=id", "address", address), aMessage)
	}
	onBench(t, nil, func(b *bench) {
		b.deploy(version("a"))
		id := b.only().ID
		b.deploy(nil, version("b"))
		if b.only().ID != id || strings.Join(b.wire.addresses(), " ") != "b" {
			t.Errorf("listening on %q", b.wire.addresses())
		}
		if text := activityOf(b.only()); !strings.Contains(text, "the properties have changed with version 2") {
			t.Errorf("activity:\n%s", text)
		}
		b.deploy(version("a"), version("b"))
		b.expect("c@2=active c@1=active")
		if b.Executables()[0].ID != id || strings.Join(b.wire.addresses(), " ") != "a b" {
			t.Errorf("listening on %q", b.wire.addresses())
		}
	})
}

// Whatever is wrong is an entry that says why, and the rest works.
func TestWrongElementsAreVisible(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		good := start("good", with(auto, "address", "a")...)
		b.deploy(bpmnOf(good+
			catch("noKey", listens, "test:listen")+
			start("badTTL", with(auto, "address", "b", "messageTtl", "x")...)+
			messageStart("badMessageTTL", with(auto, "address", "b", "messageTtl", "")...)+
			start("unknown", listens, "io.acme:fax:1")+
			start("noAddress", auto...)+
			start("noSecret", with(auto, "address", "{{secrets.NOPE}}")...)+
			start("badEager", with(auto, "address", `=assert(1, false, "no address")`)...)+
			start("panics", with(auto, "address", "panic here")...), aMessage))
		b.push.Scanned()
		b.expect("badEager@1=backing_off badMessageTTL@1=active badTTL@1=invalid good@1=active noAddress@1=backing_off noKey@1=invalid noSecret@1=backing_off panics@1=backing_off unknown@1=backing_off")
		want := map[string]string{
			"noKey": "correlationKeyExpression is missing", "badTTL": "messageTtl: expected an ISO 8601 duration", "unknown": `inbound.type "io.acme:fax:1" is not served here`,
			"noAddress": "address: is required, but is missing", "noSecret": "Secret with name 'NOPE' is not available", "badEager": "no address",
			"panics": "panic: the listener fell over", "good": "", "badMessageTTL": "",
		}
		for _, s := range b.Executables() {
			text := want[s.Elements[0].ElementID]
			if (s.Health.Status == Down) != (text != "") || !strings.Contains(s.Health.Error, text) {
				t.Errorf("%s: %+v, want %q", s.Elements[0].ElementID, s.Health, text)
			}
		}
		if !b.Ready() {
			t.Error("not ready")
		}
		b.deploy(nil, bpmnOf(good+catch("noKey", with(auto, "address", "c")...), aMessage))
		b.expect("good@2=active noKey@2=active")
		b.deploy(nil, nil, []byte("<half"))
		b.expect("p@3=invalid")
		if h := b.only().Health; h.Status != Down || !strings.Contains(h.Error, "process definition: 1:") {
			t.Errorf("%+v", h)
		}
	})
}

func TestFilesAreReadAgain(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		var away, here atomic.Bool
		away.Store(true)
		definition := func(key int64, away *atomic.Bool, address string) source.Definition {
			return source.Definition{Key: key, Version: int32(key), XML: func(context.Context) ([]byte, error) {
				if away.Load() {
					return nil, errors.New("the index is late")
				}
				return bpmnOf(catch("c", with(auto, "address", address)...), aMessage), nil
			}}
		}
		b.push.Set(source.Change{Process: source.Process{ID: "p"}, Definitions: []source.Definition{definition(1, &here, "a"), definition(2, &away, "b")}})
		b.push.Scanned()
		synctest.Wait()
		b.expect("p@2=invalid c@1=active")
		if h := b.Executables()[0].Health; h.Error != "read the process definition: the index is late" || !b.Ready() {
			t.Errorf("%+v, ready %v", h, b.Ready())
		}
		time.Sleep(time.Hour)
		away.Store(false)
		time.Sleep(2 * lastBackoff)
		synctest.Wait()
		b.expect("c@2=active c@1=active")
	})
}

func TestPauseResumeRestart(t *testing.T) {
	kept := newMemory()
	xml := bpmnOf(start("s", with(auto, "address", "a", "auth.password", "=\"{{secrets.TOKEN}}\"")...))
	onBench(t, func(o *Options) { o.Store = kept }, func(b *bench) {
		b.deploy(xml)
		id := b.only().ID
		for range 2 {
			if err := b.Pause(id); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			b.expect("s@1=paused")
		}
		if len(b.wire.addresses()) != 0 || !b.wire.isPaused("a") {
			t.Error("it still listens, or nobody is told that it does not")
		}
		if err := b.Restart(id); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		b.expect("s@1=paused")
		if !b.wire.isPaused("a") {
			t.Error("after a restart nobody is told of the pause")
		}
		if err := b.Pause("nope"); !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
	})
	secrets := secret.Map{"TOKEN": "first-token"}
	onBench(t, func(o *Options) { o.Store, o.Secrets = kept, secrets }, func(b *bench) {
		b.deploy(xml)
		b.expect("s@1=paused") // also after the process was started again
		if !b.wire.isPaused("a") {
			t.Error("in a new process nobody is told of the pause")
		}
		id := b.only().ID
		if err := b.Resume(id); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		b.expect("s@1=active")
		if b.wire.isPaused("a") {
			t.Error("the pause has no end")
		}
		if got := b.wire.listener("a").properties.Auth.Password; got != "first-token" {
			t.Error(got)
		}
		secrets["TOKEN"] = "second-token"
		if err := b.Restart(id); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := b.wire.listener("a").properties.Auth.Password; got != "second-token" || len(b.wire.listeners["a"]) != 1 {
			t.Error(got)
		}
		if out, err := b.send("a", map[string]any{}); err != nil || lookup(out.Properties, "auth.password") != "second-token" || lookup(out.Properties, "address") != "a" {
			t.Errorf("%+v, %v", out, err)
		}
		b.wire.breakDown("a", errors.New("refused: second-token"))
		_ = b.Restart(id)
		synctest.Wait()
		if s := b.only(); s.Health.Error != "refused: ***" || strings.Contains(activityOf(s), "second-token") {
			t.Errorf("%+v\n%s", s.Health, activityOf(s))
		}
	})
}

// Listeners that answer others are replaced without a gap, those that act by
// themselves one after the other.
func TestHandover(t *testing.T) {
	for _, tt := range []struct {
		inboundType string
		overlap     bool
	}{{"test:listen", true}, {"test:poll", false}} {
		t.Run(tt.inboundType, func(t *testing.T) {
			onBench(t, nil, func(b *bench) {
				b.wire.linger = make(chan struct{})
				b.deploy(bpmnOf(start("s", listens, tt.inboundType, "address", "a")))
				_ = b.Restart(b.only().ID)
				synctest.Wait()
				if got := len(b.wire.addresses()) == 1; got != tt.overlap {
					t.Errorf("while the old one ends, the new one listens: %v", got)
				}
				close(b.wire.linger)
				synctest.Wait()
				if len(b.wire.addresses()) != 1 {
					t.Error("nobody listens in the end")
				}
			})
		})
	}
}

func TestDrain(t *testing.T) {
	onBench(t, func(o *Options) { o.Drain = time.Minute }, func(b *bench) {
		b.wire.linger = make(chan struct{})
		b.deploy(bpmnOf(start("s", with(auto, "address", "a")...)))
		b.cancel()
		synctest.Wait()
		select {
		case <-b.ended:
			t.Error("ended while a listener still works")
		default:
		}
		begun := time.Now()
		<-b.ended
		if took := time.Since(begun); took != time.Minute {
			t.Errorf("waited for %s", took)
		}
		close(b.wire.linger)
		synctest.Wait()
		if err := b.Run(context.Background()); err == nil {
			t.Error("it ran twice")
		}
	})
}

// A listener that neither listens nor fails does not keep the server from being
// ready for ever.
func TestReadyInTheEnd(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.deploy(bpmnOf(start("s", with(auto, "address", "a")...)))
		x := b.list()[0]
		x.mu.Lock()
		x.tried = make(chan struct{})
		x.mu.Unlock()
		b.push.Scanned()
		if b.Ready() {
			t.Error("ready too early")
		}
		time.Sleep(settleTime + time.Second)
		if !b.Ready() {
			t.Error("not ready")
		}
	})
}

// leases is a Leases for two managers.
type leases struct {
	shared *sync.Map // name -> owner
	owner  string
}

func (l leases) Acquire(_ context.Context, name string, _ time.Duration) (bool, error) {
	owner, _ := l.shared.LoadOrStore(name, l.owner)
	return owner == l.owner, nil
}

func (l leases) Release(_ context.Context, name string) error {
	l.shared.CompareAndDelete(name, l.owner)
	return nil
}

func TestLeases(t *testing.T) {
	shared := &sync.Map{}
	onBench(t, func(o *Options) { o.Leases = leases{shared, "me"} }, func(b *bench) {
		poll := bpmnOf(start("poll", listens, "test:poll", "address", "a") + start("listen", with(auto, "address", "b")...))
		b.deploy(poll)
		b.expect("listen@1=active poll@1=active")
		id := b.Executables()[1].ID
		time.Sleep(time.Minute)
		shared.Store(id, "another replica")
		time.Sleep(leaseTTL)
		synctest.Wait()
		b.expect("listen@1=active poll@1=standby")
		if h := b.Executables()[1].Health; h.Status != Up || len(b.wire.addresses()) != 1 {
			t.Errorf("%+v, listening on %q", h, b.wire.addresses())
		}
		shared.Delete(id)
		time.Sleep(leaseTTL)
		synctest.Wait()
		b.expect("listen@1=active poll@1=active")
		b.deploy()
		if _, held := shared.Load(id); held {
			t.Error("the lease is not given back")
		}
	})
}

func TestTypesAndNamesOfProtocols(t *testing.T) {
	onBench(t, func(o *Options) { o.Types = map[string]string{"io.acme:hook:1": "test:listen"} }, func(b *bench) {
		b.deploy(bpmnOf(start("renamed", listens, "io.acme:hook:1", "address", "a") + start("named", listens, "io.acme:orders:3", "protocol", "listen", "address", "b")))
		b.expect("named@1=active renamed@1=active")
	})
}

// observed counts what happens.
type observed struct {
	mu     sync.Mutex
	counts map[string]int
}

func (o *observed) count(word string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.counts[word]++
}

func (o *observed) Executable(_ string, a Action)                { o.count(string(a)) }
func (o *observed) Event(_ string, out Outcome, _ time.Duration) { o.count(string(out)) }

func (o *observed) DeadLetter(string) { o.count("dead letter") }

func TestOutcomes(t *testing.T) {
	seen := &observed{counts: map[string]int{}}
	onBench(t, func(o *Options) { o.Observer = seen }, func(b *bench) {
		b.deploy(bpmnOf(messageStart("s", listens, "test:listen", "address", "a", "activationCondition", "=ok", "resultExpression", "=result")+
			start("c", listens, "test:listen", "address", "b", "activationCondition", "=ok", "consumeUnmatchedEvents", "true"), aMessage))
		ok := map[string]any{"ok": true}
		_, _ = b.send("a", ok)
		_, _ = b.send("a", nil)
		_, _ = b.send("b", map[string]any{"ok": 1})
		_, _ = b.send("a", map[string]any{"ok": true, "result": []any{}})
		b.gateway.fail(&zeebe.Error{Op: "publish", Code: "ALREADY_EXISTS"})
		_, _ = b.send("a", ok)
		b.gateway.fail(&zeebe.Error{Op: "publish message", Code: "INTERNAL", Message: "boom"})
		_, _ = b.send("a", ok)
		b.deploy()
		want := map[string]int{"activated": 2, "deactivated": 2, "correlated": 1, "not_met": 1, "ignored": 1, "rejected": 1, "duplicate": 1, "failed": 1}
		if diff := cmp.Diff(want, seen.counts); diff != "" {
			t.Error(diff)
		}
	})
}

// The gateway is away for a moment: the event is handed over when it is back.
func TestGatewayAwayForAMoment(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.deploy(bpmnOf(start("s", listens, "test:listen", "address", "a")))
		b.gateway.fail(&zeebe.Error{Op: "start", Code: "RESOURCE_EXHAUSTED", Message: "too many requests"})
		go func() {
			time.Sleep(100 * time.Millisecond)
			b.gateway.fail(nil)
		}()
		if _, err := b.send("a", nil); err != nil {
			t.Error(err)
		}
		b.gateway.fail(&zeebe.Error{Op: "start", Code: "RESOURCE_EXHAUSTED", Message: "too many requests"})
		_, err := b.send("a", nil)
		var e *protocols.Error
		if !errors.As(err, &e) || e.Code != "RESOURCE_EXHAUSTED" || !e.Temporary {
			t.Errorf("got %#v", err)
		}
	})
}

func TestHostOfAListener(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.deploy(bpmnOf(start("s", with(auto, "address", "a")...)))
		h := b.wire.listener("a").host
		ctx := context.Background()
		for source, want := range map[string]any{`=request.body.a + 1`: int64(2), `.request.body.a + 1`: 2, `=request.headers.ETag`: "x"} {
			v, err := h.Evaluate(ctx, source, map[string]any{"request": map[string]any{"body": map[string]any{"a": 1}, "headers": map[string]any{"etag": "x"}}})
			if err != nil || v != want {
				t.Errorf("%s: %#v, %v", source, v, err)
			}
		}
		if _, err := h.Evaluate(ctx, "=1 +", nil); err == nil {
			t.Error("no error")
		}
		if v, err := h.Cursor.Load(ctx); v != nil || err != nil {
			t.Error(v, err)
		}
		if err := h.Cursor.Save(ctx, map[string]any{"page": "2"}); err != nil {
			t.Fatal(err)
		}
		v, err := h.Cursor.Load(ctx)
		if diff := cmp.Diff(map[string]any{"page": "2"}, v); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if err := h.Cursor.Save(ctx, strings.Repeat("x", maxCursor)); err == nil || !strings.Contains(err.Error(), "more than the limit of 65536") {
			t.Error(err)
		}
		b.deploy(nil, bpmnOf(start("s", with(auto, "address", "a")...)))
		if h.Elements[0].Version != 1 || h.Current()[0].Version != 2 || h.ID != b.only().ID {
			t.Errorf("%+v, %+v", h.Elements, h.Current())
		}
	})
}

func TestSeveralSources(t *testing.T) {
	other := source.NewPush("other")
	onBench(t, func(o *Options) { o.Sources = append(o.Sources, other) }, func(b *bench) {
		definition := func(v int32) source.Definition {
			return source.Definition{Key: int64(v), Version: v, Latest: true, XML: func(context.Context) ([]byte, error) {
				return bpmnOf(start("s", with(auto, "address", "a")...)), nil
			}}
		}
		p := source.Process{ID: "p"}
		b.push.Set(source.Change{Process: p, Definitions: []source.Definition{definition(1)}})
		other.Set(source.Change{Process: source.Process{ID: "p", TenantID: "<default>"}, Definitions: []source.Definition{definition(1), definition(2)}})
		b.push.Scanned()
		synctest.Wait()
		b.expect("s@2=active") // the latest of all
		if b.Ready() {
			t.Error("ready although one source has not reported")
		}
		other.Scanned()
		other.Fail(errors.New("away"))
		if !b.Ready() || b.Sources()[1] != (SourceStatus{"other", true, "away"}) {
			t.Errorf("%+v", b.Sources())
		}
		b.push.Set(source.Change{Process: p})
		synctest.Wait()
		b.expect("s@2=active")
		other.Set(source.Change{Process: source.Process{ID: "p", TenantID: "<default>"}})
		synctest.Wait()
		b.expect("")
		if len(b.processes) != 0 {
			t.Error("a process that is gone is kept")
		}
	})
}
