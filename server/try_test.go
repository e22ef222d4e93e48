package server

import (
	"strings"
	"testing"

	"patchbay/engine/secret"
	"patchbay/protocols/httpx"
	"patchbay/templates"
)

// TestTryOffline checks that a trial which is offline answers from its stubs
// and sends nothing else anywhere.
func TestTryOffline(t *testing.T) {
	stubs, err := httpx.ParseStubs([]byte(`[{"request": {"url": "https://shop.example/1"}, "response": {"body": {"id": 1}}}]`))
	if err != nil {
		t.Fatal(err)
	}
	var rest *templates.Template
	for _, template := range templates.BuiltIn() {
		if template.ID == "patchbay.rest" {
			rest = template
		}
	}
	tests := []struct {
		name, url string
		stubs     *httpx.Stubs
		values    map[string]any
		want      string // the outcome's type, and a part of the error
	}{
		{"stubbed", "https://shop.example/1", stubs, nil, "completed"},
		{"not stubbed", "https://shop.example/2", stubs, nil, "failed no stub answers GET https://shop.example/2"},
		{"no stubs", "https://shop.example/1", nil, nil, "failed no stub answers GET https://shop.example/1"},
		{"token endpoint", "https://shop.example/1", stubs, map[string]any{
			"authentication.type": "oauth-client-credentials-flow", "authentication.oauthTokenEndpoint": "https://id.example/token", "authentication.clientId": "a", "authentication.clientSecret": "b"},
			"failed id.example"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			values := map[string]any{"url": test.url, "retries": "1"}
			for name, value := range test.values {
				values[name] = value
			}
			result, err := Try{Template: rest, Values: values, Stubs: test.stubs, Offline: true, Secrets: secret.Map{}}.Do(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := result.Outcome.Type + " " + result.Reason
			outcome, part, _ := strings.Cut(test.want, " ")
			if result.Outcome.Type != outcome || !strings.Contains(result.Reason, part) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestTrySecretMissing: a trial that lacks a secret says where to give it.
func TestTrySecretMissing(t *testing.T) {
	for _, template := range templates.BuiltIn() {
		if template.ID != "patchbay.rest" {
			continue
		}
		values := map[string]any{"url": "https://shop.example/{{secrets.SHOP}}"}
		result, err := Try{Template: template, Values: values, Offline: true, Secrets: lent{}}.Do(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := "give SHOP in secrets; those of the server are not lent to trials"; !strings.Contains(result.Outcome.Message, want) {
			t.Errorf("got %q, want %q", result.Outcome.Message, want)
		}
		return
	}
	t.Fatal("there is no patchbay.rest")
}
