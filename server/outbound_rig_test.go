package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/embedded"
	"patchbay/server"
	"patchbay/server/cli/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m) }

// serving is a server that runs until the test ends or stop is called.
type serving struct {
	*server.Server
	t      *testing.T
	cancel context.CancelFunc
	ended  chan error
}

var quiet = slog.New(slog.DiscardHandler)

// config is a server's least configuration; change may add to it.
func config(t *testing.T, change func(*server.Config)) server.Config {
	c := server.Config{
		Listen: "127.0.0.1:0", EngineListen: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "data"), SecretPrefix: "SECRET_", SecretNames: "any",
		AllowLoopback: true, MaxJobs: 400, JobTimeout: time.Minute, Drain: 10 * time.Second, MessageTTL: time.Hour,
	}
	if change != nil {
		change(&c)
	}
	return c
}

// serve runs a server and waits until it is ready.
func serve(t *testing.T, c server.Config, log *slog.Logger) *serving {
	t.Helper()
	s := begin(t, c, log)
	s.await("/readyz", http.StatusOK)
	return s
}

// begin runs a server.
func begin(t *testing.T, c server.Config, log *slog.Logger) *serving {
	t.Helper()
	s, err := server.New(t.Context(), c, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	running := &serving{Server: s, t: t, cancel: cancel, ended: make(chan error, 1)}
	go func() { running.ended <- s.Run(ctx) }()
	t.Cleanup(running.stop)
	return running
}

// stop ends the server and waits for it; a second time does nothing.
func (s *serving) stop() {
	s.cancel()
	if err, running := <-s.ended; running && err != nil {
		s.t.Errorf("stop the server: %v", err)
	} else if running {
		close(s.ended)
	}
}

// get asks the server's HTTP side.
func (s *serving) get(path string) (status int, body string) {
	return answer(s.t, http.MethodGet, "http://"+s.Address()+path, "")
}

func (s *serving) await(path string, status int) {
	s.t.Helper()
	got, body := 0, ""
	clitest.Eventually(s.t, func() bool { got, body = s.get(path); return got == status },
		func() string { return fmt.Sprintf("GET %s: %d %s", path, got, body) })
}

// answer sends a request; status 0 means that none came.
func answer(t *testing.T, method, url, body string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(content)
}

// gateway is a cluster of one: an engine that outlives its gateway.
type gateway struct {
	*embedded.Engine
	t       *testing.T
	address string
	kill    func()
}

func startGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{Engine: embedded.New(embedded.Options{}), t: t, address: "127.0.0.1:0"}
	t.Cleanup(g.Close)
	g.listen()
	return g
}

// listen opens the gateway, at the address that it had before if it had one.
// kill closes it with all its connections.
func (g *gateway) listen() {
	g.t.Helper()
	l := listenAgain(g.t, g.address)
	g.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Serve(ctx, l) }()
	g.kill = func() {
		cancel()
		<-ended
		ended <- nil
	}
	g.t.Cleanup(g.kill)
}

// listenAgain listens on an address that was this test's before. Meanwhile a
// connection of some other process may have got its port.
func listenAgain(t *testing.T, address string) (l net.Listener) {
	t.Helper()
	var err error
	clitest.Eventually(t, func() bool { l, err = net.Listen("tcp", address); return err == nil }, func() string { return err.Error() })
	return l
}

// client is a client of the gateway, however often it was killed.
func (g *gateway) client() *zeebe.Client {
	return connect(g.t, zeebe.Options{Plaintext: true, Dialer: g.DialContext, Log: quiet})
}

