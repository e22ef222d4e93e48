package fromcurl

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"patchbay/templates"
)

var update = flag.Bool("update", false, "write the golden files")

// TestConvert holds what is made of the commands of testdata to the templates
// and notes that lie beside them.
func TestConvert(t *testing.T) {
	for _, file := range files(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			made, err := Convert(string(archive.Files[0].Data), Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range templates.Lint(made.Template, templates.LintOptions{}) {
				t.Error(f)
			}
			notes := fmt.Sprintf("%s\n%s\n", strings.Join(made.Secrets, " "), strings.Join(made.Notes, "\n"))
			got := &txtar.Archive{Files: []txtar.File{archive.Files[0], {Name: "template.json", Data: made.Template}, {Name: "secrets and notes", Data: []byte(notes)}}}
			if *update {
				if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(txtar.Format(got))); d != "" {
				t.Errorf("-want +got, -update accepts it:\n%s", d)
			}
		})
	}
}

func files(t testing.TB) []string {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no commands: %v", err)
	}
	return files
}

func TestOptions(t *testing.T) {
	made, err := Convert("curl https://example.com/a", Options{ID: "my.id", Name: "Mine"})
	if err != nil {
		t.Fatal(err)
	}
	list, err := templates.Parse(made.Template)
	if err != nil {
		t.Fatal(err)
	}
	if list[0].ID != "my.id" || list[0].Name != "Mine" || list[0].JobType() != "my.id:1" || list[0].Protocol() != "rest" {
		t.Errorf("got %s %s %s", list[0].ID, list[0].Name, list[0].JobType())
	}
}

// TestSplit holds the words to those of a POSIX shell.
func TestSplit(t *testing.T) {
	for _, test := range []struct {
		line string
		want []string
	}{
		{`curl  a	b`, []string{"curl", "a", "b"}},
		{`curl 'a b'"c 'd'"e\ f`, []string{"curl", "a bc 'd'e f"}},
		{`curl "" ''`, []string{"curl", "", ""}},
		{`curl "\$a \\ \" \n"`, []string{"curl", `$a \ " \n`}},
		{"curl a\\\nb \\\n c\n\n", []string{"curl", "ab", "c"}},
		{"curl \"a\\\nb\"", []string{"curl", "ab"}},
		{"curl a\\\r\n b", []string{"curl", "a", "b"}},
		{"curl $'it\\'s\\t\\x41\\u00e4\\U0001F600\\101\\?'", []string{"curl", "it's\tAä😀A?"}},
		{`curl $"a" a$ $1x $'x'`, []string{"curl", "a", "a$", "$1x", "x"}},
		{`curl $A"${B_2}x"'$C'`, []string{"curl", variableBegin + "A" + variableEnd + variableBegin + "B_2" + variableEnd + "x$C"}},
		{"curl a # comment 'x\n# more", []string{"curl", "a"}},
		{"curl a#b", []string{"curl", "a#b"}},
		{"$ curl a", []string{"curl", "a"}},
	} {
		words, err := split(test.line)
		if err != nil {
			t.Errorf("%s: %v", test.line, err)
			continue
		}
		var got []string
		for _, w := range words {
			got = append(got, w.text)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.line, got, test.want)
		}
	}
}

