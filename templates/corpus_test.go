package templates

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"patchbay/engine/bpmn"
)

// corpus is a folder with foreign templates (templates/*.json) and what a
// modeler makes of them (oracle-*.jsonl: one application a line).
func corpus(t testing.TB) string {
	folder := os.Getenv("PATCHBAY_CORPUS")
	if folder == "" {
		t.Skip("PATCHBAY_CORPUS names no folder with foreign templates")
	}
	return folder
}

// application is one case: the template applied to an element of a file.
type application struct {
	ID       string          `json:"id"`
	XML      string          `json:"xml"`
	Element  string          `json:"element"`
	Template json.RawMessage `json:"template"`
	Previous json.RawMessage `json:"previous"`
	Values   map[string]any  `json:"values"`
	Out      string          `json:"out"`
	Error    string          `json:"error"`
}

func TestSameAsModeler(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus(t), "oracle-*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("%s has no recordings of a modeler (oracle-*.jsonl)", corpus(t))
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			file, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			lines := bufio.NewScanner(file)
			lines.Buffer(nil, 1<<26)
			same, differ := 0, 0
			for lines.Scan() {
				var a application
				if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
					t.Fatal(err)
				}
				difference := a.compare(t)
				if difference == "" {
					same++
					continue
				}
				if differ++; differ <= 8 {
					t.Errorf("%s %v\n%s", a.ID, a.Values, difference)
				}
			}
			t.Logf("%d the same, %d differ", same, differ)
		})
	}
}

func (a application) compare(t *testing.T) string {
	o := ApplyOptions{Values: a.Values}
	if len(a.Previous) > 4 {
		o.Find = Lookup([]*Template{parseOne(t, string(a.Previous))})
	}
	d := draftOf(t, a.XML)
	if _, err := Apply(d, a.Element, parseOne(t, string(a.Template)), o); err != nil {
		if a.Error != "" {
			return ""
		}
		return err.Error()
	}
	if a.Error != "" {
		return "the modeler fails: " + a.Error
	}
	again, err := bpmn.Edit(d.Bytes())
	if err != nil {
		return err.Error()
	}
	ours, theirs := outline(again, a.Element), outline(draftOf(t, a.Out), a.Element)
	if ours == theirs {
		return ""
	}
	return lineDiff(ours, theirs)
}

var (
	icons = regexp.MustCompile(`data:image[^"]*`)
	uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	ids   = regexp.MustCompile(`(Message|Signal|MessageEventDefinition|[A-Za-z]*EventDefinition)_[0-9a-z]{7}\b`)
)

// outline writes an element and what it refers to, without what is random.
func outline(d *bpmn.Draft, id string) string {
	var b strings.Builder
	write(&b, d.Element(id), "")
	for _, root := range d.Root().Children("bpmn:message", "bpmn:signal") {
		write(&b, root, "")
	}
	text := icons.ReplaceAllString(b.String(), "Icon")
	return ids.ReplaceAllString(uuids.ReplaceAllString(text, "UUID"), "$1")
}

func write(b *strings.Builder, tag *bpmn.Tag, indent string) {
	if tag == nil {
		b.WriteString("none\n")
		return
	}
	names := tag.AttrNames()
	slices.Sort(names)
	b.WriteString(indent + tag.Name())
	for _, name := range names {
		value, _ := tag.Attr(name)
		fmt.Fprintf(b, " %s=%q", name, value)
	}
	if len(tag.Children()) == 0 {
		fmt.Fprintf(b, " %q", tag.Text())
	}
	b.WriteString("\n")
	for _, child := range tag.Children() {
		write(b, child, indent+"  ")
	}
}

func lineDiff(ours, theirs string) string {
	a, b := strings.Split(ours, "\n"), strings.Split(theirs, "\n")
	var out []string
	for _, line := range a {
		if !slices.Contains(b, line) {
			out = append(out, "ours   "+line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			out = append(out, "theirs "+line)
		}
	}
	if out == nil {
		out = []string{"order differs", ours, theirs}
	}
	return fmt.Sprintf("%.4000s", strings.Join(out, "\n"))
}