func connect(t *testing.T, o zeebe.Options) *zeebe.Client {
	t.Helper()
	c, err := zeebe.Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// completed waits until so many instances have ended.
func (g *gateway) completed(n int) {
	g.t.Helper()
	done := 0
	clitest.Eventually(g.t, func() bool {
		done = 0
		for _, p := range g.ProcessInstances("") {
			if p.State == embedded.Completed {
				done++
			}
		}
		return done == n
	}, func() string {
		text := fmt.Sprintf("%d of %d instances completed", done, n)
		for _, i := range g.Incidents(0) {
			text += "; " + i.Message
		}
		return text
	})
}

// task is a service task.
type task struct {
	jobType  string
	template string // attributes of the element
	inputs   [][2]string
	headers  [][2]string
}

// process writes a process with one task, "task".
func (x task) process(id string) zeebe.Resource {
	var b bytes.Buffer
	list := func(format string, items [][2]string) {
		for _, i := range items {
			fmt.Fprintf(&b, format, html.EscapeString(i[0]), html.EscapeString(i[1]))
		}
	}
	fmt.Fprintf(&b, `<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="t">
<bpmn:process id="%s" isExecutable="true"><bpmn:startEvent id="start"/><bpmn:serviceTask id="task" %s><bpmn:extensionElements>
<zeebe:taskDefinition type="%s" retries="1"/><zeebe:ioMapping>`, id, x.template, x.jobType)
	list(`<zeebe:input target="%s" source="%s"/>`, x.inputs)
	b.WriteString(`</zeebe:ioMapping><zeebe:taskHeaders>`)
	list(`<zeebe:header key="%s" value="%s"/>`, x.headers)
	b.WriteString(`</zeebe:taskHeaders></bpmn:extensionElements></bpmn:serviceTask><bpmn:endEvent id="end"/>
<bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="task"/><bpmn:sequenceFlow id="f2" sourceRef="task" targetRef="end"/></bpmn:process></bpmn:definitions>`)
	return zeebe.Resource{Name: id + ".bpmn", Content: b.Bytes()}
}

// call is a task that makes a GET request.
func call(url string, headers ...[2]string) task {
	return task{jobType: "io.camunda:http-json:1", inputs: [][2]string{{"method", "GET"}, {"url", url}}, headers: headers}
}

// deployer is a server or a gateway's client.
type deployer interface {
	Deploy(ctx context.Context, tenant string, resources ...zeebe.Resource) (zeebe.Deployment, error)
}

func deployTo(t *testing.T, to deployer, resources ...zeebe.Resource) {
	t.Helper()
	if _, err := to.Deploy(t.Context(), "", resources...); err != nil {
		t.Fatal(err)
	}
}

func start(t *testing.T, c *zeebe.Client, id, variables string) zeebe.Instance {
	t.Helper()
	i, err := c.CreateInstance(t.Context(), zeebe.NewInstance{ProcessID: id, Variables: json.RawMessage(variables)})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// finish runs an instance to its end and returns its variables.
func finish(t *testing.T, c *zeebe.Client, id, variables string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	i, err := c.CreateInstanceWithResult(ctx, zeebe.NewInstance{ProcessID: id, Variables: json.RawMessage(variables)})
	if err != nil {
		t.Fatal(err)
	}
	return string(i.Variables)
}

// incident waits for an incident and returns its text.
func (g *gateway) incident(instance int64) string {
	g.t.Helper()
	clitest.Eventually(g.t, func() bool { return len(g.Incidents(instance)) > 0 }, func() string { return "no incident came" })
	return g.Incidents(instance)[0].Message
}

// outcome waits for an instance's end; it is empty, or the text of its incident.
func (g *gateway) outcome(instance int64) string {
	g.t.Helper()
	ended := func() bool {
		p, ok := g.ProcessInstance(instance)
		return len(g.Incidents(instance)) > 0 || ok && p.State == embedded.Completed
	}
	clitest.Eventually(g.t, ended, func() string { return "the instance did not end" })
	for _, i := range g.Incidents(instance) {
		return i.Message
	}
	return ""
}

// web is an HTTP server for connectors to call.
func web(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// eventually tries until try has nothing to say.
func eventually(t *testing.T, try func() string) {
	t.Helper()
	said := ""
	clitest.Eventually(t, func() bool { said = try(); return said == "" }, func() string { return said })
}

// gatewayOf is the embedded engine's gateway of a server.
func gatewayOf(s *serving) zeebe.Options {
	return zeebe.Options{Address: s.EngineAddress(), Plaintext: true, Log: quiet}
}
