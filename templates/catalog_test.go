package templates

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/engine/store"
)

// newCatalog opens a catalog on SQLite or, where PATCHBAY_TEST_POSTGRES names
// one, on PostgreSQL.
func newCatalog(t testing.TB, dsn string) *Catalog {
	t.Helper()
	postgres := os.Getenv("PATCHBAY_TEST_POSTGRES")
	if postgres != "" {
		dsn = postgres
	}
	db, err := store.Open(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if postgres != "" {
			if _, err := db.Exec("DELETE FROM templates; DELETE FROM template_texts; DELETE FROM template_deletions"); err != nil {
				t.Error(err)
			}
		}
		_ = db.Close()
	})
	c, err := NewCatalog(context.Background(), db, CatalogOptions{
		Now:      func() time.Time { return time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC) },
		Protocol: func(jobType string) string { return map[string]string{"io.camunda:http-json:1": "rest"}[jobType] },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func templateText(id string, version int, name, jobType, protocol string) string {
	return fmt.Sprintf(`{"id": %q, "version": %d, "name": %q, "appliesTo": ["bpmn:Task"], "keywords": ["one"], "properties": [
		{"type": "Hidden", "value": %q, "binding": {"type": "zeebe:taskDefinition", "property": "type"}},
		{"type": "Hidden", "value": %q, "binding": {"type": "zeebe:taskHeader", "key": "protocol"}}]}`, id, version, name, jobType, protocol)
}

func publish(t testing.TB, c *Catalog, text string) []Result {
	t.Helper()
	results, err := c.Publish(context.Background(), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func TestPublish(t *testing.T) {
	c := newCatalog(t, filepath.Join(t.TempDir(), "catalog.db"))
	changes, cancel := c.Subscribe()
	defer cancel()
	text := templateText("a", 1, "A", "x:a:1", "rest") + "\n"
	if r := publish(t, c, text); !r[0].New || r[0].Hash != Hash([]byte(text)) || r[0].Source != SourcePublished {
		t.Errorf("first: %+v", r)
	}
	select {
	case <-changes:
	default:
		t.Error("nobody was told of the change")
	}
	if r := publish(t, c, text); r[0].New || r[0].PublishedAt == nil {
		t.Errorf("again: %+v", r)
	}
	got, err := c.Text(t.Context(), "a", 1)
	if err != nil || string(got) != text {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = c.Publish(t.Context(), []byte(strings.Replace(text, `"A"`, `"B"`, 1)))
	var conflict *ConflictError
	if !errors.As(err, &conflict) || conflict.Error() != "template a@1 is published already with another text; raise the version" {
		t.Errorf("conflict: %v", err)
	}
	_, err = c.Publish(t.Context(), []byte(strings.Replace(string(c.builtIn[0].Raw), "{", "{ ", 1)))
	if !errors.As(err, &conflict) || !conflict.BuiltIn {
		t.Errorf("built-in: %v", err)
	}
	if _, err := c.Text(t.Context(), "a", 2); !errors.Is(err, ErrNotFound) {
		t.Errorf("missing: %v", err)
	}
	types, err := c.JobTypes(t.Context())
	if err != nil || len(types) != 3 || types[2] != (JobType{"x:a:1", "rest", "a"}) {
		t.Errorf("job types %v, %v", types, err)
	}
	if err := c.Delete(t.Context(), "a", 1); err != nil {
		t.Error(err)
	}
	if _, err := c.Versions(t.Context(), "a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
}

func TestDelete(t *testing.T) {
	c := newCatalog(t, ":memory:")
	publish(t, c, "["+templateText("a", 1, "A", "x:a:1", "rest")+","+templateText("a", 2, "A", "x:a:1", "rest")+"]")
	if err := c.Delete(t.Context(), "a", 2); err != nil {
		t.Fatal(err)
	}
	if list, err := c.Search(t.Context(), Query{Text: "x:a:1"}); err != nil || len(list) != 1 || *list[0].Version != 1 {
		t.Errorf("after the delete: %+v, %v", list, err)
	}
	if err := c.Delete(t.Context(), "a", 2); !errors.Is(err, ErrNotFound) {
		t.Errorf("again: %v", err)
	}
	b := BuiltIn()[0]
	if err := c.Delete(t.Context(), b.ID, b.Version); err == nil || !strings.Contains(err.Error(), "it is built in") {
		t.Errorf("built-in: %v", err)
	}
}

// TestDeletedVersion: a number that was given away stands for one text for ever.
func TestDeletedVersion(t *testing.T) {
	c := newCatalog(t, ":memory:")
	text := templateText("a", 1, "A", "x:a:1", "rest")
	other := strings.Replace(text, `"A"`, `"B"`, 1)
	for range 2 { // it may come back and go again
		if r := publish(t, c, "\n"+text+"\n"); !r[0].New {
			t.Errorf("%+v", r)
		}
		if err := c.Delete(t.Context(), "a", 1); err != nil {
			t.Fatal(err)
		}
		for name, store := range map[string]func(context.Context, []*Template) ([]Result, error){"publish": c.PublishTemplates, "import": c.Import} {
			list, err := Parse([]byte("[" + templateText("b", 1, "B", "x:b:1", "rest") + "," + other + "]"))
			if err != nil {
				t.Fatal(err)
			}
			var conflict *ConflictError
			if _, err := store(t.Context(), list); !errors.As(err, &conflict) || !conflict.Deleted || !strings.Contains(err.Error(), "a@1 was deleted and had another text") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := c.Versions(t.Context(), "b"); !errors.Is(err, ErrNotFound) {
			t.Errorf("half published: %v", err)
		}
	}
	publish(t, c, strings.Replace(other, `"version": 1`, `"version": 2`, 1))
}

// TestRecognise: a program that serves more types finds the templates for them
// that are there already.
func TestRecognise(t *testing.T) {
	c := newCatalog(t, ":memory:")
	text := strings.Replace(templateText("a", 1, "A", "io.camunda:other:1", ""), `"zeebe:taskHeader", "key": "protocol"`, `"zeebe:property", "name": "inbound.type"`, 1)
	text = strings.Replace(text, `"value": ""`, `"value": "io.camunda:webhook:1"`, 1)
	if r := publish(t, c, text); r[0].Protocol != "" || r[0].Inbound != "io.camunda:webhook:1" {
		t.Fatalf("%+v", r[0])
	}
	later, err := NewCatalog(t.Context(), c.db, CatalogOptions{Protocol: func(kind string) string {
		return map[string]string{"io.camunda:webhook:1": "webhook"}[kind]
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []Query{{Protocol: "webhook", Source: SourcePublished}, {Text: "io.camunda:webhook:1 a", Source: SourcePublished}} {
		if list, err := later.Search(t.Context(), q); err != nil || len(list) != 1 || list[0].Protocol != "webhook" {
			t.Errorf("%+v: %+v, %v", q, list, err)
		}
	}
}

func TestPublishArrayIsAllOrNothing(t *testing.T) {
	c := newCatalog(t, ":memory:")
	a, b := templateText("a", 1, "A", "x:a:1", "rest"), templateText("a", 2, "B", "x:a:1", "rest")
	for _, broken := range []string{strings.Replace(b, `"name"`, `"nome"`, 1), strings.Replace(a, `"A"`, `"C"`, 1)} {
		if _, err := c.Publish(t.Context(), []byte("["+a+","+broken+"]")); err == nil {
			t.Error("published")
		}
		if _, err := c.Text(t.Context(), "a", 1); !errors.Is(err, ErrNotFound) {
			t.Errorf("half published: %v", err)
		}
	}
	if r := publish(t, c, "["+b+" , "+a+"]"); len(r) != 2 || *r[0].Version != 2 {
		t.Errorf("got %+v", r)
	}
	if got, err := c.Text(t.Context(), "a", 2); err != nil || string(got) != b {
		t.Errorf("got %q, %v", got, err)
	}
	versions, err := c.Versions(t.Context(), "a")
	if err != nil || len(versions) != 2 || *versions[0].Version != 2 {
		t.Errorf("versions %+v, %v", versions, err)
	}
}

func TestPublishWithoutVersion(t *testing.T) {
	c := newCatalog(t, ":memory:")
	text := strings.Replace(templateText("a", 7, "A", "x:a:1", "rest"), `"version": 7,`, "", 1)
	if r := publish(t, c, text); r[0].Version != nil || !r[0].New {
		t.Errorf("got %+v", r)
	}
	if got, err := c.Text(t.Context(), "a", 0); err != nil || string(got) != text {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestPublishAtOnce publishes from two replicas' catalogs: every text is
// published once or refused.
func TestPublishAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "catalog.db")
	replicas := []*Catalog{newCatalog(t, file), newCatalog(t, file)}
	var group sync.WaitGroup
	var mu sync.Mutex
	outcomes := map[string]int{}
	for i := range 16 {
		group.Go(func() {
			_, err := replicas[i/8].Publish(context.Background(), []byte(templateText("a", 1, fmt.Sprint("A", i%2), "x:a:1", "rest")))
			outcome := "ok"
			var conflict *ConflictError
			if errors.As(err, &conflict) {
				outcome = "conflict"
			} else if err != nil {
				outcome = err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			outcomes[outcome]++
		})
	}
	group.Wait()
	if outcomes["ok"] != 8 || outcomes["conflict"] != 8 {
		t.Errorf("outcomes %v", outcomes)
	}
}

// TestRiseAtOnce publishes rising versions from two replicas at once: whatever
// is refused, the highest is the latest, and there is one latest.
func TestRiseAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "catalog.db")
	replicas := []*Catalog{newCatalog(t, file), newCatalog(t, file)}
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			_, err := replicas[i%2].Publish(context.Background(), []byte(templateText("a", 1+i, "A", "x:a:1", "rest")))
			var late *OrderError
			if err != nil && !errors.As(err, &late) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	versions, err := replicas[0].Versions(t.Context(), "a")
	if err != nil || versions[0].VersionNumber() != 12 {
		t.Fatalf("%+v, %v", versions, err)
	}
	if found, err := replicas[1].Search(t.Context(), Query{Text: "x:a:1"}); err != nil || len(found) != 1 || found[0].VersionNumber() != 12 {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestUnusualTexts publishes and looks for what not every database takes.
func TestUnusualTexts(t *testing.T) {
	c := newCatalog(t, ":memory:")
	text := strings.NewReplacer(`"name": "N"`, `"name": "N\u0000\ud800"`, `["one"]`, `["\u0000"]`, `"x:a:1"`, `"x\u0000"`).Replace(templateText("a", 1, "N", "x:a:1", "rest"))
	if r := publish(t, c, text); r[0].Name != "N\x00\uFFFD" {
		t.Errorf("%+v", r)
	}
	if list, err := c.Search(t.Context(), Query{Text: "n\x00", Tag: "\x00", JobType: "x\x00"}); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	for _, id := range []string{"a\x00", "\xff"} {
		if _, err := c.Text(t.Context(), id, 1); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		if _, err := c.Versions(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		if _, err := c.Info(t.Context(), id, 1); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		if err := c.Delete(t.Context(), id, 1); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	}
}

// TestStoreFailsInTheMiddle lets the database refuse the second of three
// templates: none of them is published, and then all are.
func TestStoreFailsInTheMiddle(t *testing.T) {
	c := newCatalog(t, filepath.Join(t.TempDir(), "catalog.db"))
	if c.db.Shared() {
		t.Skip("the fault is a trigger of SQLite")
	}
	changes, cancel := c.Subscribe()
	defer cancel()
	var texts []string
	for _, id := range []string{"a", "b", "c"} {
		texts = append(texts, templateText(id, 1, "T", "x:"+id+":1", "rest"))
	}
	array := "[" + strings.Join(texts, ",") + "]"
	for _, table := range []string{"template_texts", "templates"} {
		fault := fmt.Sprintf(`CREATE TRIGGER fault BEFORE INSERT ON %s WHEN NEW.id = 'b' BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END`, table)
		if _, err := c.db.Exec(fault); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Publish(t.Context(), []byte(array)); err == nil || !strings.Contains(err.Error(), "publish template b@1: ") {
			t.Errorf("%s: %v", table, err)
		}
		if _, err := c.db.Exec(`DROP TRIGGER fault`); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"a", "b", "c"} {
			if _, err := c.Text(t.Context(), id, 1); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: the text of %s: %v", table, id, err)
			}
			if _, err := c.Versions(t.Context(), id); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: the versions of %s: %v", table, id, err)
			}
		}
	}
	select {
	case <-changes:
		t.Error("a change was told of")
	default:
	}
	if r := publish(t, c, array); len(r) != 3 || !r[2].New {
		t.Errorf("%+v", r)
	}
}

func TestSearch(t *testing.T) {
	c := newCatalog(t, ":memory:")
	publish(t, c, "["+templateText("b", 1, "Beta 100%", "x:b:1", "rest")+","+templateText("b", 3, "Beta_100%", "x:b:1", "rest")+","+
		templateText("a", 1, "Alpha", "io.camunda:http-json:1", "")+"]")
	rest := c.builtIn[slices.IndexFunc(c.builtIn, func(t *Template) bool { return t.ID == "patchbay.rest" })]
	publish(t, c, strings.Replace(string(rest.Raw), `"version": 1`, `"version": 2`, 1))
	var others, tasks []string // of the built-in ones; tasks with the one that was published anew
	for _, b := range c.builtIn {
		ref := b.ID + "@1"
		if b.ID == "patchbay.rest" {
			ref = "patchbay.rest@2"
		} else {
			others = append(others, ref)
		}
		if b.JobType() != "" {
			tasks = append(tasks, ref)
		}
	}
	slices.Sort(others)
	slices.Sort(tasks)
	everything := append([]string{"a@1", "b@3", "patchbay.rest@2"}, others...)
	slices.Sort(everything)
	tests := []struct {
		name  string
		query Query
		want  string
	}{
		{"all", Query{}, strings.Join(everything, " ")},
		{"text", Query{Text: "ISSUE github"}, "patchbay.github.create-issue@1"},
		{"wildcards are text", Query{Text: "a_1"}, "b@3"},
		{"percent", Query{Text: "%"}, "b@3"},
		{"protocol by job type", Query{Protocol: "rest", Source: SourcePublished}, "a@1 b@3 patchbay.rest@2"},
		{"built in", Query{Source: SourceBuiltIn}, strings.Join(others, " ")},
		{"inbound", Query{Text: "webhook start"}, "patchbay.webhook.message-start@1 patchbay.webhook.start@1"},
		{"element type", Query{ElementType: "bpmn:ServiceTask"}, strings.Join(tasks, " ")},
		{"tag", Query{Tag: "One"}, "a@1 b@3"},
		{"job type", Query{JobType: "x:b:1"}, "b@3"},
		{"engine", Query{Engine: "8.2"}, "a@1 b@3"},
		{"page", Query{Limit: 2, Offset: 1}, "b@3 patchbay.frankfurter.exchange-rate@1"},
		{"next page", Query{Limit: 1, Offset: 3}, "patchbay.github.create-issue@1"},
		{"page of published", Query{Limit: 1, Offset: 2, Source: SourcePublished}, "patchbay.rest@2"},
		{"page of built-in", Query{Limit: 1, Offset: 1, Source: SourceBuiltIn}, "patchbay.github.create-issue@1"},
		{"all from some", Query{Limit: -1, Offset: 2, Source: SourcePublished}, "patchbay.rest@2"},
		{"beyond the end", Query{Offset: 1000}, ""},
		{"nothing", Query{Text: "nothing of the kind"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			list, err := c.Search(t.Context(), test.query)
			if err != nil {
				t.Fatal(err)
			}
			var refs []string
			for _, i := range list {
				refs = append(refs, fmt.Sprintf("%s@%d", i.ID, i.VersionNumber()))
			}
			if got := strings.Join(refs, " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestSatisfies(t *testing.T) {
	tests := []struct {
		version, within string
		want            bool
	}{
		{"8.8", "", true}, {"8.8", "^8.3", true}, {"8.2", "^8.3", false}, {"9.0", "^8.3", false}, {"8.3.1", "~8.3", true},
		{"8.4", "~8.3", false}, {"8.4", ">=8.2 <8.5", true}, {"8.5", ">= 8.2 < 8.5", false}, {"9.1", "8.x || 9.x", true},
		{"8.2.9", "8.1 - 8.2", true}, {"8.3", "8.1 - 8.2", false}, {"8.3", ">8.3", false}, {"8.4", ">8.3", true}, {"8.3.5", "<=8.3", true},
		{"0.2.5", "^0.2.3", true}, {"0.3.0", "^0.2.3", false}, {"8.8.0-alpha1", "8.8", true}, {"x", "^8", false}, {"8.8", "=8.8", true}, {"8.8", "?", false},
		{"8.8", "*", true},
	}
	for _, test := range tests {
		if got := Satisfies(test.version, test.within); got != test.want {
			t.Errorf("%s in %q: got %v", test.version, test.within, got)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	text := BuiltIn()[slices.IndexFunc(BuiltIn(), func(t *Template) bool { return t.ID == "patchbay.rest" })].Raw
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkApply(b *testing.B) {
	rest := BuiltIn()[slices.IndexFunc(BuiltIn(), func(t *Template) bool { return t.ID == "patchbay.rest" })]
	for b.Loop() {
		if _, err := Apply(draftOf(b, blankProcess), "task", rest, ApplyOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	c := newCatalog(b, filepath.Join(b.TempDir(), "catalog.db"))
	var list []*Template
	for i := range 10_000 {
		text := templateText(fmt.Sprintf("vendor.%d", i), 1, fmt.Sprintf("Vendor %d of many", i), "x:a:1", "rest")
		t := parseOne(b, strings.Replace(text, `"name"`, fmt.Sprintf(`"engines": {"camunda": "^8.%d"}, "name"`, i%10), 1))
		list = append(list, t)
	}
	if _, err := c.PublishTemplates(context.Background(), list); err != nil {
		b.Fatal(err)
	}
	for name, query := range map[string]Query{
		"text": {Text: "vendor 7777"}, "all": {Text: "many"}, "kind": {ElementType: "bpmn:Task", Protocol: "rest"}, "tag": {Tag: "one"},
		"none": {Text: "nothing"}, "engine": {Engine: "8.8"}, "last-page": {Offset: 9_900},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := c.Search(context.Background(), query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
