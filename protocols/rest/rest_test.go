package rest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/httpx"
)

// object decodes a JSON object as the engine does.
func object(t testing.TB, text string) map[string]any {
	t.Helper()
	value, err := httpx.DecodeJSON([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value.(map[string]any)
}

// host returns a host that may call servers of this machine.
func host(t testing.TB) protocols.Host {
	t.Helper()
	guard, err := httpx.NewGuard([]string{"loopback"})
	if err != nil {
		t.Fatal(err)
	}
	return protocols.Host{Dial: guard.Dial, CheckHost: guard.CheckHost}
}

func open1(t testing.TB, h protocols.Host) *client {
	t.Helper()
	out, err := Protocol().Outbound(h)
	if err != nil {
		t.Fatal(err)
	}
	c := out.(*client)
	t.Cleanup(func() { c.Close() })
	return c
}

// bound returns the input that variables bind to; URL is put where they say
// BASE.
func bound(t testing.TB, base, variables string) *Input {
	t.Helper()
	in := bind.New[Input]()
	if err := bind.Bind(object(t, strings.ReplaceAll(variables, "BASE", base)), in); err != nil {
		t.Fatal(err)
	}
	return in.(*Input)
}

// call executes one call against a handler.
func call(t testing.TB, h http.HandlerFunc, variables string) (map[string]any, error) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	out, err := open1(t, host(t)).Execute(t.Context(), protocols.Call{Input: bound(t, server.URL, variables)})
	value, _ := out.Value.(map[string]any)
	return value, err
}

// seen is a request as a server saw it.
type seen struct {
	Method, URI, Body string
	Header            http.Header
}

// request makes one call and returns the request that it made.
func sent(t testing.TB, variables string) seen {
	t.Helper()
	var got seen
	_, err := call(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = seen{r.Method, r.RequestURI, string(body), r.Header}
	}, variables)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"User-Agent", "Accept-Encoding", "Content-Length"} {
		got.Header.Del(name)
	}
	return got
}

