package rest

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
	"patchbay/protocols/documents"
	"patchbay/protocols/protocoltest"
)

const inlineFile = `{"camunda.document.type":"inline","content":"héllo","name":"a \"b\".txt","contentType":"text/plain"}`

func TestDocumentsInBodies(t *testing.T) {
	tests := map[string]struct{ body, want, contentType string }{
		"in JSON":       {`{"files":[` + inlineFile + `],"n":1}`, `{"files":["aMOpbGxv"],"n":1}`, "application/json"},
		"in a list":     {`[` + inlineFile + `]`, `["aMOpbGxv"]`, "application/json"},
		"as the body":   {inlineFile, "héllo", "text/plain"},
		"none in sight": {`{"a":{"b":[]}}`, `{"a":{"b":[]}}`, "application/json"},
	}
	for name, tt := range tests {
		got := sent(t, `{"url":"BASE","method":"POST","body":`+tt.body+`}`)
		if got.Body != tt.want || got.Header.Get("Content-Type") != tt.contentType {
			t.Errorf("%s: got %s %s", name, got.Header.Get("Content-Type"), got.Body)
		}
	}
}

// part is a part of a multipart body.
type part struct{ Name, File, Type, Text string }

func TestMultipart(t *testing.T) {
	for _, contentType := range []string{"multipart/form-data", "Multipart/Form-Data; boundary=here"} {
		got := sent(t, `{"url":"BASE","method":"POST","headers":{"Content-Type":"`+contentType+`"},
			"body":{"file":`+inlineFile+`,"list":["x",2,`+inlineFile+`],"nested":{"a":[1]},"none":null,"text":"grüße","yes":true}}`)
		_, params, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
		if err != nil || strings.Contains(contentType, "here") && params["boundary"] != "here" {
			t.Fatalf("content type %s, %v", got.Header.Get("Content-Type"), err)
		}
		var parts []part
		r := multipart.NewReader(strings.NewReader(got.Body), params["boundary"])
		for {
			p, err := r.NextPart()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(p)
			parts = append(parts, part{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), string(text)})
		}
		file := func(name string) part { return part{name, "a %22b%22.txt", "text/plain", "héllo"} }
		want := []part{file("file"), {Name: "list", Text: "x"}, {Name: "list", Text: "2"}, file("list"),
			{Name: "nested", Text: `{"a":[1]}`}, {Name: "text", Text: "grüße"}, {Name: "yes", Text: "true"}}
		if diff := cmp.Diff(want, parts); diff != "" {
			t.Error(diff)
		}
	}
}

