package api

import (
	"net/http"
	"strings"
	"testing"

	"patchbay/server/audit"
)

// bearers are a token of each role.
var bearers = map[Role]string{Read: "read-0123456789abc", Publish: "publish-0123456789", Admin: "admin-0123456789ab"}

func withTokens(o *Options) {
	for role, text := range bearers {
		o.Access.Tokens = append(o.Access.Tokens, Token{"the " + role.String(), role, text})
	}
}

// TestRoles asks for each operation with each role.
func TestRoles(t *testing.T) {
	bpmn, form := file("p.bpmn", "x")
	tests := []struct {
		method, path, body, header string
		need                       Role
	}{
		{"GET", "/api/openapi.json", "", "", Read},
		{"GET", "/api/v1/templates", "", "", Read},
		{"GET", "/api/v1/templates/patchbay.rest", "", "", Read},
		{"GET", "/api/v1/templates/patchbay.rest/versions/1", "", "", Read},
		{"GET", "/api/v1/ootb-connectors", "", "", Read},
		{"GET", "/api/v1/element-templates.json", "", "", Read},
		{"GET", "/api/v1/inbound", "", "", Read},
		{"GET", "/api/v1/inbound/x", "", "", Read},
		{"POST", "/api/v1/templates", template("a", 1), "", Publish},
		{"PUT", "/api/v1/templates/a/versions/1/deprecation", `{"reason": "Old."}`, "", Publish},
		{"DELETE", "/api/v1/templates/a/versions/1/deprecation", "", "", Publish},
		{"POST", "/api/v1/try", `{"templateId": "patchbay.rest", "templateVersion": 1}`, "", Publish},
		{"POST", "/api/v1/deployments", bpmn, form, Admin},
		{"POST", "/api/v1/inbound/x/pause", "", "", Admin},
		{"POST", "/api/v1/inbound/x/resume", "", "", Admin},
		{"POST", "/api/v1/inbound/x/restart", "", "", Admin},
		{"GET", "/api/v1/audit", "", "", Admin},
	}
	r := newRig(t, withTokens)
	for _, test := range tests {
		for role, text := range bearers {
			r.token = text
			got := r.ask(test.method, test.path, test.body, strings.Fields(test.header)...)
			if test.header != "" {
				got = r.ask(test.method, test.path, test.body, test.header)
			}
			if allowed := got.status/100 == 2; allowed != (role >= test.need) {
				t.Errorf("%s %s as %s: %d %s", test.method, test.path, role, got.status, got.body)
			}
			if role < test.need {
				p := got.problem(t)
				if !strings.Contains(p.Detail, `"the `+role.String()+`" has the role `+role.String()) || !strings.Contains(p.Detail, flagsFrom(test.need)) {
					t.Errorf("%s %s: %s", test.method, test.path, p.Detail)
				}
			}
		}
	}
}

// TestEveryChangeIsListed: an operation that changes something says itself who
// may do it.
func TestEveryChangeIsListed(t *testing.T) {
	for id, operation := range operations(newRig(t)) {
		if _, listed := permissions[id]; !listed && operation.method != http.MethodGet {
			t.Errorf("permissions does not list %s", id)
		}
	}
}

func TestUnknownToken(t *testing.T) {
	r := newRig(t, withTokens)
	for _, header := range []string{"X: y", "Authorization: Bearer admin-0123456789aX", "Authorization: Basic " + bearers[Admin], "Authorization: " + bearers[Admin]} {
		a := r.expect(http.StatusUnauthorized, "GET", "/api/v1/templates", "", header)
		if p := a.problem(t); a.header.Get("WWW-Authenticate") == "" || !strings.Contains(p.Detail, "--read-token or --publish-token or --api-token") {
			t.Errorf("%v %s", a.header, p.Detail)
		}
	}
}

func TestParseToken(t *testing.T) {
	for setting, want := range map[string]Token{
		"0123456789abcdef":     {"fallback", Read, "0123456789abcdef"},
		"ci=0123456789abcdef":  {"ci", Read, "0123456789abcdef"},
		"0123456789abcdef==":   {"fallback", Read, "0123456789abcdef=="},
		"ci=0123456789abcde==": {"ci", Read, "0123456789abcde=="},
	} {
		if got, err := ParseToken(setting, Read, "fallback"); err != nil || got != want {
			t.Errorf("%s: %+v, %v", setting, got, err)
		}
	}
	for _, short := range []string{"", "short", "name-of-enough-length=short"} {
		if _, err := ParseToken(short, Read, "fallback"); err == nil || strings.Contains(err.Error(), "short=") {
			t.Errorf("%q: %v", short, err)
		}
	}
}

// TestAudit looks at what was noted of some changes, done and refused.
func TestAudit(t *testing.T) {
	r := newRig(t, withTokens)
	r.token = bearers[Admin]
	r.expect(201, "POST", "/api/v1/templates", template("a", 1))
	r.expect(200, "POST", "/api/v1/templates", template("a", 1))
	r.expect(409, "POST", "/api/v1/templates", strings.Replace(template("a", 1), `"N"`, `"M"`, 1))
	body, form := file("p.bpmn", "x")
	r.expect(200, "POST", "/api/v1/deployments", body, form)
	r.expect(404, "POST", "/api/v1/inbound/nothing/pause", "")
	r.expect(200, "POST", "/api/v1/inbound/x/restart", "")
	r.token = bearers[Read]
	r.expect(403, "POST", "/api/v1/inbound/x/restart", "")
	r.token = bearers[Admin]
	type entry struct{ who, role, action, target, outcome string }
	want := []entry{
		{"the read", "read", "restart inbound", "/api/v1/inbound/x/restart", "failed"},
		{"the admin", "admin", "restart inbound", "x", "done"},
		{"the admin", "admin", "pause inbound", "nothing", "failed"},
		{"the admin", "admin", "deploy", "p.bpmn", "done"},
		{"the admin", "admin", "publish", "a@1", "failed"},
		{"the admin", "admin", "publish", "a@1", "done"},
	}
	for path, rest := "/api/v1/audit?limit=4", want; path != ""; {
		page := struct {
			Items []audit.Entry
			Next  int64
		}{}
		r.expect(200, "GET", path, "").decode(t, &page)
		for _, e := range page.Items {
			if got := (entry{e.Who, e.Role, string(e.Action), e.Target, e.Outcome}); len(rest) == 0 || got != rest[0] || e.Address == "" {
				t.Fatalf("got %+v, want %+v", e, rest)
			}
			rest = rest[1:]
		}
		if path = ""; page.Next > 0 {
			path = "/api/v1/audit?limit=4&before=" + number(page.Next)
		} else if len(rest) > 0 {
			t.Errorf("missing %+v", rest)
		}
	}
}
