package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// form is a multipart body of parts "name", "content", ...
func form(parts ...string) (body, header string) {
	for i := 0; i < len(parts); i += 2 {
		body += fmt.Sprintf("--x\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", parts[i], parts[i+1])
	}
	return body + "--x--\r\n", "Content-Type: multipart/form-data; boundary=x"
}

func TestPublishWithTests(t *testing.T) {
	const passes = `{"cases": [{"name": "fine", "variables": {"a": 1}, "expect": {"variables": {"a": 1}}}]}`
	const fails = `{"cases": [{"name": "fine", "variables": {"a": 1}, "expect": {"variables": {"a": 1}}}, {"name": "wrong", "variables": {"a": 1}, "expect": {"variables": {"a": 2}}}]}`
	text := template("a", 1) + "\n"
	many := `{"cases": [` + strings.Repeat(`{"name": "x", "expect": {"variables": {}}},`, maxCases) + `{"name": "x", "expect": {"variables": {}}}]}`
	tests := []struct {
		name   string
		parts  []string
		status int
		want   string // in the detail or in the first error
	}{
		{"a case fails", []string{"template", text, "tests", fails}, 422, `case "wrong": variables: expected {"a":2}, got {"a":1}`},
		{"detail", []string{"template", text, "tests", fails}, 422, "the tests fail: 1 of 2 cases; nothing is published"},
		{"broken tests", []string{"template", text, "tests", "{"}, 422, "tests: the JSON text ends too early"},
		{"wrong tests", []string{"template", text, "tests", `{"cases": []}`}, 422, "tests: minimum 1 items required"},
		{"many cases", []string{"template", text, "tests", many}, 422, "the tests have 201 cases, more than the 200 that are allowed"},
		{"broken template", []string{"template", "{", "tests", passes}, 422, "the JSON text ends too early"},
		{"array", []string{"template", "[" + text + "," + template("b", 1) + "]", "tests", passes}, 400, "not with an array"},
		{"no template", []string{"tests", passes}, 400, "no part template"},
		{"other part", []string{"template", text, "test", passes}, 400, `the part "test"`},
		{"part twice", []string{"template", text, "template", text}, 400, `the part "template"`},
	}
	r := newRig(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body, header := form(test.parts...)
			p := r.expect(test.status, "POST", "/api/v1/templates", body, header).problem(t)
			texts := p.Detail
			for _, e := range p.Errors {
				texts += "\n" + e.Message
			}
			if !strings.Contains(texts, test.want) {
				t.Errorf("got %s", texts)
			}
			r.expect(404, "GET", "/api/v1/templates/a", "")
		})
	}
	body, header := form("template", text, "tests", passes)
	r.expect(201, "POST", "/api/v1/templates", body, header)
	r.expect(200, "POST", "/api/v1/templates", body, header)
	if a := r.expect(200, "GET", "/api/v1/templates/a/versions/1", ""); a.body != text {
		t.Errorf("published %q", a.body)
	}
	r.expect(200, "POST", "/api/v1/templates", text)
	r.expect(400, "POST", "/api/v1/templates", "--y", header).problem(t)
	r.expect(400, "POST", "/api/v1/templates", body, "Content-Type: multipart/form-data").problem(t)
}

