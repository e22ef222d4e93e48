package all

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/schema"
)

// keywords are the properties of inbound elements that the engine reads, and
// correlationRequired, which is for the modeler alone.
var keywords = map[string]bool{
	"inbound.type": true, "activationCondition": true, "consumeUnmatchedEvents": true, "correlationKeyExpression": true,
	"correlationRequired": true, "deduplicationMode": true, "messageIdExpression": true, "messageTtl": true,
	"resultExpression": true, "resultVariable": true, "synchronousResponse": true,
}

type template struct {
	ID         string
	Properties []struct {
		ID      string
		Value   any
		Binding struct{ Type, Name string }
	}
}

// The templates that come with patchbay bind properties that the protocol reads,
// in every place where it can be used, and their defaults are good.
func TestInboundTemplates(t *testing.T) {
	r, err := protocols.NewRegistry(Protocols()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"webhook", "polling", "memory", "nats", "mqtt"} {
		p, _ := r.ByName(name)
		known := map[string]bool{}
		for _, f := range bind.Fields(p.Properties()) {
			known[f.Name] = true
		}
		files, err := filepath.Glob(filepath.Join("..", "..", "templates", name, "*.json"))
		files = slices.DeleteFunc(files, func(file string) bool {
			return strings.HasPrefix(filepath.Base(file), "publish.") || strings.HasSuffix(file, ".test.json")
		})
		if err != nil || len(files) != 5 {
			t.Fatalf("%d templates of %s, want 5", len(files), name)
		}
		for _, file := range files {
			t.Run(name+"/"+filepath.Base(file), func(t *testing.T) { testTemplate(t, file, known) })
		}
	}
}

func testTemplate(t *testing.T, file string, known map[string]bool) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := schema.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range schema.Templates(d) {
		t.Errorf("%s %s", v.Pointer, v.Message)
	}
	var tmpl template
	if err := json.Unmarshal(raw, &tmpl); err != nil {
		t.Fatal(err)
	}
	bound := map[string]bool{}
	for _, p := range tmpl.Properties {
		name := p.Binding.Name
		if p.Binding.Type != "zeebe:property" {
			continue
		}
		// What is below a property that may be anything belongs to the REST
		// protocol, which the polling's requests are made by.
		top, _, nested := strings.Cut(name, ".")
		if !known[name] && !keywords[name] && !(nested && top == "authentication" && known[top]) {
			t.Errorf("property %q is read by nobody", name)
		}
		if bound[name] {
			t.Errorf("property %q is bound twice", name)
		}
		bound[name] = true
	}
	if !strings.HasSuffix(tmpl.ID, "."+strings.TrimSuffix(filepath.Base(file), ".json")) {
		t.Errorf("id %q does not suit the file's name", tmpl.ID)
	}
}
