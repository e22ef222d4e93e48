// Package clitest helps tests that run command lines written for people: in
// READMEs and examples.
package clitest

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"

	"patchbay/server"
)

// Words splits a command line as a shell does, as far as READMEs need it:
// blanks separate, single quotes group.
func Words(line string) []string {
	var list []string
	var word strings.Builder
	quoted, begun := false, false
	for _, c := range line {
		switch {
		case c == '\'':
			quoted, begun = !quoted, true
		case c == ' ' && !quoted:
			if begun {
				list = append(list, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if begun {
		list = append(list, word.String())
	}
	return list
}

// foreign begins variables that are for whoever runs the tests: where the own
// cluster is, and who may use it.
var foreign = regexp.MustCompile(`^(ZEEBE|CAMUNDA|OTEL|SECRET)_`)

// Main is the TestMain of packages that start servers. They serve no cluster that
// the environment names, and tell no collector of it.
func Main(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); foreign.MatchString(name) {
			_ = os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}

// Serve runs a server with an embedded engine in this process until the test
// ends, and makes it the one that commands talk to by default. It may reach the
// networks of allow besides public addresses.
func Serve(t *testing.T, allow ...string) *server.Server {
	t.Helper()
	s := Start(t, func(c *server.Config) { c.AllowNet = allow })
	t.Setenv("PATCHBAY_SERVER", "http://"+s.Address())
	t.Setenv("ZEEBE_ADDRESS", s.EngineAddress())
	return s
}

// Start runs a server with an embedded engine in this process until the test
// ends; change may set what it needs.
func Start(t *testing.T, change ...func(*server.Config)) *server.Server {
	t.Helper()
	c := server.Config{
		Listen: "127.0.0.1:0", EngineListen: "127.0.0.1:0", Data: t.TempDir(), SecretPrefix: "SECRET_",
		MaxJobs: 64, JobTimeout: time.Minute, Drain: 5 * time.Second, MessageTTL: time.Hour,
	}
	for _, set := range change {
		set(&c)
	}
	s, err := server.New(context.Background(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("stop the server: %v", err)
		}
	})
	return s
}

// Eventually tries until it succeeds, at most twenty seconds; then the test
// fails with what why says.
func Eventually(t *testing.T, try func() bool, why func() string) {
	t.Helper()
	again := func() (bool, error) {
		if !try() {
			return false, context.DeadlineExceeded
		}
		return true, nil
	}
	_, err := backoff.Retry(context.Background(), again, backoff.WithBackOff(backoff.NewConstantBackOff(20*time.Millisecond)), backoff.WithMaxElapsedTime(20*time.Second))
	if err != nil {
		t.Fatal(why())
	}
}

// Instance is a process instance as REST v2 tells of it.
type Instance struct {
	Key, State string
	// Variables are those of the instance, by name.
	Variables map[string]any
}

// Instances returns the instances of a process, or of all if its id is empty,
// the oldest first. address is where a REST v2 is, such as
// http://127.0.0.1:8086.
func Instances(t *testing.T, address, processID string) []Instance {
	t.Helper()
	filter := map[string]any{}
	if processID != "" {
		filter["processDefinitionId"] = processID
	}
	list := []Instance{}
	at := map[string]int{}
	for _, i := range search(t, address, "process-instances", filter) {
		key := i["processInstanceKey"].(string)
		at[key] = len(list)
		list = append(list, Instance{key, i["state"].(string), map[string]any{}})
	}
	for _, v := range search(t, address, "variables", map[string]any{}) {
		// Variables of inner scopes are tasks' inputs.
		if i, ours := at[v["processInstanceKey"].(string)]; ours && v["scopeKey"] == v["processInstanceKey"] {
			var value any
			if err := json.Unmarshal([]byte(v["value"].(string)), &value); err != nil {
				t.Fatal(err)
			}
			list[i].Variables[v["name"].(string)] = value
		}
	}
	return list
}

func search(t *testing.T, address, what string, filter map[string]any) []map[string]any {
	t.Helper()
	query, err := json.Marshal(map[string]any{"filter": filter, "page": map[string]any{"limit": 10_000}})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(address+"/v2/"+what+"/search", "application/json", bytes.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var found struct{ Items []map[string]any }
	if err := json.NewDecoder(resp.Body).Decode(&found); err != nil {
		t.Fatal(err)
	}
	return found.Items
}