// TestHostileTexts sends what no modeler writes: each is refused with a problem
// document, and nothing is published.
func TestHostileTexts(t *testing.T) {
	text := template("a", 1)
	tests := []struct {
		name, text string
		status     int
		want       string
	}{
		{"empty", "", 400, "body"},
		{"truncated", text[:len(text)-9], 422, "the JSON text ends too early"},
		{"more after it", text + text, 422, "invalid character"},
		{"not UTF-8", strings.Replace(text, `"N"`, "\"\xff\"", 1), 422, "not UTF-8"},
		{"byte order mark", "\uFEFF" + text, 422, "byte order mark"},
		{"deep", strings.Replace(text, `"N"`, `"N", "metadata": `+strings.Repeat(`{"a":`, 300)+"1"+strings.Repeat("}", 300), 1), 422, "nested deeper"},
		{"many values", "[" + strings.Repeat("1,", 300_000) + "1]", 422, "values that are allowed"},
		{"long", strings.Repeat(" ", 4<<20+1) + text, 422, "bytes, more than"},
		{"longer", strings.Repeat(" ", maxTemplates) + text, 413, "too large"},
		{"scalar", "1", 422, "expected object"},
		{"null", "null", 422, "expected object"},
		{"NUL in the id", strings.Replace(text, `"a"`, `"a\u0000"`, 1), 422, "cannot be an id"},
		{"half a surrogate in the name", strings.Replace(text, `"N"`, `"\ud800"`, 1), 0, ""},
		{"version of many digits", strings.Replace(text, `"version": 1`, `"version": 99999999999999999999999`, 1), 422, "out of range"},
		{"negative version", strings.Replace(text, `"version": 1`, `"version": -1`, 1), 0, ""},
		{"NUL in the name", strings.Replace(text, `"N"`, `"\u0000"`, 1), 0, ""},
		{"duplicate key", strings.Replace(text, `"id": "a"`, `"id": "b", "id": "a"`, 1), 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			a := r.ask("POST", "/api/v1/templates", test.text)
			if test.status == 0 { // it may be published, but nothing may break
				if a.status >= 500 {
					t.Errorf("got %d %.300s", a.status, a.body)
				}
				return
			}
			p := a.problem(t)
			texts := p.Detail
			for _, e := range p.Errors {
				texts += "\n" + e.Message
			}
			if a.status != test.status || !strings.Contains(texts, test.want) {
				t.Errorf("got %d %.300s", a.status, texts)
			}
			if got := r.ask("GET", "/api/v1/templates?source=published", ""); strings.TrimSpace(got.body) != `{"items":[]}` {
				t.Errorf("published: %s", got.body)
			}
		})
	}
}

// TestStoreIsGone: without a database each operation says so.
func TestStoreIsGone(t *testing.T) {
	r := newRig(t)
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"GET /api/v1/templates", "GET /api/v1/templates/a", "GET /api/v1/templates/a/versions/1", "GET /api/v1/ootb-connectors",
		"GET /api/v1/element-templates.json", "GET /api/v1/audit", "POST /api/v1/templates", "DELETE /api/v1/templates/a/versions/1"} {
		method, path, _ := strings.Cut(path, " ")
		r.expect(http.StatusInternalServerError, method, path, template("a", 1)).problem(t)
	}
}

// TestPublishHistory: what another catalog has published comes in any order.
func TestPublishHistory(t *testing.T) {
	r := newRig(t)
	r.expect(201, "POST", "/api/v1/templates", template("a", 2))
	r.expect(409, "POST", "/api/v1/templates", template("a", 1))
	r.expect(201, "POST", "/api/v1/templates?history=true", template("a", 1))
	r.expect(200, "POST", "/api/v1/templates?history=true", template("a", 1))
	if a := r.expect(200, "GET", "/api/v1/audit", ""); !strings.Contains(a.body, `"action":"import"`) {
		t.Errorf("the audit log says %s", a.body)
	}
}

// FuzzPublish sends any bytes as a template, and as a form: the answer is a
// result or a problem document, and never an error of ours.
func FuzzPublish(f *testing.F) {
	body, _ := form("template", template("a", 1), "tests", `{"cases": []}`)
	for _, text := range []string{template("a", 1), "[" + template("a", 1) + "]", body, "--x\r\n", "", "null", `{"id": "\u0000"}`} {
		f.Add(text)
	}
	shared := newRig(f)
	f.Fuzz(func(t *testing.T, text string) {
		r := *shared
		r.TB = t
		for _, header := range []string{"Content-Type: application/json", "Content-Type: multipart/form-data; boundary=x"} {
			if a := r.ask("POST", "/api/v1/templates", text, header); a.status >= 500 || a.status >= 400 && a.problem(t).Status == 0 {
				t.Errorf("%s: %d %.300s", header, a.status, a.body)
			}
		}
	})
}
