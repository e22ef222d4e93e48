package server_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"patchbay/engine/zeebe"
	"patchbay/server"
	"patchbay/server/cli/clitest"
)

func TestServeEmbedded(t *testing.T) {
	target := web(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"a":1}`) })
	s := serve(t, config(t, nil), quiet)
	c := connect(t, gatewayOf(s))
	deployTo(t, s, call(target.URL, [2]string{"resultExpression", "{a: .body.a}"}).process("p"))
	if got := finish(t, c, "p", "{}"); got != `{"a":1}` {
		t.Errorf("result %s", got)
	}
	s.await("/healthz", http.StatusOK)
}

// TestNotReadyTellsWhy: a source of definitions that refuses the server is named
// with its reason.
func TestNotReadyTellsWhy(t *testing.T) {
	api := web(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	g := startGateway(t)
	s := begin(t, config(t, func(c *server.Config) { c.Gateway, c.RESTAddress = g.address, api.URL }), quiet)
	eventually(t, func() string {
		status, body := s.get("/readyz")
		if status == http.StatusServiceUnavailable && strings.Contains(body, "rest "+api.URL) && strings.Contains(body, "check the credentials") {
			return ""
		}
		return fmt.Sprintf("%d %s", status, body)
	})
}

// inFlight starts instances and waits until the call of each has arrived.
func inFlight(t *testing.T, c *zeebe.Client, arrived <-chan struct{}, jobs int) {
	t.Helper()
	for range jobs {
		start(t, c, "p", "{}")
	}
	for range jobs {
		<-arrived
	}
}

// TestStopWithJobsInFlight stops the server while jobs wait for their answers:
// they end, none is lost or done twice.
func TestStopWithJobsInFlight(t *testing.T) {
	const jobs = 20
	arrived, answers := make(chan struct{}, jobs), make(chan struct{})
	target := web(t, func(w http.ResponseWriter, _ *http.Request) { arrived <- struct{}{}; <-answers })
	g := startGateway(t)
	s := serve(t, config(t, func(c *server.Config) { c.Gateway = g.address }), quiet)
	c := g.client()
	deployTo(t, c, call(target.URL).process("p"))
	inFlight(t, c, arrived, jobs)
	s.cancel()
	clitest.Eventually(t, func() bool { status, _ := s.get("/readyz"); return status != http.StatusOK }, func() string { return "still ready" })
	close(answers)
	s.stop()
	g.completed(jobs)
	if more := len(arrived); more != 0 {
		t.Errorf("%d jobs were called twice", more)
	}
}

// TestStopGivesUp stops the server while a job never ends: the job is not
// failed but goes to another worker with the same retries.
func TestStopGivesUp(t *testing.T) {
	var calls atomic.Int32
	arrived := make(chan struct{}, 2)
	target := web(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		if calls.Add(1) == 1 {
			<-r.Context().Done()
		}
	})
	g := startGateway(t)
	c := g.client()
	deployTo(t, c, call(target.URL).process("p"))
	first := serve(t, config(t, func(c *server.Config) { c.Gateway, c.Drain = g.address, 1 }), quiet)
	start(t, c, "p", "{}")
	<-arrived
	first.cancel()
	<-first.ended // it may say that a job was given back
	close(first.ended)
	serve(t, config(t, func(c *server.Config) { c.Gateway = g.address }), quiet)
	g.completed(1)
	if list := g.Incidents(0); len(list) != 0 {
		t.Errorf("incident %s", list[0].Message)
	}
}

// TestGatewayKilled kills the gateway with all connections while jobs run, and
// brings it back: every instance completes, and no call is made twice.
func TestGatewayKilled(t *testing.T) {
	const jobs = 30
	var calls atomic.Int32
	arrived, answers := make(chan struct{}, jobs), make(chan struct{})
	target := web(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) <= jobs {
			arrived <- struct{}{}
		}
		<-answers
	})
	g := startGateway(t)
	s := serve(t, config(t, func(c *server.Config) { c.Gateway = g.address }), quiet)
	c := g.client()
	deployTo(t, c, call(target.URL).process("p"))
	inFlight(t, c, arrived, jobs)
	g.kill()
	close(answers)
	s.await("/readyz", http.StatusServiceUnavailable)
	s.await("/healthz", http.StatusOK)
	for range jobs { // what comes meanwhile waits
		start(t, c, "p", "{}")
	}
	g.listen()
	g.completed(2 * jobs)
	s.await("/readyz", http.StatusOK)
	if n := calls.Load(); n != 2*jobs {
		t.Errorf("%d calls for %d jobs", n, 2*jobs)
	}
}

// TestSecondStart starts a server on the data of one that has ended.
func TestSecondStart(t *testing.T) {
	c := config(t, nil)
	text := constrained("demo.kept", 1)
	first := serve(t, c, quiet)
	if status, body := answer(t, http.MethodPost, "http://"+first.Address()+"/api/v1/templates", text); status != http.StatusCreated {
		t.Fatalf("publish: %d %s", status, body)
	}
	first.stop()
	second := serve(t, c, quiet)
	if status, body := second.get("/api/v1/templates/demo.kept/versions/1"); status != http.StatusOK || body != text {
		t.Errorf("after a restart: %d %s", status, body)
	}
}

func TestWrongStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(*server.Config)
		env    map[string]string
		want   []string
	}{
		"port in use":          {change: func(c *server.Config) { c.Listen = taken.Addr().String() }, want: []string{"--listen", "address already in use"}},
		"engine's port in use": {change: func(c *server.Config) { c.EngineListen = taken.Addr().String() }, want: []string{"--engine-listen", "address already in use"}},
		"proxy's port in use": {change: func(c *server.Config) { c.Gateway, c.ProxyListen = "127.0.0.1:1", taken.Addr().String() },
			want: []string{"--proxy-listen", "address already in use"}},
		"no address":          {change: func(c *server.Config) { c.Listen, c.EngineListen = "8086", "x" }, want: []string{`--listen "8086"`, `--engine-listen "x"`}},
		"open to the world":   {change: func(c *server.Config) { c.Listen = "0.0.0.0:0" }, want: []string{"--api-token", "--no-auth"}},
		"short token":         {change: func(c *server.Config) { c.APIToken = []string{"short"} }, want: []string{"--api-token", "16 characters"}},
		"short publish token": {change: func(c *server.Config) { c.PublishToken = []string{"ci=short"} }, want: []string{"--publish-token, number 1", "16 characters"}},
		"token twice": {change: func(c *server.Config) {
			c.APIToken, c.ReadToken = []string{"0123456789abcdef"}, []string{"ci=0123456789abcdef"}
		},
			want: []string{"--read-token, number 1: the token is one of --api-token already"}},
		"data is a file":     {change: func(c *server.Config) { c.Data = file }, want: []string{"--data"}},
		"unknown network":    {change: func(c *server.Config) { c.AllowNet = []string{"everything"} }, want: []string{"--allow-net", "everything"}},
		"proxy and embedded": {change: func(c *server.Config) { c.ProxyListen = "127.0.0.1:0" }, want: []string{"--proxy-listen needs --gateway"}},
		"REST address":       {change: func(c *server.Config) { c.Gateway, c.RESTAddress = "127.0.0.1:1", "camunda" }, want: []string{"--rest-address", "camunda"}},
		"database":           {change: func(c *server.Config) { c.Database = "oracle://x" }, want: []string{"oracle"}},
		"traces over gRPC": {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
			want: []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			c := config(t, tt.change)
			s, err := server.New(t.Context(), c, quiet)
			if err == nil {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_ = s.Run(ctx)
				t.Fatal("it started")
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in: %v", part, err)
				}
			}
		})
	}
}

// TestWrongStartFreesAll shows that a start that fails ends what it began: the
// same data may be used at once.
func TestWrongStartFreesAll(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	c := config(t, func(c *server.Config) { c.Listen = taken.Addr().String() })
	if _, err := server.New(t.Context(), c, quiet); err == nil {
		t.Fatal("it started")
	}
	c.Listen = "127.0.0.1:0"
	serve(t, c, quiet)
}

// TestOneServerPerDatabase: a second server on the same data is told who has it.
func TestOneServerPerDatabase(t *testing.T) {
	c := config(t, nil)
	first := serve(t, c, quiet)
	for setting, change := range map[string]func(*server.Config){
		"--data " + c.Data: func(*server.Config) {},
		"--database " + filepath.Join(c.Data, "patchbay.db"): func(c *server.Config) {
			c.Database, c.Data = "sqlite:"+filepath.Join(c.Data, "patchbay.db"), t.TempDir()
		},
	} {
		second := c
		change(&second)
		_, err := server.New(t.Context(), second, quiet)
		want := fmt.Sprintf("%s: another patchbay uses it (process %d, http://%s): stop that one", setting, os.Getpid(), first.Address())
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	first.stop()
	serve(t, c, quiet)
}
