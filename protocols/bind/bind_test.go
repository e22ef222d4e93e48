package bind

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
)

type login struct {
	Type  string `bind:"type" enum:"none basic token" default:"none"`
	User  string `bind:"user,required" when:"type=basic"`
	Token string `bind:"token,required,secret" when:"type=token|bearer" pattern:"^t-"`
}

type input struct {
	Method  string             `bind:"method,required" enum:"GET POST" default:"GET" doc:"HTTP method."`
	URL     string             `bind:"url,required" pattern:"^https?://" expected:"an http(s) URL"`
	Login   login              `bind:"login"`
	Headers map[string]*string `bind:"headers"`
	Tags    []string           `bind:"tags"`
	Seconds int                `bind:"seconds" default:"20"`
	Read    *int               `bind:"read"`
	Ratio   float64            `bind:"ratio"`
	Follow  bool               `bind:"follow"`
	Wait    time.Duration      `bind:"wait"`
	Body    any                `bind:"body"`
	Extra   *login             `bind:"extra"`
	Logins  []login            `bind:"logins"`
	Local   string
}

func (in *input) Validate() error {
	if in.Ratio > 1 {
		return &protocols.InputError{Path: "ratio", Message: "expected at most 1"}
	}
	if in.Seconds == 13 {
		return errors.New("thirteen seconds bring bad luck")
	}
	return nil
}

func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func text(s string) *string { return &s }
func whole32(n int) *int    { return &n }

