package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/engine/policy"
	"patchbay/engine/secret"
	"patchbay/protocols"
)

func TestFEELOutcomes(t *testing.T) {
	tests := []struct {
		name    string
		answer  func(context.Context, *fakeInput) (any, error)
		headers []string
		want    Outcome
	}{
		{"result", answer(ok), []string{"resultExpression", "={id: response.body.id, same: body.id, tag: response.headers.ETag, type: headers.`content-type`, none: response.nope}"},
			Complete{raw(`{"id":"o-1","same":"o-1","tag":"W/1","type":"application/json","none":null}`)}},
		{"spread", answer(map[string]any{"a": 1}), []string{"resultExpression", `= response`}, Complete{raw(`{"a":1}`)}},
		{"scalar response", answer("FOO"), []string{"resultExpression", `={x: response}`}, Complete{raw(`{"x":"FOO"}`)}},
		{"null response", answer(nil), []string{"resultExpression", `={s: response.status}`}, Complete{raw(`{"s":null}`)}},
		{"code and message", fails(notFound()), []string{"errorExpression", `=if error.code != null then bpmnError(error.code, "Message: " + error.message) else null`},
			ThrowError{"404", "Message: Not Found", raw(`{}`)}},
		{"headers of an error", fails(notFound()), []string{"errorExpression", "=bpmnError(\"X\", error.variables.response.headers.`x-id`)"}, ThrowError{"X", "7", raw(`{}`)}},
		{"response.error", fails(notFound()), []string{"errorExpression", `=bpmnError(response.error.code)`}, ThrowError{"404", "", raw(`{}`)}},
		{"retries", fails(notFound()), []string{"errorExpression", `=jobError("m", {}, job.retries - 1)`}, Fail{Retries: 2, Message: "m", Variables: raw(`{"error":"m"}`)}},
		{"back-off", fails(notFound()), []string{"errorExpression", `=jobError("m", {}, 1, backoff(1, duration("PT2S"), 2, duration("PT10S"), 0))`},
			Fail{Retries: 1, Message: "m", Backoff: 2 * time.Second, Variables: raw(`{"error":"m"}`)}},
		{"by hand, as text and seconds", fails(notFound()), []string{"errorExpression", `={errorType: "jobError", errorMessage: "m", retries: "2", retryBackoff: 1.5}`},
			Fail{Retries: 2, Message: "m", Backoff: 1500 * time.Millisecond, Variables: raw(`{"error":"m"}`)}},
		{"bad header", answer(ok), []string{"retryBackoff", "10s", "errorExpression", `=bpmnError("B", error.type)`},
			ThrowError{"B", "io.camunda.connector.runtime.core.error.InvalidBackOffDurationException", raw(`{}`)}},
		{"bad jq", answer(ok), []string{"requestExpression", "{", "resultExpression", "{", "errorExpression", `=bpmnError("B", error.message)`},
			ThrowError{"B", `requestExpression:1:2: unexpected EOF`, raw(`{}`)}},
		{"ignored", fails(notFound()), []string{"errorExpression", `=ignoreError(error.variables)`}, Complete{raw(`{"response":{"headers":{"X-Id":"7"},"body":{"code":"NO_ITEM"}}}`)}},
		{"unknown function", fails(errors.New("boom")), []string{"errorExpression", `=if unknownFunction(error.code) then bpmnError("x") else null`},
			Fail{Retries: 2, Message: "boom", Variables: raw(`{"error":{"type":"io.camunda.connector.api.error.ConnectorException","message":"boom"}}`)}},
		{"outputs over the response", answer(ok), []string{"resultVariable", "res", "errorExpression", `=bpmnError("S", "m", {s: response.status, r: res.status, t: status})`},
			ThrowError{"S", "m", raw(`{"s":200,"r":200,"t":200}`)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := start(t, &fake{answer: tt.answer}, nil)
			want(t, e.Handle(context.Background(), jobOf(orderVariables, tt.headers...)), tt.want)
		})
	}
}

