package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
	"patchbay/protocols/documents"
)

func TestBodies(t *testing.T) {
	tests := map[string]struct {
		contentType, body string
		want              any
	}{
		"none":                  {"application/json", "", map[string]any{}},
		"JSON":                  {"application/json; charset=utf-8", `[1e400,"<&>"]`, []any{json.Number("1e400"), "<&>"}},
		"JSON by suffix":        {"application/cloudevents+json", `{"a":null}`, map[string]any{"a": nil}},
		"JSON null":             {"application/json", "null", nil},
		"JSON with a mark":      {"application/json", "\uFEFF{}", map[string]any{}},
		"JSON as text":          {"text/plain", `{"a":1}`, map[string]any{"a": json.Number("1")}},
		"JSON without type":     {"", `"a"`, "a"},
		"JSON, broken type":     {"application/json;;=", `{"a":1}`, map[string]any{"a": json.Number("1")}},
		"form":                  {"application/x-www-form-urlencoded; charset=UTF-8", "a=1&b=x+y%26z%3D&c=d=e&flag&&=v", map[string]any{"a": "1", "b": "x y&z=", "c": "d=e", "flag": "", "": "v"}},
		"form, repeated":        {"application/x-www-form-urlencoded", "a=1&a=2&a=3", map[string]any{"a": []any{"1", "2", "3"}}},
		"XML":                   {"application/xml", "<a>é</a>", "<a>é</a>"},
		"XML that looks like 1": {"text/xml", "1", "1"},
		"XML by suffix":         {"application/soap+xml", "<a/>", "<a/>"},
		"XML, charset":          {"text/xml; charset=ISO-8859-1", "<a>\xe9</a>", "<a>é</a>"},
		"XML, declared":         {"text/xml", `<?xml version="1.0" encoding="ISO-8859-1"?><a>` + "\xe9</a>", `<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>`},
		"text":                  {"text/plain", "hello <é>", "hello <é>"},
		"text, charset":         {"text/plain; charset=windows-1252", "\x80", "€"},
		"text without type":     {"", "hello", "hello"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.open(nil)
			expect(t, f.post(tt.body, "Content-Type: "+tt.contentType), 200, "")
			if diff := cmp.Diff(tt.want, f.lastBody()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBadBodies(t *testing.T) {
	tests := map[string]struct{ contentType, body, detail string }{
		"truncated JSON":     {"application/json", `{"a":`, "the body is no JSON"},
		"two values":         {"application/json", `{} {}`, "text after the value"},
		"JSON not UTF-8":     {"application/json", "\"\xff\"", "not UTF-8"},
		"deep JSON":          {"application/json", strings.Repeat("[", 2000) + strings.Repeat("]", 2000), "deeper than 500"},
		"form escape":        {"application/x-www-form-urlencoded", "a=%zz", "the form is invalid"},
		"form not UTF-8":     {"application/x-www-form-urlencoded", "a=%ff", "the form is invalid"},
		"form charset":       {"application/x-www-form-urlencoded; charset=latin1", "a=1", "has to be UTF-8"},
		"text not UTF-8":     {"text/plain", "\xff", "not UTF-8"},
		"unknown charset":    {"text/plain; charset=klingon", "x", `charset "klingon" is not known`},
		"XML not UTF-8":      {"text/xml", "<a>\xff</a>", "not UTF-8"},
		"multipart, nothing": {"multipart/form-data", "x", "no boundary"},
		"multipart, cut off": {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx", "unexpected EOF"},
		"multipart, parts":   {"multipart/form-data; boundary=b", strings.Repeat("--b\r\n\r\n\r\n", 1100) + "--b--", "more than 1000 parts"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.open(nil)
			details := expect(t, f.post(tt.body, "Content-Type: "+tt.contentType), 400, "INVALID_BODY")
			if detail, _ := details["detail"].(string); !strings.Contains(detail, tt.detail) {
				t.Errorf("got %q, want %q", detail, tt.detail)
			}
			if len(f.events) != 0 || len(f.host.Notes()) != 1 {
				t.Errorf("%d events, notes %q", len(f.events), f.host.Notes())
			}
		})
	}
}

// form makes a multipart body of fields and files.
func multipartBody(t testing.TB) (body, contentType string) {
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	_ = w.WriteField("comment", "héllo")
	_ = w.WriteField("tag", "a")
	_ = w.WriteField("tag", "b")
	part, _ := w.CreateFormFile("scan", "../../etc/scan.pdf")
	_, _ = io.WriteString(part, "%PDF")
	part, _ = w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="scan"; filename="b.png"`}, "Content-Type": {"image/png"},
	})
	_, _ = io.WriteString(part, "PNG")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String(), w.FormDataContentType()
}

func TestMultipart(t *testing.T) {
	f := newFixture(t)
	store := documents.NewMemory(1<<20, func() time.Time { return f.now })
	f.base.Documents = store
	var before, after map[string]any
	f.openWith(nil, func(ctx context.Context, e protocols.Event) (protocols.Correlation, error) {
		before = e.Value.(map[string]any)
		value, err := e.Complete(ctx)
		after, _ = value.(map[string]any)
		return f.correlation, err
	})
	body, contentType := multipartBody(t)
	expect(t, f.post(body, "Content-Type: "+contentType), 200, "")

	fields := before["request"].(map[string]any)["body"].(map[string]any)
	if fields["comment"] != "héllo" || !cmp.Equal(fields["tag"], []any{"a", "b"}) {
		t.Errorf("fields: %v", fields)
	}
	list := after["documents"].([]any)
	names := []any{}
	for _, d := range list {
		metadata := d.(map[string]any)["metadata"].(map[string]any)
		names = append(names, metadata["fileName"], metadata["contentType"])
	}
	if diff := cmp.Diff([]any{"scan.pdf", "application/octet-stream", "b.png", "image/png"}, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(any(list), after["request"].(map[string]any)["body"].(map[string]any)["scan"]); diff != "" {
		t.Errorf("the field of the files: %s", diff)
	}
	reader, _, err := store.Open(t.Context(), text(list[0], "storeId"), text(list[0], "documentId"))
	if err != nil {
		t.Fatal(err)
	}
	if content, _ := io.ReadAll(reader); string(content) != "%PDF" {
		t.Errorf("stored %q", content)
	}
}

func text(object any, name string) string { return object.(map[string]any)[name].(string) }

func TestBinary(t *testing.T) {
	f := newFixture(t)
	f.open(nil)
	expect(t, f.post("\x89PNG", "Content-Type: image/png"), 415, "NO_DOCUMENT_STORE")

	f = newFixture(t)
	f.base.Documents = documents.NewMemory(1<<20, func() time.Time { return f.now })
	f.open(nil)
	expect(t, f.post("\x89PNG", "Content-Type: image/png"), 200, "")
	if diff := cmp.Diff(any(map[string]any{}), f.lastBody()); diff != "" {
		t.Error(diff)
	}
	if e := f.events[0]; e.Complete == nil || len(e.Value.(map[string]any)["documents"].([]any)) != 1 {
		t.Errorf("got %v", e)
	}
}

// A store that fails must not lose the event: the caller has to send it again.
func TestStoreFails(t *testing.T) {
	f := newFixture(t)
	f.base.Documents = brokenStore{}
	f.openWith(nil, func(ctx context.Context, e protocols.Event) (protocols.Correlation, error) {
		_, err := e.Complete(ctx)
		return protocols.Correlation{}, err
	})
	expect(t, f.post("\x89PNG", "Content-Type: image/png"), 500, "")
}

type brokenStore struct{ protocols.Documents }

func (brokenStore) Create(context.Context, protocols.DocumentInfo, io.Reader) (protocols.DocumentInfo, error) {
	return protocols.DocumentInfo{}, errors.New("disk full")
}

func FuzzBody(f *testing.F) {
	body, contentType := multipartBody(f)
	f.Add([]byte(body), contentType)
	f.Add([]byte(`{"a":[1,"\ud800"]}`), "application/json")
	f.Add([]byte("<?xml encoding='utf-16'?>\xff"), "text/xml")
	f.Add([]byte("a=%41&b"), "application/x-www-form-urlencoded")
	f.Add([]byte("\xff\xfe"), "text/plain; charset=utf-16")
	f.Fuzz(func(t *testing.T, content []byte, contentType string) {
		p, refused := parseBody(content, contentType, "")
		if refused != nil {
			if refused.status < 400 || refused.status > 499 {
				t.Fatalf("status %d", refused.status)
			}
			return
		}
		if _, err := json.Marshal(p.value); err != nil {
			t.Fatalf("the value is no JSON: %v", err)
		}
		for _, file := range p.files {
			if strings.ContainsAny(file.name, "/\n") {
				t.Fatalf("file name %q", file.name)
			}
		}
	})
}

func FuzzForm(f *testing.F) {
	f.Add("a=1&b=%26&a=2")
	f.Add("%=&&==")
	f.Fuzz(func(t *testing.T, text string) {
		form, err := parseForm(text)
		if err != nil {
			return
		}
		again, err := parseForm(form.encode())
		if err != nil || !slices.Equal(form, again) {
			t.Fatalf("%q became %q: %v", form, again, err)
		}
		first := form.first()
		for name, list := range form.repeated() {
			if first[name] != list.([]any)[0] {
				t.Fatalf("%q: %v", name, list)
			}
		}
		if len(first) != len(form.object()) || !maps.EqualFunc(first, form.object(), func(a, b any) bool { return true }) {
			t.Fatal("names differ")
		}
	})
}
