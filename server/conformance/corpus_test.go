package conformance

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"patchbay/engine/secret"
	"patchbay/templates"
)

// sheet is a file of testdata/corpus: what one template is to do in all its
// versions. It was written by reading the template.
type sheet struct {
	Template string
	// From is the first version that it is about.
	From int64
	// Operations are dropdowns each of whose choices needs a case.
	Operations []string
	// Common goes before every case of the versions that it names.
	Common []task
	Cases  []task
}

// task is one use of a template.
type task struct {
	Name string
	// From and To are the versions that it is for; all without them.
	From int64
	To   *int64
	// Values are given to the template; a version need not have those that
	// Optional names. Variables are the start variables.
	Values    map[string]any
	Optional  []string
	Variables map[string]any
	// Answer is the body of the server's answer, {} without one.
	Answer json.RawMessage
	// Before are requests for tokens: line, headers, body.
	Before [][]any
	// Request is a line "METHOD /host/path?query"; Body is JSON, or a text or
	// form if it is a string.
	Request string
	Headers map[string]string
	Body    any
	// Output is what the default mapping makes of the answer; nil if it does
	// not matter. Fails is in the incident's text if the template, or the
	// answer, is no good.
	Output map[string]any
	Fails  string
}

func (k *task) covers(version int64) bool {
	return version >= k.From && (k.To == nil || version <= *k.To)
}

// sheetSecrets are the secrets that sheets refer to; UNSEEN only stands in data.
var sheetSecrets = secret.Map{
	"KEY": "key", "HOST": "api.example.com", "PATHY": "a/b c", "QUOTED": `a"b\c`, "NESTED": "{{secrets.KEY}}", "UNSEEN": "hush",
}

// TestCorpusRequests applies every version of the templates of testdata/corpus
// and compares the requests of every operation with what the sheet says.
func TestCorpusRequests(t *testing.T) {
	corpus := openCorpus(t)
	files, err := filepath.Glob("testdata/corpus/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sheets: %v", err)
	}
	versions, runs := 0, 0
	for _, file := range files {
		s := readSheet(t, file)
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			r := newRig(t, sheetSecrets)
			for _, version := range corpus.versions(t, s.Template) {
				if version.Version < s.From {
					continue
				}
				s.checkOperations(t, version)
				versions++
				for i := range s.Cases {
					if s.Cases[i].covers(version.Version) {
						runs++
						t.Run(fmt.Sprintf("%d/%s", version.Version, s.Cases[i].Name), func(t *testing.T) { s.run(t, r, version, i) })
					}
				}
			}
		})
	}
	t.Logf("%d versions of %d templates, %d cases", versions, len(files), runs)
}

func readSheet(t testing.TB, file string) (s sheet) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return s
}

// checkOperations checks that every choice of the operations has a case.
func (s *sheet) checkOperations(t *testing.T, version *templates.Template) {
	t.Helper()
	used := map[string]bool{}
	for _, k := range append(slices.Clone(s.Common), s.Cases...) {
		if k.covers(version.Version) {
			for name, value := range k.Values {
				used[fmt.Sprint(name, "=", value)] = true
			}
		}
	}
	for _, p := range version.Properties {
		if p.Type != "Dropdown" || !slices.Contains(s.Operations, cmp.Or(p.ID, p.Binding.Name)) {
			continue
		}
		for _, choice := range p.Choices {
			name := fmt.Sprint(cmp.Or(p.ID, p.Binding.Name), "=", choice.Value)
			if !used[name] && choice.Value != p.Value {
				t.Errorf("version %d: no case for %s", version.Version, name)
			}
		}
	}
}

func (s *sheet) run(t *testing.T, r *rig, version *templates.Template, i int) {
	k := s.task(version, i)
	rec := newRecorder(t, k.answers())
	name := notInID.ReplaceAllString(strings.TrimPrefix(s.Template, "io.camunda.connectors."), "_")
	p := process{ID: fmt.Sprintf("corpus_%s_%d_%d", name, version.Version, i), Template: version, Values: k.Values, Rewrite: rec.reach}
	variables, err := json.Marshal(k.Variables)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(rec.reach(string(variables)), "(private key)", strings.ReplaceAll(privateKey(), "\n", `\n`))
	o := r.run(t, p.write(t), p.ID, []byte(text))
	k.compare(t, o, rec)
}

// task is a case with what is common to all of a version.
func (s *sheet) task(version *templates.Template, i int) task {
	k := task{Values: map[string]any{}, Variables: map[string]any{}, Headers: map[string]string{}}
	for _, layer := range append(slices.Clone(s.Common), s.Cases[i]) {
		if layer.covers(version.Version) {
			maps.Copy(k.Values, layer.Values)
			maps.Copy(k.Variables, layer.Variables)
			maps.Copy(k.Headers, layer.Headers)
		}
	}
	c := s.Cases[i]
	for _, name := range c.Optional {
		if version.Property(name) == nil {
			delete(k.Values, name)
		}
	}
	k.Answer, k.Before, k.Request, k.Body, k.Output, k.Fails = c.Answer, c.Before, c.Request, c.Body, c.Output, c.Fails
	return k
}

// answers serve tokens to the requests before, and the answer to the request.
func (k *task) answers() []answer {
	kind := map[string]any{"Content-Type": "application/json"}
	var list []answer
	for _, before := range k.Before {
		a := answer{Status: 200, Headers: kind, Body: `{"access_token": "at-1", "token_type": "bearer"}`}
		_, a.Match.Path, _ = strings.Cut(before[0].(string), " ")
		list = append(list, a)
	}
	body := "{}"
	if k.Answer != nil {
		var compact bytes.Buffer
		_ = json.Compact(&compact, k.Answer)
		body = compact.String()
	}
	return append(list, answer{Status: 200, Headers: kind, Body: body})
}

func (k *task) compare(t *testing.T, o outcome, rec *recorder) {
	var want []any
	for _, before := range k.Before {
		headers := map[string]string{}
		for name, value := range before[1].(map[string]any) {
			headers[name] = value.(string)
		}
		want = append(want, wire(before[0].(string), headers, before[2]).comparable())
	}
	if k.Request != "" {
		want = append(want, wire(k.Request, k.Headers, k.Body).comparable())
	}
	var got []any
	for _, q := range rec.take() {
		got = append(got, q.comparable())
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-sheet +here)\n%s", diff)
	}
	text := ""
	for _, i := range o.Incidents {
		text += i.Type + ": " + i.Message
	}
	if (text == "") != (k.Fails == "") || !strings.Contains(text, k.Fails) {
		t.Errorf("incident %q, want %q in it", text, k.Fails)
	}
	if k.Output == nil {
		return
	}
	for name := range k.Variables {
		delete(o.Variables, name)
	}
	if diff := gocmp.Diff(k.Output, o.Variables); diff != "" {
		t.Errorf("output (-sheet +here)\n%s", diff)
	}
}

// wire makes a request of a sheet's notation.
func wire(line string, headers map[string]string, body any) request {
	q := request{Headers: map[string][]string{}}
	q.Method, q.Path, _ = strings.Cut(line, " ")
	if path, query, has := strings.Cut(q.Path, "?"); has {
		q.Path, q.Query = path, &query
	}
	for name, value := range headers {
		q.Headers[name] = []string{value}
	}
	switch v := body.(type) {
	case nil:
	case string:
		q.Body = &v
	default:
		encoded, _ := json.Marshal(v)
		text := string(encoded)
		q.Body = &text
	}
	return q
}

// privateKey is an RSA key as GitHub hands them out.
var privateKey = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
})