func TestBrokenFEEL(t *testing.T) {
	tests := []struct {
		name, header, src, class, message string
		calls                             int
	}{
		{"syntax", "resultExpression", "={a: }", classFEEL, "resultExpression:1:6: ", 1},
		{"wrong type", "errorExpression", `=bpmnError(123, "")`, classFEEL,
			`Failed to evaluate expression '=bpmnError(123, "")'. Reason: errorExpression: Parameter 'errorCode' of function 'bpmnError' must be a String`, 1},
		{"no object", "errorExpression", `=1`, classInput, `Error expression must return a JSON object, but got number. Evaluated value: 1`, 1},
		{"request", "requestExpression", `=[]`, classInput, `Request expression must return a JSON object, but got array. Evaluated value: []`, 0},
		{"request syntax", "requestExpression", `={`, classFEEL, `requestExpression:1:3: `, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{answer: answer(ok)}
			got, isFailure := start(t, f, nil).Handle(context.Background(), jobOf(orderVariables, tt.header, tt.src)).(Fail)
			var vars struct{ Error struct{ Type string } }
			_ = json.Unmarshal(got.Variables, &vars)
			if !isFailure || got.Retries != 0 || !strings.HasPrefix(got.Message, tt.message) || vars.Error.Type != tt.class || len(f.inputs) != tt.calls {
				t.Errorf("got %+v, variables %s, %d calls", got, got.Variables, len(f.inputs))
			}
		})
	}
}

func TestBrokenErrorExpressionTellsWhatFailed(t *testing.T) {
	e := start(t, &fake{answer: fails(notFound())}, nil)
	got := e.Handle(context.Background(), jobOf(orderVariables, "errorExpression", `=jobError(null)`)).(Fail)
	want := `Failed to evaluate expression '=jobError(null)'. Reason: errorExpression: Parameter 'errorMessage' of function 'jobError' must be a String (it was to judge this failure: Not Found)`
	if got.Message != want || got.Retries != 0 {
		t.Errorf("got %d, %s", got.Retries, got.Message)
	}
}

func TestRequestExpressionInFEEL(t *testing.T) {
	f := &fake{answer: answer(nil)}
	e := start(t, f, nil)
	want(t, e.Handle(context.Background(), jobOf(orderVariables, "requestExpression", `={count: n * 2, body: {who: customer.name, el: job.elementId}}`)), Complete{raw(`{}`)})
	if diff := cmp.Diff(fakeInput{URL: "https://a.example/x", Count: 6, Body: map[string]any{"who": "Ada", "el": "task"}}, f.inputs[0]); diff != "" {
		t.Error(diff)
	}
}

func TestInputsThatNobodyReads(t *testing.T) {
	var record *Record
	f := &fake{answer: answer(nil)}
	e := start(t, f, func(o *Options) {
		o.Observer = &Observer{Detail: true, Done: func(_ context.Context, r *Record) { record = r }}
	})
	want(t, e.Handle(context.Background(), jobOf(orderVariables, "requestExpression", `{bdoy: "{{secrets.MISSING}}", count: 1}`)), Complete{raw(`{}`)})
	warnings := []Warning{{"requestExpression", `the protocol "fake" reads no input "bdoy"`}}
	input := map[string]any{"url": "https://a.example/x", "count": 1}
	if diff := cmp.Diff(warnings, record.Warnings) + cmp.Diff(input, record.Details.Input); diff != "" {
		t.Error(diff)
	}
}

