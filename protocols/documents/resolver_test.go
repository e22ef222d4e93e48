package documents

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
	"patchbay/protocols/protocoltest"
)

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	value, err := httpx.DecodeJSON([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value.(map[string]any)
}

// newResolver returns a resolver with a store in memory.
func newResolver(t *testing.T) (*Resolver, *Memory) {
	t.Helper()
	host := protocoltest.Host(t)
	host.Now = func() time.Time { return time.Unix(1_700_000_000, 0) }
	store := NewMemory(1000, host.Now)
	host.Documents = store
	host.Limits.RequestBody = 300
	client, err := httpx.New(host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return NewResolver(client), store
}

func stash(t *testing.T, m *Memory, name, contentType, content string) map[string]any {
	t.Helper()
	info, err := m.Create(t.Context(), protocols.DocumentInfo{Name: name, ContentType: contentType}, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return Reference(info, m.now())
}

func TestReference(t *testing.T) {
	got := Reference(protocols.DocumentInfo{StoreID: "s", ID: "d", Hash: "h", Name: "n", ContentType: "t", Size: 3, TTL: time.Hour}, time.Unix(0, 0))
	want := map[string]any{"camunda.document.type": "camunda", "storeId": "s", "documentId": "d", "contentHash": "h",
		"metadata": map[string]any{"size": int64(3), "fileName": "n", "contentType": "t", "expiresAt": "1970-01-01T01:00:00Z"}}
	if diff := cmp.Diff(want, got); diff != "" || !Is(got) {
		t.Error(diff)
	}
}

func TestOpen(t *testing.T) {
	r, store := newResolver(t)
	files := protocoltest.Server(t, func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		if req.URL.Path == "/named" {
			w.Header().Set("Content-Disposition", `attachment; filename="..\\..\\x.png"`)
		}
		_, _ = io.WriteString(w, "png")
	})
	byReference := stash(t, store, "a.txt", "text/plain", "stored")
	tests := map[string]struct {
		reference any
		want      Document
	}{
		"stored":        {byReference, Document{"a.txt", "text/plain", []byte("stored")}},
		"list of one":   {[]any{byReference}, Document{"a.txt", "text/plain", []byte("stored")}},
		"external":      {object(t, `{"camunda.document.type":"external","url":"`+files+`/pic.png"}`), Document{"pic.png", "image/png", []byte("png")}},
		"external name": {object(t, `{"camunda.document.type":"external","url":"`+files+`/named","name":"mine"}`), Document{"mine", "image/png", []byte("png")}},
		"their name":    {object(t, `{"camunda.document.type":"external","url":"`+files+`/named"}`), Document{"x.png", "image/png", []byte("png")}},
		"inline":        {object(t, `{"camunda.document.type":"inline","content":"text","name":"n"}`), Document{"n", "application/octet-stream", []byte("text")}},
		"inline JSON":   {object(t, `{"camunda.document.type":"inline","content":{"a":1.50},"name":"n","contentType":"application/json"}`), Document{"n", "application/json", []byte(`{"a":1.50}`)}},
	}
	for name, tt := range tests {
		got, err := r.Open(t.Context(), tt.reference)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	r, store := newResolver(t)
	tests := map[string]any{
		"expected a document reference": "text",
		`the unknown kind "other"`:      object(t, `{"camunda.document.type":"other"}`),
		`there is no document "x"`:      object(t, `{"camunda.document.type":"camunda","documentId":"x"}`),
		"larger than the limit of 300":  stash(t, store, "", "", strings.Repeat("x", 301)),
		"without content":               object(t, `{"camunda.document.type":"inline"}`),
		"invalid URL":                   object(t, `{"camunda.document.type":"external","url":"file:///etc/passwd"}`),
		"is a link-local address":       object(t, `{"camunda.document.type":"external","url":"http://169.254.169.254/"}`),
		"Not Found":                     object(t, `{"camunda.document.type":"external","url":"`+protocoltest.Answer(t, 404, "")+`"}`),
	}
	for want, reference := range tests {
		if _, err := r.Open(t.Context(), reference); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestPrepare(t *testing.T) {
	r, store := newResolver(t)
	doc := stash(t, store, "a.json", "application/json", `{"order":{"id":"o-1"},"n":1.50}`)
	call := func(name string, params ...any) map[string]any {
		return map[string]any{"camunda.function.type": name, "params": params}
	}
	latin := object(t, `{"camunda.document.type":"inline","content":"x"}`)
	variables := map[string]any{
		"plain":  "secrets stay",
		"deep":   map[string]any{"list": []any{1, map[string]any{"v": call("base64", "grüße")}}, "other": "kept"},
		"doc":    doc,
		"body":   map[string]any{"file": doc, "text": call("getText", doc, "utf-8")},
		"json":   call("getJson", doc),
		"path":   call("getJson", doc, "order.id"),
		"absent": call("getJson", doc, "=order.nope.id"),
		"nested": call("base64", call("getText", latin)),
		"link":   call("createLink", map[string]any{"camunda.document.type": "external", "url": "https://a/b"}),
	}
	before := len(variables["deep"].(map[string]any)["list"].([]any)[1].(map[string]any)["v"].(map[string]any))
	got, err := r.Prepare(t.Context(), variables, "body")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"plain":  "secrets stay",
		"deep":   map[string]any{"list": []any{1, map[string]any{"v": "Z3LDvMOfZQ=="}}, "other": "kept"},
		"doc":    base64.StdEncoding.EncodeToString([]byte(`{"order":{"id":"o-1"},"n":1.50}`)),
		"body":   map[string]any{"file": doc, "text": `{"order":{"id":"o-1"},"n":1.50}`},
		"json":   object(t, `{"order":{"id":"o-1"},"n":1.50}`),
		"path":   "o-1",
		"absent": nil,
		"nested": "eA==",
		"link":   "https://a/b",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if after := len(variables["deep"].(map[string]any)["list"].([]any)[1].(map[string]any)["v"].(map[string]any)); after != before {
		t.Error("the variables were changed in place")
	}
}

func TestPrepareErrors(t *testing.T) {
	r, _ := newResolver(t)
	call := `{"camunda.function.type":"base64","params":["x"]}`
	tests := map[string]string{
		`{"a":{"camunda.function.type":"shout","params":["x"]}}`:                                                          `a: the function "shout" is not known; expected one of base64, createGithubAppInstallationToken, createLink, getJson, getText`,
		`{"a":{"camunda.function.type":"base64"}}`:                                                                        `a: the function base64 was given 0 parameters; expected 1 to 1`,
		`{"a":{"camunda.function.type":"base64","params":[1]}}`:                                                           `a: expected a document reference`,
		`{"a":[` + strings.Repeat(call+",", 10) + call + `]}`:                                                             `a: more than 10 function calls in the inputs of one job`,
		`{"a":{"camunda.function.type":"getText","params":[{"camunda.document.type":"inline","content":"x"},"klingon"]}}`: `a: getText: the charset "klingon" is not known`,
		`{"a":{"camunda.function.type":"getJson","params":[{"camunda.document.type":"inline","content":"x"}]}}`:           `a: getJson: the document holds no JSON: invalid JSON at byte 0: unexpected character 'x'`,
		`{"a":{"camunda.function.type":"getJson","params":[{"camunda.document.type":"inline","content":"{}"},"a[1]"]}}`:   `a: getJson: expected a path of names such as order.id but got "a[1]"`,
		`{"a":{"camunda.function.type":"createLink","params":["x"]}}`:                                                     `a: createLink: expected a document reference`,
		`{"a":{"camunda.function.type":"createLink","params":[{"camunda.document.type":"camunda","documentId":"x"}]}}`:    `a: createLink: the document store makes no links`,
		`{"a":{"camunda.function.type":"createGithubAppInstallationToken","params":["key","1","2"]}}`:                     `a: createGithubAppInstallationToken: the private key: expected PEM`,
		`{"a":{"camunda.document.type":"camunda","documentId":"x"}}`:                                                      `a: there is no document "x" in the store; it may have expired`,
	}
	for in, want := range tests {
		if _, err := r.Prepare(t.Context(), object(t, in)); !protocols.IsInputError(err) || err.Error() != want {
			t.Errorf("%s: got %v, want %s", in, err, want)
		}
	}
}

// Many references may be written in few bytes.
func TestDocumentsTogetherAreBounded(t *testing.T) {
	r, store := newResolver(t)
	doc := stash(t, store, "", "", strings.Repeat("x", 120))
	if _, err := r.Prepare(t.Context(), map[string]any{"a": []any{doc, doc}}); err != nil {
		t.Errorf("two: got %v", err)
	}
	_, err := r.Prepare(t.Context(), map[string]any{"a": []any{doc, doc, doc}})
	if !protocols.IsInputError(err) || err.Error() != "a: the documents together are larger than a request body may be" {
		t.Errorf("three: got %v", err)
	}
}

func TestPrepareLeavesTheRest(t *testing.T) {
	r, _ := newResolver(t)
	variables := object(t, `{"a":{"b":[1,{"c":null}]},"d":"e","f":[]}`)
	got, err := r.Prepare(t.Context(), variables)
	if err != nil || !same(variables, got) {
		t.Errorf("got %v, %v, want the same map", got, err)
	}
}

func TestGithubToken(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var path, token string
	r, _ := newResolver(t)
	r.github = protocoltest.Server(t, func(w http.ResponseWriter, req *http.Request) {
		path, token = req.Method+" "+req.URL.Path, strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"token":"ghs_x"}`)
	})
	pkcs8, _ := x509.MarshalPKCS8PrivateKey(key)
	for kind, der := range map[string][]byte{"RSA PRIVATE KEY": x509.MarshalPKCS1PrivateKey(key), "PRIVATE KEY": pkcs8} {
		text := strings.ReplaceAll(string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})), "\n", `\n`)
		got, err := r.Prepare(t.Context(), map[string]any{"authentication": map[string]any{
			"token": map[string]any{"camunda.function.type": "createGithubAppInstallationToken", "params": []any{text, "123", "45"}}}})
		if err != nil {
			t.Fatal(err)
		}
		if token := got["authentication"].(map[string]any)["token"]; token != "ghs_x" || path != "POST /app/installations/45/access_tokens" {
			t.Errorf("got %v after %s", token, path)
		}
	}
	parts := strings.Split(token, ".")
	claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
	if string(claims) != `{"exp":1700000540,"iat":1699999940,"iss":"123"}` {
		t.Errorf("claims %s", claims)
	}
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		t.Error(err)
	}
}

func FuzzPrepare(f *testing.F) {
	f.Add(`{"a":{"camunda.function.type":"getJson","params":[{"camunda.document.type":"inline","content":"{}"},"a.b"]}}`)
	f.Add(`{"a":[{"camunda.document.type":"inline","content":1}]}`)
	client, err := httpx.New(protocols.Host{Dial: nil})
	if err != nil {
		f.Fatal(err)
	}
	r := NewResolver(client)
	f.Fuzz(func(t *testing.T, text string) {
		value, err := httpx.DecodeJSON([]byte(text))
		variables, ok := value.(map[string]any)
		if err != nil || !ok || strings.Contains(text, "external") || strings.Contains(text, "Github") {
			return
		}
		_, _ = r.Prepare(t.Context(), variables)
	})
}
