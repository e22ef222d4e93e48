package webhook

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
)

func TestResponses(t *testing.T) {
	tests := map[string]struct {
		expression, legacy string
		status             int
		body, contentType  string
		headers            map[string]string
		note               string
	}{
		"none":           {"", "", 200, "", "", nil, ""},
		"null":           {"null", "", 200, "", "", nil, ""},
		"object":         {`{body: {key: .correlation.processInstanceKey, in: .request.body.a}}`, "", 200, `{"in":"<é>","key":7}`, "application/json", nil, ""},
		"FEEL":           {`={"body":"x"}`, "", 200, "x", "text/plain; charset=utf-8", nil, ""},
		"text":           {`{body: "<\"é€&>", statusCode: 202}`, "", 202, `<"é€&>`, "text/plain; charset=utf-8", nil, ""},
		"own type":       {`{body: "<a/>", headers: {"content-type": "application/xml", "X-N": 1, "X-L": ["a", "b"], "X-0": null}}`, "", 200, "<a/>", "application/xml", map[string]string{"X-N": "1", "X-L": "a"}, ""},
		"element":        {`{body: .correlation.activatedElement.elementId}`, "", 200, "start", "text/plain; charset=utf-8", nil, ""},
		"status as text": {`{statusCode: "204", body: {}}`, "", 204, "", "application/json", nil, ""},
		"not modified":   {`{statusCode: 304}`, "", 304, "", "", nil, ""},
		"older property": {"", "{a: .request.body.a}", 200, `{"a":"<é>"}`, "application/json", nil, ""},
		"evaluation":     {`.request | error`, "", 200, "", "", nil, "the event was accepted, so the caller got 200"},
		"wrong shape":    {`"x"`, "", 200, "", "", nil, "expected an object"},
		"wrong status":   {`{statusCode: 99}`, "", 200, "", "", nil, "expected a statusCode from 200 to 599 but got 99"},
		"wrong headers":  {`{headers: 1}`, "", 200, "", "", nil, "expected headers to be an object"},
		"split header":   {`{headers: {"X": "a\r\nSet-Cookie: b"}}`, "", 200, "", "", nil, "a value that no header can have"},
		"framing header": {`{headers: {"content-length": "1"}}`, "", 200, "", "", nil, "cannot be set"},
		"nested header":  {`{headers: {"X": {}}}`, "", 200, "", "", nil, "to be a text"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.open(map[string]any{"inbound.responseExpression": tt.expression, "inbound.responseBodyExpression": tt.legacy})
			w := f.post(`{"a":"<é>"}`)
			if w.Code != tt.status || w.Body.String() != tt.body || w.Header().Get("Content-Type") != tt.contentType {
				t.Errorf("got %d %q %q", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			for name, value := range tt.headers {
				if w.Header().Get(name) != value {
					t.Errorf("%s: got %q", name, w.Header()[name])
				}
			}
			if notes := f.host.Notes(); (tt.note == "") != (len(notes) == 0) || tt.note != "" && !strings.Contains(notes[0], tt.note) {
				t.Errorf("notes: %q", notes)
			}
		})
	}
}

// The response expression is that of the element that was matched, which may be
// another than the one whose properties opened the listener.
func TestResponseOfMatchedElement(t *testing.T) {
	f := newFixture(t)
	f.open(map[string]any{"inbound.responseExpression": `{body: "first"}`})
	f.correlation.Properties = map[string]any{"inbound": map[string]any{"responseExpression": `{body: "matched"}`}}
	if w := f.post("{}"); w.Body.String() != "matched" {
		t.Errorf("got %q", w.Body)
	}
	f.correlation.Properties = map[string]any{"inbound": map[string]any{}}
	if w := f.post("{}"); w.Body.String() != "" {
		t.Errorf("got %q", w.Body)
	}
}

func TestCorrelationValue(t *testing.T) {
	f := newFixture(t)
	f.open(map[string]any{"inbound.responseExpression": `{body: (.correlation | del(.activatedElement))}`})
	f.correlation = protocols.Correlation{Matched: true, ProcessInstanceKey: 9007199254740993, MessageKey: 5, TenantID: "t", Variables: map[string]any{"a": "b"}}
	const want = `{"messageKey":5,"processInstanceKey":9007199254740993,"tenantId":"t","variables":{"a":"b"}}`
	if diff := cmp.Diff(want, f.post("{}").Body.String()); diff != "" {
		t.Error(diff)
	}
}

func TestChallenge(t *testing.T) {
	f := newFixture(t)
	f.open(map[string]any{
		"inbound.method": "post", "inbound.auth.type": "APIKEY", "inbound.auth.apiKey": "k",
		"inbound.verificationExpression": `if .request.body.challenge then {body: .request.body.challenge, headers: {"X-A": "1"}, statusCode: 201} else null end`,
	})
	w := f.do("PUT", "/inbound/orders", `{"challenge":"c-1"}`)
	if w.Code != 201 || w.Body.String() != "c-1" || w.Header().Get("X-A") != "1" || len(f.events) != 0 {
		t.Errorf("got %d %q, %d events", w.Code, w.Body, len(f.events))
	}
	expect(t, f.post(`{}`, "Authorization: Bearer k"), 200, "")
	expect(t, f.post(`{}`), 401, "INVALID_CREDENTIALS")
	// An expression that fails on an ordinary event must not cost the event.
	expect(t, f.post(`"text"`, "Authorization: Bearer k"), 200, "")
	if notes := f.host.Notes(); !strings.Contains(notes[len(notes)-1], "WARNING Verification: evaluate inbound.verificationExpression") {
		t.Errorf("notes: %q", notes)
	}
	expect(t, f.post(`{`, "Authorization: Bearer k", "Content-Type: application/json"), 400, "INVALID_BODY")
}

func TestHead(t *testing.T) {
	f := newFixture(t)
	f.open(map[string]any{"inbound.responseExpression": `{body: "text"}`})
	w := f.do("HEAD", "/inbound/orders", "")
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "4" {
		t.Errorf("got %d %q %v", w.Code, w.Body, w.Header())
	}
}
