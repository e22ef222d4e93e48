package graphql

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/httpx"
	"patchbay/protocols/protocoltest"
)

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	value, err := httpx.DecodeJSON([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value.(map[string]any)
}

// execute makes a call; BASE in the variables is the server's URL.
func execute(t testing.TB, h http.HandlerFunc, variables string) (map[string]any, error) {
	t.Helper()
	u := protocoltest.Server(t, h)
	in := bind.New[Input]()
	if err := bind.Bind(object(t, strings.ReplaceAll(variables, "BASE", u)), in); err != nil {
		t.Fatal(err)
	}
	out, err := Protocol().Outbound(protocoltest.Host(t))
	if err != nil {
		t.Fatal(err)
	}
	defer out.(io.Closer).Close()
	got, err := out.Execute(t.Context(), protocols.Call{Input: in})
	value, _ := got.Value.(map[string]any)
	return value, err
}

// answering answers every request.
func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestRequests(t *testing.T) {
	tests := map[string]struct {
		in           string
		method, uri  string
		body, header string
	}{
		"get by default": {`{"graphql":{"url":"BASE/q?a=b c","query":"{ me }"}}`,
			"GET", "/q?a=b%20c&query=%7B%20me%20%7D", "", ""},
		"get with all": {`{"graphql":{"url":"BASE","method":"get","query":"query A($x:Int){a}","variables":{"x":12345678901234567890},"operationName":"A"}}`,
			"GET", "/?query=query%20A%28%24x%3AInt%29%7Ba%7D&variables=%7B%22x%22%3A12345678901234567890%7D&operationName=A", "", ""},
		"post": {`{"graphql":{"url":"BASE","method":"post","query":"{\n me(a: \"x\\ny\") }"}}`,
			"POST", "/", `{"query":"{\n me(a: \"x\\ny\") }"}`, "application/json"},
		"post with all": {`{"graphql":{"url":"BASE","method":"POST","query":"query A{a}","variables":{"x":1.50,"n":null},"operationName":"A","headers":{"Content-Type":"application/graphql+json"}},"authentication":{"type":"bearer","token":"t"}}`,
			"POST", "/", `{"query":"query A{a}","variables":{"n":null,"x":1.50},"operationName":"A"}`, "application/graphql+json"},
		"pasted escapes": {`{"graphql":{"url":"BASE","method":"POST","query":"{\\n me(a: \\\"x\\\") }"}}`,
			"POST", "/", `{"query":"{\n me(a: \"x\") }"}`, "application/json"},
		"key in the query": {`{"graphql":{"url":"BASE","method":"POST","query":"{a}"},"authentication":{"type":"apiKey","apiKeyLocation":"query","name":"k","value":"v"}}`,
			"POST", "/?k=v", `{"query":"{a}"}`, "application/json"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := execute(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.Method != tt.method || r.RequestURI != tt.uri || r.Header.Get("Content-Type") != tt.header {
					t.Errorf("got %s %s %s", r.Method, r.RequestURI, r.Header.Get("Content-Type"))
				}
				if strings.TrimSpace(string(body)) != tt.body {
					t.Errorf("got body %s", body)
				}
				_, _ = io.WriteString(w, `{"data":{}}`)
			}, tt.in)
			if err != nil {
				t.Error(err)
			}
		})
	}
}

const query = `{"graphql":{"url":"BASE","method":"POST","query":"{a}"}}`

