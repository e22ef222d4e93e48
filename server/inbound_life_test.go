package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"patchbay/server"
	"patchbay/server/cli/clitest"
)

const gotValue = `{got: .request.body.value}`

// started is a process that a webhook starts.
func started(id, path string, pairs ...string) string {
	return process(id, []string{startEvent("hook", hook(path, append([]string{"resultExpression", gotValue}, pairs...)...))})
}

// continued is a process that waits for a webhook.
func continued(id, path string, pairs ...string) string {
	return process(id, []string{plainStart, catchEvent("hook", id, waits(path, pairs...))})
}

func waits(path string, pairs ...string) string {
	return hook(path, append([]string{"correlationKeyExpression", ".request.body.id", "resultExpression", gotValue}, pairs...)...)
}

// One path starts an instance with one event and continues it with another, and
// leads to several processes, told apart by their conditions.
func TestStartOrCorrelate(t *testing.T) {
	n := startNode(t, server.Config{})
	begins := hook("orders", "activationCondition", `.request.body.event == "new" and .request.body.kind == "a"`, "resultExpression", "{id: .request.body.id}")
	deploy(t, n.EngineAddress(), process("a", []string{startEvent("begins", begins),
		catchEvent("goes", "paid", waits("orders", "activationCondition", `.request.body.event == "paid"`))}))
	deploy(t, n.EngineAddress(), started("b", "orders", "activationCondition", `.request.body.event == "new" and .request.body.kind == "b"`))
	n.await("a", "begins@1+goes@1 active")
	n.await("b", "hook@1 active")

	n.accepted("orders", `{"event": "new", "kind": "a", "id": 1}`)
	n.accepted("orders", `{"event": "new", "kind": "a", "id": 2}`)
	n.accepted("orders", `{"event": "new", "kind": "b", "value": "B"}`)
	awaitInstances(t, n.url, "a", "ACTIVE <nil>", "ACTIVE <nil>")
	n.accepted("orders", `{"event": "paid", "id": 2, "value": 25}`)
	awaitInstances(t, n.url, "a", "ACTIVE <nil>", "COMPLETED 25")
	awaitInstances(t, n.url, "b", "COMPLETED B")
	if r := n.post("orders", `{"event": "other"}`); r.status != http.StatusUnprocessableEntity {
		t.Errorf("an event for nobody: %d %s", r.status, r.body)
	}
}

// An older version keeps its listener as long as instances of it wait.
func TestOlderVersions(t *testing.T) {
	t.Parallel()
	n := startNode(t, server.Config{})
	deploy(t, n.EngineAddress(), continued("p", "v1"))
	create(t, n.EngineAddress(), "p", `{"id": 1}`)
	n.await("p", "hook@1 active")
	deploy(t, n.EngineAddress(), continued("p", "v2"))
	create(t, n.EngineAddress(), "p", `{"id": 2}`)
	n.await("p", "hook@1 active", "hook@2 active")
	deploy(t, n.EngineAddress(), started("p", "v3"))
	n.await("p", "hook@1 active", "hook@2 active", "hook@3 active")

	n.accepted("v1", `{"id": 1, "value": "first"}`)
	n.accepted("v2", `{"id": 2, "value": "second"}`)
	n.accepted("v3", `{"value": "third"}`)
	awaitInstances(t, n.url, "p", "COMPLETED first", "COMPLETED second", "COMPLETED third")
	n.await("p", "hook@3 active")
}

