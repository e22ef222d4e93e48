package server_test

import (
	"net"
	"net/http"
	"os"
	"testing"

	"patchbay/protocols"
	"patchbay/server"
)

// A request that waits for its instance gets its answer although the server is
// told to end, and the server waits for it.
func TestDrainAnswersWhoWaits(t *testing.T) {
	cluster := startCluster(t)
	n := startNode(t, server.Config{Gateway: cluster.gateway, ProxyListen: "127.0.0.1:0"})
	deploy(t, n.ProxyAddress(), process("p", []string{
		startEvent("hook", hook("p", "synchronousResponse", "true", "resultExpression", "{id: .request.body.id}",
			"inbound.responseExpression", "{body: .correlation.variables}")),
		receiveTask("go", "go", "")}))
	n.await("p", "hook@1 active")
	answered := make(chan reply, 1)
	request := n.request(http.MethodPost, "/inbound/p", `{"id": 1}`)
	go func() { answered <- n.do(request) }()
	awaitInstances(t, cluster.rest, "p", "ACTIVE <nil>")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.end()
	}()
	n.eventually(func() bool {
		conn, err := net.Dial("tcp", n.Address())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, func() string { return "the server still takes connections" })
	if _, err := dial(t, cluster.gateway).Publish(t.Context(), protocols.Message{Name: "go", CorrelationKey: "1", Variables: map[string]any{"got": 5}}); err != nil {
		t.Fatal(err)
	}
	if r := <-answered; r.status != http.StatusOK || r.body != `{"got":5,"id":1}` {
		t.Errorf("answered %d %s", r.status, r.body)
	}
	<-ended
}

// A listener that could not be opened does not hold its path: the version that
// mends it serves.
func TestMendedVersion(t *testing.T) {
	n := startNode(t, server.Config{})
	deploy(t, n.EngineAddress(), started("p", "path", "inbound.auth.type", "JWT"))
	n.await("p", "hook@1 backing_off")
	deploy(t, n.EngineAddress(), started("p", "path"))
	n.await("p", "hook@2 active")
	n.accepted("path", `{"value": 1}`)
}

// A restart by the API reads secrets again.
func TestRestartReadsSecrets(t *testing.T) {
	files := secrets(t, "KEY=first")
	n := startNode(t, server.Config{SecretFile: files})
	deploy(t, n.EngineAddress(), started("p", "p", "inbound.auth.type", "APIKEY", "inbound.auth.apiKey", "{{secrets.KEY}}"))
	id := n.await("p", "hook@1 active")[0].ID
	n.accepted("p", `{"value": 1}`, "Authorization: Bearer first")
	if err := os.WriteFile(files[0], []byte("KEY=second-secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.act(id, "restart")
	n.eventually(func() bool {
		return n.post("p", `{"value": 2}`, "Authorization: Bearer second-secret").status == http.StatusOK
	}, func() string { return "the new secret does not count" })
	if r := n.post("p", `{}`, "Authorization: Bearer first"); r.status != http.StatusUnauthorized {
		t.Errorf("the old secret: %d", r.status)
	}
	awaitInstances(t, n.url, "p", "COMPLETED 1", "COMPLETED 2")
}

// A connection that a client has opened ahead does not hold up the end.
func TestUnusedConnectionsDoNotHoldUpTheEnd(t *testing.T) {
	n := startNode(t, server.Config{})
	conn, err := net.Dial("tcp", n.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	n.end() // which fails when the time to drain, five seconds, is over
}
