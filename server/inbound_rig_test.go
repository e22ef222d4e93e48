package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"patchbay/engine/inbound"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/embedded"
	"patchbay/engine/zeebe/embedded/rest"
	"patchbay/server"
	"patchbay/server/cli/clitest"
)

// node is a server in this process. It ends with the test, or before it.
type node struct {
	*testing.T
	*server.Server
	config server.Config
	url    string
	end    func()
}

// startNode starts a server and waits until it is ready. What config leaves
// out, a test can do without; two nodes with the same config are one before and
// after a restart.
func startNode(t *testing.T, config server.Config) *node {
	t.Helper()
	config.Listen, config.EngineListen = "127.0.0.1:0", "127.0.0.1:0"
	if config.Data == "" {
		config.Data = t.TempDir()
	}
	config.MaxJobs, config.JobTimeout, config.Drain, config.MessageTTL = 64, time.Minute, 5*time.Second, time.Hour
	s, err := server.New(context.Background(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	n := &node{T: t, Server: s, config: config, url: "http://" + s.Address()}
	n.run()
	n.eventually(func() bool { return n.get("/readyz").status == http.StatusOK }, func() string { return n.get("/readyz").body })
	return n
}

func (n *node) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Server.Run(ctx) }()
	n.end = func() {
		if ctx.Err() != nil {
			return
		}
		cancel()
		if err := <-ended; err != nil {
			n.Errorf("end the server: %v", err)
		}
	}
	n.Cleanup(n.end)
}

// restart ends the server and starts it with what it has kept.
func (n *node) restart(change ...func(*server.Config)) *node {
	n.Helper()
	n.end()
	config := n.config
	for _, c := range change {
		c(&config)
	}
	return startNode(n.T, config)
}

func (n *node) eventually(try func() bool, why func() string) {
	n.Helper()
	clitest.Eventually(n.T, try, why)
}

// reply is what a server answered.
type reply struct {
	status int
	header http.Header
	body   string
}

// do sends a request; it may be called by any goroutine.
func (n *node) do(r *http.Request) reply {
	n.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		n.Error(err)
		return reply{}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		n.Error(err)
	}
	return reply{resp.StatusCode, resp.Header, string(body)}
}

func (n *node) request(method, path, body string, headers ...string) *http.Request {
	n.Helper()
	r := httptest.NewRequestWithContext(context.Background(), method, n.url+path, strings.NewReader(body))
	r.RequestURI = "" // a client's request has none
	r.Header.Set("Content-Type", "application/json")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func (n *node) get(path string) reply {
	n.Helper()
	return n.do(n.request(http.MethodGet, path, ""))
}

// post sends an event to a webhook.
func (n *node) post(path, body string, headers ...string) reply {
	n.Helper()
	return n.do(n.request(http.MethodPost, "/inbound/"+path, body, headers...))
}

// accepted sends an event that must be taken.
func (n *node) accepted(path, body string, headers ...string) reply {
	n.Helper()
	r := n.post(path, body, headers...)
	if r.status != http.StatusOK {
		n.Fatalf("POST %s answered %d %s", path, r.status, r.body)
	}
	return r
}

// listeners returns the inbound connectors of a process.
func (n *node) listeners(process string) []inbound.Status {
	n.Helper()
	var found struct{ Items []inbound.Status }
	if err := json.Unmarshal([]byte(n.get("/api/v1/inbound").body), &found); err != nil {
		n.Fatal(err)
	}
	return slices.DeleteFunc(found.Items, func(s inbound.Status) bool { return s.Elements[0].BpmnProcessID != process })
}

// await waits until a process has exactly these listeners, each written as
// element, version and state, and returns them.
func (n *node) await(process string, want ...string) []inbound.Status {
	n.Helper()
	var list []inbound.Status
	texts := func() (texts []string) {
		list = n.listeners(process)
		for _, x := range list {
			texts = append(texts, describe(x))
		}
		slices.Sort(texts)
		return texts
	}
	slices.Sort(want)
	n.eventually(func() bool { return slices.Equal(texts(), want) }, func() string {
		return fmt.Sprintf("the listeners of %s are %q, want %q", process, texts(), want)
	})
	return list
}

func describe(x inbound.Status) string {
	var elements []string
	for _, e := range x.Elements {
		elements = append(elements, fmt.Sprintf("%s@%d", e.ElementID, e.Version))
	}
	return strings.Join(elements, "+") + " " + string(x.State)
}

// noted waits until the activity of a process's listeners has an entry with a
// text.
func (n *node) noted(process, text string) inbound.Entry {
	n.Helper()
	var found inbound.Entry
	has := func() bool {
		for _, x := range n.listeners(process) {
			for _, e := range x.Activity {
				if strings.Contains(e.Message, text) {
					found = e
					return true
				}
			}
		}
		return false
	}
	n.eventually(has, func() string {
		return fmt.Sprintf("no activity of %s has %q, only %v", process, text, n.listeners(process))
	})
	return found
}

// deploy deploys through a gateway and returns the definition's key.
func deploy(t *testing.T, gateway string, xml string) int64 {
	t.Helper()
	d, err := dial(t, gateway).Deploy(t.Context(), "", zeebe.Resource{Name: "p.bpmn", Content: []byte(xml)})
	if err != nil {
		t.Fatal(err)
	}
	return d.Deployed[0].Key
}

func dial(t *testing.T, gateway string) *zeebe.Client {
	t.Helper()
	c, err := zeebe.Dial(t.Context(), zeebe.Options{Address: gateway, Plaintext: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// create starts an instance by a gateway.
func create(t *testing.T, gateway, process, variables string) {
	t.Helper()
	if _, err := dial(t, gateway).CreateInstance(t.Context(), zeebe.NewInstance{ProcessID: process, Variables: []byte(variables)}); err != nil {
		t.Fatal(err)
	}
}

// cluster is an engine of its own that stands for a Zeebe cluster: a gateway
// that can go away and come back, and REST v2.
type cluster struct {
	*testing.T
	engine  *embedded.Engine
	gateway string
	rest    string
	away    func()
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{T: t, engine: embedded.New(embedded.Options{Logger: slog.New(slog.DiscardHandler)}), gateway: "127.0.0.1:0"}
	t.Cleanup(c.engine.Close)
	c.back()
	api := httptest.NewServer(rest.Handler(c.engine, "8.8.0"))
	t.Cleanup(api.Close)
	c.rest = api.URL
	return c
}

// back serves the gateway, at the same address as before.
func (c *cluster) back() {
	c.Helper()
	l := listenAgain(c.T, c.gateway)
	c.gateway = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.engine.Serve(ctx, l)
	}()
	c.away = func() {
		cancel()
		<-ended
	}
	c.Cleanup(c.away)
}

// awaitInstances waits until the instances of a process are these, each written
// as state and the variable got.
func awaitInstances(t *testing.T, address, process string, want ...string) {
	t.Helper()
	texts := func() []string {
		texts := []string{}
		for _, i := range clitest.Instances(t, address, process) {
			texts = append(texts, fmt.Sprint(i.State, " ", i.Variables["got"]))
		}
		return texts
	}
	clitest.Eventually(t, func() bool { return slices.Equal(texts(), want) }, func() string {
		return fmt.Sprintf("the instances of %s are %q, want %q", process, texts(), want)
	})
}

// secrets writes a file of secrets, NAME=VALUE each.
func secrets(t *testing.T, list ...string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secrets")
	if err := os.WriteFile(file, []byte(strings.Join(list, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{file}
}
