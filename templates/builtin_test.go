package templates

import (
	"testing"
)

func TestBuiltIn(t *testing.T) {
	want := map[string][2]string{
		"patchbay.rest":                      {"io.camunda:http-json:1", ""},
		"patchbay.github.create-issue":       {"patchbay:github-issue:1", "rest"},
		"patchbay.frankfurter.exchange-rate": {"patchbay:exchange-rate:1", "rest"},
		"patchbay.memory.publish":            {"patchbay:memory-queue:1", ""},
		"patchbay.nats.publish":              {"patchbay:nats:1", ""},
		"patchbay.mqtt.publish":              {"patchbay:mqtt:1", ""},
	}
	for _, place := range []string{"start", "message-start", "intermediate", "boundary", "receive"} {
		for _, kind := range []string{"webhook", "polling", "memory", "nats", "mqtt"} {
			want["patchbay."+kind+"."+place] = [2]string{}
		}
	}
	for _, b := range BuiltIn() {
		got := [2]string{b.JobType(), b.Protocol()}
		if expected, listed := want[b.ID]; listed && got != expected {
			t.Errorf("%s: job type and protocol %v, want %v", b.ID, got, expected)
		}
		delete(want, b.ID)
		if _, err := Parse(b.Raw); err != nil {
			t.Errorf("%s: %v", b.ID, err)
		}
		if _, err := NewScratch(b, ApplyOptions{}); err != nil {
			t.Errorf("%s: %v", b.ID, err)
		}
	}
	for id := range want {
		t.Errorf("%s is missing", id)
	}
}
