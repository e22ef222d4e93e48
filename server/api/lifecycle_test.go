package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"patchbay/templates"
)

func TestDeprecate(t *testing.T) {
	r := newRig(t)
	r.expect(201, "POST", "/api/v1/templates", template("a", 1))
	const path = "/api/v1/templates/a/versions/1/deprecation"
	var info templates.Info
	r.expect(200, "PUT", path, `{"reason": "Old.", "replacement": "b"}`).decode(t, &info)
	if !info.Deprecated || info.Deprecation.Message() != "Old. Use b instead." {
		t.Errorf("%+v", info)
	}
	for _, listed := range []string{"/api/v1/templates?text=N", "/api/v1/templates/a", "/api/v1/ootb-connectors", "/api/v1/element-templates.json"} {
		if a := r.expect(200, "GET", listed, ""); !strings.Contains(a.body, "Old.") {
			t.Errorf("%s does not tell: %.300s", listed, a.body)
		}
	}
	r.expect(200, "DELETE", path, "").decode(t, &info)
	if a := r.expect(200, "GET", "/api/v1/templates/a", ""); strings.Contains(a.body, "eprecat") {
		t.Errorf("still: %s", a.body)
	}
	for _, body := range []string{`{}`, `{"reason": ""}`, `{"reason": "x", "other": 1}`, `{"reason": 1}`, `[]`} {
		r.expect(422, "PUT", path, body).problem(t)
	}
	r.expect(400, "PUT", path, `{`).problem(t)
	r.expect(404, "PUT", "/api/v1/templates/a/versions/2/deprecation", `{"reason": "Old."}`).problem(t)
	r.expect(404, "DELETE", "/api/v1/templates/a/versions/2/deprecation", "").problem(t)
	r.expect(409, "PUT", "/api/v1/templates/patchbay.rest/versions/1/deprecation", `{"reason": "Old."}`).problem(t)
}

func TestDelete(t *testing.T) {
	users := map[int64][]string{2: {`process "p" version 1`, `process "q" version 3`}}
	uses := func(_ context.Context, id string, version int64) ([]string, error) {
		if version == 3 {
			return nil, errors.New("the cluster is away")
		}
		return users[version], nil
	}
	r := newRig(t, func(o *Options) { o.Uses = uses })
	for version := range 3 {
		r.expect(201, "POST", "/api/v1/templates", template("a", version+1))
	}
	r.expect(204, "DELETE", "/api/v1/templates/a/versions/1", "")
	if p := r.expect(404, "DELETE", "/api/v1/templates/a/versions/1", "").problem(t); p.Detail != `no such template: "a@1"` {
		t.Error(p.Detail)
	}
	other := strings.Replace(template("a", 1), `"N"`, `"M"`, 1)
	if p := r.expect(409, "POST", "/api/v1/templates", other).problem(t); !strings.Contains(p.Detail, "was deleted and had another text") {
		t.Error(p.Detail)
	}
	r.expect(201, "POST", "/api/v1/templates", template("a", 1))
	if p := r.expect(409, "DELETE", "/api/v1/templates/a/versions/2", "").problem(t); !strings.Contains(p.Detail, `is used by process "p" version 1, process "q" version 3; deprecate it`) {
		t.Error(p.Detail)
	}
	if p := r.expect(503, "DELETE", "/api/v1/templates/a/versions/3", "").problem(t); !strings.Contains(p.Detail, "the cluster is away") {
		t.Error(p.Detail)
	}
	if p := r.expect(409, "DELETE", "/api/v1/templates/patchbay.rest/versions/1", "").problem(t); !strings.Contains(p.Detail, "it is built in") {
		t.Error(p.Detail)
	}
}

// TestConflict: who sends another text for a version learns what differs.
func TestConflict(t *testing.T) {
	r := newRig(t)
	r.expect(201, "POST", "/api/v1/templates", template("a", 2))
	other := strings.Replace(template("a", 2), `"name": "url"`, `"name": "address"`, 1)
	p := r.expect(http.StatusConflict, "POST", "/api/v1/templates", other).problem(t)
	if len(p.Changes) == 0 || !p.Changes[0].Breaking || p.Changes[0].Property != "url" {
		t.Errorf("changes %+v", p.Changes)
	}
	if want := (templates.Difference{Pointer: "/properties/0/binding/name", Before: `"url"`, After: `"address"`}); len(p.Differences) != 1 || p.Differences[0] != want {
		t.Errorf("differences %+v", p.Differences)
	}
	p = r.expect(http.StatusConflict, "POST", "/api/v1/templates", template("a", 1)).problem(t)
	if !strings.Contains(p.Detail, "make it version 3") {
		t.Error(p.Detail)
	}
	p = r.expect(http.StatusConflict, "POST", "/api/v1/templates", "[\n"+strings.Replace(template("b", 2), `"N"`, `"M"`, 1)+","+other+"]").problem(t)
	if len(p.Differences) != 1 {
		t.Errorf("differences %+v", p.Differences)
	}
	r.expect(404, "GET", "/api/v1/templates/b", "")
}
