package api

import (
	"strings"
	"testing"
)

// TestDescription: every operation tells of the answers that the router and
// Access give, as problem documents, and of the token that it needs.
func TestDescription(t *testing.T) {
	all := operations(newRig(t))
	if len(all) < 20 {
		t.Fatalf("%d operations", len(all))
	}
	for id, o := range all {
		if len(o.Security) != 1 || o.Security[0][bearerScheme] == nil || o.Role == "" {
			t.Errorf("%s: security %v, role %q", id, o.Security, o.Role)
		}
		want := []string{"401", "403", "500"}
		if strings.Contains(o.path, "{") {
			want = append(want, "422")
		}
		if o.RequestBody != nil {
			want = append(want, "400", "413")
		}
		for _, status := range want {
			if _, told := o.Responses[status]; !told {
				t.Errorf("%s does not tell of %s", id, status)
			}
		}
		for status, r := range o.Responses {
			if _, is := r.Content["application/problem+json"]; status >= "4" && !is {
				t.Errorf("%s: %s is no problem document: %v", id, status, r.Content)
			}
		}
	}
}

// TestRoutersErrors: what the router refuses has the form of our own errors.
func TestRoutersErrors(t *testing.T) {
	r := newRig(t)
	r.expect(201, "POST", "/api/v1/templates", template("a", 1))
	p := r.expect(422, "PUT", "/api/v1/templates/a/versions/1/deprecation", `{"reason": ""}`).problem(t)
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/reason" || p.Errors[0].Message == "" {
		t.Errorf("%+v", p)
	}
	p = r.expect(422, "GET", "/api/v1/templates?limit=0", "").problem(t)
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "" || !strings.HasPrefix(p.Errors[0].Message, "query.limit: ") {
		t.Errorf("%+v", p)
	}
	r.expect(422, "GET", "/api/v1/templates/a/versions/x", "").problem(t)
}
