// Package conformance compares the whole outbound side, from template to wire
// and back, with what Camunda's connector runtime does: with recordings of it,
// and with what its published templates ask for. Neither is part of this
// repository; where they are missing, nothing is compared.
package conformance

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/engine"
	"patchbay/engine/secret"
)

// recorded is one case of the recordings.
type recorded struct {
	Name     string
	Template struct {
		ID      string
		Version *int64
	}
	Values        map[string]any
	ExtraInputs   map[string]string `json:"extraInputs"`
	ExtraHeaders  map[string]string `json:"extraHeaders"`
	ErrorBoundary any               `json:"errorBoundary"`
	Runs          int
	Variables     json.RawMessage
	Responses     []answer
	Expect        json.RawMessage
	Quirk         string
	NonPortable   []string `json:"nonPortable"`
}

// expected is how one instance of a case went, in the recording and here.
type expected struct {
	Requests        []request
	Output          map[string]any
	Variables       map[string]any
	BpmnError       *string    `json:"bpmnError"`
	BpmnErrorDetail *bpmnError `json:"bpmnErrorDetail"`
	Caught          bool
	Error           *failed
	Runs            []json.RawMessage
}

type bpmnError struct {
	ErrorCode, ErrorMessage string
	Variables               map[string]any
}

type failed struct {
	Failures []failure `json:"failures"`
	Incident *incident `json:"incident"`
}

type failure struct {
	Retries        int32          `json:"retries"`
	ErrorMessage   string         `json:"errorMessage"`
	RetryBackoffMs int64          `json:"retryBackoffMs"`
	Variables      map[string]any `json:"variables"`
}

type incident struct {
	ErrorType    string `json:"errorType"`
	ErrorMessage string `json:"errorMessage"`
	ElementID    string `json:"elementId"`
}