// New versions take over without a gap: no request is refused and none is lost
// or handled twice.
func TestSwapUnderLoad(t *testing.T) {
	const senders, versions, each = 4, 8, 40
	n := startNode(t, server.Config{})
	deploy(t, n.EngineAddress(), started("p", "load"))
	n.await("p", "hook@1 active")
	var group sync.WaitGroup
	for sender := range senders {
		group.Go(func() {
			for i := range each {
				if r := n.post("load", fmt.Sprintf(`{"value": "%d-%d"}`, sender, i)); r.status != http.StatusOK {
					t.Errorf("event %d of sender %d: %d %s", i, sender, r.status, r.body)
				}
			}
		})
	}
	for v := range versions {
		// Half of the versions share a listener, the others bring one of their own.
		deploy(t, n.EngineAddress(), started("p", "load", "inbound.responseTimeout", fmt.Sprintf("PT%dS", 20+v/2), "synchronousResponse", fmt.Sprint(v%2 == 0)))
	}
	group.Wait()
	seen := map[any]bool{}
	list := clitest.Instances(t, n.url, "p")
	for _, i := range list {
		seen[i.Variables["got"]] = true
	}
	if len(list) != senders*each || len(seen) != senders*each {
		t.Errorf("%d instances of %d events, want %d", len(list), len(seen), senders*each)
	}
	n.await("p", fmt.Sprintf("hook@%d active", versions+1))
}

// What is wrong with one element is shown at it and keeps nothing else from
// working, in the same process and in others; readiness does not wait for it.
func TestBrokenElements(t *testing.T) {
	cluster := startCluster(t)
	proxied := server.Config{Gateway: cluster.gateway, ProxyListen: "127.0.0.1:0"}
	n := startNode(t, proxied)
	broken := []struct{ element, wrong, state, reason string }{
		{"ttl", waits("x", "messageTtl", "soon"), "invalid", `messageTtl: expected an ISO 8601 duration, such as PT1H, but got "soon"`},
		{"key", hook("x"), "invalid", "the property correlationKeyExpression is missing"},
		{"syntax", waits("x", "resultExpression", "{"), "invalid", "resultExpression"},
		{"names", waits("x", "inbound.context.deep", "y"), "invalid", "inbound.context"},
		{"mode", waits("x", "deduplicationMode", "SOMETIMES"), "invalid", "AUTO"},
		{"type", properties("inbound.type", "nobody:1", "correlationKeyExpression", ".id"), "backing_off", "nobody:1"},
		{"method", waits("x", "inbound.method", "brew"), "backing_off", "inbound.method"},
		{"path", waits("../x"), "backing_off", "inbound.context"},
		{"secret", waits("x", "inbound.auth.type", "APIKEY", "inbound.auth.apiKey", "{{secrets.NOPE}}"), "backing_off", "NOPE"},
		{"scheme", waits("x", "inbound.signature.scheme", "github"), "backing_off", "inbound.signature.secrets"},
	}
	chain, want := []string{startEvent("hook", hook("good", "resultExpression", gotValue))}, []string{"hook@1 active"}
	for _, b := range broken {
		chain = append(chain, catchEvent(b.element, b.element, b.wrong))
		want = append(want, b.element+"@1 "+b.state)
	}
	deploy(t, n.ProxyAddress(), process("p", chain))
	deploy(t, n.ProxyAddress(), started("other", "other"))
	list := n.await("p", want...)
	for _, b := range broken {
		for _, x := range list {
			if x.Elements[0].ElementID == b.element && (x.Health.Status != "DOWN" || !strings.Contains(x.Health.Error, b.reason)) {
				t.Errorf("%s: health %v, want DOWN because of %q", b.element, x.Health, b.reason)
			}
		}
		n.noted("p", b.reason)
	}
	n.accepted("good", `{"value": 1}`)
	n.accepted("other", `{"value": 2}`)
	n = n.restart() // which waits until it is ready
	n.await("p", want...)
	n.accepted("good", `{"value": 3}`)
}

