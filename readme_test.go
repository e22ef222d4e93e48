package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/server/cli"
	"patchbay/server/cli/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m) }

// console finds a block of commands and what they print.
var console = regexp.MustCompile("(?s)```console\n(.*?)```")

// changing is what differs from run to run: times, keys, ids.
var changing = regexp.MustCompile(`[0-9.]+(µs|ms|s)\b|key [0-9]+|(?m)^[0-9a-f]{12} `)

// TestReadme runs the README's commands in their order and compares what they
// print. The server of `patchbay serve` runs in this process, on other ports.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := console.FindAllSubmatch(text, -1)
	if len(blocks) < 5 {
		t.Fatalf("found %d console blocks", len(blocks))
	}
	for _, block := range blocks {
		for _, step := range strings.Split("\n"+string(block[1]), "\n$ ")[1:] {
			line, want, _ := strings.Cut(step, "\n")
			runLine(t, line, want)
		}
	}
}

func runLine(t *testing.T, line, want string) {
	t.Helper()
	switch {
	case strings.Contains(line, "# asks the real service"): // no network in tests
		return
	case line == "patchbay serve":
		clitest.Serve(t)
		return
	}
	args := clitest.Words(strings.TrimPrefix(line, "patchbay "))
	var out, errs bytes.Buffer
	clitest.Eventually(t, func() bool {
		out.Reset()
		errs.Reset()
		code := cli.Main(args, cli.Streams{Out: &out, Err: &errs})
		return code == 0 && stable(out.String()) == stable(want)
	}, func() string { return line + "\n" + cmp.Diff(stable(want), stable(out.String())) + errs.String() })
}

func stable(text string) string {
	text = changing.ReplaceAllString(text, "*")
	return regexp.MustCompile(` +`).ReplaceAllString(strings.TrimSpace(text), " ")
}