func TestReturnFormats(t *testing.T) {
	tests := map[string]struct {
		format, contentType, body string
		want                      any
	}{
		"JSON scalar":     {"JSON", "", `"x"`, "x"},
		"JSON object":     {"JSON", "", `{"a":"b"}`, map[string]any{"a": "b"}},
		"JSON, no JSON":   {"JSON", "", `<html>`, "<html>"},
		"JSON, empty":     {"JSON", "", ``, nil},
		"text":            {"TEXT", "", `{"a":"b"}`, `{"a":"b"}`},
		"text, empty":     {"TEXT", "", ``, ""},
		"text, its own":   {"TEXT", "text/plain; charset=iso-8859-1", "\xfc", "ü"},
		"text in another": {`TEXT","encoding":"windows-1252`, "text/plain; charset=utf-8", "\x80", "€"},
	}
	for name, tt := range tests {
		got, err := call(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", tt.contentType)
			_, _ = io.WriteString(w, tt.body)
		}, `{"url":"BASE","documentReturnFormat":{"choice":"`+tt.format+`"}}`)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(tt.want, got["body"]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestStoredResponses(t *testing.T) {
	u := protocoltest.Server(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/pdf")
		w.Header().Set("Content-Disposition", `attachment; filename="bill.pdf"`)
		_, _ = io.WriteString(w, "%PDF")
	})
	h := host(t)
	h.Documents = documents.NewMemory(10, time.Now)
	c := open1(t, h)
	execute := func(in string) (protocols.Output, error) {
		return c.Execute(t.Context(), protocols.Call{Input: bound(t, u, in)})
	}
	for _, in := range []string{`{"url":"BASE","storeResponse":true}`, `{"url":"BASE","documentReturnFormat":{"choice":"DOCUMENT"}}`} {
		out, err := execute(in)
		if err != nil {
			t.Fatal(err)
		}
		value := out.Value.(map[string]any)
		if value["body"] != nil || !documents.Is(value["document"]) {
			t.Errorf("got %v", value)
		}
		metadata := value["document"].(map[string]any)["metadata"]
		if diff := cmp.Diff(map[string]any{"size": int64(4), "contentType": "application/pdf", "fileName": "bill.pdf"}, metadata); diff != "" {
			t.Error(diff)
		}
	}
	var e *protocols.Error
	if _, err := execute(`{"url":"BASE","storeResponse":true}`); !errors.As(err, &e) || e.Code != "500" || !strings.Contains(e.Message, "Failed to create document: ") {
		t.Errorf("full store: got %v", err)
	}
	if out, err := execute(`{"url":"BASE","storeResponse":true,"documentReturnFormat":{"choice":"TEXT"}}`); err != nil || out.Value.(map[string]any)["body"] != "%PDF" {
		t.Errorf("the choice goes before storeResponse: got %v, %v", out, err)
	}
}

func TestStoringNeedsAStore(t *testing.T) {
	tests := map[string]string{
		`{"url":"BASE","storeResponse":true}`:                                          "storeResponse: the response cannot be stored: no document store is configured",
		`{"url":"BASE","documentReturnFormat":{"choice":"document"}}`:                  "documentReturnFormat.choice: the response cannot be stored: no document store is configured",
		`{"url":"BASE","documentReturnFormat":{"choice":"TEXT","encoding":"klingon"}}`: `documentReturnFormat.encoding: the charset "klingon" is not known`,
	}
	for in, want := range tests {
		_, err := call(t, func(http.ResponseWriter, *http.Request) { t.Error("the call was made") }, in)
		if !protocols.IsInputError(err) || err.Error() != want {
			t.Errorf("%s: got %v", in, err)
		}
	}
}

func TestPrepareKeepsDocumentsInTheBody(t *testing.T) {
	variables := object(t, `{"body":`+inlineFile+`,"authentication":{"token":`+inlineFile+`}}`)
	got, err := open1(t, host(t)).Prepare(t.Context(), variables)
	if err != nil || !documents.Is(got["body"]) || got["authentication"].(map[string]any)["token"] != "aMOpbGxv" {
		t.Errorf("got %v, %v", got, err)
	}
}

// A call with a token, through everything: the token is fetched, refused,
// fetched anew, and the body is sent again.
func TestRefusedToken(t *testing.T) {
	var log []string
	u := protocoltest.Server(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/token" {
			log = append(log, "token")
			_, _ = io.WriteString(w, `{"access_token":"t`+strings.Repeat("i", len(log))+`","expires_in":3600}`)
			return
		}
		log = append(log, r.Header.Get("Authorization")+" "+string(body))
		if len(log) == 3 {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	c := open1(t, host(t))
	in := `{"url":"BASE/api","method":"POST","body":{"a":1},"authentication":{"type":"oauth-client-credentials-flow","oauthTokenEndpoint":"BASE/token","clientId":"c","clientSecret":"s","clientAuthentication":"credentialsBody"}}`
	for range 2 {
		if _, err := c.Execute(t.Context(), protocols.Call{Input: bound(t, u, in)}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"token", `Bearer ti {"a":1}`, `Bearer ti {"a":1}`, "token", `Bearer tiiii {"a":1}`}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Error(diff)
	}
}
