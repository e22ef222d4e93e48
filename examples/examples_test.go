// Package examples holds processes to read and run, one folder per task. These
// tests run the commands of each README and compare the results.
package examples

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/server/cli"
	"patchbay/server/cli/clitest"
)

var update = flag.Bool("update", false, "rewrite the expected results from what the examples print")

// command finds the commands of a README.
var command = regexp.MustCompile(`(?m)^    ((?:[A-Z_]+=\S+ )?(?:patchbay|curl|python3) .*)$`)

func TestMain(m *testing.M) { clitest.Main(m) }

// TestExamples runs the first command of a README that runs a process, and all
// commands of one that serves.
func TestExamples(t *testing.T) {
	readmes, err := filepath.Glob("*/README.md")
	if err != nil || len(readmes) < 3 {
		t.Fatalf("found %d examples: %v", len(readmes), err)
	}
	for _, readme := range readmes {
		t.Run(filepath.Dir(readme), func(t *testing.T) { testExample(t, readme) })
	}
}

func testExample(t *testing.T, readme string) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, match := range command.FindAllStringSubmatch(string(text), -1) {
		commands = append(commands, match[1])
	}
	starts := func(prefix string) int {
		return slices.IndexFunc(commands, func(c string) bool { return strings.Contains(c, prefix) })
	}
	runs, serves := starts("patchbay run "), starts("patchbay serve")
	if runs < 0 && serves < 0 {
		t.Fatal("README.md has no line with patchbay run or patchbay serve")
	}
	t.Chdir(filepath.Dir(readme))
	if runs >= 0 {
		compare(t, "expected.json", run(t, clitest.Words(commands[runs])[1:]))
	}
	if serves >= 0 {
		testServing(t, commands)
	}
}

// run runs the command with --json and returns what does not change from run
// to run.
func run(t *testing.T, args []string) map[string]any {
	t.Helper()
	var out, errs bytes.Buffer
	code := cli.Main(append(args, "--json"), cli.Streams{Out: &out, Err: &errs})
	if code != 0 {
		t.Fatalf("exit %d: %s%s", code, out.String(), errs.String())
	}
	var result map[string]any
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	for _, call := range result["calls"].([]any) {
		delete(call.(map[string]any), "durationMs")
	}
	return result
}

// compare compares with what a file holds.
func compare[T any](t *testing.T, file string, got T) {
	t.Helper()
	if *update {
		data, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want T
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
