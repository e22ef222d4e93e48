package source

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
)

func TestRESTCorrelates(t *testing.T) {
	var got map[string]any
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v2/messages/correlation" {
			t.Errorf("asked %s %s", r.Method, r.URL.Path)
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		if status != http.StatusOK {
			problem(w, status, "so it is")
			return
		}
		writeJSON(w, map[string]any{"messageKey": "7", "processInstanceKey": "8", "tenantId": "t"})
	}))
	defer server.Close()
	r, err := NewREST(HTTP{URL: server.URL}, Polling{})
	if err != nil {
		t.Fatal(err)
	}
	m := protocols.Message{Name: "paid", CorrelationKey: "k", TenantID: "t", Variables: map[string]any{"n": json.Number("1")}}
	key, instance, err := r.Correlate(t.Context(), m)
	want := map[string]any{"name": "paid", "correlationKey": "k", "tenantId": "t", "variables": map[string]any{"n": 1.0}}
	if diff := cmp.Diff(want, got); diff != "" || key != 7 || instance != 8 || err != nil {
		t.Errorf("%d %d %v %s", key, instance, err, diff)
	}
	for s, want := range map[int]protocols.Error{
		404: {Code: "NOT_FOUND"}, 400: {Code: "INVALID_ARGUMENT"}, 401: {Code: "UNAUTHENTICATED"}, 429: {Code: "RESOURCE_EXHAUSTED", Temporary: true},
		503: {Code: "UNAVAILABLE", Temporary: true}, 500: {Code: "500", Temporary: true},
	} {
		status = s
		_, _, err := r.Correlate(t.Context(), m)
		var e *protocols.Error
		if !errors.As(err, &e) || e.Code != want.Code || e.Temporary != want.Temporary || e.Status != s {
			t.Errorf("%d: %#v", s, err)
		}
	}
	server.Close()
	_, _, err = r.Correlate(context.Background(), m)
	var e *protocols.Error
	if !errors.As(err, &e) || e.Code != "UNAVAILABLE" || !e.Temporary {
		t.Errorf("away: %#v", err)
	}
}
