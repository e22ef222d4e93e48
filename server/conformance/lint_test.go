package conformance

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/server"
	"patchbay/templates"
)

// unread are the bindings in Camunda's templates of the types that we run which
// nobody reads, with the number of versions that have them: each is a slip of
// the template, or what an older runtime read.
var unread = map[string]int{
	"github-connector.json authentication.githubAppAppId":                     4, // the expression reads githubAppAppId
	"github-connector.json authentication.githubAppInstallationId":            4,
	"github-connector.json authentication.githubAppPrivateKey":                4,
	"github-connector.json authentication.pat":                                4,
	"github-connector.json branchBase":                                        15, // no body is sent to merge branches
	"github-connector.json branchHead":                                        15,
	"github-connector.json commitMessage":                                     7,
	"github-connector.json issueState":                                        15, // the body to update an issue lacks them
	"github-connector.json issueStateReason":                                  15,
	"github-connector.json releaseName":                                       7,
	"github-connector.json repoSort":                                          8,
	"gitlab-connector.json allowCollaboration":                                6,
	"graphql-outbound-connector.json graphql.authentication.token":            3, // authentication is beside graphql
	"http-json-connector.json writeTimeoutInSeconds":                          1, // gone from the runtime, as the next ones
	"http-polling-boundary-catch-event-connector.json operatePollingInterval": 1,
	"http-polling-connector.json operatePollingInterval":                      1,
	"github-webhook-connector-start-event.json inbound.variableMapping":       1,
	"webhook-connector-start-event.json inbound.variableMapping":              1,
}

var quoted = regexp.MustCompile(`"([^"]+)"`)

// TestCorpusLint holds the lint to Camunda's templates: none is refused, and
// of the types that we run only slips are called inputs that nobody reads.
func TestCorpusLint(t *testing.T) {
	folder := os.Getenv("PATCHBAY_CORPUS")
	if folder == "" {
		t.Skip("PATCHBAY_CORPUS names no folder with foreign templates")
	}
	files, err := filepath.Glob(filepath.Join(folder, "templates", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no templates in %s: %v", folder, err)
	}
	rules, found, count := map[string]int{}, map[string]int{}, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		list, findings := server.Inspect(text, nil)
		if list == nil {
			t.Errorf("%s is refused", filepath.Base(file))
		}
		count += len(list)
		for _, f := range findings {
			rules[f.Rule]++
			if f.Severity == templates.SeverityError {
				t.Errorf("%s:%s", filepath.Base(file), f)
			}
			if f.Rule == "unknown-input" || f.Rule == "unknown-header" {
				found[filepath.Base(file)+" "+quoted.FindStringSubmatch(f.Message)[1]]++
			}
		}
	}
	if d := cmp.Diff(unread, found); d != "" {
		t.Error(d)
	}
	for _, rule := range slices.Sorted(maps.Keys(rules)) {
		t.Logf("%5d %s", rules[rule], rule)
	}
	t.Logf("%d templates in %d files, none refused", count, len(files))
}
