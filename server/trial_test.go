package server

import (
	"context"
	"encoding/json"
	"testing"

	"patchbay/templates"
)

// TestBuiltInTemplates runs the cases beside the templates that come with
// patchbay.
func TestBuiltInTemplates(t *testing.T) {
	suites, err := templates.BuiltInSuites()
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range templates.BuiltIn() {
		suite := suites[template.ID]
		if suite == nil {
			if template.Inbound() == "" {
				t.Errorf("%s has no cases beside it", template.ID)
			}
			continue
		}
		for _, result := range suite.Run(context.Background(), template, Cases{}) {
			for _, problem := range result.Problems {
				t.Errorf("%s: %s: %s", template.ID, result.Name, problem)
			}
		}
	}
}

func TestCasesStayInside(t *testing.T) {
	for _, template := range templates.BuiltIn() {
		if template.ID != "patchbay.rest" {
			continue
		}
		outcome, err := Cases{}.Execute(context.Background(), template, templates.Case{
			Values: map[string]any{"url": "https://example.com/x", "retries": "1"}, Variables: json.RawMessage(`{}`)})
		if err != nil {
			t.Fatal(err)
		}
		if outcome.Failure == nil || len(outcome.Requests) != 1 {
			t.Errorf("a request that no stub answers: %+v", outcome)
		}
	}
}
