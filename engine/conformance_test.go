package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
)

// recorded is a case of the recordings of Camunda's runtime: what it made of a
// response. The calls themselves are the protocols' matter, so here the
// response comes from the recording.
type recorded struct {
	Name      string
	Quirk     string
	Values    map[string]any
	Extra     map[string]string `json:"extraHeaders"`
	Responses []struct {
		Match      map[string]string
		Status     int
		Headers    map[string]any
		Body       *string
		BodyBase64 *string `json:"bodyBase64"`
		Times      int
	}
	NonPortable []string `json:"nonPortable"`
	Runs        int
	Expect      struct {
		Output          map[string]any
		BpmnErrorDetail *struct {
			ErrorCode, ErrorMessage string
			Variables               map[string]any
		}
		Error struct {
			Failures []struct {
				Retries        int32
				ErrorMessage   string
				RetryBackoffMs int64
				Variables      map[string]any
			}
		}
	}
}

func vectors(t *testing.T, name string) []recorded {
	root := os.Getenv("PATCHBAY_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(root, "vectors", name))
	if err != nil {
		t.Skipf("no recordings: %v", err)
	}
	defer f.Close()
	var out []recorded
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var c recorded
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// mapped tells whether the case is about mappings and errors rather than about
// requests, and about nothing that only an HTTP client can answer.
func (c *recorded) mapped() bool {
	for name := range c.Values {
		if strings.HasPrefix(name, "authentication") || strings.Contains(name, "Timeout") {
			return false
		}
	}
	for _, r := range c.Responses {
		if r.BodyBase64 != nil || r.Status == 308 {
			return false
		}
	}
	url, _ := c.Values["url"].(string)
	return c.Quirk == "" && c.Runs == 0 && len(c.Responses) > 0 && !strings.HasPrefix(url, "http://127.")
}

// response is what the REST protocol makes of the n-th answer.
func (c *recorded) response(n int) (any, error) {
	for _, r := range c.Responses {
		if r.Times > 0 && n >= r.Times {
			n -= r.Times
			continue
		}
		headers := map[string]any{}
		for k, v := range r.Headers {
			headers[k] = v
		}
		var body any
		if r.Body != nil {
			headers["Content-Length"] = strconv.Itoa(len(*r.Body))
			if json.Unmarshal([]byte(*r.Body), &body) != nil && *r.Body != "" {
				body = *r.Body
			}
		}
		if r.Status >= 400 {
			return nil, &protocols.Error{Code: strconv.Itoa(r.Status), Message: http.StatusText(r.Status), Status: r.Status, Variables: map[string]any{
				"response": map[string]any{"headers": headers, "body": body},
			}}
		}
		return map[string]any{"status": r.Status, "headers": headers, "body": body, "reason": http.StatusText(r.Status), "document": nil}, nil
	}
	return nil, &protocols.Error{Message: "no more answers"}
}

func TestRecordedMappings(t *testing.T) {
	checked := 0
	for _, c := range vectors(t, filepath.Join("outbound", "cases.jsonl")) {
		if !c.mapped() {
			continue
		}
		checked++
		t.Run(c.Name, func(t *testing.T) {
			if c.Name == "rest-result-no-equals" {
				t.Skip("without = an expression is jq here")
			}
			c.play(t)
		})
	}
	if checked < 20 {
		t.Errorf("only %d cases were checked", checked)
	}
}

func (c *recorded) play(t *testing.T) {
	calls := 0
	f := &fake{answer: func(context.Context, *fakeInput) (any, error) {
		calls++
		return c.response(calls - 1)
	}}
	e := start(t, f, nil)
	url, _ := json.Marshal(map[string]any{"url": c.Values["url"]})
	job := jobOf(string(url))
	for _, name := range []string{"resultVariable", "resultExpression", "errorExpression", "retryBackoff"} {
		if text, ok := c.Values[name].(string); ok {
			job.Headers[name] = text
		}
	}
	for name, text := range c.Extra {
		job.Headers[name] = text
	}
	if n, ok := c.Values["retryCount"].(string); ok {
		retries, _ := strconv.Atoi(n)
		job.Retries = int32(retries)
	}
	for _, want := range c.Expect.Error.Failures {
		got, isFailure := e.Handle(context.Background(), job).(Fail)
		if !isFailure {
			if c.NonPortable != nil && c.Expect.Output == nil {
				t.Skip("an input error that the protocol's own input finds")
			}
			t.Fatalf("no failure, want %q", want.ErrorMessage)
		}
		if got.Retries != want.Retries || got.Backoff.Milliseconds() != want.RetryBackoffMs {
			t.Errorf("retries %d, backoff %v; want %d, %d ms", got.Retries, got.Backoff, want.Retries, want.RetryBackoffMs)
		}
		if c.NonPortable == nil {
			if got.Message != want.ErrorMessage {
				t.Errorf("message %q, want %q", got.Message, want.ErrorMessage)
			}
			sameVariables(t, want.Variables, got.Variables)
		}
		job.Retries = got.Retries
	}
	c.last(t, e, job)
}

// last checks the outcome after all failures.
func (c *recorded) last(t *testing.T, e *Engine, job Job) {
	if d := c.Expect.BpmnErrorDetail; d != nil {
		got, ok := e.Handle(context.Background(), job).(ThrowError)
		if !ok || got.Code != d.ErrorCode || got.Message != d.ErrorMessage {
			t.Fatalf("outcome %+v, want %+v", got, d)
		}
		sameVariables(t, d.Variables, got.Variables)
	} else if c.Expect.Output != nil {
		out := e.Handle(context.Background(), job)
		got, ok := out.(Complete)
		if !ok {
			t.Fatalf("outcome %+v", out)
		}
		sameVariables(t, c.Expect.Output, got.Variables)
	}
}

func sameVariables(t *testing.T, want map[string]any, got json.RawMessage) {
	t.Helper()
	var values map[string]any
	if err := json.Unmarshal(got, &values); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, values); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}
