package templates

import (
	"testing"
)

func TestBuiltIn(t *testing.T) {
	want := map[string][2]string{
		"patchbay.rest":                      {"io.camunda:http-json:1", ""},
		"patchbay.github.create-issue":       {"patchbay:github-issue:1", "rest"},
		"patchbay.frankfurter.exchange-rate": {"patchbay:exchange-rate:1", "rest"},
	}
	for _, builtIn := range BuiltIn() {
		got := [2]string{builtIn.JobType(), builtIn.Protocol()}
		if got != want[builtIn.ID] {
			t.Errorf("%s: job type and protocol %v, want %v", builtIn.ID, got, want[builtIn.ID])
		}
		delete(want, builtIn.ID)
		if _, err := Parse(builtIn.Raw); err != nil {
			t.Errorf("%s: %v", builtIn.ID, err)
		}
		if _, err := Apply(draftOf(t, blankProcess), "task", builtIn, ApplyOptions{}); err != nil {
			t.Errorf("%s: %v", builtIn.ID, err)
		}
	}
	for id := range want {
		t.Errorf("%s is missing", id)
	}
}
