package server_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"patchbay/server"
)

// What was deployed through the gateway proxy is remembered: a restart without
// the proxy activates it.
func TestProxiedDeploymentsAreRemembered(t *testing.T) {
	cluster := startCluster(t)
	n := startNode(t, server.Config{Gateway: cluster.gateway, ProxyListen: "127.0.0.1:0"})
	deploy(t, n.ProxyAddress(), started("p", "one"))
	deploy(t, n.ProxyAddress(), continued("q", "two"))
	create(t, n.ProxyAddress(), "q", `{"id": 1}`) // other calls pass too
	n.await("p", "hook@1 active")
	n.await("q", "hook@1 active")
	n = n.restart(func(c *server.Config) { c.ProxyListen = "" })
	n.accepted("one", `{"value": 1}`) // ready means that it listens
	n.accepted("two", `{"id": 1, "value": 2}`)
	awaitInstances(t, cluster.rest, "p", "COMPLETED 1")
	awaitInstances(t, cluster.rest, "q", "COMPLETED 2")
}

// A deletion that goes through the proxy ends the listener.
func TestProxiedDeletion(t *testing.T) {
	cluster := startCluster(t)
	n := startNode(t, server.Config{Gateway: cluster.gateway, ProxyListen: "127.0.0.1:0"})
	key := deploy(t, n.ProxyAddress(), started("p", "one"))
	n.await("p", "hook@1 active")
	if err := dial(t, n.ProxyAddress()).DeleteResource(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	n.await("p")
	n = n.restart()
	n.await("p")
}

// A deployment by the API reaches the gateway and the listeners, whatever else
// tells of deployments.
func TestDeploymentByAPI(t *testing.T) {
	cluster := startCluster(t)
	for name, config := range map[string]server.Config{"remote": {Gateway: cluster.gateway}, "embedded": {}} {
		t.Run(name, func(t *testing.T) {
			n := startNode(t, config)
			if r := n.upload("p.bpmn", started("p", "one")); r.status != http.StatusOK {
				t.Fatalf("%d %s", r.status, r.body)
			}
			n.await("p", "hook@1 active")
			n.accepted("one", `{"value": 1}`)
			if r := n.upload("p.bpmn", `<bpmn`); r.status != http.StatusUnprocessableEntity {
				t.Errorf("a broken file: %d %s", r.status, r.body)
			}
			n.await("p", "hook@1 active")
		})
	}
}

func (n *node) upload(name, content string) reply {
	n.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("resources", name)
	if err == nil {
		_, err = part.Write([]byte(content))
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		n.Fatal(err)
	}
	r := n.request(http.MethodPost, "/api/v1/deployments", body.String())
	r.Header.Set("Content-Type", form.FormDataContentType())
	return n.do(r)
}

// The REST v2 that the embedded engine serves is enough for another server to
// find what to listen to: the latest versions, older ones whose instances wait
// for a message, and the instances that a polled element waits for.
func TestRESTSource(t *testing.T) {
	s := openShop(t)
	first := startNode(t, server.Config{})
	deploy(t, first.EngineAddress(), continued("p", "one"))
	create(t, first.EngineAddress(), "p", `{"id": 1}`)
	deploy(t, first.EngineAddress(), continued("p", "two"))
	create(t, first.EngineAddress(), "p", `{"id": 2}`)
	deploy(t, first.EngineAddress(), started("idle", "old")) // no instance of it waits
	deploy(t, first.EngineAddress(), started("idle", "new"))
	deploy(t, first.EngineAddress(), process("polled", []string{plainStart, catchEvent("poll", "polled", s.payment())}))
	create(t, first.EngineAddress(), "polled", `{"id": "x"}`)

	second := startNode(t, server.Config{Gateway: first.EngineAddress(), RESTAddress: first.url, AllowLoopback: true})
	second.await("p", "hook@1 active", "hook@2 active")
	second.await("idle", "hook@2 active")
	second.accepted("one", `{"id": 1, "value": 1}`)
	second.accepted("two", `{"id": 2, "value": 2}`)
	second.accepted("new", `{"value": 3}`)
	awaitInstances(t, first.url, "p", "COMPLETED 1", "COMPLETED 2")
	awaitInstances(t, first.url, "idle", "COMPLETED 3")
	second.eventually(func() bool { return s.polls("x") > 0 }, func() string { return "nobody asks for the payment" })
	s.pay("x", 4)
	awaitInstances(t, first.url, "polled", "COMPLETED 4")
}

// A folder of BPMN files is listened to without any other source.
func TestFolderSource(t *testing.T) {
	cluster := startCluster(t)
	folder, xml := t.TempDir(), started("p", "one")
	deploy(t, cluster.gateway, xml)
	if err := os.WriteFile(filepath.Join(folder, "p.bpmn"), []byte(xml), 0o600); err != nil {
		t.Fatal(err)
	}
	n := startNode(t, server.Config{Gateway: cluster.gateway, Definitions: folder})
	n.accepted("one", `{"value": 1}`)
	awaitInstances(t, cluster.rest, "p", "COMPLETED 1")
}

// Operate lets a user in by a session, which the gateway's user name and
// password open.
func TestOperateWithAPassword(t *testing.T) {
	t.Setenv("CAMUNDA_BASIC_AUTH_USERNAME", "demo")
	t.Setenv("CAMUNDA_BASIC_AUTH_PASSWORD", "word")
	t.Setenv("ZEEBE_INSECURE_CONNECTION", "true")
	asked := make(chan string, 1)
	operate := web(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/login" && r.URL.Query().Get("username") == "demo" && r.URL.Query().Get("password") == "word" {
			http.SetCookie(w, &http.Cookie{Name: "OPERATE-SESSION", Value: "s"})
			return
		}
		select {
		case asked <- r.URL.Path + " " + r.Header.Get("Cookie") + r.Header.Get("Authorization"):
		default:
		}
		_, _ = w.Write([]byte(`{"items": []}`))
	})
	startNode(t, server.Config{Gateway: startCluster(t).gateway, OperateAddress: operate.URL})
	if got, want := <-asked, "/v1/process-definitions/search OPERATE-SESSION=s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
