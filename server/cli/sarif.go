package cli

import (
	"net/url"
	"path/filepath"
	"slices"

	"patchbay/server"
	"patchbay/templates"
)

// The parts of a SARIF log that findings need (OASIS, Static Analysis Results
// Interchange Format 2.1.0; the sections are those of the specification).
type (
	sarifLog struct { // 3.13
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct { // 3.14
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct { // 3.18
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct { // 3.19
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct { // 3.49
		ID               string       `json:"id"`
		ShortDescription sarifText    `json:"shortDescription"`
		Help             sarifText    `json:"help"`
		Default          sarifDefault `json:"defaultConfiguration"`
	}
	sarifDefault struct { // 3.50
		Level string `json:"level"`
	}
	sarifText struct { // 3.11
		Text string `json:"text"`
	}
	sarifResult struct { // 3.27
		RuleID     string          `json:"ruleId"`
		RuleIndex  int             `json:"ruleIndex"`
		Level      string          `json:"level"`
		Message    sarifText       `json:"message"`
		Locations  []sarifLocation `json:"locations"`
		Properties sarifProperties `json:"properties"`
	}
	sarifLocation struct { // 3.28
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct { // 3.29
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct { // 3.4
		URI string `json:"uri"`
	}
	sarifRegion struct { // 3.30
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
	}
	sarifLogical struct { // 3.33; the kind is that of a JSON document
		FullyQualifiedName string `json:"fullyQualifiedName"`
		Kind               string `json:"kind"`
	}
	// sarifProperties are our own: a finding as templates has it.
	sarifProperties struct {
		Pointer  string `json:"pointer"`
		Property string `json:"property,omitempty"`
		Fix      string `json:"fix,omitempty"`
	}
)

// sarif writes findings as a log with one run, whose rules are all there are.
// The levels of SARIF have the names of our severities.
func sarif(findings []fileFinding) sarifLog {
	rules := templates.Rules()
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: make([]sarifResult, 0, len(findings))}
	run.Tool.Driver = sarifDriver{Name: "patchbay", Version: server.Version()}
	for _, r := range rules {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{r.ID, sarifText{r.Summary}, sarifText{r.Help}, sarifDefault{r.Severity}})
	}
	for _, f := range findings {
		run.Results = append(run.Results, sarifResult{
			RuleID: f.Rule, RuleIndex: slices.IndexFunc(rules, func(r templates.Rule) bool { return r.ID == f.Rule }),
			Level: f.Severity, Message: sarifText{messageAndFix(f)}, Locations: []sarifLocation{location(f)},
			Properties: sarifProperties{f.Pointer, f.Property, f.Fix},
		})
	}
	const schema = "https://json.schemastore.org/sarif-2.1.0.json"
	return sarifLog{schema, "2.1.0", []sarifRun{run}}
}

func messageAndFix(f fileFinding) string {
	if f.Fix == "" {
		return f.Message
	}
	return f.Message + "; " + f.Fix
}

func location(f fileFinding) sarifLocation {
	return sarifLocation{
		Physical: sarifPhysical{sarifArtifact{fileURI(f.File)}, sarifRegion{f.Line, f.Column}},
		Logical:  []sarifLogical{{f.Pointer, "value"}},
	}
}

// fileURI is a file's name as a URI reference: relative names stay so, since
// what shows the findings looks for them in its own copy.
func fileURI(name string) string {
	u := url.URL{Path: filepath.ToSlash(name)}
	if filepath.IsAbs(name) {
		u.Scheme = "file"
	}
	return u.String()
}
