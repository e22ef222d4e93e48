package all

import (
	"testing"

	"patchbay/protocols"
	"patchbay/protocols/bind"
)

// Every protocol can be registered beside the others, and its inputs described.
func TestProtocols(t *testing.T) {
	r, err := protocols.NewRegistry(Protocols()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Protocols() {
		if p.Doc == "" || p.Outbound == nil && p.Inbound == nil {
			t.Errorf("%s lacks a doc or does nothing", p.Name)
		}
		if p.Outbound != nil && len(bind.Fields(p.Input())) == 0 || p.Inbound != nil && len(bind.Fields(p.Properties())) == 0 {
			t.Errorf("%s lacks inputs or properties", p.Name)
		}
		if p.Outbound != nil && (p.Response == nil || p.Codes == nil) || p.Inbound != nil && p.Event == nil {
			t.Errorf("%s does not name its response and error codes, or its event", p.Name)
		}
		documented(t, p.Name, p.Input)
		documented(t, p.Name, p.Properties)
	}
	for jobType, want := range map[string]string{
		"io.camunda:http-json:1": "rest", "io.camunda:connector-graphql:1": "graphql", "io.camunda:sendMessage:1": "message",
	} {
		if p, ok := r.ByJobType(jobType); !ok || p.Name != want {
			t.Errorf("%s: got %q", jobType, p.Name)
		}
	}
	for inboundType, want := range map[string]string{"io.camunda:webhook:1": "webhook", "io.camunda:http-polling:1": "polling"} {
		if p, ok := r.ByInboundType(inboundType); !ok || p.Name != want {
			t.Errorf("%s: got %q", inboundType, p.Name)
		}
	}
}

func documented(t *testing.T, protocol string, input func() any) {
	if input == nil {
		return
	}
	for _, f := range bind.Fields(input()) {
		if f.Doc == "" {
			t.Errorf("%s: the field %s has no doc tag", protocol, f.Name)
		}
	}
}
