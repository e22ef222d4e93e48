package conformance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"patchbay/engine"
	"patchbay/engine/expr"
	"patchbay/templates"
)

// served are the job types of templates that make calls.
var served = []string{"io.camunda:http-json:1", "io.camunda:connector-graphql:1", "io.camunda:sendMessage:1"}

// TestCorpusRuns applies every version of every template that rides on one of
// our protocols, with its defaults and with generated values, once for every
// choice of its dropdowns. Each is deployed and run to an end or to an incident
// about an input; nothing else may go wrong.
func TestCorpusRuns(t *testing.T) {
	corpus := openCorpus(t)
	count := map[string]int{}
	for _, file := range corpus.files(t) {
		list := calls(t, corpus, file)
		if len(list) == 0 {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			r := newRig(t, nil)
			rec := newRecorder(t, []answer{{Headers: map[string]any{"Content-Type": "application/json"}, Body: `{"access_token": "at-1", "id": "x"}`}})
			for _, version := range list {
				count["versions"]++
				for i, values := range generated(version) {
					count[r.try(t, rec, version, i, values)]++
				}
			}
		})
	}
	t.Logf("%d versions: %d runs completed, %d ended with an input error", count["versions"], count["completed"], count["input error"])
}

// calls are the templates of a file that make calls.
func calls(t *testing.T, corpus *corpus, file string) (list []*templates.Template) {
	for _, jobType := range served {
		for _, version := range corpus.read(t, file, jobType) {
			if version.JobType() == jobType {
				list = append(list, version)
			}
		}
	}
	return list
}

// generated are the values to try: none, then something everywhere, once for
// each choice of each dropdown.
func generated(version *templates.Template) []map[string]any {
	list := []map[string]any{{}, filled(version)}
	for _, p := range version.Properties {
		if p.Type != "Dropdown" || p.ID == "" {
			continue
		}
		for _, choice := range p.Choices {
			values := filled(version)
			values[p.ID] = choice.Value
			list = append(list, values)
		}
	}
	return list
}

// filled gives every property without a default some value of its type.
func filled(version *templates.Template) map[string]any {
	values := map[string]any{}
	for _, p := range version.Properties {
		name := p.ID
		if name == "" {
			name = p.Binding.Name
		}
		if p.Value != nil && p.Value != "" || p.Type == "Hidden" || p.Binding.Type != "zeebe:input" {
			continue
		}
		switch {
		case p.Type == "Dropdown":
			values[name] = p.Choices[0].Value
		case p.Type == "Number":
			values[name] = 3
		case p.Type == "Boolean":
			values[name] = true
		case p.Type == "Configuration", strings.HasPrefix(name, "clientTls"):
		case p.Feel == "required":
			values[name] = `={"a": "b"}`
		case strings.Contains(strings.ToLower(name), "url"), strings.Contains(strings.ToLower(name), "endpoint"):
			values[name] = "https://api.example.com/x"
		default:
			values[name] = "5"
		}
	}
	return values
}

// try runs one instance and says how it ended.
func (r *rig) try(t *testing.T, rec *recorder, version *templates.Template, i int, values map[string]any) string {
	p := process{
		ID:       fmt.Sprintf("run_%s_%d_%d", notInID.ReplaceAllString(version.ID, "_"), version.Version, i),
		Template: version, Values: values, Rewrite: rec.reach, Headers: map[string]string{"errorExpression": "=null"},
	}
	o := r.run(t, p.write(t), p.ID, []byte(`{}`))
	if o.Completed {
		return "completed"
	}
	for _, incident := range o.Incidents {
		var failed struct {
			Error struct{ Type string }
		}
		if fail, is := o.Records[len(o.Records)-1].Outcome.(engine.Fail); is {
			_ = json.Unmarshal(fail.Variables, &failed)
		}
		if !strings.HasSuffix(failed.Error.Type, "ConnectorInputException") {
			t.Errorf("%s with %v: %s: %s", version.Ref(), values, incident.Type, incident.Message)
		}
	}
	return "input error"
}

// TestCorpusExpressions compiles every FEEL expression that a template of the
// corpus holds, those of other connectors too.
func TestCorpusExpressions(t *testing.T) {
	corpus := openCorpus(t)
	cache := expr.NewCache(100, expr.Limits{})
	count := 0
	for _, file := range corpus.files(t) {
		for _, text := range defaults(t, file) {
			count++
			if _, err := cache.Compile(expr.ResultExpression, text); err != nil {
				t.Errorf("%s: %v\n%s", filepath.Base(file), err, text)
			}
		}
	}
	t.Logf("%d expressions compile", count)
}

// defaults are the values in a file of templates that are FEEL.
func defaults(t *testing.T, file string) (list []string) {
	type property struct{ Value any }
	type template struct{ Properties []property }
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []template
	if err := json.Unmarshal(text, &all); err != nil {
		all = make([]template, 1)
		if err := json.Unmarshal(text, &all[0]); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	for _, one := range all {
		for _, p := range one.Properties {
			if s, ok := p.Value.(string); ok && strings.HasPrefix(s, "=") {
				list = append(list, s)
			}
		}
	}
	return list
}
