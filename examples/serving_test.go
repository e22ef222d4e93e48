package examples

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"patchbay/server"
	"patchbay/server/cli"
	"patchbay/server/cli/clitest"
)

// serving is a README's commands on the way: the server of `patchbay serve`
// runs in this process, on another port.
type serving struct {
	*testing.T
	server *server.Server
	// folder is what Python would serve; moved says where that is now.
	folder string
	moved  *strings.Replacer
}

// testServing runs the commands of a README in their order, and compares the
// variables of the instances that have come of them.
func testServing(t *testing.T, commands []string) {
	x := &serving{T: t, moved: strings.NewReplacer()}
	for _, line := range commands {
		x.do(line)
	}
	want := readInstances(t)
	clitest.Eventually(t, func() bool { return len(x.instances()) >= len(want) }, func() string { return fmt.Sprint(x.instances()) })
	compare(t, "instances.json", x.instances())
}

func readInstances(t *testing.T) (list []map[string]any) {
	t.Helper()
	data, err := os.ReadFile("instances.json")
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	if err != nil && !*update {
		t.Fatal(err)
	}
	return list
}

// do runs one command line.
func (x *serving) do(line string) {
	x.Helper()
	words := clitest.Words(line)
	if name, value, ok := strings.Cut(words[0], "="); ok {
		x.Setenv(name, x.moved.Replace(value))
		words = words[1:]
	}
	switch {
	case words[0] == "python3":
		x.serveFolder(words[len(words)-1])
	case words[0] == "curl":
		x.curl(words[1:])
	case words[1] == "serve":
		x.server = clitest.Serve(x.T, valuesOf(words, "--allow-net")...)
	case words[1] == "dead-letters" && words[2] == "replay":
		x.until(words[1:])
	case words[1] == "inbound" && words[2] == "restart":
		x.addOrder()
		x.patchbay(words[1:])
	case words[1] != "run":
		x.patchbay(words[1:])
	}
}

// serveFolder serves a copy of the example.
func (x *serving) serveFolder(port string) {
	x.folder = x.TempDir()
	if err := os.CopyFS(x.folder, os.DirFS(".")); err != nil {
		x.Fatal(err)
	}
	files := httptest.NewServer(http.FileServer(http.Dir(x.folder)))
	x.Cleanup(files.Close)
	x.moved = strings.NewReplacer("http://127.0.0.1:"+port, files.URL)
}

// addOrder adds an order to those that have started, as the README says.
func (x *serving) addOrder() {
	clitest.Eventually(x.T, func() bool { return len(x.instances()) == 3 }, func() string { return fmt.Sprint(x.instances()) })
	file := filepath.Join(x.folder, "orders.json")
	text, err := os.ReadFile(file)
	if err == nil {
		text = bytes.Replace(text, []byte("\n  ]"), []byte(`, {"id": "A-20", "total": 1}]`), 1)
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		x.Fatal(err)
	}
}

func valuesOf(words []string, flag string) (list []string) {
	for i, w := range words {
		if w == flag {
			list = append(list, words[i+1])
		}
	}
	return list
}

// patchbay runs a command that talks to the server.
func (x *serving) patchbay(args []string) {
	x.Helper()
	var out, errs bytes.Buffer
	if code := cli.Main(args, cli.Streams{Out: &out, Err: &errs}); code != 0 {
		x.Fatalf("%q: exit %d: %s", args, code, errs.String())
	}
}

// until runs a command until it succeeds: a message becomes a dead letter a moment
// after it was published, and can be replayed a moment after a deployment.
func (x *serving) until(args []string) {
	x.Helper()
	var errs bytes.Buffer
	clitest.Eventually(x.T, func() bool {
		errs.Reset()
		return cli.Main(args, cli.Streams{Out: io.Discard, Err: &errs}) == 0
	}, errs.String)
}

// curl sends a request until it is taken: a deployment reaches its listeners a
// moment after it was answered.
func (x *serving) curl(args []string) {
	x.Helper()
	var answered string
	clitest.Eventually(x.T, func() bool {
		resp, err := http.DefaultClient.Do(x.request(args))
		if err != nil {
			x.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		answered = fmt.Sprintf("%s %s %v", resp.Status, body, err)
		return resp.StatusCode < http.StatusBadRequest
	}, func() string { return answered })
}

// request understands the options of curl that READMEs need.
func (x *serving) request(args []string) *http.Request {
	x.Helper()
	url := strings.Replace(args[0], "http://127.0.0.1:8086", "http://"+x.server.Address(), 1)
	body := ""
	for _, data := range append(valuesOf(args, "--json"), valuesOf(args, "--data-binary")...) {
		if file, ok := strings.CutPrefix(data, "@"); ok {
			content, err := os.ReadFile(file)
			if err != nil {
				x.Fatal(err)
			}
			data = string(content)
		}
		body = data
	}
	r, err := http.NewRequestWithContext(x.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		x.Fatal(err)
	}
	if slices.Contains(args, "--json") {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, header := range valuesOf(args, "-H") {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// instances returns the variables of all instances, by the instances' age.
func (x *serving) instances() []map[string]any {
	x.Helper()
	list := []map[string]any{}
	for _, i := range clitest.Instances(x.T, "http://"+x.server.Address(), "") {
		list = append(list, i.Variables)
	}
	return list
}
