package api

import (
	"context"
	"strings"
	"testing"

	"patchbay/engine/zeebe"
)

// refusing is a gateway that refuses with an error.
type refusing struct{ err error }

func (g refusing) Deploy(context.Context, string, ...zeebe.Resource) (zeebe.Deployment, error) {
	return zeebe.Deployment{}, g.err
}

func TestDeployments(t *testing.T) {
	r := newRig(t)
	body, header := file("p.bpmn", "x")
	r.expect(200, "POST", "/api/v1/deployments", body, header)
	bad, _ := file("p.bpmn", "bad")
	r.expect(502, "POST", "/api/v1/deployments", bad, header).problem(t)
	large, _ := file("p.bpmn", strings.Repeat("x", 4<<20))
	r.expect(413, "POST", "/api/v1/deployments", large, header).problem(t)
	value, _ := form("tenantId", "t")
	r.expect(400, "POST", "/api/v1/deployments", value, header).problem(t)
	r.expect(400, "POST", "/api/v1/deployments", body[:30], header).problem(t)
	r.expect(400, "POST", "/api/v1/deployments", "", header).problem(t)
	r.expect(415, "POST", "/api/v1/deployments", "{}").problem(t)
}

func TestRefusedDeployments(t *testing.T) {
	body, header := file("p.bpmn", "x")
	tests := []struct {
		name   string
		err    zeebe.Error
		status int
	}{
		{"no process", zeebe.Error{Code: "INVALID_ARGUMENT", Message: "no start event"}, 422},
		{"too large for the gateway", zeebe.Error{Code: "RESOURCE_EXHAUSTED", Message: "received message larger than max (5 vs. 4)"}, 413},
		{"busy", zeebe.Error{Code: "RESOURCE_EXHAUSTED", Message: "backpressure"}, 503},
		{"other", zeebe.Error{Code: "INTERNAL", Message: "x"}, 502},
		{"away", zeebe.Error{Code: "INVALID_ARGUMENT", Message: "x", Unreached: true}, 502},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.Gateway = refusing{&test.err} })
			r.expect(test.status, "POST", "/api/v1/deployments", body, header).problem(t)
		})
	}
}