func TestBind(t *testing.T) {
	tests := map[string]struct {
		json string
		want func(*input)
	}{
		"defaults":           {`{}`, func(*input) {}},
		"null keeps":         {`{"method":null,"login":null}`, func(*input) {}},
		"unknown is ignored": {`{"nope":{"a":1},"Local":"x","login":{"more":1}}`, func(*input) {}},
		"enum in any case":   {`{"method":" post "}`, func(in *input) { in.Method = "POST" }},
		"empty enum keeps":   {`{"method":""}`, func(*input) {}},
		"nested":             {`{"login":{"type":"BASIC","user":"u"}}`, func(in *input) { in.Login.Type, in.Login.User = "basic", "u" }},
		"number as text":     {`{"seconds":"5","read":"7","ratio":"0.5"}`, func(in *input) { in.Seconds, in.Read, in.Ratio = 5, whole32(7), .5 }},
		"whole float":        {`{"seconds":5.0}`, func(in *input) { in.Seconds = 5 }},
		"empty number":       {`{"seconds":"","read":"","ratio":""}`, func(*input) {}},
		"text from scalars":  {`{"headers":{"n":1.50,"b":true,"none":null}}`, func(in *input) { in.Headers = map[string]*string{"n": text("1.50"), "b": text("true"), "none": nil} }},
		"empty duration":     {`{"wait":""}`, func(*input) {}},
		"bool as text":       {`{"follow":"TRUE"}`, func(in *input) { in.Follow = true }},
		"bool from number":   {`{"follow":1}`, func(in *input) { in.Follow = true }},
		"scalar for a list":  {`{"tags":7}`, func(in *input) { in.Tags = []string{"7"} }},
		"list":               {`{"tags":["a",null,2]}`, func(in *input) { in.Tags = []string{"a", "", "2"} }},
		"list of one": {`{"seconds":[3],"login":[{"type":"basic","user":["u"]}],"headers":[{"a":["x"]}]}`, func(in *input) {
			in.Seconds, in.Login, in.Headers = 3, login{Type: "basic", User: "u"}, map[string]*string{"a": text("x")}
		}},
		"duration":            {`{"wait":"PT1M30S"}`, func(in *input) { in.Wait = 90 * time.Second }},
		"anything":            {`{"body":[{"a":1}]}`, func(in *input) { in.Body = []any{map[string]any{"a": json.Number("1")}} }},
		"pointer to a struct": {`{"extra":{"user":"u"}}`, func(in *input) { in.Extra = &login{User: "u"} }},
		"structs in a list":   {`{"logins":{"type":"basic","user":"u"}}`, func(in *input) { in.Logins = []login{{Type: "basic", User: "u"}} }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			variables := decode(t, tt.json)
			variables["url"] = "http://x"
			want := &input{Method: "GET", URL: "http://x", Login: login{Type: "none"}, Seconds: 20}
			tt.want(want)
			got := &input{}
			Defaults(got)
			if err := Bind(variables, got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBindErrors(t *testing.T) {
	tests := []struct{ json, path, message string }{
		{`{"url":null}`, "url", "is required, but is missing"},
		{`{"url":""}`, "url", "is required, but is empty"},
		{`{"url":"ftp://x"}`, "url", `expected an http(s) URL but got "ftp://x"`},
		{`{"url":{}}`, "url", "expected a string but got an object"},
		{`{"method":"HEAD"}`, "method", `expected one of GET, POST but got "HEAD"`},
		{`{"method":{}}`, "method", "expected one of GET, POST but got an object"},
		{`{"seconds":"soon"}`, "seconds", `expected a whole number but got "soon"`},
		{`{"seconds":2.5}`, "seconds", "expected a whole number but got 2.5"},
		{`{"seconds":true}`, "seconds", "expected a whole number but got true"},
		{`{"seconds":1e99}`, "seconds", "expected a whole number but got 1e99"},
		{`{"ratio":"NaN"}`, "ratio", `expected a number but got "NaN"`},
		{`{"ratio":2}`, "ratio", "expected at most 1"},
		{`{"seconds":13}`, "", "thirteen seconds bring bad luck"},
		{`{"follow":"maybe"}`, "follow", `expected true or false but got "maybe"`},
		{`{"wait":"10s"}`, "wait", `expected an ISO 8601 duration of days or less, such as PT30S, but got "10s"`},
		{`{"wait":"P1M"}`, "wait", `expected an ISO 8601 duration of days or less, such as PT30S, but got "P1M"`},
		{`{"headers":"X: y"}`, "headers", `expected an object but got "X: y"`},
		{`{"headers":{"X-List":["a","b"]}}`, "headers.X-List", "expected a string but got a list of 2"},
		{`{"login":"me"}`, "login", `expected an object but got "me"`},
		{`{"login":{"type":"digest"}}`, "login.type", `expected one of none, basic, token but got "digest"`},
		{`{"login":{"type":"basic"}}`, "login.user", "is required, but is missing"},
		{`{"login":{"type":"basic","user":""}}`, "login.user", "is required, but is empty"},
		{`{"login":{"type":"token","token":"hush"}}`, "login.token", "expected a text that matches ^t- but got another text"},
		{`{"tags":["a",{}]}`, "tags[1]", "expected a string but got an object"},
		{`{"logins":[{},{"type":"x"}]}`, "logins[1].type", `expected one of none, basic, token but got "x"`},
		{`{"method":"` + strings.Repeat("x", 100) + `"}`, "method", `expected one of GET, POST but got the string "` + strings.Repeat("x", 60) + `"...`},
	}
	for _, tt := range tests {
		t.Run(tt.json, func(t *testing.T) {
			variables := map[string]any{"url": "http://x"}
			for k, v := range decode(t, tt.json) {
				variables[k] = v
			}
			err := Bind(variables, &input{Method: "GET"})
			var got *protocols.InputError
			if !errors.As(err, &got) || got.Path != tt.path || got.Message != tt.message {
				t.Errorf("got %#v, want %s: %s", err, tt.path, tt.message)
			}
		})
	}
}

// Values that a jq expression made are Go numbers rather than json.Number.
func TestBindGoNumbers(t *testing.T) {
	for _, n := range []any{5, 5.0, int64(5), big.NewInt(5), json.Number("5")} {
		in := &input{Method: "GET"}
		if err := Bind(map[string]any{"url": "http://x", "seconds": n, "tags": n}, in); err != nil {
			t.Fatal(err)
		}
		if in.Seconds != 5 || in.Tags[0] != "5" {
			t.Errorf("%T: got %d and %q", n, in.Seconds, in.Tags[0])
		}
	}
}

func TestRequiredObject(t *testing.T) {
	var in struct {
		Login login `bind:"login,required"`
	}
	if err := Bind(nil, &in); err == nil || err.Error() != "login: is required, but is missing" {
		t.Errorf("got %v", err)
	}
}

func TestFields(t *testing.T) {
	fields := Fields(&input{})
	if len(fields) != 19 {
		t.Errorf("got %d fields", len(fields))
	}
	want := Field{Name: "method", Type: "string", Doc: "HTTP method.", Default: "GET", Enum: []string{"GET", "POST"}, Required: true}
	if diff := cmp.Diff(want, fields[0]); diff != "" {
		t.Error(diff)
	}
	want = Field{Name: "login.token", Type: "string", Required: true, Secret: true, Pattern: "^t-", When: "type=token|bearer"}
	if diff := cmp.Diff(want, fields[5], cmp.Transformer("enum", func(s []string) int { return len(s) })); diff != "" {
		t.Error(diff)
	}
	names := strings.Join(Names(&input{}), " ")
	if names != "method url login headers tags seconds read ratio follow wait body extra logins" {
		t.Errorf("names: %s", names)
	}
}

func TestWrongTags(t *testing.T) {
	tests := map[string]any{
		"cannot be bound": &struct {
			A chan int `bind:"a"`
		}{},
		"names no string field": &struct {
			A string `bind:"a" when:"b=1"`
		}{},
		"error parsing regexp": &struct {
			A string `bind:"a" pattern:"("`
		}{},
		"whole number": &struct {
			A int `bind:"a" default:"x"`
		}{},
		"pointer to a struct": 7,
	}
	for message, in := range tests {
		if err := Bind(nil, in); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("got %v, want %q", err, message)
		}
	}
}

func FuzzBind(f *testing.F) {
	f.Add(`{"url":"http://x","login":{"type":"basic"},"logins":[{}],"seconds":"1","wait":"PT1S"}`)
	f.Fuzz(func(t *testing.T, text string) {
		var variables map[string]any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if d.Decode(&variables) != nil {
			return
		}
		_ = Bind(variables, &input{})
	})
}

func BenchmarkBind(b *testing.B) {
	variables := decode(b, `{"method":"post","url":"https://api.example.com/v1/orders","login":{"type":"token","token":"t-abc"},
		"headers":{"X-Request":"1","Accept":"application/json"},"seconds":"20","follow":true,"body":{"a":[1,2,3]}}`)
	b.ReportAllocs()
	for b.Loop() {
		var in input
		if err := Bind(variables, &in); err != nil {
			b.Fatal(err)
		}
	}
}
