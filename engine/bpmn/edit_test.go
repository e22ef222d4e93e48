package bpmn

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const odd = "<?xml version='1.0' encoding=\"UTF-8\"?>\r\n<!-- a > b -->\n<definitions\n   xmlns = 'http://www.omg.org/spec/BPMN/20100524/MODEL'\txmlns:z=\"http://camunda.org/schema/zeebe/1.0\" id=\"d\" >\n" +
	"  <process id='p'  isExecutable=\"true\"><task id=\"t\" name='a &amp; \"b\" &#10;c'/>\n" +
	"    <documentation><![CDATA[<x>]]> &lt;y&gt;</documentation  >\n    <task id=\"u\"></task>\n  </process>\n</definitions>\n<!-- end -->\n"

func mustEdit(t *testing.T, text string) *Draft {
	t.Helper()
	d, err := Edit([]byte(text), WithRandom(bytes.NewReader(make([]byte, 1000))))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEditKeepsEveryByte(t *testing.T) {
	if got := string(mustEdit(t, odd).Bytes()); got != odd {
		t.Errorf("got\n%s\nwant\n%s", got, odd)
	}
}

func TestEditReads(t *testing.T) {
	d := mustEdit(t, odd)
	task := d.Element("t")
	if name, _ := task.Attr("name"); name != "a & \"b\" \nc" || task.Name() != "bpmn:task" {
		t.Errorf("task %s %q", task.Name(), name)
	}
	if text := task.Parent().Child("bpmn:documentation").Text(); text != "<x> <y>" {
		t.Errorf("text %q", text)
	}
	if ids := strings.Join(d.IDs(), " "); ids != "d p t u" {
		t.Errorf("ids %s", ids)
	}
}

func TestEditWrites(t *testing.T) {
	tests := []struct {
		name     string
		change   func(d *Draft)
		old, new string
	}{
		{
			"attribute", func(d *Draft) { d.Element("t").SetAttr("name", "x\n<\"") },
			`name='a &amp; "b" &#10;c'`, `name="x&#10;&lt;&quot;"`,
		},
		{"new attribute", func(d *Draft) { d.Element("t").SetAttr("zeebe:modelerTemplate", "x") }, `&#10;c'/>`, `&#10;c' z:modelerTemplate="x"/>`},
		{"no attribute", func(d *Draft) { d.Element("p").RemoveAttr("isExecutable") }, `  isExecutable="true"`, ``},
		{"rename", func(d *Draft) { d.Element("u").Rename("bpmn:serviceTask") }, `<task id="u"></task>`, `<serviceTask id="u"></serviceTask>`},
		{
			"element", func(d *Draft) {
				d.Element("u").Append("bpmn:extensionElements").Append("zeebe:input").SetAttr("target", "x")
			},
			`<task id="u"></task>`, "<task id=\"u\">\r\n      <extensionElements>\r\n        <z:input target=\"x\"/>\r\n      </extensionElements>\r\n    </task>",
		},
		{
			"element in line", func(d *Draft) { d.Element("t").Append("bpmn:incoming").SetText("a<b") },
			`&#10;c'/>`, `&#10;c'><incoming>a&lt;b</incoming></task>`,
		},
		{"remove", func(d *Draft) { d.RemoveTag(d.Element("u")) }, "\n    <task id=\"u\"></task>", ""},
		{
			"another namespace", func(d *Draft) { d.Element("u").SetAttr("xsi:type", "x") },
			`<task id="u">`, `<task id="u" xsi:type="x">`,
		},
		{
			"root element", func(d *Draft) { d.SetID(d.AppendRoot("bpmn:message"), d.NewID("Message")) },
			"</process>\n", "</process>\r\n  <message id=\"Message_0000000\"/>\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := mustEdit(t, odd)
			test.change(d)
			want := strings.Replace(odd, test.old, test.new, 1)
			if test.name == "another namespace" {
				want = strings.Replace(want, `id="d" >`, `id="d" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" >`, 1)
			}
			if got := string(d.Bytes()); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestEditRemovesLastChild(t *testing.T) {
	d := mustEdit(t, "<definitions xmlns=\""+Namespace+"\">\n  <process id=\"p\" name=\"x\" />\n</definitions>")
	p := d.Element("p")
	p.Remove(p.Append("bpmn:task"))
	p.Parent().Remove(p)
	if got, want := string(d.Bytes()), "<definitions xmlns=\""+Namespace+"\" />"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEditErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "ends too early"},
		{"truncated", "<definitions xmlns='" + Namespace + "'><process>", "ends too early"},
		{"end tags", "<a>\n<b></a>", "2:8: unexpected end tag </a>"},
		{"two roots", "<a/><b/>", "more than one root"},
		{"foreign", "<a/>", "expected bpmn:definitions, got a"},
		{"no XML", "{}", "ends too early"},
		{"encoding", "<?xml version='1.0' encoding='latin1'?><a/>", "latin1"},
		{"deep", strings.Repeat("<a>", 300), "nest deeper"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Edit([]byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func FuzzEdit(f *testing.F) {
	f.Add([]byte(odd))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Edit(data)
		if err != nil {
			return
		}
		if got := d.Bytes(); !bytes.Equal(got, data) {
			t.Errorf("got %q, want %q", got, data)
		}
		for _, id := range d.IDs() {
			d.Element(id).Append("zeebe:x").SetAttr("zeebe:y", "z")
		}
		if _, err := Edit(d.Bytes()); err != nil {
			t.Errorf("own output: %v\n%s", err, d.Bytes())
		}
	})
}

// TestEditScenarios keeps every byte of the processes that others wrote.
func TestEditScenarios(t *testing.T) {
	shared := os.Getenv("PATCHBAY_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	files, _ := filepath.Glob(filepath.Join(shared, "scenarios", "*", "*.bpmn"))
	if len(files) == 0 {
		t.Skip("PATCHBAY_SHARED names no folder with scenarios")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := Edit(data); err == nil && !bytes.Equal(d.Bytes(), data) {
			t.Errorf("%s changed", file)
		}
	}
}
