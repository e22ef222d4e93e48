package schema

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

const valid = `{
  "id": "a", "name": "A", "appliesTo": ["bpmn:Task"],
  "properties": [
    {"id": "url", "type": "String", "binding": {"type": "zeebe:input", "name": "url"}}
  ]
}`

func TestTemplates(t *testing.T) {
	tests := []struct {
		name, text                 string
		pointer, property, message string
		line, column               int
	}{
		{name: "valid", text: valid},
		{name: "array", text: "[" + valid + "]"},
		{
			name: "binding type", text: strings.Replace(valid, "zeebe:input", "zeebe:imput", 1),
			pointer: "/properties/0/binding/type", property: "url", message: "unknown binding type", line: 4, column: 57,
		},
		{
			name: "in an array", text: "[" + strings.Replace(valid, "zeebe:input", "zeebe:imput", 1) + "]",
			pointer: "/0/properties/0/binding/type", property: "url", message: "unknown binding type", line: 4, column: 57,
		},
		{
			name: "missing binding", text: strings.Replace(valid, `"binding"`, `"label": "URL", "id": "", "binder"`, 1),
			pointer: "/properties/0", property: "URL", message: `missing "binding"`, line: 4, column: 5,
		},
		{
			name: "wrong type", text: strings.Replace(valid, `"name": "A"`, `"name": 1`, 1),
			pointer: "/name", message: "expected string, but got number", line: 2, column: 22,
		},
		{
			name: "dropdown", text: strings.Replace(valid, `"String"`, `"Dropdown"`, 1),
			pointer: "/properties/0", property: "url", message: "a Dropdown needs choices", line: 4, column: 5,
		},
		{
			name: "alternatives", text: strings.Replace(valid, `"id": "url"`, `"condition": {"property": "x"}`, 1),
			pointer: "/properties/0/condition", property: "url", message: "exactly one of equals", line: 4, column: 19,
		},
		{
			name: "own condition", text: strings.Replace(valid, `"id": "url"`, `"id": "url", "condition": {"property": "url", "equals": "x"}`, 1),
			pointer: "/properties/0/condition/property", property: "url", message: "must not depend on the property itself", line: 4, column: 45,
		},
		{name: "no properties", text: `{"id": "a", "name": "A", "appliesTo": []}`, message: `missing "properties"`, line: 1, column: 1},
		{
			name: "null properties", text: `{"id": "a", "name": "A", "appliesTo": [], "properties": null}`,
			pointer: "/properties", message: "expected array, but got null", line: 1, column: 57,
		},
		{name: "neither", text: "3", pointer: "", message: "expected object, but got number", line: 1, column: 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, err := Parse([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			list := Templates(d)
			if test.message == "" {
				if len(list) > 0 {
					t.Fatalf("unexpected: %+v", list)
				}
				return
			}
			if len(list) != 1 {
				t.Fatalf("got %d violations, want one: %+v", len(list), list)
			}
			v := list[0]
			if v.Pointer != test.pointer || v.Property != test.property || !strings.Contains(v.Message, test.message) || v.Line != test.line || v.Column != test.column {
				t.Errorf("got %+v", v)
			}
		})
	}
}

func TestEveryViolationIsListed(t *testing.T) {
	d, err := Parse([]byte(`{"id": 1, "appliesTo": ["task"], "properties": [{"binding": {}}, 5]}`))
	if err != nil {
		t.Fatal(err)
	}
	var pointers []string
	for _, v := range Templates(d) {
		pointers = append(pointers, v.Pointer)
	}
	if got, want := strings.Join(pointers, " "), " /id /appliesTo/0 /properties/0/binding /properties/1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "line 1, column 1: the JSON text ends too early"},
		{"truncated", "{\n \"a\": [1,", "line 2, column 10: the JSON text ends too early"},
		{"comma", "{\n \"a\": 1,}", "line 2, column 9: invalid character '}'"},
		{"no quotes", "{a: 1}", "line 1, column 2: invalid character 'a'"},
		{"two values", "{} {}", "line 1, column 4: invalid character '{' after top-level value"},
		{"not UTF-8", "\"\xff\"", "line 1, column 2: the text is not UTF-8"},
		{"byte order mark", "\ufeff{}", "line 1, column 1: the text begins with a byte order mark"},
		{"deep", strings.Repeat("[", 1000), "nested deeper than 200 levels"},
		{"many values", "[" + strings.Repeat("[],", maxValues/2) + "1]", "more than the 250000 values that are allowed"},
		{"long number", `{"version": ` + strings.Repeat("9", maxNumber+1) + "}", "line 1, column 13: a number of more than 400 characters"},
		{"large exponent", `[1e-00099999]`, "line 1, column 2: a number of more than"},
		{"long key", `{"a": "` + strings.Repeat("x", maxKey+1) + `", "` + strings.Repeat("y", maxKey+1) + `" : 1}`, "line 1, column 1012: a key of more than the 1000 bytes"},
		{"huge", strings.Repeat(" ", MaxDocument+1), "more than the 4194304 that are allowed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(test.text))
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestDocument(t *testing.T) {
	d, err := Parse([]byte("{\"a\": {\"b/c~\": [1, \"é\", {\"x\": 2, \"x\": 3}]},\n \"d\": null}"))
	if err != nil {
		t.Fatal(err)
	}
	for pointer, want := range map[string][2]int{
		"": {1, 1}, "/a": {1, 7}, "/a/b~1c~0/1": {1, 20}, "/a/b~1c~0/2": {1, 25}, "/d": {2, 7}, "/a/zzz/1": {1, 7},
	} {
		if line, column := d.Position(pointer); line != want[0] || column != want[1] {
			t.Errorf("%s is at %d:%d, want %v", pointer, line, column, want)
		}
	}
	if got := d.Duplicates(); len(got) != 1 || got[0] != "/a/b~1c~0/2/x" {
		t.Errorf("duplicates %v", got)
	}
	if got := string(d.Slice("/a/b~1c~0/2")); got != `{"x": 2, "x": 3}` {
		t.Errorf("slice %s", got)
	}
}

func offsetOf(d *Document, pointer string) int {
	n, _ := d.find(pointer)
	return n.offset
}

// TestLongPointers: what is noted of a text grows with the text, not with the
// pointers to its values.
func TestLongPointers(t *testing.T) {
	key := strings.Repeat("k", maxKey)
	const depth, twice = maxDepth - 2, 50_000
	text := strings.Repeat(`{"`+key+`":`, depth) + `{` + strings.Repeat(`"a":1,"a":2,`, twice) + `"b":0}` + strings.Repeat("}", depth)
	d, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	around := strings.Repeat("/"+key, depth)
	if list := d.Duplicates(); len(list) != maxDuplicates || list[0] != around+"/a" {
		t.Errorf("%d duplicates", len(list))
	}
	if line, column := d.Position(around + "/b"); line != 1 || column != len(text)-depth-1 {
		t.Errorf("b is at %d:%d of %d", line, column, len(text))
	}
}

// TestPositionInLongText holds the marks to the plain count, on lines longer
// and shorter than the distance between marks.
func TestPositionInLongText(t *testing.T) {
	for name, gap := range map[string]string{"one line": "", "lines": "\n", "long lines": strings.Repeat(" ", 3000) + "\n"} {
		t.Run(name, func(t *testing.T) {
			raw := []byte("[" + gap + strings.Repeat(`"é☂ö",`+gap, 2*markEvery/7) + gap + "0]")
			d, err := Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			list, _ := d.Value.([]any)
			for i := 0; i < len(list); i += 1 + len(list)/97 {
				pointer := "/" + strconv.Itoa(i)
				line, column := d.Position(pointer)
				if wantLine, wantColumn := position(raw, offsetOf(d, pointer)); line != wantLine || column != wantColumn {
					t.Fatalf("%s is at %d:%d, want %d:%d", pointer, line, column, wantLine, wantColumn)
				}
			}
		})
	}
}

func FuzzTemplates(f *testing.F) {
	f.Add([]byte(valid))
	f.Add([]byte(`[{"properties": [{"binding": {"type": "zeebe:script"}, "condition": {"allMatch": [1]}}]}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := Parse(raw)
		if err != nil {
			return
		}
		for _, v := range Templates(d) {
			if v.Line < 1 || v.Column < 1 || v.Message == "" {
				t.Errorf("%+v", v)
			}
		}
	})
}