func TestRequest(t *testing.T) {
	const typed = "Content-Type"
	tests := map[string]struct {
		in   string
		want seen
	}{
		"get": {`{"url":"BASE/a b?c=d e","queryParameters":{"x":1,"y":null}}`,
			seen{"GET", "/a%20b?c=d%20e&x=1&y", "", http.Header{}}},
		"lower case": {`{"url":"BASE","method":"delete"}`, seen{"DELETE", "/", "", http.Header{}}},
		"head":       {`{"url":"BASE","method":"HEAD"}`, seen{"HEAD", "/", "", http.Header{}}},
		"options":    {`{"url":"BASE","method":"options"}`, seen{"OPTIONS", "/", "", http.Header{}}},
		"json": {`{"url":"BASE","method":"POST","body":{"a":1,"b":null,"n":1.50,"h":"<&>"}}`,
			seen{"POST", "/", `{"a":1,"b":null,"h":"<&>","n":1.50}`, http.Header{typed: {"application/json"}}}},
		"json without nulls": {`{"url":"BASE","method":"POST","ignoreNullValues":true,"body":{"a":1,"b":null,"c":{"d":null,"e":[]},"f":[null,1,{"x":null}]}}`,
			seen{"POST", "/", `{"a":1,"c":{"e":[]},"f":[null,1,{}]}`, http.Header{typed: {"application/json"}}}},
		"no body on get":     {`{"url":"BASE","body":{"a":1}}`, seen{"GET", "/", "", http.Header{}}},
		"null body":          {`{"url":"BASE","method":"PUT"}`, seen{"PUT", "/", "", http.Header{typed: {"text/plain; charset=UTF-8"}}}},
		"null body, typed":   {`{"url":"BASE","method":"POST","headers":{"content-type":"text/csv"}}`, seen{"POST", "/", "", http.Header{typed: {"text/csv"}}}},
		"number":             {`{"url":"BASE","method":"POST","body":42}`, seen{"POST", "/", "42", http.Header{typed: {"application/json"}}}},
		"empty string":       {`{"url":"BASE","method":"POST","body":""}`, seen{"POST", "/", "", http.Header{typed: {"application/json"}}}},
		"text":               {`{"url":"BASE","method":"PUT","headers":{"content-type":"text/plain"},"body":"say \"hi\""}`, seen{"PUT", "/", `say "hi"`, http.Header{typed: {"text/plain"}}}},
		"text in a charset":  {`{"url":"BASE","method":"PUT","headers":{"Content-Type":"text/plain; charset=iso-8859-1"},"body":"ü"}`, seen{"PUT", "/", "\xfc", http.Header{typed: {"text/plain; charset=iso-8859-1"}}}},
		"json in a charset":  {`{"url":"BASE","method":"PUT","headers":{"Content-Type":"application/json; charset=iso-8859-1"},"body":{"a":"ü"}}`, seen{"PUT", "/", "{\"a\":\"\xfc\"}", http.Header{typed: {"application/json; charset=iso-8859-1"}}}},
		"header in Latin-1":  {`{"url":"BASE","headers":{"x-one":"ü","x-two":"€"}}`, seen{"GET", "/", "", http.Header{"X-One": {"\xfc"}, "X-Two": {"€"}}}},
		"object as text":     {`{"url":"BASE","method":"POST","headers":{"Content-Type":"text/plain"},"body":{"a":1}}`, seen{"POST", "/", `{"a":1}`, http.Header{typed: {"text/plain"}}}},
		"form":               {`{"url":"BASE","method":"POST","headers":{"Content-Type":"application/x-www-form-urlencoded"},"body":{"name":"Jörg & Söhne","plus":"1+1=2","n":1.50,"flag":true,"nothing":null,"list":[1,"b"],"nested":{"a":1},"empty":""}}`, seen{"POST", "/", "empty=&flag=true&list=1&list=b&n=1.50&name=J%C3%B6rg+%26+S%C3%B6hne&nested=%7B%22a%22%3A1%7D&nothing=&plus=1%2B1%3D2", http.Header{typed: {"application/x-www-form-urlencoded"}}}},
		"headers":            {`{"url":"BASE","headers":{"x-one":"1","X-Two":2,"X-Null":null,"Content-Type":null,"Content-Length":"99","Transfer-Encoding":"x"}}`, seen{"GET", "/", "", http.Header{"X-One": {"1"}, "X-Two": {"2"}, "X-Null": {""}}}},
		"basic":              {`{"url":"BASE","authentication":{"type":"basic","username":"u","password":"p"}}`, seen{"GET", "/", "", http.Header{"Authorization": {"Basic dTpw"}}}},
		"basic, no password": {`{"url":"BASE","authentication":{"type":"basic","username":"u","password":"SPEC_PASSWORD_EMPTY_PATTERN"}}`, seen{"GET", "/", "", http.Header{"Authorization": {"Basic dTo="}}}},
		"bearer replaces":    {`{"url":"BASE","headers":{"authorization":"mine"},"authentication":{"type":"bearer","token":"t"}}`, seen{"GET", "/", "", http.Header{"Authorization": {"Bearer t"}}}},
		"key in a header":    {`{"url":"BASE","authentication":{"type":"apiKey","apiKeyLocation":"headers","name":"x-key","value":"k"}}`, seen{"GET", "/", "", http.Header{"X-Key": {"k"}}}},
		"key in the query":   {`{"url":"BASE?a=b:c","authentication":{"type":"apiKey","apiKeyLocation":"query","name":"key","value":"k/1"}}`, seen{"GET", "/?a=b%3Ac&key=k%2F1", "", http.Header{}}},
		"shared credential":  {`{"url":"BASE","authentication":{"type":"basic","username":"u"},"authenticationConfiguration":{"authentication":{"type":"bearer","token":"shared"}}}`, seen{"GET", "/", "", http.Header{"Authorization": {"Bearer shared"}}}},
		"other inputs":       {`{"url":"BASE","authentication":{"type":"noAuth","extra":"x"},"groupSetCookieHeaders":true,"somethingElse":1}`, seen{"GET", "/", "", http.Header{}}},
		"skip encoding":      {`{"url":"BASE/a%2Fb,c","skipEncoding":true}`, seen{"GET", "/a%2Fb,c", "", http.Header{}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, sent(t, tt.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHostAndUserAgent(t *testing.T) {
	_, err := call(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "other.example" || r.UserAgent() != "me/1" {
			t.Errorf("got host %q, agent %q", r.Host, r.UserAgent())
		}
	}, `{"url":"BASE","headers":{"host":"other.example","User-Agent":"me/1"}}`)
	if err != nil {
		t.Error(err)
	}
}

func TestResponse(t *testing.T) {
	tests := map[string]struct {
		status int
		header http.Header
		body   string
		want   string
	}{
		"object":          {200, http.Header{"Content-Type": {"application/json"}}, `{"i":1,"d":1.10,"big":12345678901234567890}`, `{"status":200,"reason":"OK","document":null,"headers":{"Content-Type":"application/json","Content-Length":"43"},"body":{"i":1,"d":1.10,"big":12345678901234567890}}`},
		"list, no type":   {201, http.Header{"Content-Type": nil}, ` [1,{"a":2}] `, `{"status":201,"reason":"Created","document":null,"headers":{"Content-Length":"13"},"body":[1,{"a":2}]}`},
		"scalar is text":  {200, http.Header{"Content-Type": {"application/json"}}, `"str"`, `{"status":200,"reason":"OK","document":null,"headers":{"Content-Type":"application/json","Content-Length":"5"},"body":"\"str\""}`},
		"broken json":     {200, http.Header{"Content-Type": nil}, `{'a':1}`, `{"status":200,"reason":"OK","document":null,"headers":{"Content-Length":"7"},"body":"{'a':1}"}`},
		"lines of json":   {200, http.Header{"Content-Type": nil}, "{}\n{}", `{"status":200,"reason":"OK","document":null,"headers":{"Content-Length":"5"},"body":"{}\n{}"}`},
		"empty":           {200, http.Header{"Content-Type": nil}, "", `{"status":200,"reason":"OK","document":null,"headers":{"Content-Length":"0"},"body":null}`},
		"no content":      {204, http.Header{}, "", `{"status":204,"reason":"No Content","document":null,"headers":{},"body":null}`},
		"not modified":    {304, http.Header{"Etag": {"x"}}, "", `{"status":304,"reason":"Not Modified","document":null,"headers":{"Etag":"x"},"body":null}`},
		"redirect":        {302, http.Header{"Location": {"/x"}, "Content-Type": nil}, "", `{"status":302,"reason":"Found","document":null,"headers":{"Location":"/x","Content-Length":"0"},"body":null}`},
		"repeated header": {200, http.Header{"Set-Cookie": {"a=1", "b=2"}, "Content-Type": nil}, "", `{"status":200,"reason":"OK","document":null,"headers":{"Set-Cookie":["a=1","b=2"],"Content-Length":"0"},"body":null}`},
		"binary":          {200, http.Header{"Content-Type": {"application/octet-stream"}}, "\x00\x01\xff\xfeA", `{"status":200,"reason":"OK","document":null,"headers":{"Content-Type":"application/octet-stream","Content-Length":"5"},"body":"\u0000\u0001\ufffd\ufffdA"}`},
		"latin 1":         {200, http.Header{"Content-Type": {"text/plain; charset=ISO-8859-1"}}, "gr\xfc\xdfe", `{"status":200,"reason":"OK","document":null,"headers":{"Content-Type":"text/plain; charset=ISO-8859-1","Content-Length":"5"},"body":"grüße"}`},
		"byte order mark": {200, http.Header{"Content-Type": nil}, "\ufeffx", `{"status":200,"reason":"OK","document":null,"headers":{"Content-Length":"4"},"body":"x"}`},
		"marked json":     {200, http.Header{"Content-Type": nil}, "\ufeff{}", `{"status":200,"reason":"OK","document":null,"headers":{"Content-Length":"5"},"body":{}}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := call(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Date"] = nil
				for k, v := range tt.header {
					w.Header()[k] = v
				}
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.body)
			}, `{"url":"BASE"}`)
			if err != nil {
				t.Fatal(err)
			}
			got["status"] = json.Number("0")
			want := object(t, tt.want)
			want["status"] = json.Number("0")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStatusErrors(t *testing.T) {
	tests := map[string]struct {
		status  int
		body    string
		want    string
		message string
		again   bool
	}{
		"json":        {404, `{"code":"NO"}`, `{"response":{"headers":{"Content-Length":"13"},"body":{"code":"NO"}}}`, "Not Found", false},
		"list":        {400, `[1,2]`, `{"response":{"headers":{"Content-Length":"5"},"body":[1,2]}}`, "Bad Request", false},
		"text":        {400, `bad <input>`, `{"response":{"headers":{"Content-Length":"11"},"body":"bad <input>"}}`, "Bad Request", false},
		"empty":       {500, ``, `{"response":{"headers":{"Content-Length":"0"},"body":""}}`, "Internal Server Error", false},
		"unavailable": {503, `busy`, `{"response":{"headers":{"Content-Length":"4"},"body":"busy"}}`, "Service Unavailable", true},
		"too many":    {429, `slow`, `{"response":{"headers":{"Content-Length":"4"},"body":"slow"}}`, "Too Many Requests", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := call(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Date"], w.Header()["Content-Type"] = nil, nil
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.body)
			}, `{"url":"BASE"}`)
			var e *protocols.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.Status != tt.status || e.Message != tt.message || e.Temporary != tt.again || e.Unsent {
				t.Errorf("got %+v", e)
			}
			if diff := cmp.Diff(object(t, tt.want), e.Variables); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInputErrors(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{"url":"http://10.1.2.3/"}`, "url: 10.1.2.3 is a private address: calls to it are refused; allow it with --allow-net private"},
		{`{"url":"http://[::ffff:10.1.2.3]/"}`, "url: ::ffff:10.1.2.3 (10.1.2.3) is a private address: calls to it are refused; allow it with --allow-net private"},
		{`{"url":"http://x y/"}`, `url: invalid URL "http://x y/": invalid character " " in host name`},
		{`{"url":"http://x/","headers":{"a b":"c"}}`, `headers: "a b" is no valid header name`},
		{`{"url":"http://x/","headers":{"A":"b\nc"}}`, "headers.A: the value holds a line break or another control character"},
		{`{"url":"http://x/","method":"POST","headers":{"Content-Type":"text/plain;charset=klingon"},"body":"x"}`, `headers.Content-Type: the charset "klingon" is not known`},
		{`{"url":"http://x/","method":"POST","body":"` + strings.Repeat("x", 3000) + `"}`, "body: the request body has 3000 bytes, more than the limit of 2000"},
	}
	h := host(t)
	h.Limits.RequestBody = 2000
	c := open1(t, h)
	for _, tt := range tests {
		_, err := c.Execute(t.Context(), protocols.Call{Input: bound(t, "", tt.in)})
		if !protocols.IsInputError(err) || err.Error() != tt.want {
			t.Errorf("%.80s: got %v, want %s", tt.in, err, tt.want)
		}
	}
}

func TestIdempotent(t *testing.T) {
	tests := map[string]bool{
		`{"url":"http://x"}`:                                                        true,
		`{"url":"http://x","method":"PUT"}`:                                         true,
		`{"url":"http://x","method":"POST"}`:                                        false,
		`{"url":"http://x","method":"PATCH"}`:                                       false,
		`{"url":"http://x","method":"POST","headers":{"idempotency-key":"a"}}`:      true,
		`{"url":"http://x","method":"POST","headers":{"X-Other":"a","Accept":"b"}}`: false,
	}
	for in, want := range tests {
		if got := (&client{}).Idempotent(protocols.Call{Input: bound(t, "", in)}); got != want {
			t.Errorf("%s: got %v", in, got)
		}
	}
}

// Authentication that does not say how must not become none.
func TestAuthenticationNeedsAType(t *testing.T) {
	for _, in := range []string{`{}`, `{"type":""}`, `{"type":null,"token":"t"}`, `{"username":"u","password":"p"}`} {
		err := bind.Bind(object(t, `{"url":"http://x/","authentication":`+in+`}`), bind.New[Input]())
		if !protocols.IsInputError(err) || !strings.HasPrefix(err.Error(), "authentication.type: is required, but is ") {
			t.Errorf("%s: got %v", in, err)
		}
	}
}
