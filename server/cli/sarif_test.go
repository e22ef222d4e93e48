package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"patchbay/templates"
)

// sarifSchema is the part of the official schema (OASIS, SARIF 2.1.0 errata 01)
// that says what our logs must hold. PATCHBAY_SARIF_SCHEMA names a file with the
// whole of it.
const sarifSchema = `{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "definitions": {"text": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}, "level": {"enum": ["none", "note", "warning", "error"]}},
  "type": "object", "required": ["version", "runs"], "additionalProperties": false,
  "properties": {"$schema": {"type": "string", "format": "uri"}, "version": {"const": "2.1.0"}, "runs": {"type": "array", "items": {
    "type": "object", "required": ["tool", "results"], "additionalProperties": false,
    "properties": {
      "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
      "tool": {"type": "object", "required": ["driver"], "additionalProperties": false, "properties": {"driver": {
        "type": "object", "required": ["name"], "additionalProperties": false,
        "properties": {"name": {"type": "string"}, "version": {"type": "string"}, "rules": {"type": "array", "uniqueItems": true, "items": {
          "type": "object", "required": ["id"], "additionalProperties": false,
          "properties": {"id": {"type": "string"}, "shortDescription": {"$ref": "#/definitions/text"}, "help": {"$ref": "#/definitions/text"},
            "defaultConfiguration": {"type": "object", "properties": {"level": {"$ref": "#/definitions/level"}}}}}}}}}},
      "results": {"type": "array", "items": {
        "type": "object", "required": ["message"], "additionalProperties": false,
        "properties": {"ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": 0}, "level": {"$ref": "#/definitions/level"}, "message": {"$ref": "#/definitions/text"},
          "properties": {"type": "object"}, "locations": {"type": "array", "items": {"type": "object", "additionalProperties": false, "properties": {
            "physicalLocation": {"type": "object", "additionalProperties": false, "properties": {
              "artifactLocation": {"type": "object", "properties": {"uri": {"type": "string", "format": "uri-reference"}}},
              "region": {"type": "object", "properties": {"startLine": {"type": "integer", "minimum": 1}, "startColumn": {"type": "integer", "minimum": 1}}}}},
            "logicalLocations": {"type": "array", "items": {"type": "object", "properties": {"fullyQualifiedName": {"type": "string"}, "kind": {"type": "string"}}}}}}}}}}}}}}
}`

func sarifChecker(t *testing.T) *jsonschema.Schema {
	text := []byte(sarifSchema)
	if file := os.Getenv("PATCHBAY_SARIF_SCHEMA"); file != "" {
		var err error
		if text, err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat = true
	if err := compiler.AddResource("https://patchbay.invalid/sarif.json", bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return compiler.MustCompile("https://patchbay.invalid/sarif.json")
}

// TestSARIF: a log with a finding of each rule is valid, and a result leads to
// its rule, its place and its fix.
func TestSARIF(t *testing.T) {
	var findings []fileFinding
	for _, r := range templates.Rules() {
		findings = append(findings, fileFinding{"dir/a b.json", templates.Finding{
			Pointer: "/properties/0", Line: 3, Column: 7, Severity: r.Severity, Rule: r.ID, Message: "wrong", Fix: "mend it", Property: "p"}})
	}
	log := sarif(findings)
	text, err := json.Marshal(log)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	if err := sarifChecker(t).Validate(value); err != nil {
		t.Errorf("%#v", err)
	}
	run := log.Runs[0]
	for i, r := range run.Results {
		if run.Tool.Driver.Rules[r.RuleIndex].ID != findings[i].Rule {
			t.Errorf("result %d leads to another rule", i)
		}
	}
	first := run.Results[0]
	if uri := first.Locations[0].Physical.Artifact.URI; uri != "dir/a%20b.json" {
		t.Errorf("uri %q", uri)
	}
	if first.Message.Text != "wrong; mend it" || first.Properties.Pointer != "/properties/0" || first.Locations[0].Physical.Region.StartColumn != 7 {
		t.Errorf("got %+v", first)
	}
}

func TestFileURI(t *testing.T) {
	absolute := filepath.Join(t.TempDir(), "a.json")
	for name, want := range map[string]string{"a.json": "a.json", "./b#1.json": "./b%231.json", "c:d.json": "./c:d.json", absolute: "file://" + filepath.ToSlash(absolute)} {
		if got := fileURI(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