func TestHandleForManyGoroutines(t *testing.T) {
	line := &idle{protocols.Output{Value: ok}}
	r, err := protocols.NewRegistry(protocols.Protocol{
		Name: "idle", JobTypes: []string{"fake:1"}, Input: func() any { return &idleInput{} },
		Outbound: func(protocols.Host) (protocols.Outbound, error) { return line, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	e := start(t, &fake{}, func(o *Options) { o.Registry = r })
	jobs := []Job{
		jobOf(benchVariables, "resultExpression", "{id: .body.id, n: ($vars.total + 1)}", "errorExpression", `if .status == 500 then bpmnError("X") else null end`),
		jobOf(benchVariables, "resultExpression", "={id: response.body.id, tag: headers.etag}", "errorExpression", `=if status = 500 then bpmnError("X") else null`),
	}
	texts := []string{`{"id":"o-1","n":125}`, `{"id":"o-1","tag":"W/1"}`}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for range 50 {
				got, _ := e.Handle(context.Background(), jobs[g%2]).(Complete)
				if string(got.Variables) != texts[g%2] {
					t.Errorf("variables %s", got.Variables)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestCallPolicy(t *testing.T) {
	calls := 0
	f := &fake{idempotent: true, answer: func(context.Context, *fakeInput) (any, error) {
		if calls++; calls < 3 {
			return nil, &protocols.Error{Code: "503", Status: 503, Message: "busy"}
		}
		return "fine", nil
	}}
	var waits []time.Duration
	var record *Record
	e := start(t, f, func(o *Options) {
		o.Clock = policy.Clock{Sleep: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }, Random: func() float64 { return 0 }}
		o.Observer = &Observer{Done: func(_ context.Context, r *Record) { record = r }}
	})
	job := jobOf(`{"url":"https://a.example","callPolicy":{"retry":{"attempts":"5","initialDelay":"PT1S"}}}`, "resultVariable", "r")
	want(t, e.Handle(context.Background(), job), Complete{raw(`{"r":"fine"}`)})
	if diff := cmp.Diff([]time.Duration{time.Second, 2 * time.Second}, waits); diff != "" || record.Attempts != 3 {
		t.Errorf("waits %v, attempts %d", waits, record.Attempts)
	}
	job.Variables = raw(`{"url":"https://a.example","callPolicy":{"retry":{"attempts":0}}}`)
	if got := e.Handle(context.Background(), job).(Fail); got.Message != "callPolicy.retry.attempts: expected 1 to 20 but got 0" || got.Retries != 0 {
		t.Errorf("got %+v", got)
	}
}

type extender struct {
	asked []time.Duration
	err   error
}

func (e *extender) ExtendJob(ctx context.Context, key int64, d time.Duration) (context.Context, context.CancelFunc, error) {
	e.asked = append(e.asked, d)
	return ctx, func() {}, e.err
}

func TestJobTimeout(t *testing.T) {
	f := &fake{answer: answer(ok)}
	x := &extender{}
	e := start(t, f, func(o *Options) { o.Extender = x })
	want(t, e.Handle(context.Background(), jobOf(orderVariables, "jobTimeout", "PT10M")), Complete{raw(`{}`)})
	if !cmp.Equal(x.asked, []time.Duration{10 * time.Minute}) {
		t.Errorf("asked %v", x.asked)
	}
	for _, text := range []string{"PT0S", "P0D", "PT-10M", "PT0.000000001S", "PT9999999999999999S", "PT9223372036854775S", "abc"} {
		got := e.Handle(context.Background(), jobOf(orderVariables, "jobTimeout", text)).(Fail)
		if got.Retries != 0 || got.Message != "Failed to parse job timeout header. Expected ISO-8601 duration of at least 1 ms, e.g. PT5M, got: "+text {
			t.Errorf("%s: %+v", text, got)
		}
	}
	x.err = errors.New("the job is gone")
	got := e.Handle(context.Background(), jobOf(orderVariables, "jobTimeout", "PT1M")).(Fail)
	if got.Retries != 2 || got.Message != "extend the job by its jobTimeout: the job is gone" || len(f.inputs) != 1 {
		t.Errorf("got %+v after %d calls", got, len(f.inputs))
	}
}

func TestJobTimeoutBoundsTheCallWithoutExtender(t *testing.T) {
	e := start(t, &fake{answer: func(ctx context.Context, _ *fakeInput) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}, nil)
	got := e.Handle(context.Background(), jobOf(orderVariables, "jobTimeout", "PT0.001S")).(Fail)
	if got.Message != "context deadline exceeded" || got.Retries != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestTheJobsDeadlineBoundsTheCall(t *testing.T) {
	job := jobOf(orderVariables)
	job.Deadline = time.Now().Add(time.Hour)
	e := start(t, &fake{answer: func(ctx context.Context, _ *fakeInput) (any, error) {
		if end, ok := ctx.Deadline(); !ok || !end.Equal(job.Deadline) {
			t.Errorf("deadline %v, %v", end, ok)
		}
		return nil, nil
	}}, nil)
	want(t, e.Handle(context.Background(), job), Complete{raw(`{}`)})
}

// Large answers share room, each until the end of its attempt.
func TestLargeAnswersTakeTurns(t *testing.T) {
	f := &fake{}
	e := start(t, f, func(o *Options) { o.AnswerMemory = 100 })
	takes := func(ctx context.Context, memory int64) error {
		turn := f.calls[len(f.calls)-1].Turn
		return errors.Join(turn.Wait(ctx, memory), turn.Wait(ctx, memory))
	}
	working, finish := make(chan struct{}), make(chan struct{})
	f.answer = func(ctx context.Context, _ *fakeInput) (any, error) {
		if err := takes(ctx, 30); err != nil {
			return nil, err
		}
		working <- struct{}{}
		<-finish
		return nil, nil
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { e.Handle(context.Background(), jobOf(orderVariables)) })
		<-working
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if got, ok := e.Handle(ctx, jobOf(orderVariables)).(Fail); !ok || !strings.HasPrefix(got.Message, "context deadline exceeded") {
		t.Errorf("one too many: %+v", got)
	}
	close(finish)
	wg.Wait()
	f.answer = func(ctx context.Context, _ *fakeInput) (any, error) {
		return nil, errors.Join(takes(ctx, 60), errors.New("no"))
	}
	for range 2 { // an end of any kind is one
		if got := e.Handle(context.Background(), jobOf(orderVariables)).(Fail); got.Message != "no" {
			t.Errorf("got %+v", got)
		}
	}
	f.answer = func(ctx context.Context, _ *fakeInput) (any, error) {
		return nil, f.calls[len(f.calls)-1].Turn.Wait(ctx, 101)
	}
	got := e.Handle(context.Background(), jobOf(orderVariables, "errorExpression", "=bpmnError(error.code, error.message)"))
	want(t, got, ThrowError{Code: "RESPONSE_TOO_LARGE",
		Message: "the response would take about 0 MiB of memory, more than the 0 MiB that answers may take (--answer-memory)", Variables: raw(`{}`)})
}

func TestSizeLimit(t *testing.T) {
	big := strings.Repeat("x", MaxVariables)
	e := start(t, &fake{answer: answer(big)}, nil)
	got := e.Handle(context.Background(), jobOf(orderVariables, "resultVariable", "r")).(Fail)
	want := "Output variables payload (1572872 bytes) exceeds the 1.5 MB safe variable size limit for Zeebe job completion. " +
		"To handle large payloads, enable the 'Create document' option where available."
	if got.Retries != 0 || got.Message != want {
		t.Errorf("got %d, %s", got.Retries, got.Message)
	}
}

func TestFailuresAreBounded(t *testing.T) {
	big := strings.Repeat("é", MaxVariables)
	e := start(t, &fake{answer: fails(&protocols.Error{Code: "500", Message: big, Variables: map[string]any{"response": big}})}, nil)
	got := e.Handle(context.Background(), jobOf(orderVariables)).(Fail)
	if got.Message != strings.Repeat("é", 6000) || len(got.Variables) > 13_000 || !strings.Contains(string(got.Variables), `"code":"500"`) {
		t.Errorf("message of %d, variables of %d bytes", len(got.Message), len(got.Variables))
	}
}

func TestVerboseFailures(t *testing.T) {
	e := start(t, &fake{answer: fails(&protocols.Error{Code: "1013", Message: "exception message", Variables: map[string]any{"foo": "bar", "n": []any{1}}})},
		func(o *Options) { o.VerboseFailures = true })
	got := e.Handle(context.Background(), jobOf(orderVariables)).(Fail)
	want := "exception message | Error variables: {error={code=1013, message=exception message, type=io.camunda.connector.api.error.ConnectorException, variables={foo=bar, n=[1]}}}"
	if got.Message != want {
		t.Errorf("got %s", got.Message)
	}
	got = e.Handle(context.Background(), jobOf(orderVariables, "errorExpression", `=jobError("m", {a: 1})`)).(Fail)
	if got.Message != "m | Error variables: {a=1, error=m}" {
		t.Errorf("got %s", got.Message)
	}
}

func TestSecretsOfTheModel(t *testing.T) {
	names := map[string]bool{"TOKEN": true}
	known := true
	f := &fake{answer: answer(nil)}
	var record *Record
	e := start(t, f, func(o *Options) {
		o.Secrets = secret.Map{"TOKEN": "t", "OTHER": "o"}
		o.SecretNames = func(*Job) (map[string]bool, bool) { return names, known }
		o.ModelSecretsOnly = true
		o.Observer = &Observer{Done: func(_ context.Context, r *Record) { record = r }}
	})
	job := jobOf(`{"url":"https://a.example","body":"{{secrets.TOKEN}} {{secrets.OTHER}}","unread":"{{secrets.MISSING}}"}`)
	e.Handle(context.Background(), job)
	known = false
	e.Handle(context.Background(), job)
	if f.inputs[0].Body != "t {{secrets.OTHER}}" || f.inputs[1].Body != "{{secrets.TOKEN}} {{secrets.OTHER}}" {
		t.Errorf("bodies %v and %v", f.inputs[0].Body, f.inputs[1].Body)
	}
	if len(record.Warnings) != 2 || !strings.Contains(record.Warnings[0].Text, `secret "TOKEN" was left as it is`) {
		t.Errorf("warnings %+v", record.Warnings)
	}
}

func TestObserver(t *testing.T) {
	type key struct{}
	f := &fake{answer: func(ctx context.Context, in *fakeInput) (any, error) {
		if ctx.Value(key{}) != "span" {
			t.Error("the call does not see the observer's context")
		}
		return map[string]any{"echo": in.Body}, nil
	}}
	var record *Record
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	e := start(t, f, func(o *Options) {
		o.Host.Now = func() time.Time { now = now.Add(time.Second); return now }
		o.Observer = &Observer{
			Detail:  true,
			Started: func(ctx context.Context, _ *Job) context.Context { return context.WithValue(ctx, key{}, "span") },
			Done:    func(_ context.Context, r *Record) { record = r },
		}
	})
	observed := f.answer
	f.answer = func(ctx context.Context, in *fakeInput) (any, error) {
		f.calls[0].Observe(protocols.Exchange{
			Method: "POST", URL: "https://a.example?t=s3cret!", Status: 200, RequestHeaders: http.Header{"Authorization": {"Bearer oauth"}, "X-Note": {"s3cret!"}},
			RequestBody: []byte("s3cret!"), ResponseBody: bytes.Repeat([]byte("x"), 100_000),
		})
		return observed(ctx, in)
	}
	e.Handle(context.Background(), jobOf(`{"url":"https://a.example","body":"{{secrets.TOKEN}}"}`, "resultVariable", "r", "errorExpression", "=unknown"))
	if record.Protocol != "fake" || record.Attempts != 1 || record.Status != 200 || record.Duration != time.Second || record.Error != nil || len(record.Warnings) != 1 {
		t.Errorf("record %+v", record)
	}
	d := record.Details
	x := d.Exchanges[0]
	if x.URL != "https://a.example?t=***" || x.RequestHeaders.Get("Authorization") != "***" || x.RequestHeaders.Get("X-Note") != "***" || string(x.RequestBody) != "***" || len(x.ResponseBody) != maxBody {
		t.Errorf("exchange %+v", x)
	}
	if d.Input["body"] != "{{secrets.TOKEN}}" || !cmp.Equal(d.Response, any(map[string]any{"echo": "***"})) || d.Variables == nil {
		t.Errorf("details %+v", d)
	}
}

// A call that succeeded has no error; that is no reason for a warning.
func TestWarningsOfErrorExpressions(t *testing.T) {
	for _, tt := range []struct {
		expression string
		answer     func(context.Context, *fakeInput) (any, error)
		want       int
	}{
		{`=if error.code = "404" then bpmnError("NF", "") else null`, answer(ok), 0},
		{`=if error.kode = "404" then bpmnError("NF", "") else null`, fails(notFound()), 1},
		{`=if eror.code = "404" then bpmnError("NF", "") else null`, answer(ok), 1},
	} {
		var record *Record
		e := start(t, &fake{answer: tt.answer}, func(o *Options) {
			o.Observer = &Observer{Done: func(_ context.Context, r *Record) { record = r }}
		})
		e.Handle(context.Background(), jobOf(orderVariables, "errorExpression", tt.expression))
		if len(record.Warnings) != tt.want {
			t.Errorf("%s: %v", tt.expression, record.Warnings)
		}
	}
}

func TestObserverSeesFailures(t *testing.T) {
	var record *Record
	e := start(t, &fake{answer: fails(notFound())}, func(o *Options) {
		o.Observer = &Observer{Detail: true, Done: func(_ context.Context, r *Record) { record = r }}
	})
	out := e.Handle(context.Background(), jobOf(orderVariables, "errorExpression", `bpmnError("NF")`))
	wantError := &RecordError{Code: "404", Message: "Not Found", Type: classConnector}
	if !cmp.Equal(record.Error, wantError) || record.Decision != "bpmnError" || !cmp.Equal(record.Outcome, out) || record.Details.Error["code"] != "404" {
		t.Errorf("record %+v", record)
	}
}

func TestObserverSeesReasons(t *testing.T) {
	var record *Record
	refused := &protocols.Error{Code: "408", Message: "aborted", Unsent: true, Cause: errors.New("dial s3cret!.example:\n connection refused")}
	e := start(t, &fake{answer: fails(refused)}, func(o *Options) {
		o.Observer = &Observer{Done: func(_ context.Context, r *Record) { record = r }}
	})
	out := e.Handle(context.Background(), jobOf(`{"url":"u","body":"{{secrets.TOKEN}}"}`))
	want := &RecordError{Code: "408", Message: "aborted", Type: classConnector, Reason: "dial ***.example: connection refused"}
	if diff := cmp.Diff(want, record.Error); diff != "" || out.(Fail).Message != "aborted" {
		t.Errorf("%s, outcome %+v", diff, out)
	}
}

func TestStartedSeesTheMasker(t *testing.T) {
	var seen context.Context
	e := start(t, &fake{answer: answer(nil)}, func(o *Options) {
		o.Observer = &Observer{Started: func(ctx context.Context, _ *Job) context.Context { seen = ctx; return ctx }}
	})
	e.Handle(context.Background(), jobOf(`{"url":"u","body":"{{secrets.TOKEN}}"}`))
	if got := secret.MaskerOf(seen).Text("a s3cret! b"); got != "a *** b" {
		t.Errorf("got %q", got)
	}
	if secret.MaskerOf(context.Background()).Text("s3cret!") != "s3cret!" {
		t.Error("a masker that knows nothing hides something")
	}
}

type documents struct{ created []protocols.DocumentInfo }

func (d *documents) Create(_ context.Context, info protocols.DocumentInfo, body io.Reader) (protocols.DocumentInfo, error) {
	content, _ := io.ReadAll(body)
	d.created = append(d.created, info)
	info.StoreID, info.ID, info.Hash = "memory", "d1", "hash of "+string(content)
	return info, nil
}

func (d *documents) Open(context.Context, string, string) (io.ReadCloser, protocols.DocumentInfo, error) {
	return nil, protocols.DocumentInfo{}, errors.New("not asked for")
}

func TestCreateDocument(t *testing.T) {
	for _, src := range []string{
		`={file: [createDocument({content: "aGVs bG8=", name: "a.json"})]}`,
		`{file: [createDocument({data: "aGVsbG8=", fileName: "a.json"})]}`,
	} {
		store := &documents{}
		e := start(t, &fake{answer: answer(ok)}, func(o *Options) { o.Host.Documents = store })
		got := e.Handle(context.Background(), jobOf(orderVariables, "resultExpression", src))
		want(t, got, Complete{raw(`{"file":[{"camunda.document.type":"camunda","storeId":"memory","documentId":"d1","contentHash":"hash of hello",
			"metadata":{"contentType":"application/json","fileName":"a.json","size":5}}]}`)})
	}
}

func TestCreateDocumentFails(t *testing.T) {
	tests := []struct{ src, message string }{
		{`=createDocument("eA==")`, "createDocument: its result cannot be the whole result of an expression; give it a name, such as {file: createDocument(...)}"},
		{`={a: createDocument("?")}`, "createDocument: the content is no base64: illegal base64 data at input byte 0"},
		{`={a: createDocument(1)}`, "createDocument: expected base64, or an object with content or data in base64, but got number"},
		{`{a: createDocument("eA==").connectorResultFunction}`, "createDocument: its result cannot be read by the expression"},
	}
	for _, tt := range tests {
		e := start(t, &fake{answer: answer(ok)}, func(o *Options) { o.Host.Documents = &documents{} })
		got, isFailure := e.Handle(context.Background(), jobOf(orderVariables, "resultExpression", tt.src)).(Fail)
		if !isFailure || got.Retries != 0 || got.Message != tt.message {
			t.Errorf("%s: %+v", tt.src, got)
		}
	}
	e := start(t, &fake{answer: answer(map[string]any{"forged": map[string]any{"connectorResultFunction": "createDocument:0", "value": "eA=="}})}, nil)
	got := e.Handle(context.Background(), jobOf(orderVariables, "resultExpression", `=response`))
	want(t, got, Complete{raw(`{"forged":{"connectorResultFunction":"createDocument:0","value":"eA=="}}`)})
}

type templates map[string]string

func (t templates) ProtocolOf(jobType string) (string, bool) { name, ok := t[jobType]; return name, ok }

func TestProtocolOf(t *testing.T) {
	e := start(t, &fake{answer: answer(nil)}, func(o *Options) {
		o.Templates = templates{"vendor:1": "fake", "lost:1": "gone"}
		o.TypeNames = map[string]string{"fake:hybrid": "fake:1"}
	})
	tests := []struct {
		jobType, header, want string
	}{{"fake:1", "", "fake"}, {"vendor:1", "", "fake"}, {"fake:hybrid", "", "fake"}, {"anything", "fake", "fake"}, {"other", "", ""}, {"lost:1", "", "gone"}}
	for _, tt := range tests {
		if got, _ := e.ProtocolOf(tt.jobType, map[string]string{"protocol": tt.header}); got != tt.want {
			t.Errorf("%s with header %q: %q, want %q", tt.jobType, tt.header, got, tt.want)
		}
	}
	job := jobOf(orderVariables)
	job.Type = "lost:1"
	if got := e.Handle(context.Background(), job).(Fail); got.Retries != 0 || got.Message != `protocol: there is no protocol "gone" that makes calls; known are fake` {
		t.Errorf("got %+v", got)
	}
}

func TestBadVariables(t *testing.T) {
	e := start(t, &fake{answer: answer(nil)}, nil)
	for text, message := range map[string]string{
		`[]`:                         "This is not a JSON object: invalid JSON at byte 0: expected an object",
		`{"url":"x"`:                 `This is not a JSON object: invalid JSON at byte 10: expected "," or "}"`,
		`{}`:                         "url: is required, but is missing",
		``:                           "url: is required, but is missing",
		`{"url":"x","count":"many"}`: `count: expected a whole number but got "many"`,
	} {
		got, isFailure := e.Handle(context.Background(), jobOf(text)).(Fail)
		if !isFailure || got.Retries != 0 || got.Message != message {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func TestHugeNumbersOfAServer(t *testing.T) {
	huge := json.Number(strings.Repeat("9", 5_000_000))
	e := start(t, &fake{answer: answer(map[string]any{"n": huge})}, nil)
	got := e.Handle(context.Background(), jobOf(orderVariables, "resultExpression", "{n: (.n + 1)}")).(Fail)
	if got.Message != "the response holds a number of more than 1000 characters" || got.Retries != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestClose(t *testing.T) {
	f := &fake{answer: answer(nil)}
	e := start(t, f, nil)
	if err := e.Close(); err != nil || f.closed != 0 {
		t.Errorf("closed %d times before it was opened, %v", f.closed, err)
	}
	e.Handle(context.Background(), jobOf(orderVariables))
	if err := e.Close(); err != nil || f.closed != 1 {
		t.Errorf("closed %d times, %v", f.closed, err)
	}
}

func TestOpeningFails(t *testing.T) {
	r, err := protocols.NewRegistry(protocols.Protocol{Name: "fake", JobTypes: []string{"fake:1"}, Input: func() any { return &fakeInput{} },
		Outbound: func(protocols.Host) (protocols.Outbound, error) { return nil, errors.New("no certificate") }})
	if err != nil {
		t.Fatal(err)
	}
	e := start(t, &fake{}, func(o *Options) { o.Registry = r })
	if got := e.Handle(context.Background(), jobOf(orderVariables)).(Fail); got.Message != `open protocol "fake": no certificate` || got.Retries != 2 {
		t.Errorf("got %+v", got)
	}
	if _, err := New(Options{}); err == nil {
		t.Error("an engine without protocols started")
	}
}

// preparing is a fake whose inputs stand for something.
type preparing struct{ *fake }

func (preparing) Prepare(_ context.Context, variables map[string]any) (map[string]any, error) {
	if variables["body"] == "bad" {
		return nil, &protocols.InputError{Path: "body", Message: "not known"}
	}
	return map[string]any{"url": variables["url"], "body": "prepared " + variables["body"].(string)}, nil
}

func TestPrepare(t *testing.T) {
	f := preparing{&fake{answer: answer(nil)}}
	p := f.protocol()
	p.Outbound = func(protocols.Host) (protocols.Outbound, error) { return f, nil }
	r, err := protocols.NewRegistry(p)
	if err != nil {
		t.Fatal(err)
	}
	e := start(t, f.fake, func(o *Options) { o.Registry = r })
	e.Handle(context.Background(), jobOf(`{"url":"u","body":"{{secrets.TOKEN}}"}`))
	if f.inputs[0].Body != "prepared s3cret!" {
		t.Errorf("body %v", f.inputs[0].Body)
	}
	if got := e.Handle(context.Background(), jobOf(`{"url":"u","body":"bad"}`)).(Fail); got.Retries != 0 || got.Message != "body: not known" {
		t.Errorf("got %+v", got)
	}
}

func TestConstraints(t *testing.T) {
	f := &fake{answer: answer(nil)}
	e := start(t, f, func(o *Options) {
		o.Constraints = func(_ context.Context, _ *Job, variables func(map[string]bool) (map[string]any, error)) error {
			all, err := variables(map[string]bool{"n": true})
			if err == nil && all["n"] == json.Number("3") {
				err = &protocols.InputError{Path: "n", Message: "Amount is at most 2"}
			}
			return err
		}
	})
	if got := e.Handle(context.Background(), jobOf(orderVariables)).(Fail); got.Retries != 0 || got.Message != "n: Amount is at most 2" || len(f.inputs) != 0 {
		t.Errorf("got %+v", got)
	}
	want(t, e.Handle(context.Background(), jobOf(`{"url":"u","n":2}`)), Complete{raw(`{}`)})
}