// A deleted definition's listeners go; when an older version becomes the latest
// again, its listeners come back.
func TestDeletion(t *testing.T) {
	n := startNode(t, server.Config{})
	first := deploy(t, n.EngineAddress(), started("p", "one"))
	second := deploy(t, n.EngineAddress(), started("p", "two"))
	n.await("p", "hook@2 active")
	client := dial(t, n.EngineAddress())
	if err := client.DeleteResource(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	n.await("p", "hook@1 active")
	n.accepted("one", `{"value": 1}`)
	if r := n.post("two", `{}`); r.status != http.StatusServiceUnavailable && r.status != http.StatusNotFound {
		t.Errorf("the deleted version's path answers %d %s", r.status, r.body)
	}
	if err := client.DeleteResource(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	n.await("p")
	awaitInstances(t, n.url, "p", "COMPLETED 1")
}

// A pause lasts over a restart, and so does the activity.
func TestPauseOverRestart(t *testing.T) {
	cluster := startCluster(t)
	n := startNode(t, server.Config{Gateway: cluster.gateway, ProxyListen: "127.0.0.1:0"})
	deploy(t, n.ProxyAddress(), started("p", "p"))
	id := n.await("p", "hook@1 active")[0].ID
	n.accepted("p", `{"value": 1}`)
	n.noted("p", "process instance created")
	n.act(id, "pause")
	n.await("p", "hook@1 paused")
	n.saysPaused("p")

	n = n.restart()
	n.await("p", "hook@1 paused")
	n.saysPaused("p")
	if text := n.get("/metrics").body; !strings.Contains(text, `patchbay_webhook_requests_total{status="503"} 1`) {
		t.Errorf("the metrics do not count what was refused:\n%s", text)
	}
	n.noted("p", "process instance created")
	n.act(id, "resume")
	n.await("p", "hook@1 active")
	n.accepted("p", `{"value": 3}`)
	n.act(id, "restart")
	n.await("p", "hook@1 active")
	n.accepted("p", `{"value": 4}`)
	awaitInstances(t, cluster.rest, "p", "COMPLETED 1", "COMPLETED 3", "COMPLETED 4")
	if r := n.do(n.request(http.MethodPost, "/api/v1/inbound/nope/pause", "")); r.status != http.StatusNotFound {
		t.Errorf("pause of nothing: %d %s", r.status, r.body)
	}
}

// saysPaused sends requests until one is told of the pause. None is accepted.
func (n *node) saysPaused(path string) {
	n.Helper()
	var r reply
	n.eventually(func() bool { r = n.post(path, `{"value": 2}`); return strings.Contains(r.body, "PAUSED") },
		func() string { return fmt.Sprintf("a paused webhook answers %d: %s", r.status, r.body) })
}

func (n *node) act(id, action string) {
	n.Helper()
	if r := n.do(n.request(http.MethodPost, "/api/v1/inbound/"+id+"/"+action, "")); r.status != http.StatusOK {
		n.Fatalf("%s: %d %s", action, r.status, r.body)
	}
}

// While the gateway is away, callers are told to come again, operators see each
// event, and the listeners stay.
func TestGatewayAway(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t)
	n := startNode(t, server.Config{Gateway: cluster.gateway, ProxyListen: "127.0.0.1:0"})
	deploy(t, n.ProxyAddress(), started("p", "p"))
	n.await("p", "hook@1 active")
	cluster.away()
	for value := range 3 {
		r := n.post("p", fmt.Sprintf(`{"value": %d}`, value))
		if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" || !strings.Contains(r.body, `"reason":"UNAVAILABLE"`) {
			t.Errorf("answered %d, Retry-After %q, %s", r.status, r.header.Get("Retry-After"), r.body)
		}
	}
	failures := 0
	for _, e := range n.listeners("p")[0].Activity {
		if e.Severity == "ERROR" && strings.HasPrefix(e.Message, "failed: start process") {
			failures++
		}
	}
	if failures != 3 {
		t.Errorf("%d entries about failed events, want 3: %v", failures, n.listeners("p")[0].Activity)
	}
	if r := n.get("/healthz"); r.status != http.StatusOK {
		t.Errorf("/healthz %d", r.status)
	}
	cluster.back()
	n.eventually(func() bool { return n.post("p", `{"value": "again"}`).status == http.StatusOK }, func() string { return "the webhook does not come back" })
	awaitInstances(t, cluster.rest, "p", "COMPLETED again")
	if got := len(cluster.engine.ProcessInstances("p")); got != 1 {
		t.Errorf("%d instances", got)
	}
}