// shared is the folder with the recordings, or the test is skipped.
func shared(t testing.TB, path ...string) string {
	t.Helper()
	root := os.Getenv("PATCHBAY_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	name := filepath.Join(append([]string{root}, path...)...)
	if _, err := os.Stat(name); err != nil {
		t.Skipf("no recordings: %v (PATCHBAY_SHARED names their folder)", err)
	}
	return name
}

func readCases(t testing.TB) (cases []*recorded) {
	file, err := os.Open(shared(t, "vectors", "outbound", "cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		c := &recorded{}
		if err := json.Unmarshal(lines.Bytes(), c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	return cases
}

func readSecrets(t testing.TB) (secrets secret.Map) {
	text, err := os.ReadFile(shared(t, "vectors", "outbound", "secrets.json"))
	if err == nil {
		err = json.Unmarshal(text, &secrets)
	}
	if err != nil {
		t.Fatal(err)
	}
	return secrets
}

// TestConformanceOutbound plays every recorded case on the embedded engine with
// the real connectors. A case passes when requests, variables, errors, retries
// and incidents are those of the recording, or those of the table of
// differences.
func TestConformanceOutbound(t *testing.T) {
	cases, secrets := readCases(t), readSecrets(t)
	corpus := openCorpus(t)
	same, total := map[bool]int{}, map[bool]int{}
	for _, c := range cases {
		quirk := c.Quirk != ""
		total[quirk]++
		if _, differs := differences[c.Name]; t.Run(c.Name, func(t *testing.T) { c.play(t, corpus, secrets) }) && !differs {
			same[quirk]++
		}
	}
	t.Logf("as recorded: %d of %d cases, and %d of %d whose recording shows a quirk; %d cases differ on purpose",
		same[false], total[false], same[true], total[true], len(differences))
}

// notInID are characters that a process id cannot hold.
var notInID = regexp.MustCompile(`[^A-Za-z0-9_]`)

func (c *recorded) play(t *testing.T, templates *corpus, secrets secret.Map) {
	rec := newRecorder(t, c.Responses)
	p := process{
		ID: "golden_" + notInID.ReplaceAllString(c.Name, "_"), Template: templates.version(t, c.Template.ID, c.Template.Version),
		Values: c.Values, Inputs: c.ExtraInputs, Headers: c.ExtraHeaders, Catch: c.catch(), Rewrite: rec.reach,
	}
	file := p.write(t)
	r := newRig(t, secrets)
	for _, want := range c.instances(t) {
		o := r.run(t, file, p.ID, []byte(rec.reach(string(c.Variables))))
		got := rec.observed(t, o)
		for _, pointer := range c.NonPortable {
			forget(want, pointer)
			forget(got, pointer)
		}
		excuse(want, got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-recorded +here)\n%s", diff)
		}
	}
}

func (c *recorded) catch() *string {
	code, isText := c.ErrorBoundary.(string)
	if !isText && c.ErrorBoundary != true {
		return nil
	}
	return &code
}

// instances are the expectations, one for each instance.
func (c *recorded) instances(t *testing.T) (list []map[string]any) {
	text := c.Expect
	if d, ok := differences[c.Name]; ok && d.Want != "" {
		text = json.RawMessage(d.Want)
	}
	var all expected
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if all.Runs == nil {
		return []map[string]any{plain(t, text)}
	}
	for _, text := range all.Runs {
		list = append(list, plain(t, text))
	}
	return list
}

// plain brings expectations into the form in which both sides are compared.
func plain(t testing.TB, text []byte) map[string]any {
	var e expected
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	return e.comparable(t)
}

func (e *expected) comparable(t testing.TB) map[string]any {
	requests := []any{}
	for _, q := range e.Requests {
		requests = append(requests, q.comparable())
	}
	out := map[string]any{"requests": requests, "output": e.Output, "bpmnError": e.BpmnErrorDetail, "caught": e.Caught, "error": e.Error}
	if e.Variables != nil {
		out["variables"] = e.Variables
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	var generic map[string]any
	if err := json.Unmarshal(text, &generic); err != nil {
		t.Fatal(err)
	}
	return generic
}

// observed is how an instance went here.
func (r *recorder) observed(t testing.TB, o outcome) map[string]any {
	e := expected{Requests: r.take(), Caught: o.Elements["caught"]}
	if o.Completed {
		e.Variables = o.Variables
	}
	for _, record := range o.Records {
		switch out := record.Outcome.(type) {
		case engine.Complete:
			e.Output = object(t, out.Variables)
		case engine.ThrowError:
			e.BpmnErrorDetail = &bpmnError{out.Code, out.Message, object(t, out.Variables)}
		case engine.Fail:
			if e.Error == nil {
				e.Error = &failed{}
			}
			e.Error.Failures = append(e.Error.Failures, failure{out.Retries, out.Message, out.Backoff.Milliseconds(), object(t, out.Variables)})
		}
	}
	if len(o.Incidents) > 0 {
		i := o.Incidents[0]
		e.Error.Incident = &incident{i.Type, i.Message, i.ElementID}
	}
	got := e.comparable(t)
	masked, _ := json.Marshal(got)
	got = nil
	if err := json.Unmarshal([]byte(r.mask(string(masked))), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func object(t testing.TB, text []byte) (o map[string]any) {
	t.Helper()
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatalf("variables %q: %v", text, err)
	}
	return o
}

// anyText stands for any text in an expectation.
const anyText = "(any)"

// excuse puts anyText in got wherever want has it.
func excuse(want, got any) {
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for name := range w {
			if _, isText := g[name].(string); isText && w[name] == anyText {
				g[name] = anyText
			}
			excuse(w[name], g[name])
		}
	case []any:
		g, _ := got.([]any)
		for i := range min(len(w), len(g)) {
			excuse(w[i], g[i])
		}
	}
}

// forget replaces the text at a JSON pointer: it is a matter of Java.
func forget(value any, pointer string) {
	path := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	last := path[len(path)-1]
	for _, step := range path[:len(path)-1] {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			if i, err := strconv.Atoi(step); err == nil && i < len(v) {
				value = v[i]
			}
		}
	}
	if v, ok := value.(map[string]any); ok {
		v[last] = anyText
	}
}
