package server

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"patchbay/templates"
	"patchbay/templates/fromcurl"
)

// TestFromCurl: the template of a command makes the request that curl makes,
// has nothing that lint complains about, and its case passes.
func TestFromCurl(t *testing.T) {
	want := map[string]string{
		"json":      `POST https://api.github.com/repos/example/example/issues?per_page=5 Accept: application/vnd.github+json, Authorization: Bearer test-github-token, Content-Type: application/json {"labels":["bug"],"meta":{"private":true},"milestone":1,"title":"Found a bug"}`,
		"form":      `POST https://api.stripe.com/v1/charges Authorization: Basic dGVzdC1zdHJpcGUtYXBpLWtleTo=, Content-Type: application/x-www-form-urlencoded "amount=2000&expand%5B%5D=a&expand%5B%5D=b&note=a+b%26c"`,
		"webhook":   `POST https://hooks.slack.com/services/T00000000/B00000000/test-slack-token Content-Type: application/json {"text":"Hello, World!"}`,
		"browser":   `POST https://example.com/api/orders/4711/items?tag=a&tag=b&flag&q=%C3%A4%20b Accept: */*, Content-Type: application/json, Cookie: test-example-cookie, X-Trace: =1+1 {"a":"it's\n","big":12345678901234567890}`,
		"variables": `GET https://api.example.com/api/3/accounts/example/users/example?name=a%20b%26c&x=1 Authorization: Basic ZXhhbXBsZTp0ZXN0LXBhc3M=, X-Api-Key: test-key, X-Github-Api-Version: 2026-03-10 `,
		"multipart": `POST https://example.com/upload  `,
		"list":      `POST https://example.com/ Accept: application/json, Authorization: Basic bWU6dGVzdC1leGFtcGxlLXBhc3N3b3Jk, Content-Type: application/json [1,{"id":"$x","token":"test-example-token"}]`,
		"text":      `POST http://127.0.0.1:8080/2/things/0f8fad5b-d9cb-469f-a165-70867728950e Authorization: Token test-request-token, Content-Type: text/plain "hello\nworld"`,
	}
	for name, want := range want {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("..", "templates", "fromcurl", "testdata", name+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			made, test, err := FromCurl(t.Context(), string(txtar.Parse(text).Files[0].Data), fromcurl.Options{})
			if err != nil {
				t.Fatal(err)
			}
			list, findings := Inspect(made.Template, nil)
			if len(findings) > 0 {
				t.Error(findings)
			}
			suite, err := templates.ParseSuite(test)
			if err != nil {
				t.Fatal(err)
			}
			if got := requestLine(suite.Cases[0].Expect.Requests[0]); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			for _, r := range suite.Run(t.Context(), list[0], Cases{}) {
				if len(r.Problems) > 0 {
					t.Error(r)
				}
			}
		})
	}
}

func requestLine(r templates.Request) string {
	var headers []string
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		headers = append(headers, name+": "+r.Headers[name])
	}
	body := strings.NewReplacer("\n", "", "  ", "").Replace(string(r.Body))
	return fmt.Sprintf("%s %s %s %s", r.Method, r.URL, strings.Join(headers, ", "), strings.ReplaceAll(body, `": `, `":`))
}

func TestFromCurlRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"curl": "line 1, column 1: the command has no address (URL)",
	} {
		if _, _, err := FromCurl(t.Context(), line, fromcurl.Options{}); err == nil || err.Error() != want {
			t.Errorf("%s: got %v", line, err)
		}
	}
	_, _, err := FromCurl(t.Context(), "curl https://example.com", fromcurl.Options{ID: ".."})
	if err == nil || !strings.Contains(err.Error(), `the template would be refused: 4:9: error: /id: ".." cannot be an id`) {
		t.Errorf("got %v", err)
	}
}
