// Package examples holds processes to read and run, one folder per task. This
// test runs the first command of each README and compares the result.
package examples

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/server/cli"
	"patchbay/server/cli/clitest"
)

var update = flag.Bool("update", false, "rewrite expected.json from what the examples print")

// command finds the first command of a README.
var command = regexp.MustCompile(`(?m)^    patchbay (run .*)$`)

func TestExamples(t *testing.T) {
	readmes, err := filepath.Glob("*/README.md")
	if err != nil || len(readmes) < 3 {
		t.Fatalf("found %d examples: %v", len(readmes), err)
	}
	for _, readme := range readmes {
		t.Run(filepath.Dir(readme), func(t *testing.T) {
			text, err := os.ReadFile(readme)
			if err != nil {
				t.Fatal(err)
			}
			match := command.FindSubmatch(text)
			if match == nil {
				t.Fatal("README.md has no line with a patchbay run command")
			}
			t.Chdir(filepath.Dir(readme))
			compare(t, run(t, clitest.Words(string(match[1]))))
		})
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

func compare(t *testing.T, got map[string]any) {
	t.Helper()
	const file = "expected.json"
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
	var want map[string]any
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