func TestResponses(t *testing.T) {
	tests := map[string]struct {
		in     string
		status int
		body   string
		want   any
	}{
		"data":         {query, 200, `{"data":{"n":12345678901234567890},"extensions":{"cost":1.50}}`, object(t, `{"data":{"n":12345678901234567890},"extensions":{"cost":1.50}}`)},
		"empty errors": {query, 200, `{"data":{},"errors":[]}`, object(t, `{"data":{},"errors":[]}`)},
		"partial data": {`{"graphql":{"url":"BASE","query":"{a}","acceptPartialData":true}}`, 200, `{"data":{"a":null},"errors":[{"message":"m"}]}`, object(t, `{"data":{"a":null},"errors":[{"message":"m"}]}`)},
		"other status": {query, 202, `{"data":{}}`, object(t, `{"data":{}}`)},
		"no content":   {query, 204, ``, nil},
		"no JSON":      {query, 200, `<html>`, "<html>"},
		"a list":       {query, 200, `[{"data":{}}]`, []any{object(t, `{"data":{}}`)}},
		"as text":      {`{"graphql":{"url":"BASE","query":"{a}"},"documentReturnFormat":{"choice":"TEXT"}}`, 200, `{"data":{}}`, `{"data":{}}`},
		"odd data":     {query, 200, `{"data":"x","errors":"y"}`, object(t, `{"data":"x","errors":"y"}`)},
	}
	for name, tt := range tests {
		got, err := execute(t, answering(tt.status, tt.body), tt.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(tt.want, got["body"]); diff != "" || got["status"] != tt.status {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestErrors(t *testing.T) {
	const partial = `{"graphql":{"url":"BASE","query":"{a}","acceptPartialData":true}}`
	tests := map[string]struct {
		in            string
		status        int
		body          string
		code, message string
		temporary     bool
	}{
		"one":          {query, 200, `{"errors":[{"message":"no such field","path":["a",0],"extensions":{"code":"BAD","n":1.50}}],"data":{"a":null}}`, CodeErrors, "no such field", false},
		"several":      {query, 200, `{"errors":[{"message":"one"},{"message":""},{},{"message":"two"}]}`, CodeErrors, "one; GraphQL response contains errors; GraphQL response contains errors; two", false},
		"odd":          {query, 200, `{"errors":["x",1]}`, CodeErrors, "GraphQL response contains errors; GraphQL response contains errors", false},
		"no data":      {partial, 200, `{"data":null,"errors":[{"message":"m"}]}`, CodeErrors, "m", false},
		"throttled":    {query, 200, `{"errors":[{"message":"m","extensions":{"code":"THROTTLED"}}]}`, CodeErrors, "m", true},
		"half of them": {query, 200, `{"errors":[{"message":"m","type":"RATE_LIMITED"},{"message":"n"}]}`, CodeErrors, "m; n", false},
		"status":       {query, 400, `{"errors":[{"message":"m"}]}`, "400", "Bad Request", false},
		"text":         {query, 502, `<html>`, "502", "Bad Gateway", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := execute(t, answering(tt.status, tt.body), tt.in)
			var e *protocols.Error
			if !errors.As(err, &e) || e.Code != tt.code || e.Message != tt.message || e.Temporary != tt.temporary || e.Status != tt.status {
				t.Fatalf("got %+v", err)
			}
			var body any = tt.body
			if tt.body[0] == '{' {
				body = object(t, tt.body)
			}
			if diff := cmp.Diff(body, e.Variables["response"].(map[string]any)["body"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnescape(t *testing.T) {
	tests := map[string]string{
		`{ a }`:                   `{ a }`,
		`{ a(b: "x\ny") }`:        `{ a(b: "x\ny") }`,
		`{\n a(b: \"x\\ny\")\t}`:  "{\n a(b: \"x\\ny\")\t}",
		`{ a(b: """x\"y""") }`:    `{ a(b: """x\"y""") }`,
		"{ a # c:\\d\n}":          "{ a # c:\\d\n}",
		`{ a(b: "unfinished\`:     `{ a(b: "unfinished\`,
		`{ a(b: """unfinished\" `: `{ a(b: """unfinished\" `,
	}
	for in, want := range tests {
		if got := unescape(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestIdempotent(t *testing.T) {
	tests := map[string]bool{
		`{ mutation }`:                                  true,
		`query mutation2 { a }`:                         true,
		`query A { a } # mutation`:                      true,
		`mutation { a }`:                                false,
		`fragment F on T { x } mutation A { a }`:        false,
		`query A { a }mutation{ b }`:                    false,
		`subscription A { a }`:                          false,
		`query A($a: String = "mutation") { a(a: $a) }`: true,
		`mutation`: false,
	}
	for q, want := range tests {
		in := &Input{GraphQL: operation{Method: "POST", Query: q}}
		if got := (&client{}).Idempotent(protocols.Call{Input: in}); got != want {
			t.Errorf("%s: got %v", q, got)
		}
		in.GraphQL.Method = "GET"
		if !(&client{}).Idempotent(protocols.Call{Input: in}) {
			t.Errorf("%s: GET is not idempotent", q)
		}
	}
}

func FuzzQuery(f *testing.F) {
	f.Add(`query { a(b: "c\"", d: """e""") # f` + "\n}")
	f.Fuzz(func(t *testing.T, q string) {
		_ = readsOnly(unescape(q))
	})
}

func TestSuite(t *testing.T) {
	post := func(u string) map[string]any {
		return map[string]any{"graphql": map[string]any{"url": u, "method": "POST", "query": "{a}"}}
	}
	with := func(name string, value any) map[string]any {
		in := post("http://x")
		in["graphql"].(map[string]any)[name] = value
		return in
	}
	protocoltest.Suite{
		Protocol: Protocol(),
		Host:     protocoltest.Host(t),
		Echo: func(t testing.TB, payload any) map[string]any {
			in := post(protocoltest.Server(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
			in["graphql"].(map[string]any)["variables"] = map[string]any{"payload": payload}
			return in
		},
		Payload: func(output any) any {
			return output.(map[string]any)["body"].(map[string]any)["variables"].(map[string]any)["payload"]
		},
		Hang: func(t testing.TB) map[string]any { return post(protocoltest.Silent(t)) },
		Large: func(t testing.TB, n int) map[string]any {
			return post(protocoltest.Answer(t, 200, strings.Repeat("x", n)))
		},
		Raw: func(t testing.TB, content []byte) map[string]any {
			return post(protocoltest.Answer(t, 200, string(content)))
		},
		Busy: func(t testing.TB) map[string]any { return post(protocoltest.Answer(t, 503, "busy")) },
		Gone: func(t testing.TB) map[string]any { return post(protocoltest.Closed(t)) },
		Wrong: map[string]map[string]any{
			"graphql":                           {},
			"graphql.url":                       post("http://10.0.0.1/"),
			"graphql.query":                     with("query", ""),
			"graphql.method":                    with("method", "BREW"),
			"graphql.readTimeoutInSeconds":      with("readTimeoutInSeconds", -1),
			"graphql.variables":                 with("variables", "x"),
			"graphql.headers":                   with("headers", map[string]any{"a b": "c"}),
			"authentication.username":           {"graphql": post("http://x")["graphql"], "authentication": map[string]any{"type": "basic"}},
			"authentication.oauthTokenEndpoint": {"graphql": post("http://x")["graphql"], "authentication": map[string]any{"type": "oauth-refresh-token", "oauthTokenEndpoint": "http://10.0.0.1/", "clientId": "c", "refreshToken": "r"}},
		},
	}.Run(t)
}
