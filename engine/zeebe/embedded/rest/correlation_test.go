package rest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestCorrelation(t *testing.T) {
	tests := []struct {
		name, body string
		status     int
		says       string
	}{
		{"someone waits", `{"name": "paid", "correlationKey": "a", "variables": {"ok": true}, "tenantId": "<default>"}`, http.StatusOK, `"processInstanceKey"`},
		{"nobody waits", `{"name": "paid", "correlationKey": "z"}`, http.StatusNotFound, "message with name 'paid' and correlation key 'z', but none was found"},
		{"no name", `{"correlationKey": "a"}`, http.StatusBadRequest, "No messageName provided"},
		{"variables are a list", `{"name": "paid", "correlationKey": "a", "variables": [1]}`, http.StatusBadRequest, "variables"},
		{"unknown tenant", `{"name": "paid", "correlationKey": "a", "tenantId": "t"}`, http.StatusBadRequest, "multi-tenancy is disabled"},
		{"unknown field", `{"name": "paid", "key": "a"}`, http.StatusBadRequest, "[key] cannot be parsed"},
		{"no JSON", `paid`, http.StatusBadRequest, "invalid character"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := ask(t, serve(t), http.MethodPost, "/v2/messages/correlation", tt.body)
			if a.status != tt.status || !strings.Contains(a.text, tt.says) {
				t.Errorf("%d %s", a.status, a.text)
			}
		})
	}
}

// TestCorrelationTells shows that the answer names the instance, which goes on
// at once, and that a second message finds nobody.
func TestCorrelationTells(t *testing.T) {
	h := serve(t)
	const body = `{"name": "paid", "correlationKey": "b"}`
	var got struct{ MessageKey, ProcessInstanceKey string }
	if err := json.Unmarshal([]byte(ask(t, h, http.MethodPost, "/v2/messages/correlation", body).text), &got); err != nil {
		t.Fatal(err)
	}
	instance := ask(t, h, http.MethodGet, "/v2/process-instances/"+got.ProcessInstanceKey, "")
	if !strings.Contains(instance.text, `"state":"COMPLETED"`) || got.MessageKey == "" {
		t.Errorf("message %s, instance %s", got.MessageKey, instance.text)
	}
	if again := ask(t, h, http.MethodPost, "/v2/messages/correlation", body); again.status != http.StatusNotFound {
		t.Errorf("a second time: %d", again.status)
	}
}