func TestRefused(t *testing.T) {
	const at = "curl https://example.com "
	for _, test := range []struct{ line, want string }{
		{"", "1:1: expected a curl command"},
		{"wget x", "1:1: expected a command that begins with curl"},
		{"curl -s", "1:1: the command has no address"},
		{"curl ftp://example.com", "1:6: the protocol rest calls http and https addresses, and this is ftp"},
		{"curl https://{host}/x", "1:6: the address is no URL"},
		{`curl https://$HOST/x`, "1:6: the host of the address is not known"},
		{"curl https:///x", "1:6: the address has no host"},
		{"curl 'https://a b/x'", "1:6: the address is no URL"},
		{at + "http://b", "1:26: a second address"},
		{at + "--frobnicate", "1:26: the option --frobnicate is not known here; remove it if the request does not need it"},
		{at + "-sW", "1:26: the option -W is not known here"},
		{at + "--cert x.pem", "1:26: a template cannot follow --cert; remove it, and give the certificate by the inputs"},
		{at + "-E x.pem", "1:26: a template cannot follow --cert"},
		{at + "-H", "1:26: the option -H has no value"},
		{at + "--header", "1:26: the option --header has no value"},
		{at + "-H foo", `1:29: a header is written "Name: value"`},
		{at + "-H @file", "1:29: a file's content is not known here"},
		{at + "-d @file", "1:29: a file's content is not known here; write it in the place of @..."},
		{at + "--data-urlencode a@file", "1:43: a file's content is not known here"},
		{at + "-F 'a=<file'", "1:29: a file's content is not known here"},
		{at + "-F a", "1:29: a part of a form is written name=value"},
		{at + "-d a -F b=c", "1:34: a body is either --data or --form"},
		{at + "-X PROPFIND", `1:29: the protocol rest has no method "PROPFIND"`},
		{at + "-X DELETE -d a=1", "1:1: the protocol rest sends a body with POST, PUT and PATCH only, and this is a DELETE"},
		{at + "-m soon", "1:29: expected a number of seconds"},
		{at + "-m NaN", "1:29: expected a number of seconds"},
		{at + "| jq .", `1:26: the shell takes '|' for an operator, and one curl command is expected; what comes after it, such as jq, belongs into the template's result expression`},
		{"curl http://a?b=1&c=2", "1:18: the shell takes '&' for an operator, and one curl command is expected; an address with & in it needs quotes"},
		{"curl http://a/<id>", "a placeholder such as <id> is written {id}"},
		{at + "\n -H foo", `2:2: the command ended with the line before; end a line that goes on with \ and nothing after it`},
		{at + "^\n -s", "1:26: the line ends with ^ as for Windows"},
		{at + `'x`, "1:26: the quotation that begins here does not end"},
		{at + `"x`, "1:26: the quotation that begins here does not end"},
		{at + `$'x\`, "1:27: the quotation that begins here does not end"},
		{at + `\`, "a part is missing"},
		{at + "$(cat x)", "1:26: what a command prints is not known here"},
		{at + "\"`cat x`\"", "1:27: what a command prints is not known here"},
		{at + "`cat x`", "1:26: what a command prints is not known here"},
		{at + "${A:-b}", "1:26: only ${NAME} is known here"},
		{at + `$'\xff'`, "the escape before this is not known here"},
		{at + "\xff", "1:1: the command is not UTF-8"},
		{at + variableBegin, "1:1: the command has characters that no shell takes"},
		{strings.Repeat("x", MaxCommand+1), "1:1: the command has 1048577 bytes"},
	} {
		_, err := Convert(test.line, Options{})
		var refused *Error
		if !errors.As(err, &refused) {
			t.Errorf("%.60s: got %v", test.line, err)
			continue
		}
		if got := fmt.Sprintf("%d:%d: %s", refused.Line, refused.Column, refused.Message); !strings.Contains(got, test.want) {
			t.Errorf("%.60s: got %s, want %s", test.line, got, test.want)
		}
	}
}

// TestNoSecretIsLeft: what is secret in a command is not in what is made of it.
func TestNoSecretIsLeft(t *testing.T) {
	const secret = "hunter2Hunter2hunter2"
	for _, line := range []string{
		"curl https://example.com -H 'Authorization: Bearer " + secret + "'",
		"curl https://example.com -H 'Authorization: Digest username=x, response=" + secret + "'",
		"curl https://example.com -H 'Authorization: " + secret + "'",
		"curl https://example.com -H 'X-Auth-Token: " + secret + "'",
		"curl https://example.com -b s=" + secret,
		"curl https://example.com -u me:" + secret,
		"curl https://example.com -u " + secret,
		"curl https://me:" + secret + "@example.com",
		"curl https://example.com --oauth2-bearer " + secret,
		"curl 'https://example.com?api_key=" + secret + "'",
		"curl 'https://example.com?api_key=" + secret + "&api_key=" + secret + "'",
		"curl https://example.com/hooks/" + secret,
		"curl https://example.com -d password=" + secret,
		"curl https://example.com -F password=" + secret,
		`curl https://example.com --json '{"auth": {"client_secret": "` + secret + `"}}'`,
		`curl https://example.com --json '[{"client_secret": "` + secret + `"}]'`,
		"curl https://example.com -e https://me:" + secret + "@example.com",
	} {
		made, err := Convert(line, Options{})
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if bytes.Contains(made.Template, []byte(secret)) || strings.Contains(fmt.Sprint(made.Notes, made.ID, made.Name, made.Secrets), secret) {
			t.Errorf("%s: the secret is left:\n%s", line, made.Template)
		}
	}
}

func FuzzConvert(f *testing.F) {
	for _, file := range files(f) {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(archive.Files[0].Data))
	}
	f.Fuzz(func(t *testing.T, line string) {
		made, err := Convert(line, Options{})
		var refused *Error
		if err != nil {
			if !errors.As(err, &refused) || refused.Line < 1 || refused.Column < 1 {
				t.Errorf("got %v", err)
			}
			return
		}
		for _, finding := range templates.Lint(made.Template, templates.LintOptions{}) {
			t.Errorf("%s\n%s", finding, made.Template)
		}
	})
}
